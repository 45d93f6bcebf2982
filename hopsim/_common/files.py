"""Files: places tried before work, files written as a whole, and what is left behind.

What a process has not finished stands under a hidden name that tells its number and
machine, so that a later one knows what a killed process has left.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from .names import plain, shown, unwritable
from .notices import notify


TRIED_BYTES = 2**20  # a run with its pictures takes about so much
MOST_JSON_BYTES = 2**27  # of a file of hopsim's own
T = TypeVar("T")

_NO_ROOM = "make room there, or name another place"
_NOT_ALLOWED = "allow writing there, or name another place"
REMEDIES = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EROFS: _NOT_ALLOWED,
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EMFILE: "close files, or raise the limit on open files",
    errno.ENFILE: "close files, or raise the limit on open files",
}


class KeptElsewhere(ValueError):
    """What was computed could not be kept where it was asked for.

    `place` is the directory that holds it, or None if none could; `result` is what was
    computed, where the raiser has it.
    """

    def __init__(self, message: str, place: Path | None):
        super().__init__(message)
        self.place = place
        self.result: Any = None


class MachineFault(OSError):
    """What the machine refused, as a whole sentence: place, reason, remedy."""


def reason_of(error: BaseException) -> str:
    """Why something failed, in one line."""
    told = error.strerror if isinstance(error, OSError) else None
    return plain(told or str(error)) or type(error).__name__


def machine_fault(error: OSError) -> str:
    """What the machine refused, in one sentence: place, reason, remedy."""
    if isinstance(error, MachineFault):
        return str(error)
    remedy = REMEDIES.get(error.errno or 0, "see to it, and try again")
    where = f"{plain(str(error.filename))!r}: " if error.filename else ""
    return f"{where}{reason_of(error)}; {remedy}."


def try_place(place: Path, what: str, remedy: str) -> None:
    """Make a directory and write there as much as a small run takes.

    Raises ValueError, which names what cannot be made there and the remedy, where the
    disk refuses.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(TRIED_BYTES))
            file.flush()
            os.fsync(file.fileno())  # quotas and networks may answer only now
    except OSError as error:
        raise ValueError(
            f"{what} cannot be made in {str(place)!r} ({reason_of(error)}); {remedy}."
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


def require_regular(path: str | os.PathLike, most: int) -> None:
    """Raises ValueError for what is no regular file, or has more than `most` bytes.

    A pipe or a device would be waited for, or read without end. Raises OSError for what
    cannot be looked at.
    """
    seen = os.stat(path)
    if not stat.S_ISREG(seen.st_mode):
        raise ValueError("this is no regular file, and is not read; give a plain file")
    if seen.st_size > most:
        raise ValueError(
            f"this file has {seen.st_size:,} bytes, and at most {most:,} are read; "
            "give a smaller one"
        )


def make_place(
    place: Path, what: str, remedy: str = "name another place with --out"
) -> None:
    """`try_place`, and remove what killed processes have left in it."""
    try_place(place, what, remedy)
    remove_leftovers(place)


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file under a temporary name, then rename it into place.

    Half a surrogate pair, which is no UTF-8, becomes a character reference.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", errors="xmlcharrefreplace")
    temporary = unfinished_name(path)
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk names no file
        raise
    finally:
        remove(temporary)
    return path


def keep(write: Callable[[Path], Path], place: Path, what: str) -> Path:
    """`write(place)`; if the disk refuses that, the same in a place that can hold it.

    `write` makes something in a directory and returns where. Raises KeptElsewhere,
    which says where it is, if that is not `place`.
    """
    try:
        return write(place)
    except OSError as error:
        refused = error
    told = f"{what} cannot be kept in {str(place)!r} ({reason_of(refused)})"
    remedy = REMEDIES.get(refused.errno or 0, "see to that place")
    for other in _other_places():
        inner = None
        try:
            other.mkdir(parents=True, exist_ok=True)
            inner = Path(tempfile.mkdtemp(prefix="hopsim-", dir=other))
            made = write(inner)
        except OSError:
            if inner is not None:
                remove(inner)
            continue
        raise KeptElsewhere(
            f"{told}; it is in {str(made)!r} instead. To have it where it was asked "
            f"for, {remedy}.",
            made,
        ) from refused
    raise KeptElsewhere(
        f"{told}, nor in the home directory, the temporary one or the current one; "
        f"{remedy}.",
        None,
    ) from refused


def _other_places() -> Iterator[Path]:
    """Where things may be kept that the place asked for cannot hold."""
    from platformdirs import user_data_path

    yield user_data_path("hopsim") / "rescued"
    with contextlib.suppress(OSError):  # there is none
        yield Path(tempfile.gettempdir())
    with contextlib.suppress(OSError):  # it was removed
        yield Path.cwd()


# --- what is not finished -------------------------------------------------------------

_HOST = socket.gethostname().replace("/", "_")
_OLD = ".old"
_UNFINISHED = re.compile(
    r"\.(?P<name>.+)\.(?P<pid>[0-9]+)@(?P<host>[^/]+?)(?P<old>\.old)?", re.DOTALL
)
# as they were called when names told no machine yet: run directories only
_UNFINISHED_RUN = re.compile(
    r"\.(?P<name>[a-z0-9][a-z0-9_-]*-[0-9a-f]{8}(?:[0-9a-f]{8})?)\.(?P<pid>[0-9]+)"
)


def unfinished_name(path: Path, old: bool = False) -> Path:
    """The hidden name under which this process makes a file or directory.

    `old` is that of the one which the new one will replace.
    """
    end = _OLD if old else ""
    return path.with_name(f".{path.name}.{os.getpid()}@{_HOST}{end}")


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number on this machine."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # another user's
        return True
    return True


def remove_leftovers(place: Path) -> None:
    """Remove what killed processes of this machine have not finished in a directory.

    What such a process was about to replace gets its name back.
    """
    with contextlib.suppress(OSError):
        for path in sorted(place.glob(".*")):
            found = _UNFINISHED.fullmatch(path.name)
            if found is None and path.is_dir() and not path.is_symlink():
                found = _UNFINISHED_RUN.fullmatch(path.name)
            told = found.groupdict() if found is not None else {}
            if not told or told.get("host", _HOST) != _HOST:
                continue
            if is_alive(int(told["pid"])):
                continue
            replaced = place / told["name"]
            if told.get("old") and not os.path.lexists(replaced):
                os.rename(path, replaced)
            else:
                remove(path)


def remove(path: Path) -> None:
    """Remove a file, or a directory with all that is in it, as far as it can."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()


# --- what one process alone may do ----------------------------------------------------


@contextlib.contextmanager
def locked(path: Path, what: str, remedy: str) -> Iterator[None]:
    """Hold a lock file while the block runs; it tells who holds it.

    The system frees it when its process ends, however that ends. Raises ValueError,
    which names the holder, if another process holds it.
    """
    file = _open_lock(path, what, remedy)
    try:
        file.seek(0)
        file.truncate()
        file.write(json.dumps({"host": _HOST, "pid": os.getpid()}))
        file.flush()
        yield
    finally:
        remove(path)  # before it is free, or another holder's would be removed
        file.close()


def _open_lock(path: Path, what: str, remedy: str) -> Any:
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            holder = _holder(file)
            if holder is not None:
                raise ValueError(f"{what} already: {holder} does; {remedy}.")
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return file
        except BaseException:
            file.close()
            raise
        file.close()  # its last holder has removed it meanwhile


def _holder(file: Any) -> str | None:
    """Who holds the lock on an open file; None if this process has got it."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        held = True
    except (ImportError, OSError):  # no such locks here: believe what is written
        held = False
    file.seek(0)
    try:
        told = json.loads(file.read(1000))
        host, pid = str(told["host"]), int(told["pid"])
    except (ValueError, TypeError, KeyError):  # it has just begun
        return "another process" if held else None
    if not held and (host != _HOST or not is_alive(pid) or pid == os.getpid()):
        return None
    return f"process {pid} on {plain(host)}"


# --- damaged files --------------------------------------------------------------------


def read_json(path: Path) -> Any:
    """What a JSON file of hopsim's own holds.

    Raises ValueError with the reason if it cannot be read, FileNotFoundError if it is
    not there.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is no file")
        if found.st_size > MOST_JSON_BYTES:
            raise ValueError(f"it has more than {MOST_JSON_BYTES} bytes")
        return json.loads(path.read_bytes(), parse_constant=_no_number)
    except FileNotFoundError:
        raise
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (OSError, ValueError) as error:
        raise ValueError(reason_of(error)) from error


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def is_file_name(name: Any) -> bool:
    """Whether this names a file inside a directory, and none elsewhere."""
    whole = isinstance(name, str) and unwritable(name) is None
    return whole and name not in ("", ".", "..") and not set(name) & set("/\\:\n\t")


def set_aside(path: Path, why: str, then: str) -> None:
    """Give a damaged file or directory another name, and say so in a notice."""
    other, number = path.with_name(f"{path.name}.damaged"), 1
    while os.path.lexists(other):
        number += 1
        other = path.with_name(f"{path.name}.damaged-{number}")
    with contextlib.suppress(FileNotFoundError):  # another process was quicker
        os.rename(path, other)
    told = f"{path} is damaged ({plain(why)}); it is set aside as {other.name}"
    notify(f"{told}, and {then}")
