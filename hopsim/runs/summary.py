"""What a run prints: a page of the lab notebook, made from its record alone."""

from collections.abc import Sequence

import numpy as np

from .._common.display import many
from ..certificates import is_proved, WORDS
from ..records import Dataset, Record
from ..statistics import wilson
from ..trajectory import Ending


def summary_lines(record: Record) -> list[tuple[str, str]]:
    """(term, text) pairs, in the order in which one wants to read them."""
    a = record.attrs
    if "network" not in a:  # saved from Python: of no scenario
        page = [("result", a.get("title", ""))]
        for _, data in record.points():
            page += _of_point("", data)
        return page if record.path is None else [*page, ("file", str(record.path))]
    page = [
        ("scenario", f"{a['name']}-{a['hash']}  {a['title']}".rstrip()),
        (
            "network",
            f"{a['network']}, {a['count']} memories of {a['features']} features; "
            f"{a['dynamics']}; {a['precision']}, seed {a['seed']}",
        ),
    ]
    for label, data in record.points():
        page += [(term, text) for term, text in _of_point(label, data)]
    page.append(
        (
            "time",
            f"{a['seconds']:.1f} s in all, {a['seconds_compiling']:.1f} s of them "
            f"tracing and compiling {a['programs_compiled']} programs "
            f"({a.get('programs_from_cache', 0)} cached); {a['device']}",
        )
    )
    page += [("check", str(verdict)) for verdict in record.verdicts]
    page += [("not drawn", text) for text in a.get("not_drawn", "").splitlines()]
    if record.path is not None:
        page.append(("files", str(record.path.parent)))
    return page


def page_of(record: Record) -> str:
    """The summary as text: one line for each pair, then how many checks hold."""
    lines = [f"{term:<14} {told}" for term, told in summary_lines(record)]
    return "\n".join([*lines, checks_line(record)]) + "\n"


def checks_line(record: Record) -> str:
    """`11 of 11 checks hold`, or that there are none."""
    return holding([verdict.passed for verdict in record.verdicts])


def holding(passed: Sequence[bool]) -> str:
    """How many checks hold, of those that passed or failed."""
    whole = len(passed)
    if not whole:
        return "no checks"
    return (
        f"{sum(passed)} of {many(whole, 'check')} {'holds' if whole == 1 else 'hold'}"
    )


def answers(found: np.ndarray, labels: np.ndarray | None) -> str:
    """How many images were answered, and the share of errors with Wilson's interval."""
    undecided = int(np.sum(found < 0))
    told = f"{len(found)} images, {undecided} undecided (-1)"
    if labels is None:
        return told
    wrong = int(np.sum(found != labels))
    low, high = wilson(wrong, len(found))
    return f"{told}; wrong {wrong} = {wrong / len(found):.4f} [{low:.4f}, {high:.4f}]"


def _of_point(label: str, data: Dataset) -> list[tuple[str, str]]:
    page = [("point", label)] if label else []
    if "predicted" in data:
        page += _trained(data)
    if "steps" in data:
        page.append(("solver", _solver(data)))
    if "ending" in data:
        page.append(("endings", _endings(data)))
    if "worst_excess" in data and "certified" in data:
        page.append(("energy", _energy(data)))
    if "retrieved" in data and bool(data["aimed"].any()):
        hits, trials = int(data["retrieved"].sum()), int(data["aimed"].sum())
        low, high = wilson(hits, trials)
        worst = float(np.nanmin(data["match"].values))
        page.append(
            (
                "retrieved",
                f"{hits}/{trials} = {hits / trials:.3f} [{low:.3f}, {high:.3f}] (95 % "
                f"Wilson over probes); match: median "
                f"{np.nanmedian(data['match'].values):.4f}, worst {worst:.3f}",
            )
        )
    for name, term in {"slope": "slopes", "mass_slope": "with mass"}.items():
        if name in data:
            slopes = np.median(data[name].values, axis=1)
            page.append((term, ", ".join(f"{s:.3f}" for s in slopes)))
    if "unconverged_fraction" in data:
        page.append(("attractors", _attractors(data)))
    if "fixed_index" in data:
        index = data["fixed_index"].values
        index = index[np.isfinite(index)]
        kinds = [f"{np.sum(index == k)} of index {k:.0f}" for k in np.unique(index)]
        page.append(("fixed points", ", ".join(kinds)))
    notice = str(data["notice"].values) if "notice" in data else ""
    return page + ([("notice", notice)] if notice else [])


def attractor_rows(data: Dataset, most: int = 40) -> list[tuple[str, ...]]:
    """The table of attractors as text: a head, one row for each, the unconverged.

    Beyond `most` rows the rest is summed up, since totals must be whole.
    """
    if "unconverged_fraction" not in data:
        raise ValueError(
            "This record holds no attractors; they are found by experiment kind "
            '"census", or by `hopsim attractors` of a scenario.'
        )
    kinds, hits = data["kind"].values, data["hits"].values.astype(int)
    probes = data.sizes["probe"]
    rows: list[tuple[str, ...]] = [
        ("", "kind", "memories", "energy", "s_max", "index", "overlap", "hits", "share")
    ]
    for k in range(min(len(kinds), most)):
        of = lambda name, k=k: data[name].values[k]
        overlap = of("overlap")
        share = _share(of("fraction"), of("fraction_low"), of("fraction_high"))
        numbers = (f"{of('energy'):.6g}", f"{of('s_max'):.4f}", f"{int(of('index'))}")
        best = f"{np.max(overlap):.3f} ({int(np.argmax(overlap))})"
        first = (f"{k}", str(kinds[k]), _members(of("members")))
        rows.append((*first, *numbers, best, f"{hits[k]}", share))
    blank = ("",) * 4
    if len(kinds) > most:
        left = int(np.sum(hits[most:]))
        share = _share(left / probes, *wilson(left, probes))
        rows.append(("", f"{len(kinds) - most} more", "", *blank, f"{left}", share))
    lost = int(data["unconverged"].values)
    each = ("unconverged_fraction", "unconverged_low", "unconverged_high")
    share = _share(*(float(data[name].values) for name in each))
    unrested = _members(data["memory_label"].values < 0)
    rows.append(("-1", "unconverged", unrested, *blank, f"{lost}", share))
    return rows


def _share(value: float, low: float, high: float) -> str:
    return f"{value:.4f} [{low:.4f}, {high:.4f}]"


def _members(members: np.ndarray) -> str:
    """The numbers of the memories that flow to one place, a few of them."""
    which = np.flatnonzero(members)
    text = " ".join(str(k) for k in which[:5])
    return f"{text} ... ({which.size})" if which.size > 5 else text


def _attractors(data: Dataset) -> str:
    kinds, stable = data["kind"].values, data["stable"].values.astype(bool)
    parts = [f"{int(np.sum(stable))} found"]
    parts += [f"{np.sum(kinds == k)} {k}" for k in dict.fromkeys(kinds.tolist())]
    lost, probes = int(data["unconverged"].values), data.sizes["probe"]
    return ", ".join(parts) + f"; unconverged {lost}/{probes}"


def _solver(data: Dataset) -> str:
    steps = data["steps"].values
    text = f"{data['solver'].values}, steps accepted median {np.median(steps):.0f}"
    text += f" max {np.max(steps):.0f}"
    if "rejected" in data:
        rejected = data["rejected"].values
        text += (
            f", rejected median {np.median(rejected):.0f} max {np.max(rejected):.0f}"
        )
    return text


def _endings(data: Dataset) -> str:
    ending = data["ending"].values.ravel().astype(int)
    parts = [f"converged {np.sum(ending == Ending.STEADY)}/{ending.size}"]
    for code in np.unique(ending):
        if code != Ending.STEADY:
            parts.append(f"{np.sum(ending == code)}: {Ending(int(code)).sentence}")
    return "; ".join(parts)


def _energy(data: Dataset) -> str:
    certified = data["certified"].values.astype(bool)
    i = np.unravel_index(np.argmax(data["worst_excess"].values), certified.shape)
    rise, limit = data["worst_rise"].values[i], data["rise_limit"].values[i]
    kept = f"{np.sum(certified)}/{certified.size}"
    codes = data["certificate"].values if "certificate" in data else np.zeros(1)
    unresolved = int(np.sum(codes == WORDS.index("not resolved")))
    if np.all(data["promised"].values):
        word = "certified to fall" if is_proved(data) else "fell"
        text = f"{word} in {kept} probes"
        text += f", not resolved in {unresolved}" if unresolved else ""
    else:
        fell = data["worst_excess"].values <= 0
        text = f"NOT PROMISED, fell in {np.sum(fell)}/{fell.size} probes"
    text += f"; worst rise {rise:.1e} (limit {limit:.1e})"
    if "promise" in data:
        text += f"; {data['promise'].values}"
    return text + _ledger(data) if "ledger_residual" in data else text


def _ledger(data: Dataset) -> str:
    residual, limit = data["ledger_residual"].values, data["ledger_tolerance"].values
    known = np.isfinite(residual)
    if not np.any(known):
        return "; ledger not applicable"
    k = int(np.argmax(np.where(known, residual / limit, -1)))
    lost = f", not finite in {np.sum(~known)}" if not np.all(known) else ""
    return f"; ledger {residual[k]:.1e} (limit {limit[k]:.1e}{lost})"


def _trained(data: Dataset) -> list[tuple[str, str]]:
    """What the training runs of a point have come to."""
    page = []
    for k, ending in enumerate(data["ended"].values):
        found, labels = data["predicted"].values[k], data["wanted"].values[k]
        curve = data["train_error"].values[k]
        done = int(np.sum(np.isfinite(curve)))
        last = f"train error {curve[done - 1]:.4f}" if done else "no epoch"
        page += [
            ("trained", f"{done} epochs, ended by {ending}; {last}"),
            (
                "test",
                f"{answers(found, labels)}; macro F1 {data['macro_f1'].values[k]:.4f}",
            ),
            (
                "memories",
                f"{data['one_vote'].values[k]:.2f} vote for one class; a single one "
                f"decides {data['single'].values[k]:.2f} of the test images",
            ),
        ]
    return page
