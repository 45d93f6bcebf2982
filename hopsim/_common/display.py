"""How results show themselves: in a paragraph; in notebooks, a table and a picture.

Pictures are inline SVG in the colour of the page's text, made of numbers alone.
"""

import abc
import dataclasses
import html
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .names import printable


MOST_COLUMNS, MOST_LINES = 92, 8  # of a paragraph
WIDE, HIGH = 320, 80  # pixels of a picture
MOST_CURVES, MOST_PLACES = 24, 160  # of a picture, so that a notebook stays small


class Shown(NamedTuple):
    """What a result says of itself: a title, and rows of a term and a text.

    Rows with an empty text are left out.
    """

    title: str
    rows: Sequence[tuple[str, str]]


class AbstractShown(abc.ABC):
    """What prints as a paragraph, and as a table with a picture in a notebook.

    Nothing is computed on a device for it. To add one: implement `_shown`, override
    `_picture` where one helps, and of a dataclass say `repr=False`.
    """

    @abc.abstractmethod
    def _shown(self) -> Shown:
        """Title and rows, at most seven."""

    def _picture(self) -> str:
        """An inline SVG; empty for none."""
        return ""

    def __repr__(self) -> str:
        return paragraph(self._shown())

    def _repr_html_(self) -> str:
        return table_of(self._shown(), self._picture())


# --- text -----------------------------------------------------------------------------


def paragraph(shown: Shown) -> str:
    """Title and aligned rows in 8 lines of 92 columns; what is longer is cut short.

    A row is folded while there are lines to spare, the first ones first.
    """
    rows = _rows(shown)
    margin = 4 + max((len(term) for term, _ in rows), default=0)
    spare = MOST_LINES - 1 - len(rows)  # lines for what does not fit in one
    lines = _folded(shown.title, MOST_COLUMNS, 1)
    for term, text in rows:
        first, *rest = _folded(text, MOST_COLUMNS - margin, 1 + spare)
        spare -= len(rest)
        lines.append(f"  {term:<{margin - 4}}  {first}")
        lines += [" " * margin + line for line in rest]
    return "\n".join(lines)


def table_of(shown: Shown, picture: str = "") -> str:
    """Title, rows and picture as HTML, with nothing in it that a browser would run."""
    title = html.escape(_in_one_line(shown.title))
    cell = 'style="text-align: left; vertical-align: top"'
    rows = "".join(
        f"<tr><th {cell}>{html.escape(term)}</th>"
        f"<td {cell}>{html.escape(text)}</td></tr>"
        for term, text in _rows(shown)
    )
    return f"<div><strong>{title}</strong><table>{rows}</table>{picture}</div>"


def _rows(shown: Shown) -> list[tuple[str, str]]:
    return [(term, _in_one_line(text)) for term, text in shown.rows if text]


def _in_one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _folded(text: str, width: int, most: int) -> list[str]:
    lines = textwrap.wrap(_in_one_line(text), width, break_on_hyphens=False) or [""]
    if len(lines) > most:
        lines = lines[:most]
        lines[-1] = f"{lines[-1][: width - 4].rstrip()} ..."
    return lines


# --- words ----------------------------------------------------------------------------


def many(count: int, one: str, more: str = "") -> str:
    """`1 probe`, `20 probes`."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def tally(words: Iterable[str] | Mapping[str, int]) -> str:
    """How often each word occurs, in the order of their first: `18 steady, 2 cycle`.

    Words, or their numbers where these are known: of a million words that is quicker.
    """
    return ", ".join(f"{count} {word}" for word, count in Counter(words).items())


def some(words: Sequence[str], most: int = 5) -> str:
    """The words, or the first of them and how many there are besides."""
    left = len(words) - most
    return ", ".join(words[:most]) + (f" and {left} more" if left > 0 else "")


def middle_and_most(values: Any) -> str:
    """Median and largest of what is finite, and how many are not."""
    x, lost = _finite(values)
    if not x.size:
        return lost or "none"
    text = f"median {np.median(x):.4g}, most {np.max(x):.4g}"
    return f"{text} ({lost})" if lost else text


def low_to_high(values: Any) -> str:
    """Smallest and largest of what is finite, and how many are not."""
    x, lost = _finite(values)
    if not x.size:
        return lost or "none"
    low, high = f"{np.min(x):.6g}", f"{np.max(x):.6g}"
    text = low if low == high else f"{low} to {high}"
    return f"{text} ({lost})" if lost else text


def _finite(values: Any) -> tuple[np.ndarray, str]:
    x = np.asarray(values, float).ravel()
    good = np.isfinite(x)
    lost = x.size - int(np.sum(good))
    return x[good], f"{lost} not finite" if lost else ""


def in_short(part: Any) -> str:
    """A part with its parameters in one line: numbers as they are, arrays by shape.

    What is None is left out. A number that is traced is told by its type.
    """
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        fields = dataclasses.fields(part)
        values = {field.name: getattr(part, field.name, None) for field in fields}
        inner = ", ".join(
            f"{name}={in_short(value)}"
            for name, value in values.items()
            if value is not None
        )
        return f"{type(part).__name__}({inner})"
    shape, dtype = getattr(part, "shape", None), getattr(part, "dtype", None)
    if shape is None or dtype is None:
        text = f"{part:.6g}" if isinstance(part, float) else repr(part)
        return textwrap.shorten(_in_one_line(text), 60, placeholder=" ...")
    if shape == ():
        try:
            number: Any = part
            return f"{float(number):.6g}"
        except Exception:  # of JAX there are many kinds
            pass
    return f"{dtype}[{','.join(map(str, shape))}]"


# --- pictures -------------------------------------------------------------------------


def curves(x: Any, rows: Any, label: str) -> str:
    """Curves of shape (curve, place) over one axis; empty if nothing of them is finite.

    The first curves, thinned out; a curve breaks where it is not finite.
    """
    x, rows = np.asarray(x, float), np.atleast_2d(np.asarray(rows, float))
    rows = rows[:MOST_CURVES]
    if rows.shape[1] > MOST_PLACES:
        places = np.linspace(0, rows.shape[1] - 1, MOST_PLACES).round().astype(int)
        x, rows = x[places], rows[:, places]
    known = np.isfinite(rows) & np.isfinite(x)
    if not np.any(known):
        return ""
    low, high = np.min(rows[known]), np.max(rows[known])
    used = x[np.any(known, axis=0)]
    across = _scaled(x, np.min(used), np.max(used), WIDE)
    up = HIGH - _scaled(rows, low, high, HIGH)
    lines = []
    for y, seen in zip(up, known, strict=True):
        breaks = np.flatnonzero(np.diff(seen.astype(int))) + 1
        for piece in np.split(np.arange(len(x)), breaks):
            if piece.size > 1 and seen[piece[0]]:
                points = " ".join(f"{across[k]:.1f},{y[k]:.1f}" for k in piece)
                lines.append(f'<polyline points="{points}"/>')
    opacity = 0.9 if len(rows) == 1 else 0.45
    drawing = (
        f'<g fill="none" stroke="currentColor" stroke-opacity="{opacity}">'
        f"{''.join(lines)}</g>"
    )
    ends = f"from {low:.4g} to {high:.4g}"
    return _svg(drawing, f"{label}, {ends}")


def shares(parts: Sequence[tuple[float, bool]], label: str) -> str:
    """One bar of shares of a whole, side by side; those marked False are dashed."""
    left, drawn = 0.0, []
    for share, good in parts:
        width = WIDE * share
        dashed = "" if good else ' stroke-dasharray="3 2"'
        opacity = 0.3 if good else 0
        drawn.append(
            f'<rect x="{left:.1f}" y="1" width="{width:.1f}" height="18" '
            f'fill="currentColor" fill-opacity="{opacity}" stroke="currentColor"'
            f"{dashed}/>"
        )
        left += width
    return _svg("".join(drawn), label, 20) if drawn else ""


def _scaled(x: np.ndarray, low: float, high: float, size: int) -> np.ndarray:
    """Numbers as pixels, with a margin of two at both ends."""
    # halves, since the difference of two large numbers may be infinite
    wide = high / 2 - low / 2
    part = (x / 2 - low / 2) / wide if wide > 0 else np.full(np.shape(x), 0.5)
    return 2 + (size - 4) * part


def _svg(drawing: str, label: str, high: int = HIGH) -> str:
    told = html.escape(_in_one_line(label))
    return (
        f'<figure style="margin: 0.4em 0"><svg xmlns="http://www.w3.org/2000/svg" '
        f'width="{WIDE}" height="{high}" viewBox="0 0 {WIDE} {high}" role="img" '
        f'aria-label="{told}">{drawing}</svg>'
        f"<figcaption><small>{told}</small></figcaption></figure>"
    )
