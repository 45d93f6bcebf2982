r"""The polynomial $\zeta(q)$ through which the replicas of a student couple.

Examples couple two replicas with overlap q by $\zeta(q) = q^n$ if the n sites of each
term are distinct; in the full power $N^{1-n}(\sum_i\xi_i\sigma_i)^n$ coincident sites
add lower powers of q, to leading order in N. [THEORY TRAP 1]
"""

import functools as ft
import math
from typing import Any, get_args, Literal, TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ..capacity import double_factorial


Hamiltonian = Literal["distinct", "power"]
if TYPE_CHECKING:
    Numbers = Any  # a number or an array; functions return what they are given
else:
    Numbers = float | Float[np.ndarray, "..."]


@ft.cache
def coefficients(n: int, hamiltonian: Hamiltonian = "distinct") -> dict[int, float]:
    r"""The $a_k$ of $\zeta(q) = \sum_k a_k q^k$, by k; k >= 1.

    $a_k = [\binom nk (n-k-1)!!]^2\, k!/n!$ for k = n, n-2, ... of the full power:
    $q^3 + \frac32 q$, $q^4 + 3q^2$, $q^5 + 5q^3 + \frac{15}8 q$. [THEORY TRAP 1]
    """
    check_vertex(n)
    one_of("hamiltonian", hamiltonian, Hamiltonian)
    n = int(n)
    if hamiltonian == "distinct":
        return {n: 1.0}
    return {
        k: (math.comb(n, k) * double_factorial(n - k - 1)) ** 2
        * math.factorial(k)
        / math.factorial(n)
        for k in range(n, 0, -2)
    }  # fmt: skip


def zeta(
    q: Any, n: int, hamiltonian: Hamiltonian = "distinct", derivative: int = 0
) -> Any:
    r"""$\zeta(q)$ or one of its derivatives; of numbers and of arrays of any module."""
    terms = coefficients(n, hamiltonian).items()
    used = [(k, a) for k, a in terms if k >= derivative]
    return sum(a * math.perm(k, derivative) * q ** (k - derivative) for k, a in used)


def log_slope(
    q: Numbers, n: int, hamiltonian: Hamiltonian = "distinct"
) -> tuple[Numbers, Numbers]:
    r"""$\log\zeta'(q)$ and $\zeta''/\zeta'$, q > 0: neither underflows for any n."""
    a = coefficients(n, hamiltonian)
    low = min(a)
    rest = sum(k * a_k * q ** (k - low) for k, a_k in a.items())
    more = [(k, a_k) for k, a_k in a.items() if k > low]
    bend = sum(k * (k - low) * a_k * q ** (k - low - 1) for k, a_k in more)
    return (low - 1) * np.log(q) + np.log(rest), (low - 1) / q + bend / rest


def check_vertex(n: int | float, limit: bool = False) -> None:
    """Raises ValueError unless n is an integer >= 3, or inf if `limit` allows it."""
    if not (limit and n == math.inf) and not (n >= 3 and n % 1 == 0):
        also = " (or inf)" if limit else ""
        raise ValueError(
            f"The replica theory of distinct sites is for integers n >= 3{also}, got "
            f'n = {n}; for n = 2 see the theory "quadratic".'
        )


def whole(name: str, value: float, least: int) -> None:
    """Raises ValueError unless a number is an integer >= `least`."""
    if not (value >= least and value % 1 == 0):
        raise ValueError(f"{name} must be an integer >= {least}, got {value}.")


def one_of(name: str, word: Any, words: Any) -> None:
    """Raises ValueError unless a word is one of those of a `Literal`."""
    known = get_args(words)
    if word not in known:
        names = ", ".join(f'"{k}"' for k in known)
        raise ValueError(f"{name} must be one of {names}, got {word!r}.")
