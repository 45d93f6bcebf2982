"""Progress: what a run has done so far, told while it goes on.

On a terminal it is a bar, anywhere else plain lines on standard error: the first after
two seconds and then one every ten at least, also while a program is compiled or a long
call tells nothing. What ends within two seconds tells nothing at all.
"""

import contextlib
import dataclasses
import enum
import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from .names import printable, shown
from .screens import Bars, Lines, Row, shows_bars


Report = Callable[[str, int, int], Any]  # (what, done, total)
Count = Callable[[int, int], Any]  # (done, total)
Progress = bool | Count | None  # what users give: True is a bar

GRACE = 2.0  # seconds in which nothing is told
SILENCE = 10.0  # seconds between two lines, at most
TICK = 0.25  # seconds between two looks at what is due
VERBOSE_SILENCE = 2.0  # the same, where more is to be told


class Voice(enum.Enum):
    """How much a reporter tells that is made without a stream of its own."""

    QUIET = enum.auto()  # nothing
    USUAL = enum.auto()
    VERBOSE = enum.auto()  # lines come more often


_voice = [Voice.USUAL]
_bar_taken = threading.Lock()  # a terminal has room for the bar of one reporter


@dataclasses.dataclass
class _Part:
    """One part of a run: how far it has come, and since when."""

    what: str
    begun: float
    done: int = 0
    total: int | None = None
    announced: bool = False
    # when work was first and last reported, and how much of it was done then
    first: tuple[float, int] | None = None
    last: tuple[float, int] | None = None

    def report(self, done: int, total: int | None, now: float) -> None:
        """So much of it is done now."""
        self.done, self.total = done, total
        if done > 0:
            self.first = self.first or (now, done)
            self.last = now, done

    def rest(self, now: float) -> float | None:
        """The seconds until its end at the pace so far; None if that is unknown.

        The time until the first report does not count: most of it is compilation. Nor
        does a pace that was seen for a moment only.
        """
        if not (self.first and self.last and self.total):
            return None
        (begun, some), (seen, done) = self.first, self.last
        if done >= self.total or seen - begun < GRACE:
            return None
        pace = (seen - begun) / max(done - some, 1)
        rest = pace * (self.total - done) - (now - seen)
        return rest if rest >= 1 else None  # or later than was expected

    def count(self) -> str:
        """Such as `512/4096`; nothing where nothing is counted."""
        if self.total:
            return f"{self.done}/{self.total}"
        return str(self.done) if self.done else ""

    def words(self, now: float, compiling: bool) -> str:
        """How long it has taken, whether that is compilation, and what remains."""
        rest = self.rest(now)
        remains = "" if rest is None else f"about {_span(rest)} to go"
        told = "compiling" if compiling else "", _span(now - self.begun), remains
        return ", ".join(filter(None, told))

    def row(self, now: float, compiling: bool) -> Row:
        """Its bar, which has no end while it is unknown when work begins."""
        begun = self.done > 0 or not compiling
        total = self.total if begun else None
        told = self.count(), self.words(now, compiling)
        return Row(self.what, self.done, total, told)

    def line(self, now: float, compiling: bool = False) -> str:
        """Its line."""
        told = filter(None, (self.count(), self.words(now, compiling)))
        return f"{self.what}: {', '.join(told)}"


class Reporter:
    """Tells on standard error how a run goes on, from a thread of its own.

    A context manager: the thread lives inside the block, and nothing is told after it.
    All methods may be called from any thread.

    **Arguments:**

    - `title`: what runs, told while no part is open.
    - `compiling`: whether a program is being compiled now.
    - `lists_parts`: True tells when a part that takes long begins and ends.
    - `stream`, `now`: where is told, and the clock; for tests.
    """

    def __init__(
        self,
        title: str,
        *,
        compiling: Callable[[], bool] = lambda: False,
        lists_parts: bool = True,
        stream: Any = None,
        now: Callable[[], float] = time.monotonic,
    ):
        self._title, self._compiling, self._now = title, compiling, now
        self._lists_parts = lists_parts
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell_in_time, daemon=True)
        self._begun = now()
        self._told = self._begun + GRACE - SILENCE  # so that the first line is due then
        quiet = io.StringIO() if _voice[0] is Voice.QUIET else sys.stderr
        self._lines = Lines(quiet if stream is None else stream)
        self._screen: Lines | Bars = self._lines
        self._between = _Part(title, self._begun)  # what is told while no part is open
        self._parts: dict[str, _Part] = {}

    def __enter__(self) -> "Reporter":
        self._thread.start()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.close(whole=kind is None)

    def report(self, what: str, done: int, total: int | None) -> None:
        """So much of a part is done; it has ended if that is all of it."""
        with self._lock:
            now = self._now()
            if what not in self._parts:
                # work that was done before its first report began with the last part
                begun = self._between.begun if done and not self._parts else now
                self._parts[what] = _Part(what, begun)
            part = self._parts[what]
            part.report(done, total, now)
            if total is not None and done >= total:
                self.end(what)

    def end(self, what: str) -> None:
        """A part has ended."""
        with self._lock:
            part = self._parts.pop(what, None)
            if part is None:
                return
            now = self._now()
            if part.announced and not self._ended.is_set():
                self._say(f"{part.line(now)}, ended", now)
            if not self._parts:
                self._between = _Part(self._title, now)

    def line(self, text: str, style: str | None = None) -> None:
        """A line of the caller's own, which is also a sign that the work goes on."""
        with self._lock:
            self._told = self._now()
            self._open_bar()
            self._screen.say(text, style)

    def beat(self) -> None:
        """Tell what is due now; called by the thread, a few times a second."""
        with self._lock:
            now = self._now()
            if self._ended.is_set() or now - self._begun < GRACE:
                return
            self._open_bar()
            parts = list(self._parts.values()) or [self._between]
            compiling = self._compiling()
            if isinstance(self._screen, Bars):
                self._screen.draw([part.row(now, compiling) for part in parts])
                return
            due = parts
            loud = _voice[0] is Voice.VERBOSE
            if now + TICK - self._told < (VERBOSE_SILENCE if loud else SILENCE):
                long = lambda part: now - max(part.begun, self._told) >= GRACE
                new = [x for x in parts if not x.announced and long(x)]
                due = new if self._lists_parts else []
            if due:
                self._say("; ".join(part.line(now, compiling) for part in due), now)
            for part in due:
                part.announced = self._lists_parts

    def close(self, whole: bool = True) -> None:
        """Nothing is told any more; the open parts of a `whole` run have ended."""
        with self._lock:
            for what in list(self._parts) if whole else ():
                self.end(what)
            self._ended.set()
            if isinstance(self._screen, Bars):
                self._screen.close()
                _bar_taken.release()
            self._screen = self._lines
        if self._thread.is_alive():
            self._thread.join()

    def _say(self, text: str, now: float) -> None:
        self._told = now
        if self._screen is self._lines:
            self._lines.say(printable(f"hopsim: {text}"))

    def _open_bar(self) -> None:
        """Take the terminal, if there is one and nobody has it."""
        if self._screen is not self._lines or self._ended.is_set():
            return
        stream = self._lines.stream
        if shows_bars(stream) and _bar_taken.acquire(blocking=False):
            self._screen = Bars(stream)

    def _tell_in_time(self) -> None:
        while not self._ended.wait(TICK):
            self.beat()


def _span(seconds: float) -> str:
    """A span of time as it is read: `31 s`, `4 min 10 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 6000:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


# --- what users give ------------------------------------------------------------------


def set_voice(voice: Voice) -> None:
    """From now on reporters tell so much; the command line asks for it."""
    _voice[0] = voice


def reporter(title: str, *, lists_parts: bool = True) -> Reporter:
    """A reporter that also tells when JAX traces or compiles a program."""
    from . import clock

    clock.listen()
    return Reporter(title, compiling=clock.compiling, lists_parts=lists_parts)


@contextlib.contextmanager
def reported(progress: Any, title: str) -> Iterator[Report | None]:
    """The function of (what, done, total) that `progress` asks for, if any.

    True is a reporter on standard error, a function is itself. Raises ValueError for
    anything else but None and False.
    """
    _require_progress(progress, "(what, done, total)")
    if progress is not True:
        yield progress or None
        return
    with reporter(title) as told:
        yield told.report


@contextlib.contextmanager
def counted(
    progress: Any,
    what: str,
    total: int | None = None,
    *,
    title: str | None = None,
    at_most: bool = False,
) -> Iterator[Count | None]:
    """The function of (done, total) that `progress` asks for, if any; see `reported`.

    **Arguments:**

    - `what`, `total`: what is counted, and how many there are, if that is known before.
    - `title`: what goes on when all of them are done; default `what`.
    - `at_most`: the total is a limit that need not be reached: no time to go is told.
    """
    _require_progress(progress, "(done, total)")
    if progress is not True:
        yield progress or None
        return
    with reporter(title or what) as told:
        told.report(what, 0, total)
        yield lambda done, whole: told.report(what, done, None if at_most else whole)


def _require_progress(progress: Any, arguments: str) -> None:
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise ValueError(
            f"progress must be True, None or a function of {arguments}, got "
            f"{shown(progress)}; True shows a bar."
        )
