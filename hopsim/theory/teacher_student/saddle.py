r"""Saddle points of the replica-symmetric free entropy, on and off the Nishimori line.

f = lim (1/N) E log Z in nats per spin, for a teacher that is not aligned; $q^*$ is the
overlap of a student with the teacher's pattern, q that of two students, m that with one
condensed example. The signal of the pattern is $c_s = \alpha\beta\beta^*$, the noise of
the others $c = \alpha\beta^2$. Plain iteration converges to the stable solutions; lines
of turning points come from `phases`, not from iteration. [TT24; THEORY 2.2, 2.8]
"""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from . import _gauss
from ._vertex import check_vertex, Hamiltonian, one_of, zeta


Start = Literal["ferro", "example", "glass", "para"]
STARTS = {
    "ferro": (1, 1, 0),
    "example": (0, 1, 1),
    "glass": (0, 1, 0),
    "para": (0,) * 3,
}
MIN_NOISE_VARIANCE = 1e-300  # keeps the slope of a square root finite at q = 0


class Overlaps(NamedTuple):
    """The order parameters: numbers of any array module."""

    q_star: Any
    q: Any
    m: Any


class StudentProblem(NamedTuple):
    """The parameters of the free entropy: noise, signal, 1/T and interaction."""

    c: Any
    c_s: Any
    n: int
    beta: Any
    hamiltonian: Hamiltonian


class SaddlePoint(NamedTuple):
    r"""A solution, and how it was reached.

    `energy` is $\beta u = -c[\zeta(1)-\zeta(q)] - c_s\zeta(q^*) - \beta m^n$, so that
    `entropy` = `free_entropy` + `energy`, all in nats per spin; `mpm` is the overlap of
    the pattern with the signs of the mean student.
    """

    q_star: float
    q: float
    m: float
    free_entropy: float
    entropy: float
    energy: float
    mpm: float
    converged: bool
    iterations: int


def free_entropy(
    q_star: Any,
    q: Any,
    m: Any,
    c: Any,
    c_s: Any,
    n: int,
    *,
    beta: Any = 0.0,
    hamiltonian: Hamiltonian = "distinct",
    xp: Any = np,
    scale: float | None = None,
) -> Any:
    r"""$f(q^*, q, m)$, stationary at the solutions. [THEORY 2.2]

    $f = \frac c2[\zeta(1)-\zeta(q)] + c_s\zeta(q^*) + \beta m^n - \frac c2 r(1-q) -
    c_s q^*r^* - \beta mk + E\frac12\sum_e\log 2\cosh(\sqrt{cr}x + c_sr^* + e\beta k)$,
    $r = \zeta'(q)$, $r^* = \zeta'(q^*)$, $k = nm^{n-1}$.

    **Arguments:**

    - `q_star`, `q`, `m`: numbers of the array module `xp`, q >= 0; `jax.numpy` makes
      it differentiable in them.
    - `c`, `c_s`: $\alpha\beta^2 > 0$ and $\alpha\beta\beta^* \ge 0$.
    - `beta`: 1/T of the student, >= 0; with 0 no example condenses.
    - `scale`: a bound on $\sqrt{cr}$, needed only if c itself is traced.
    """
    if scale is None:
        _require(c, c_s, beta, n)
        # q <= 1 bounds the noise, also for a traced q
        scale = math.sqrt(c * zeta(1.0, n, hamiltonian, 1))
    problem = StudentProblem(c, c_s, n, beta, hamiltonian)
    return _free_entropy(Overlaps(q_star, q, m), problem, xp, scale)


def _free_entropy(at: Overlaps, problem: StudentProblem, xp: Any, scale: float) -> Any:
    (q_star, q, m), (c, c_s, n, beta, hamiltonian) = at, problem
    r, r_star = (zeta(x, n, hamiltonian, 1) for x in (q, q_star))
    k = n * m ** (n - 1)
    noise, centre, push = xp.sqrt(c * r + MIN_NOISE_VARIANCE), c_s * r_star, beta * k
    cosh = lambda z: _gauss.log_two_cosh(z, xp)
    both = lambda x: (
        (cosh(noise * x + centre + push) + cosh(noise * x + centre - push)) / 2
    )
    field = _gauss.average(both, scale, xp)
    whole = zeta(1.0, n, hamiltonian)
    pairs = c / 2 * (whole - zeta(q, n, hamiltonian) - r * (1 - q))
    pattern = c_s * (zeta(q_star, n, hamiltonian) - q_star * r_star)
    return pairs + pattern + beta * (m**n - m * k) + field


def saddle_point(
    n: int,
    c: float,
    c_s: float,
    *,
    beta: float = 0.0,
    start: Start | tuple[float, float, float] = "ferro",
    hamiltonian: Hamiltonian = "distinct",
    tolerance: float = 1e-13,
    iterations: int = 20_000,
) -> SaddlePoint:
    r"""The solution that plain iteration reaches from a start. [THEORY 2.2, 2.8]

    $q^* = E\frac12\sum_e\tanh$, $q = E\frac12\sum_e\tanh^2$, $m = E\frac12\sum_e
    e\tanh$ of $\sqrt{cr}x + c_sr^* + e\beta k$, iterated; near a turning point this
    takes thousands of steps. `converged` is False if `iterations` did not suffice.

    **Arguments:**

    - `c`, `c_s`: $\alpha\beta^2 > 0$ and $\alpha\beta\beta^* \ge 0$; equal on the
      Nishimori line.
    - `beta`: 1/T of the student, needed where an example condenses ("example").
    - `start`: "ferro" (1, 1, 0), "example" (0, 1, 1), "glass" (0, 1, 0), "para", or
      any $(q^*, q, m)$.
    - `tolerance`: on the largest change in one step.
    """
    _require(c, c_s, beta, n)
    if start == "example" and not beta > 0:
        raise ValueError(
            f'The start "example" needs the student\'s 1/T; give beta > 0, got {beta}.'
        )
    problem = StudentProblem(c, c_s, n, beta, hamiltonian)
    x = _start(start)
    step, converged = 0, False
    while not converged and step < iterations:
        new = _stepped(x, problem)
        converged = bool(np.max(np.abs(new - x)) <= tolerance)
        x, step = new, step + 1
    q_star, q, m = (float(value) for value in x)
    inputs: dict[str, Any] = {"beta": beta, "hamiltonian": hamiltonian}
    f = float(free_entropy(q_star, q, m, c, c_s, n, **inputs))
    spent = c * (zeta(1.0, n, hamiltonian) - zeta(q, n, hamiltonian))
    spent += c_s * zeta(q_star, n, hamiltonian) + beta * m**n
    mpm = _sign_overlap(x, problem)
    return SaddlePoint(
        q_star, q, m, f, float(f - spent), -float(spent), mpm, converged, step
    )


def state_evolution(
    overlap: float,
    c: float,
    n: int,
    steps: int,
    *,
    hamiltonian: Hamiltonian = "distinct",
) -> Float[np.ndarray, " step"]:
    r"""$q_{t+1} = Q(c\zeta'(q_t))$: overlaps of message passing, step by step. [TS-19]

    On the Nishimori line and for large N. It tends to 0 from below the barrier $q_b$ of
    `nishimori_overlap` and to the ordered solution from above it. [THEORY 2.3]

    **Arguments:**

    - `overlap`: $q_0$ in [0, 1].
    - `steps`: >= 0; the result has `steps` + 1 entries.
    """
    _require(c, c, 0.0, n)
    if not 0 <= overlap <= 1 or steps < 0:
        raise ValueError(
            f"Need an overlap in [0, 1] and steps >= 0, got {overlap} and {steps}."
        )
    q = [overlap]
    for _ in range(steps):
        u = c * zeta(q[-1], n, hamiltonian, 1)
        x, weight = _gauss.nodes(math.sqrt(u))
        q.append(float(weight @ np.tanh(u + math.sqrt(u) * x)))
    return np.array(q)


def _start(start: Any) -> Float[np.ndarray, "3"]:
    if isinstance(start, str):
        one_of("start", start, Start)
        return np.array(STARTS[start], float)
    x = np.array(start, float)
    if x.shape != (3,) or not (np.all(np.abs(x) <= 1) and x[1] >= 0):
        raise ValueError(
            f"A start is three overlaps (q*, q, m) in [-1, 1] with q >= 0, got {start}."
        )
    return x


def _stepped(
    x: Float[np.ndarray, "3"], problem: StudentProblem
) -> Float[np.ndarray, "3"]:
    c, c_s, n, beta, hamiltonian = problem
    q_star, q, m = (float(value) for value in x)
    noise = math.sqrt(c * zeta(q, n, hamiltonian, 1))
    centre, push = c_s * zeta(q_star, n, hamiltonian, 1), beta * n * m ** (n - 1)
    nodes, weight = _gauss.nodes(noise)
    up = np.tanh(noise * nodes + centre + push)
    if not push:
        return np.array([weight @ up, weight @ up**2, 0.0])
    down = np.tanh(noise * nodes + centre - push)
    sums = (up + down, up**2 + down**2, up - down)
    return np.array([weight @ s / 2 for s in sums])


def _sign_overlap(x: Float[np.ndarray, "3"], problem: StudentProblem) -> float:
    r"""$\frac12\sum_e\mathrm{erf}[(c_sr^* + e\beta k)/\sqrt{2cr}]$. [THEORY 2.2]"""
    c, c_s, n, beta, hamiltonian = problem
    q_star, q, m = (float(value) for value in x)
    centre, push = c_s * zeta(q_star, n, hamiltonian, 1), beta * n * m ** (n - 1)
    noise = math.sqrt(2 * c * zeta(q, n, hamiltonian, 1))
    if not noise:
        return 0.0
    return sum(math.erf((centre + e * push) / noise) for e in (1, -1)) / 2


def _require(c: float, c_s: float, beta: float, n: int) -> None:
    check_vertex(n)
    if not (0 < c < math.inf and 0 <= c_s < math.inf and 0 <= beta < math.inf):
        raise ValueError(
            "Finite c > 0, c_s >= 0 and beta >= 0 are needed (T > 0 and a load > 0), "
            f"got c = {c}, c_s = {c_s}, beta = {beta}; for T = 0 see `zero_solution`."
        )
