"""Finished units on disk: each is a file of its own, under the key of what decides it.

A file is written whole or not at all, so that whatever ends a process costs the units
that were in work, and no other. A unit in work is claimed by a file that names host and
process; the claim of a process that has ended, or has not been heard of, is taken over.
Two processes that take it over at once compute the same unit twice, with one result.
"""

import contextlib
import functools as ft
import io
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._common.files import (
    is_alive,
    read_json,
    remove,
    remove_leftovers,
    set_aside,
    unfinished_name,
    write_whole,
)
from .._common.names import shown
from ..records import Variables


FOLDER = 3  # hex digits of a key that name its folder: 4,096 folders
HEARD_OF_EVERY = 20.0  # seconds between two signs of life of a claim
STALE_AFTER = 300.0  # seconds without one, for a process of another machine
HOST = platform.node()


class KeptUnit(NamedTuple):
    """What a unit has left."""

    variables: Variables
    seconds: float


class Failure(NamedTuple):
    """Why a unit could not be computed."""

    reason: str
    seconds: float


class UnitFiles:
    """The kept units of a study, in a directory that several processes may share."""

    def __init__(self, place: Path):
        self.place = place

    def path(self, key: str) -> Path:
        """The file of a finished unit."""
        return self.place / key[:FOLDER] / f"{key}.npz"

    def checkpoint(self, key: str) -> Path:
        """Where the training of a unit leaves its checkpoints."""
        return self._beside(key, "training.nc")

    def _beside(self, key: str, ending: str) -> Path:
        return self.path(key).with_name(f"{key}.{ending}")

    def is_done(self, key: str) -> bool:
        """Whether a unit has been finished."""
        return self.path(key).exists()

    def read(self, key: str) -> KeptUnit | None:
        """A finished unit, or None; a damaged file is set aside."""
        try:
            return unpacked(self.path(key).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            set_aside(self.path(key), str(error), "the unit will be computed again")
            return None

    def failure(self, key: str) -> Failure | None:
        """Why a unit failed, or None."""
        try:
            told = read_json(self._beside(key, "failed.json"))
            return Failure(str(told["reason"]), float(told["seconds"]))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError):
            return Failure("the file of the failure is damaged", 0.0)

    def keep(self, key: str, variables: Variables, seconds: float) -> None:
        """Keep a finished unit. Raises OSError if the disk does not take it."""
        write_whole(self._made(key), packed(variables, seconds))
        remove(self._beside(key, "failed.json"))
        remove(self.checkpoint(key))

    def fail(self, key: str, reason: str, seconds: float) -> None:
        """Keep why a unit failed."""
        told = json.dumps({"reason": reason, "seconds": seconds})
        self._made(key)
        write_whole(self._beside(key, "failed.json"), told)

    def forget(self, key: str) -> None:
        """Let a unit be computed again, whether it was finished or failed."""
        remove(self.path(key))
        self.forget_failure(key)

    def forget_failure(self, key: str) -> None:
        """Let a unit that failed be tried again."""
        remove(self._beside(key, "failed.json"))

    def _made(self, key: str) -> Path:
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @contextlib.contextmanager
    def claimed(self, key: str) -> Iterator[bool]:
        """Claim a unit while the block runs; False if it is in another one's work."""
        claim = self._beside(key, "work")
        self._made(key)
        if not (_made_alone(claim) or (_is_stale(claim) and _taken_over(claim))):
            yield False
            return
        _held.add(claim)
        _show_life()
        try:
            yield True
        finally:
            _held.discard(claim)
            remove(claim)

    def worker(self, key: str) -> dict[str, Any] | None:
        """Who computes a unit now: host, process and since when; None if nobody."""
        claim = self._beside(key, "work")
        if _is_stale(claim):
            return None
        with contextlib.suppress(OSError, ValueError, TypeError):
            return dict(read_json(claim))
        return None

    def clear(self) -> None:
        """Remove what killed processes of this machine have left half written."""
        for folder in self.place.glob("*/"):
            remove_leftovers(folder)


# --- claims ---


def _made_alone(claim: Path) -> bool:
    try:
        file = os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    told = {"host": HOST, "pid": os.getpid(), "since": time.time()}
    with os.fdopen(file, "w", encoding="utf-8") as text:
        text.write(json.dumps(told))
    return True


def _is_stale(claim: Path) -> bool:
    """Whether nobody works on it; an unreadable claim is only so after some time."""
    try:
        silent = time.time() - claim.stat().st_mtime
    except FileNotFoundError:
        return True
    try:
        told = read_json(claim)
        if told["host"] == HOST:
            return not is_alive(int(told["pid"]))
    except FileNotFoundError:
        return True
    except (KeyError, TypeError, ValueError):  # being written, or cut off
        return silent > HEARD_OF_EVERY
    return silent > STALE_AFTER


def _taken_over(claim: Path) -> bool:
    gone = unfinished_name(claim)
    with contextlib.suppress(FileNotFoundError):
        os.rename(claim, gone)  # of several, one succeeds
        remove(gone)
    return _made_alone(claim)


_held: set[Path] = set()  # the claims of this process


@ft.cache
def _show_life() -> None:
    """Begin to touch the claims of this process now and then, in a thread."""

    def touch() -> None:
        while True:
            time.sleep(HEARD_OF_EVERY)
            for claim in [*_held]:
                with contextlib.suppress(OSError):
                    os.utime(claim)

    threading.Thread(target=touch, daemon=True).start()


# --- the file of a unit ---


def packed(variables: Variables, seconds: float) -> bytes:
    """The bytes of an .npz: a head in JSON, then the values, numbered.

    Raises ValueError for values that are neither numbers nor texts.
    """
    head, arrays = [], {}
    for number, (name, (dims, values, *attrs)) in enumerate(variables.items()):
        told = {k: _plain(v) for k, v in (attrs[0] if attrs else {}).items()}
        values = np.asarray(values)
        if values.dtype == object:
            values = _texts(name, values)
        if values.dtype.kind not in "biufUS":
            raise ValueError(
                f"The variable {name!r} of a unit must hold numbers or texts, got "
                f"{shown(str(values.dtype))}."
            )
        head.append([name, dims if isinstance(dims, str) else list(dims), told])
        arrays[str(number)] = values
    text = json.dumps({"variables": head, "seconds": seconds})
    image = io.BytesIO()
    np.savez(image, head=np.frombuffer(text.encode(), np.uint8), **arrays)
    return image.getvalue()


def _texts(name: str, values: np.ndarray) -> np.ndarray:
    if not all(isinstance(x, str) for x in values.ravel()):
        raise ValueError(
            f"The variable {name!r} of a unit must hold numbers or texts, got objects."
        )
    return values.astype(str)


def _plain(value: Any) -> Any:
    """An attribute as JSON has it: numbers of NumPy are numbers."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def unpacked(image: bytes) -> KeptUnit:
    """The unit in such bytes. Raises ValueError for others."""
    try:
        with np.load(io.BytesIO(image), allow_pickle=False) as file:
            head = json.loads(file["head"].tobytes())
            variables = {}
            for number, (name, dims, told) in enumerate(head["variables"]):
                axes = dims if isinstance(dims, str) else tuple(dims)
                variables[name] = (axes, file[str(number)], told)
            return KeptUnit(variables, float(head["seconds"]))
    except Exception as error:  # of a damaged file zipfile and NumPy raise anything
        raise ValueError(f"damaged: {type(error).__name__}") from error
