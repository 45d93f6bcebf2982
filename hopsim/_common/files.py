"""Files: writable directories, and texts that are written as a whole or not at all."""

import os
import tempfile
from pathlib import Path

from .names import shown


def make_place(place: Path, what: str) -> None:
    """Make a directory and try to write there, before any work is done.

    Raises ValueError, with a message that begins with `what`, if that is not possible.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise ValueError(
            f"{what} cannot be made in {str(place)!r} ({error.strerror}); name another "
            "place with --out."
        ) from error


def places_of(name: str, beside: Path | None) -> tuple[Path, ...]:
    """Where a file is looked for that a scenario names, in order.

    Beside the scenario, then in the working directory; `~` is the user's home.
    """
    path = Path(os.path.expanduser(name))
    folders = (Path.cwd(),) if beside is None else (beside.absolute(), Path.cwd())
    return tuple(dict.fromkeys(folder / path for folder in folders))


def place_of(name: str, beside: Path | None) -> Path:
    """The first of these places where there is something; ValueError for none."""
    places = places_of(name, beside)
    for place in places:
        if os.path.exists(place):  # unlike Path's, false for impossible names too
            return place
    looked = " and ".join(shown(str(place)) for place in places)
    raise ValueError(f"There is no file {shown(name)}: looked for {looked}.")


def write_whole(path: Path, text: str) -> Path:
    """Write a text under a temporary name, then rename it into place.

    Half a surrogate pair, which is no UTF-8, becomes a character reference.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(text.encode("utf-8", errors="xmlcharrefreplace"))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
