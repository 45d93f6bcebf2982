r"""The phase of the teacher: whether its examples are prototypes of its pattern.

One pattern at temperature T is a ferromagnet of n spins, $m = \tanh(\beta n m^{n-1})$
with $F/N = -m^n$: the mean-field equation of `theory.mean_field` with beta = n/T.
Below $T_{eR}$ the aligned state is the typical one, and examples have the overlap $m_t$
with the teacher's pattern: the regime eR of the Nishimori line.
[TT24; THEORY 2.4, TS-02]
"""

import math

from .. import mean_field
from ._vertex import check_vertex, whole
from .nishimori import nishimori_boundaries


def alignment_temperature(n: int | float) -> float:
    r"""$T_{eR}$, where $\beta m^n + \log\cosh h - hm = 0$, $m = \tanh h$. [THEORY 2.4]

    1.487908, 1.451797 for n = 3, 4; 2 for n = 2; 1/log 2 for `math.inf`. [TS-02]
    """
    if n == math.inf:
        return 1 / math.log(2)
    return n / mean_field.equal_energy(_integer(n))


def alignment_spinodal(n: int | float) -> float:
    r"""$T_{sp} = \max_h T(h)$: aligned teachers are metastable below it. [THEORY 2.4]

    1.747749, 1.983145 for n = 3, 4; unbounded for large n. [TS-02]
    """
    return math.inf if n == math.inf else n / mean_field.spinodal(_integer(n))


def alignment(temperature: float, n: int) -> float:
    r"""$m_t$, the overlap of an aligned teacher's examples; 0 < T <= T_sp. [TS-15]

    The larger root of $m = \tanh(\beta n m^{n-1})$; 0.98438933 for n = 3 at T = 1.2.
    """
    if not temperature > 0:
        raise ValueError(f"The temperature must be > 0, got {temperature}.")
    if temperature > alignment_spinodal(n):
        raise ValueError(
            f"A teacher of n = {n} is aligned up to T = {alignment_spinodal(n):.6g}, "
            f"got {temperature}; above it examples have no overlap with the pattern."
        )
    beta = max(n / temperature, mean_field.spinodal(n))  # rounding at the spinodal
    return mean_field.memory_overlap(beta, n)


def triple_point(n: int | float) -> tuple[float, float]:
    r"""$(\alpha, T)$ where P, gR and eR meet: $(c_c T_{eR}^2, T_{eR})$. [TS-02]"""
    check_vertex(n, limit=True)
    temperature = alignment_temperature(n)
    return nishimori_boundaries(n)[1] * temperature**2, temperature


def _integer(n: int | float) -> int:
    whole("The interaction vertex n", n, 2)
    return int(n)
