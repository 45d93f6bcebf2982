"""The ledger of claims as a table for papers and spreadsheets: CSV and LaTeX."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..records import Outcome


TITLES = (
    *("id", "statement", "source", "expected", "measured", "tolerance", "verdict"),
    "seconds",
)
IN_PAPERS = ("id", "statement", "expected", "measured", "verdict")  # columns of LaTeX
WIDTHS = {"statement": 0.36, "expected": 0.14, "measured": 0.28}  # of the line


def ledger_rows(entry: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """A row of `TITLES` for each check of a claim, and one if its run has crashed."""
    seconds = f"{entry['seconds']:.1f}"
    if entry["error"]:
        blank, word = ("",) * 3, Outcome.CRASHED.word
        yield entry["id"], entry["title"], entry["source"], *blank, word, seconds
    for check in entry["checks"]:
        yield (
            entry["id"],
            check["statement"],
            check["source"],
            check["expected"],
            f"{check['measured']} {check['error']}; {check['samples']}",
            check["tolerance"],
            Outcome.of(check["passed"]).word,
            seconds,
        )
        seconds = ""


def as_csv(report: Mapping[str, Any]) -> str:
    """The table of a report as CSV, with a head."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TITLES)
    for entry in report["claims"]:
        writer.writerows(ledger_rows(entry))
    return text.getvalue()


def as_latex(report: Mapping[str, Any]) -> str:
    """The table of a report as a LaTeX `longtable`, which needs that package alone."""
    form = "".join(
        rf"p{{{WIDTHS[title]}\linewidth}}" if title in WIDTHS else "l"
        for title in IN_PAPERS
    )
    head = " & ".join(IN_PAPERS)
    lines = [rf"\begin{{longtable}}{{{form}}}", r"\hline", rf"{head} \\", r"\hline"]
    lines.append(r"\endhead")
    for entry in report["claims"]:
        for row in ledger_rows(entry):
            told = dict(zip(TITLES, row, strict=True))
            cells = (in_latex(told[title]) for title in IN_PAPERS)
            lines.append(rf"{' & '.join(cells)} \\")
    return "\n".join([*lines, r"\hline", r"\end{longtable}"]) + "\n"


_SPECIAL = {
    **{character: "\\" + character for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def in_latex(text: str) -> str:
    """A text as LaTeX prints it, character by character."""
    found = re.sub(r"[&%$#_{}~^\\<>|]", lambda m: _SPECIAL[m[0]], text)
    return " ".join(found.split())
