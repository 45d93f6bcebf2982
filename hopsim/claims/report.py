"""The page: the report of `hopsim verify` as one self-contained HTML file.

Pictures, style and script are embedded, so that it opens from a file and without a
network. The same report and pictures give the same bytes: it has no time stamp.
"""

import base64
import collections
import math
import mimetypes
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._common.files import is_file_name, write_whole
from ..records import Outcome


# pixels of the strip that shows a value against its tolerance
STRIP_WIDTH, STRIP_MARGIN = 240.0, 14.0
_NUMBER = r"([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)"


def render_page(report: Mapping[str, Any], place: Path) -> str:
    """The page as text; `place` holds the directories of the claims."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,  # a report without a key is a defect
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"duration": duration, "sortable": _sortable}
    environment.globals |= {"strip": strip, "Outcome": Outcome}
    page, style = (
        Path(__file__).with_suffix(end).read_text(encoding="utf-8")
        for end in (".html", ".css")
    )
    claims = [_completed(claim, place) for claim in report["claims"]]
    often = collections.Counter(claim["name"] for claim in claims)
    for claim in claims:  # of one name may be both sizes, and changed ones
        alone = often[claim["name"]] == 1
        claim["anchor"] = claim["name"] if alone else claim["directory"]
    # union bound: P that some true claim fails is at most the sum
    alarms = [claim["false_alarm"] for claim in claims if not claim["changed"]]
    alarm = sum(alarms) if all(alarms) else None  # None if a claim does not state it
    return environment.from_string(page).render(
        {**report, "claims": claims, "alarm": alarm, "style": style}
    )


def write_page(report: Mapping[str, Any], place: Path, path: Path) -> Path:
    """Write the page under a temporary name, then rename it into place."""
    return write_whole(path, render_page(report, place))


def duration(seconds: float) -> str:
    """`5.3 s`, `2 min 03 s` or `1 h 02 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def strip(check: Mapping[str, Any]) -> dict[str, Any] | None:
    """The positions of value, interval and tolerance on a strip, or None.

    Only for a tolerance that is an interval of the value itself: `<= a`, `>= a`,
    `[a, b]`. The axis is logarithmic if all numbers are positive and span two decades.
    """
    limits = _limits(check["tolerance"])
    if limits is None or not _known(check["value"]):
        return None
    bar = [x for x in (check["low"], check["high"]) if _known(x)]
    seen = [*(x for x in limits if math.isfinite(x)), check["value"], *bar]
    logarithmic = min(seen) > 0 and max(seen) >= 100 * min(seen)
    scale = math.log10 if logarithmic else float
    ends = [scale(min(seen)), scale(max(seen))]
    span = (ends[1] - ends[0]) or 1.0

    def at(x: float) -> float:
        if not math.isfinite(x):
            return 0.0 if x < 0 else STRIP_WIDTH
        share = (scale(x) - ends[0]) / span
        return round(STRIP_MARGIN + (STRIP_WIDTH - 2 * STRIP_MARGIN) * share, 1)

    return {
        "accepted": [at(x) for x in limits],
        "bar": [at(x) for x in bar] if len(bar) == 2 else None,
        "value": at(check["value"]),
        "logarithmic": logarithmic,
    }


def _completed(claim: Mapping[str, Any], place: Path) -> dict[str, Any]:
    """The claim with its outcome and its pictures as data URIs."""
    pictures = [
        {"name": name, "data": _embedded(place, claim["directory"], name)}
        for name in claim["pictures"]
    ]
    crashed, changed = bool(claim["error"]), bool(claim["changed"])
    outcome = Outcome.of(claim["passed"], crashed, changed)
    return {**claim, "outcome": outcome, "pictures": pictures}


def _embedded(place: Path, directory: str, name: str) -> str | None:
    """A picture as a data URI, or None if the directory itself has none to read."""
    if not (is_file_name(directory) and is_file_name(name)):
        return None
    path = place / directory / name
    try:
        home = (place / directory).resolve()
        if path.resolve() != home / name or not path.is_file():  # a link leads outside
            return None
        data = path.read_bytes()
    except (OSError, RuntimeError):  # links in a circle
        return None
    kind = mimetypes.guess_type(path.name)[0] or "image/png"
    return f"data:{kind};base64,{base64.b64encode(data).decode()}" if data else None


def _limits(tolerance: str) -> tuple[float, float] | None:
    """The interval that a tolerance states, or None if it states none."""
    text = tolerance.strip().removeprefix("in ")
    if found := re.fullmatch(rf"\[{_NUMBER}, {_NUMBER}\]", text):
        return float(found[1]), float(found[2])
    if found := re.fullmatch(rf"(<=|>=) {_NUMBER}", text):
        end = float(found[2])
        return (-math.inf, end) if found[1] == "<=" else (end, math.inf)
    return None


def _known(x: Any) -> bool:
    return x is not None and math.isfinite(x)


def _sortable(x: Any) -> str:
    """A number as text that the page's script can sort; "" if it is not known."""
    return repr(float(x)) if _known(x) else ""
