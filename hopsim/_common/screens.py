"""Screens: where progress is told, in plain lines or in the bars of Rich."""

import contextlib
import os
import sys
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One bar."""

    what: str
    done: int
    total: int | None  # None: the bar pulses
    told: tuple[str, str]  # its count, and its words


class Lines:
    """Plain lines; none where nobody takes them any more."""

    def __init__(self, stream: Any):
        self.stream = stream

    def say(self, text: str, style: str | None = None) -> None:
        """One line, written at once: lines of others stay whole."""
        # no stream, one that is closed, or a pipe that nobody reads
        with contextlib.suppress(AttributeError, OSError, ValueError):
            self.stream.write(text + "\n")
            self.stream.flush()


class Bars:
    """A bar of Rich for each open part, on a terminal or in a notebook."""

    def __init__(self, stream: Any):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        terminal = True if is_terminal(stream) else None
        self._console = Console(
            file=stream, force_terminal=terminal, highlight=False, markup=False
        )
        told = ("{task.description}", "{task.fields[count]}", "{task.fields[words]}")
        what, count, words = (TextColumn(text, markup=False) for text in told)
        self._bars = Progress(
            what, BarColumn(), count, words,
            console=self._console,
            auto_refresh=False,
            transient=True,
            # what goes into a file must not come to the terminal
            redirect_stdout=is_terminal(sys.stdout),
        )  # fmt: skip
        self._tasks: dict[str, Any] = {}

    def say(self, text: str, style: str | None = None) -> None:
        """One line above the bars."""
        self._console.print(text, style=style, soft_wrap=True)

    def draw(self, rows: list[Row]) -> None:
        """The bars as they are now; they appear when they are first drawn."""
        for what in set(self._tasks) - {row.what for row in rows}:
            self._bars.remove_task(self._tasks.pop(what))
        for row in rows:
            count, words = row.told
            now = {"total": row.total, "completed": row.done}
            now |= {"count": count, "words": words}
            if row.what in self._tasks:
                self._bars.update(self._tasks[row.what], **now)
            else:
                self._tasks[row.what] = self._bars.add_task(row.what, **now)
        self._bars.start()
        self._bars.refresh()

    def close(self) -> None:
        """Removes the bars from the terminal."""
        self._bars.stop()


def is_terminal(stream: Any) -> bool:
    """Whether a stream can show what moves."""
    try:
        return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


def shows_bars(stream: Any) -> bool:
    """True on a terminal, and in a notebook that has the widgets Rich needs."""
    if is_terminal(stream):
        return True
    if "IPython" not in sys.modules:
        return False
    from importlib.util import find_spec

    asked = getattr(sys.modules["IPython"], "get_ipython", lambda: None)
    notebook = type(asked()).__name__ == "ZMQInteractiveShell"
    return notebook and find_spec("ipywidgets") is not None
