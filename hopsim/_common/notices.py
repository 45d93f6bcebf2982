"""Notices: what a user should know of the data given, though nothing is wrong."""

import sys
import warnings
from types import FrameType
from typing import Any

from .names import plain


BETWEEN = {__name__.partition(".")[0], "equinox", "jaxtyping", "beartype"}


class Notice(UserWarning):
    """A remark on data that are taken as they are."""


def notify(text: str) -> None:
    """Warn of `text`, once for each line outside hopsim that leads here."""
    _, level = caller(sys._getframe(1))
    warnings.warn(text, Notice, stacklevel=level)


def caller(frame: FrameType) -> tuple[FrameType, int]:
    """The frame outside hopsim that leads to a frame, and its level, 2 for itself."""
    level = 2
    while frame.f_back is not None and _inside(frame):
        frame, level = frame.f_back, level + 1
    return frame, level


def _inside(frame: FrameType) -> bool:
    """True for hopsim, and for those that call its constructors on behalf of others."""
    return frame.f_globals.get("__name__", "").partition(".")[0] in BETWEEN


def print_notices() -> None:
    """From now on notices are lines `note: ...` on standard error.

    So is the first of what JAX says, for each program, of a damaged or full cache.
    """
    usual, of_cache = warnings.showwarning, []

    def show(message: Any, category: Any, *args: Any, **more: Any) -> None:
        if issubclass(category, Notice):
            sys.stderr.write(f"note: {message}\n")
        elif "persistent compilation cache" not in str(message):
            usual(message, category, *args, **more)
        elif not of_cache:
            of_cache.append(plain(str(message)))
            sys.stderr.write(f"note: {of_cache[0]}; compiling anew\n")

    warnings.showwarning = show
