"""Files: writable directories, and texts that are written as a whole or not at all."""

import os
import tempfile
from pathlib import Path


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
