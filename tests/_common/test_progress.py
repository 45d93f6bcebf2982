"""Progress: bars and lines, when they come, and when they do not."""

import io
import re
import sys
import threading
import time
import types
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from hopsim._common import clock, progress, screens
from hopsim._common.progress import counted, reported, Reporter


class Terminal(io.StringIO):
    """A stream that shows what moves."""

    def isatty(self):
        return True


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Run:
    """A reporter with a clock of its own, looked at a few times a second."""

    def __init__(self, stream=None, **more):
        self.stream, self.clock = stream or io.StringIO(), Clock()
        more = {"now": self.clock, "stream": self.stream} | more
        self.reporter = Reporter("recall", **more)

    def wait(self, seconds):
        for _ in range(round(seconds / progress.TICK)):
            self.clock.now += progress.TICK
            self.reporter.beat()

    @property
    def lines(self):
        return self.stream.getvalue().splitlines()


@pytest.fixture
def run():
    return Run()


# --- plain lines ----------------------------------------------------------------------


def test_what_ends_within_two_seconds_tells_nothing(run):
    run.wait(1)
    run.reporter.report("probes", 2, 4)
    run.wait(0.75)
    run.reporter.report("probes", 4, 4)
    run.reporter.close()
    run.wait(60)
    assert run.lines == []


def test_lines_are_never_more_than_ten_seconds_apart(run):
    told, seen = [], 0
    for _ in range(240):
        run.wait(0.25)
        if len(run.lines) > seen:
            told.append(run.clock.now - 100)
            seen = len(run.lines)
    gaps = [b - a for a, b in zip([0, *told], told, strict=False)]
    assert told[0] == 2
    assert max(gaps) <= progress.SILENCE
    assert len(told) < 9  # one each ten seconds, not more


def test_a_long_compilation_is_called_by_its_name():
    compiling = []
    run = Run(compiling=lambda: bool(compiling))
    compiling.append("jit")
    run.wait(12)
    assert run.lines == [
        "hopsim: recall: compiling, 2 s",
        "hopsim: recall: compiling, 12 s",
    ]
    compiling.clear()
    run.wait(10)
    assert run.lines[2:] == ["hopsim: recall: 22 s"]


def test_a_part_is_told_when_it_begins_and_ends(run):
    run.wait(1)
    run.reporter.report("probes", 0, 4096)
    run.wait(3)
    run.reporter.report("probes", 512, 4096)
    run.wait(3)
    run.reporter.report("probes", 4096, 4096)
    run.wait(1)
    assert run.lines == [
        "hopsim: probes: 0/4096, 1 s",
        "hopsim: probes: 4096/4096, 6 s, ended",
    ]


def test_a_part_that_is_first_told_when_work_is_done_began_with_that_work(run):
    run.wait(1)
    run.reporter.report("probes", 512, 4096)
    run.wait(1)
    assert run.lines == ["hopsim: probes: 512/4096, 2 s"]


def test_the_time_to_go_leaves_the_compilation_out(run):
    run.reporter.report("probes", 0, 40)
    run.wait(8)
    run.reporter.report("probes", 10, 40)  # unknown as yet
    run.wait(2)
    run.reporter.report("probes", 20, 40)  # ten in two seconds: twenty in four
    run.wait(2)
    assert run.lines[1:] == ["hopsim: probes: 20/40, 12 s, about 2 s to go"]


def test_what_is_not_counted_tells_what_it_has(run):
    run.reporter.report("points", 12, None)
    run.wait(2)
    assert run.lines == ["hopsim: points: 12, 2 s"]


def test_parts_that_are_open_together_share_a_line():
    run = Run(lists_parts=False)
    run.reporter.report("claims", 1, 9)
    run.reporter.report("cl-01: probes", 2, 8)
    run.wait(2)
    run.reporter.report("cl-01: probes", 8, 8)
    assert run.lines == ["hopsim: claims: 1/9, 2 s; cl-01: probes: 2/8, 2 s"]


def test_a_line_of_the_callers_is_a_sign_of_life(run):
    for epoch in range(5):
        run.wait(1.75)
        run.reporter.line(f"epoch {epoch}")
        run.reporter.report("epochs", epoch + 1, 9)
    assert run.lines == [f"epoch {epoch}" for epoch in range(5)]
    run.wait(12)
    # the second line is later than was expected: when it ends is not known any more
    assert run.lines[5:] == [
        "hopsim: epochs: 5/9, 11 s, about 5 s to go",
        "hopsim: epochs: 5/9, 20 s",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (99, "99 s"), (250, "4 min 10 s"), (7500, "2 h 5 min")],
)
def test_spans_of_time_are_read_at_a_glance(seconds, words):
    assert progress._span(seconds) == words


def test_a_stream_that_is_gone_stops_no_run():
    closed = io.StringIO()
    closed.close()
    for stream in (closed, types.SimpleNamespace()):
        run = Run(stream=stream)
        run.wait(12)
        run.reporter.report("probes", 1, 2)
        run.reporter.close()


# --- a thread of its own --------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch):
    """The thread looks and tells a hundred times as often."""
    for name, seconds in (("TICK", 0.002), ("GRACE", 0.02), ("SILENCE", 0.04)):
        monkeypatch.setattr(progress, name, seconds)


def wait_for(condition, patience=10.0):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.001)


@pytest.mark.usefixtures("quick")
def test_a_call_that_tells_nothing_is_told_of_all_the_same(capsys):
    told = []

    def three():
        told.extend(capsys.readouterr().err.splitlines())
        return len(told) >= 3

    with reported(True, "recall"):
        wait_for(three)
    capsys.readouterr()
    time.sleep(0.05)
    assert capsys.readouterr().err == "", "nothing is told after the block"
    assert set(told) == {"hopsim: recall: 0 s"}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_ends_the_telling_and_passes(capsys, error):
    before = threading.active_count()
    counts: list[Any] = []

    def fail():
        with counted(True, "probes", 4) as count:
            counts.append(count)
            wait_for(lambda: "0/4" in capsys.readouterr().err)
            raise error

    with pytest.raises(error):
        fail()
    counts[0](4, 4)
    time.sleep(0.05)
    assert capsys.readouterr().err == ""
    assert threading.active_count() == before


@pytest.mark.usefixtures("quick")
def test_reports_of_many_threads_come_out_whole(capsys):
    def work(report, name):
        for k in range(200):
            report(name, k, 200)

    with reported(True, "recall") as report:
        threads = [
            threading.Thread(target=work, args=(report, f"part {k}")) for k in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.1)
    lines = capsys.readouterr().err.splitlines()
    assert lines
    # every line is one report of one thread or of several, and of nothing between
    part = r"(part \d: \d+/200|recall), \d[^;:]*"
    whole = re.compile(rf"hopsim: {part}(; {part})*")
    assert all(whole.fullmatch(line.replace("recall: ", "recall, ")) for line in lines)


# --- bars -----------------------------------------------------------------------------


def test_a_terminal_shows_a_bar_after_two_seconds_and_none_in_the_end(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    run = Run(stream=Terminal(), compiling=lambda: True)
    run.reporter.report("probes [all]", 0, 4096)
    run.wait(1.75)
    assert run.stream.getvalue() == ""
    run.wait(1)
    shown = run.stream.getvalue()
    assert "probes [all]" in shown
    assert "0/4096" in shown
    assert "compiling, 2 s" in shown
    run.reporter.line("a line above")
    assert "a line above" in run.stream.getvalue()
    run.reporter.close()
    ended = run.stream.getvalue()
    assert ended.endswith("\x1b[?25h\r\x1b[1A\x1b[2K"), "cursor shown, bar erased"
    run.wait(5)
    assert run.stream.getvalue() == ended


def test_what_is_printed_into_a_file_does_not_go_to_the_terminal(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    run = Run(stream=Terminal())
    run.wait(3)
    print("a result")  # standard output is no terminal here
    run.reporter.close()
    assert capsys.readouterr().out == "a result\n"
    assert "a result" not in run.stream.getvalue()


def test_one_terminal_has_one_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    first, second = Run(stream=Terminal()), Run(stream=Terminal())
    first.wait(3)
    second.wait(2)
    assert second.lines == ["hopsim: recall: 2 s"]
    first.reporter.close()
    second.wait(1)
    assert "\x1b[?25l" in second.stream.getvalue()
    second.reporter.close()


def test_a_terminal_that_moves_nothing_has_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    run = Run(stream=Terminal())
    run.wait(2)
    assert run.lines == ["hopsim: recall: 2 s"]


@pytest.mark.parametrize("widgets", [True, False])
def test_a_notebook_has_bars_if_it_has_the_widgets(monkeypatch, widgets):
    shell = type("ZMQInteractiveShell", (), {})()
    module = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", module)
    known = {"ipywidgets": object()} if widgets else {}
    monkeypatch.setattr("importlib.util.find_spec", known.get)
    assert screens.shows_bars(io.StringIO()) == widgets


# --- what users give ------------------------------------------------------------------


def test_a_function_is_called_and_nothing_is_nothing():
    function = lambda *told: None
    with counted(function, "probes", 4) as count, reported(function, "run") as report:
        assert count is report is function
    for nothing in (None, False):
        with counted(nothing, "probes") as count, reported(nothing, "run") as report:
            assert count is report is None


@pytest.mark.parametrize("wrong", [1, "bar", [True]])
def test_anything_else_is_refused(wrong):
    rule = r"progress must be True, None or a function of \(.*done, total\), got "
    with pytest.raises(ValueError, match=rule), counted(wrong, "probes"):
        pass
    with pytest.raises(ValueError, match=rule), reported(wrong, "run"):
        pass


def test_a_limit_is_no_total():
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "report", lambda self, *told: seen.append(told))
        with counted(True, "points", at_most=True) as count:
            assert count is not None
            count(3, 2000)
    assert seen == [("points", 0, None), ("points", 3, None)]


def test_compilation_is_known_while_it_lasts():
    seen = []
    clock.listen()
    assert not clock.compiling()

    @jax.jit
    def traced(x):
        seen.append(clock.compiling())
        return x + 1

    traced(jnp.ones(2))
    assert seen == [True]
    assert not clock.compiling()
    with pytest.raises(ZeroDivisionError):
        jax.jit(lambda x: 1 / 0)(1.0)
    assert not clock.compiling()
