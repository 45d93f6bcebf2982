r"""Transition lines of typical states, with the spin glass as the competing state.

Below its Kauzmann temperature the paramagnet is not a valid state (its entropy is
negative), and a student that knows nothing is a spin glass. The ordered solutions are
found on the chart of `phases`; their free entropy is compared with that of one-step
symmetry breaking. The line at a fixed teacher, which bends back if compared with the
paramagnet, becomes vertical to 0.4 %, at the load of the Nishimori line. [THEORY 2.8.4,
TRAP 2, TS-07]
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from ._roots import root
from .alignment import alignment
from .glass import glass_boundaries, glass_state
from .phases import _where, Chart, chart, learning_boundaries, storage_boundaries


class Typical(NamedTuple):
    r"""Where an ordered state becomes typical, and its entropy there."""

    load: float  # alpha; inf or 0 if it is typical nowhere
    entropy: float  # in nats per spin; negative where replica symmetry is wrong
    spinodal: bool  # True: typical wherever it exists


def typical_learning(temperature: float, n: int, teacher_temperature: float) -> Typical:
    r"""The load above which the pattern is typical, not paramagnet or glass.

    $f(\alpha, T) = \max(f_{para}, f_{glass})$ at the misaligned teacher's $T_s$; for
    n = 3, $T_s = 2$ and T = 1 it is 4.7271, where `learning_boundaries` gives infinity.
    [THEORY R4, TS-07]
    """
    alpha_d, alpha_c = learning_boundaries(temperature, n, teacher_temperature)
    ratio = math.log(temperature / teacher_temperature)
    of = lambda k: math.log(k.c_s / k.c)
    return _beside_glass(n, temperature, of, ratio, (alpha_d, alpha_c), math.inf)


def typical_storage(temperature: float, n: int) -> Typical:
    r"""The load below which one example is typical: phase eR off the Nishimori line.

    The same with $\beta$ for $c_s$ (TS-06); 0 for $T \ge T_{eR}$. [THEORY R4]
    """
    alpha_d, alpha_c = storage_boundaries(temperature, n)
    if not alpha_c:
        return Typical(0.0, math.nan, False)
    of = lambda k: math.log(k.c_s)
    target = -math.log(temperature)
    alone = n * alignment(temperature, n) ** (n - 1) / temperature
    return _beside_glass(n, temperature, of, target, (alpha_d, alpha_c), alone)


def _beside_glass(
    n: int,
    temperature: float,
    of: Callable[[Chart], float],
    target: float,
    loads: tuple[float, float],
    highest: float,
) -> Typical:
    """Search the solutions with `of` = `target`, from the spinodal to ever larger b."""
    square, frozen = temperature**2, glass_boundaries(n)[1]

    def at(b: float) -> Chart:
        # the smallest noise a; larger ones are glasses with a small overlap
        value = lambda a: of(chart(a, b, n)) - target
        low = high = 1e-3
        while (value(high) > 0) == (value(1e-3) > 0):
            low, high = high, 1.15 * high
        return Chart(*(float(x) for x in chart(root(value, low, high), b, n)))

    def gain(b: float) -> float:
        here = at(b)
        glass = glass_state(here.c, n).free_entropy - math.log(2) - here.c / 2
        return here.gap - glass

    fold, typical = (_where(line, n, of, target) for line in ("fold", "gap"))
    assert fold is not None  # else the boundaries would have raised
    if typical is not None and typical.c <= frozen:  # the paramagnet is a liquid there
        return Typical(loads[1], _entropy(typical, n), False)
    start = fold.c_s * n * fold.q_star ** (n - 1)
    if gain(start) >= 0:
        return Typical(loads[0], _entropy(fold, n), True)
    further = lambda b: min(1.2 * b, (b + highest) / 2)
    end = further(start)
    while gain(end) < 0:
        start, end = end, further(end)
    found = at(root(gain, start, end))
    return Typical(found.c * square, _entropy(found, n), False)


def _entropy(at: Chart, n: int) -> float:
    energy = at.c * (1 - at.q**n) + at.c_s * at.q_star**n  # -beta u
    return float(at.gap + math.log(2) + at.c / 2 - energy)
