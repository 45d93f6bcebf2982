"""What the command line shows: progress, summaries, catalogues and reports."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .._common import parts


def show_entries(noun: str) -> None:
    """Everything that a scenario can name, of one noun; parts of users come last."""
    from rich.console import Console
    from rich.markup import escape
    from rich.padding import Padding

    from .._common.formulas import plain_formulas
    from ..scenario.listing import listed

    found = listed(noun)
    if parts.registered():  # the registries are not imported else, nor is JAX
        from ..scenario.catalogue import own_entries

        found += own_entries(noun)
    console = Console(highlight=False, markup=False)
    console.print(f"{noun}:" if found else f"{noun}: none found here", style="bold")
    for entry in found:
        whose = f"  of {entry.origin}" if entry.origin else ""
        console.print(f"  [bold cyan]{entry.name}[/]{escape(whose)}", markup=True)
        keys = f"keys: {entry.keys}" if entry.keys else ""
        for text in filter(None, (plain_formulas(entry.text), keys)):
            if console.is_terminal:
                console.print(Padding(text, (0, 0, 0, 6)))
            else:  # a line is a line for whatever reads it
                print(f"      {text}")


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of words as lines with aligned columns; none is folded or cut."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{word:<{w}}" for word, w in zip(row, wide, strict=True))
        yield "  ".join(cells).rstrip()


def show_summary(record: Any, quiet: bool = False) -> None:
    """The page of the lab notebook that a run leaves; its last line alone if quiet."""
    from rich.console import Console
    from rich.table import Table

    from ..records import Outcome
    from ..runs.summary import checks_line, page_of, summary_lines

    if quiet:
        print(checks_line(record))
        return
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:  # a line is a line for whatever reads it
        print(page_of(record), end="")
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for term, text in summary_lines(record):
        bad = term == "check" and text.startswith(Outcome.FAILED.word)
        table.add_row(term, text, style="red" if bad else None)
    console.print(table)
    console.print(checks_line(record), style=None if record.passed else "red")


def show_attractors(record: Any) -> None:
    """The table of attractors of every point: shares with Wilson's 95 % interval.

    The last line of each is that of the unconverged.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from ..runs.summary import attractor_rows

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=FILE_TABLE_WIDTH)
    for label, data in record.points():
        head, *rows = attractor_rows(data)
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=label or None)
        for title in head:
            words = title in ("kind", "memories")
            side = "left" if words else "right"
            table.add_column(title, justify=side, no_wrap=title != "memories")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def show_profile(clock: Any, total: float, imports: float) -> None:
    """Where the time of a run went."""
    from rich.console import Console

    from .profile import profile_lines

    console = Console(highlight=False, markup=False)
    for term, text in profile_lines(clock, total, imports):
        console.print(f"{term:<12} {text}", soft_wrap=True)


MIN_SECONDS_BETWEEN_LINES = 0.5  # short epochs share a line


def epoch_lines(show: Any) -> Callable[[str, dict[str, float]], None]:
    """What tells how a training goes, by lines of a reporter."""
    shown: dict[str, float] = {}

    def on_epoch(label: str, values: dict[str, float]) -> None:
        number, count = int(values["epoch"]), int(values["epochs"])
        show.report(f"epochs {label}".strip(), number, count)
        now = time.monotonic()
        next_line = shown.get(label, -math.inf) + MIN_SECONDS_BETWEEN_LINES
        if now < next_line and number < count:
            return
        if label not in shown:
            title = "    epoch  train error  test error        T  seconds"
            show.line(f"{title}  {label}".rstrip())
        shown[label] = now
        errors = (100 * values["train_error"], 100 * values["test_error"])
        show.line(
            f"{f'{number}/{count}':>9}  {errors[0]:9.2f} %  {errors[1]:8.2f} %  "
            f"{values['temperature']:7.4g}  {values['seconds']:7.2f}"
        )

    return on_epoch


def show_predicted(found: Any, labels: Any) -> None:
    """How many images were answered, and how well where their classes are known."""
    from rich.console import Console

    from ..runs.summary import answers

    console = Console(stderr=True, highlight=False, markup=False)
    console.print(answers(found, labels))


# --- claims ---------------------------------------------------------------------------


class Verifying:
    """What `hopsim verify` shows: what runs now, what has ended."""

    def __init__(self, show: Any, total: int):
        self._show, self._total, self.done = show, total, 0
        self._parts: dict[str, str] = {}  # what each claim is at
        show.report("claims", 0, total)

    def on_progress(self, task: Any, what: str, done: int, total: int) -> None:
        """One claim has come further, or begun if nothing is said of what."""
        part = f"{task.name}: {what}" if what else task.name
        if (before := self._parts.get(task.name, part)) != part:
            self._show.end(before)
        self._parts[task.name] = part
        self._show.report(part, done, total if what else None)

    def on_entry(self, entry: dict[str, Any]) -> None:
        """One claim has ended, or is cached from an earlier run."""
        from ..records import Outcome

        self.done += 1
        self._show.end(self._parts.pop(entry["name"], ""))
        self._show.report("claims", self.done, self._total)
        changed = entry["changed"]
        word = Outcome.of(entry["passed"], bool(entry["error"]), bool(changed)).word
        how = "kept" if entry["kept"] else f"{entry['seconds']:.1f} s"
        count = f"[{self.done}/{self._total}]"
        line = f"{count:>8} {word:<7} {entry['id']:<6} {entry['name']:<22} {how}"
        line += f"; changed: {changed}" if changed else ""
        self._show.line(line, None if entry["passed"] else "red")


@contextlib.contextmanager
def verifying(total: int) -> Iterator[Verifying]:
    """A display for so many claims, on the error stream."""
    from .._common.progress import reporter

    with reporter("verify", lists_parts=False) as show:
        yield Verifying(show, total)


FILE_TABLE_WIDTH = 150  # characters of a table that goes into a file


def claims_line(report: dict[str, Any]) -> str:
    """How many claims hold, of those that are counted."""
    whole = report["passed"] + report["failed"]
    return (
        f"{report['passed']}/{whole} claims hold" if whole else "no claim was counted"
    )


def show_report(report: dict[str, Any], out: Path) -> None:
    """The report as a table: one row for each check of each claim."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from ..claims.tables import ledger_rows
    from ..records import Outcome

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=FILE_TABLE_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("id", no_wrap=True)
    for title, ratio in (("statement", 5), ("source", 2), ("expected", 2)):
        table.add_column(title, overflow="fold", ratio=ratio)
    table.add_column("measured and error", overflow="fold", ratio=6)
    table.add_column("tolerance", overflow="fold", ratio=2)
    table.add_column("verdict", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    for entry in report["claims"]:
        for row in ledger_rows(entry):
            good = row[-2] == Outcome.PASSED.word
            table.add_row(*row, style=None if good else "red")
    console.print(table)
    for entry in report["claims"]:
        if entry["error"]:
            console.print(f"{entry['name']}: {entry['error']}", style="red")
        if entry["changed"]:
            told = "pass" if entry["passed"] else "do not all pass"
            console.print(
                f"{entry['name']}: changed: {entry['changed']}; not counted, its "
                f"checks {told}"
            )
    for one in report.get("mutations", ()):
        word = "seen" if one["seen"] else "NOT SEEN"
        by = "; ".join(one["by"]) or one["why"]
        console.print(
            f"{word:<8} {one['claim']}: {one['wrong']} ({by})",
            style=None if one["seen"] else "red",
        )
    held = claims_line(report)
    changed = f", {report['changed']} changed" if report["changed"] else ""
    kept = sum(entry["kept"] for entry in report["claims"])
    console.print(
        f"{held} ({report['size']}){changed}; "
        f"{report['seconds']:.0f} s of work, {report['wall']:.1f} s wall time, "
        f"{kept} cached; {report['device']}"
    )
    if report["others"]:
        console.print(f"with {report['others']} more that are cached there, in")
    console.print(f"{out / 'report.html'}\n{out / 'ledger.json'}", soft_wrap=True)
