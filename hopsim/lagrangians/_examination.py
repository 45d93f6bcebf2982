"""What a Lagrangian turns out to be, beside what it says of itself."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._common.environment import precision
from .._common.types import AnyArray, cast
from ._base import AbstractLagrangian, Layer
from ._convexity import curvature_size, hessian, ROUNDINGS


SCALES = (1e-2, 1e-1, 1.0, 1e1, 1e2)  # of the states
STATES = 24  # at each scale
PIECES = 64  # of the line between two states, on which jumps are looked for
HALVINGS = 40  # of the piece over which most has changed: what is left is a jump
SAME = 1e-8  # relative: two routes to one number agree
NEAR = 1e-4  # relative: as much as differences of values can tell
TIES, BESIDE = 256, 1e-6  # states of halves and wholes; how far their neighbours are
LEAST, DIRECTIONS = -10, 4  # the power of two from which on numbers are made larger


@dataclasses.dataclass(frozen=True)
class Examination:
    """The report of `examine`; print it. Errors and jumps are relative.

    What was not found is not excluded: a finite number of states was looked at.
    """

    name: str
    features: int
    finite: float  # the share of states at which L and its gradient are finite
    gradient_error: float  # of the activation, beside autodiff of L
    difference_error: float  # of that gradient, beside differences of L
    tie_error: float  # of the activation where neurons tie, beside its neighbours
    hessian_error: float  # of the curvature, beside autodiff of L twice
    asymmetry: float  # of the curvature as a matrix
    bracket_error: float  # beside x . grad L - L
    bregman_error: float  # beside its definition
    least_curvature: float  # the smallest eigenvalue, in units of the largest curvature
    least_bregman: float  # in units of its terms
    coupling: float  # by how much L is no sum over neurons
    degree: float | None  # n of L(a x) = a^n L(x)
    gradient_jump: float
    hessian_jump: float
    largest: dict[str, float]  # |x| up to which all is finite, by precision
    declared: dict[str, Any]
    contradictions: tuple[str, ...] = ()

    @property
    def concave(self) -> bool:
        """True if a negative curvature was found, or a tangent above the function."""
        eps = float(np.finfo(np.float64).eps)
        never = self.least_curvature >= -ROUNDINGS * eps and self.least_bregman >= -SAME
        return not never  # nor where one of them is NaN

    @property
    def additive(self) -> bool:
        """True if L was a sum over neurons at all states."""
        return self.coupling <= SAME

    @property
    def smooth(self) -> bool:
        """True if no jump of the gradient was found."""
        return self.gradient_jump <= NEAR

    def __str__(self) -> str:
        known = {k: x for k, x in self.declared.items() if x is not None}
        said = dict.fromkeys(self.declared, "")
        said |= {k: f" [declared: {k} = {x}]" for k, x in known.items()}
        bent = "negative curvature" if self.concave else "no negative curvature found"
        kinks = "no jump found"
        if not self.smooth:
            kinks = f"the gradient jumps, by {self.gradient_jump:.1g}"
        elif self.hessian_jump > NEAR:
            kinks = f"the Hessian jumps, by {self.hessian_jump:.1g}"
        power = "none" if self.degree is None else f"{self.degree:g}"
        reach = (f"{size:.1e} in {name}" for name, size in self.largest.items())
        lines = [
            f"{self.name}, {self.features} neurons, {len(SCALES) * STATES} states of "
            f"size {SCALES[0]:g} to {SCALES[-1]:g} ({self.finite:.0%} finite)",
            f"gradient   activation off autodiff by {self.gradient_error:.0e}, that "
            f"off differences by {self.difference_error:.0e}",
            f"ties       activation where neurons tie off its neighbours by "
            f"{self.tie_error:.0e}",
            f"hessian    off autodiff by {self.hessian_error:.0e}, off symmetry by "
            f"{self.asymmetry:.0e}",
            f"bracket    off x . grad L - L by {self.bracket_error:.0e}; bregman by "
            f"{self.bregman_error:.0e}",
            f"convexity  {bent}: least eigenvalue {self.least_curvature:.1e}, least "
            f"Bregman divergence {self.least_bregman:.1e}{said['convex']}",
            f"degree     {power}{said['degree']}",
            f"additive   {'yes' if self.additive else 'no'}{said['additive']}",
            f"kinks      {kinks}{said['smooth']}",
            f"finite     for |x| up to {', '.join(reach)}",
        ]
        wrong = [f"CONTRADICTION: {text}" for text in self.contradictions]
        return "\n".join(lines + (wrong or ["no contradiction found"]))

    __repr__ = __str__


def examine(lagrangian: AbstractLagrangian, features: int | None = None) -> Examination:
    r"""Hold a Lagrangian against itself at states of many sizes, in float64.

    Its activation is compared with $\nabla L$ by autodiff, that with differences of
    `L`, its Hessian product, bracket and Bregman divergence with their definitions; and
    what it declares (`convex`, `additive`, `smooth`, `degree`) with what is found: the
    least eigenvalue and divergence, $L(x) + L(y)$ after some neurons of x and y have
    been exchanged, jumps along lines, and the slope of $\log|L(ax)|$ in $\log a$. Drawn
    from a fixed seed.

    Where neurons tie, or differ by whole numbers, as they do if features are spins,
    autodiff of `max`, `sort` and `where` may take slopes that `L` has in no direction:
    the activation is compared with those of neighbouring states there.

    **Arguments:**

    - `features`: the number of neurons; default 8, or as many as it is made for.

    Raises ValueError for what is no Lagrangian, or for fewer than two neurons.
    """
    if not isinstance(lagrangian, AbstractLagrangian):
        raise ValueError(
            "examine takes an instance of a class in hopsim.lagrangians, or of your "
            f"own subclass of AbstractLagrangian, got {type(lagrangian).__name__}."
        )
    if features is None:
        features = lagrangian.only_for or 8
    whole = isinstance(features, int | np.integer) and not isinstance(features, bool)
    if not whole or features < 2:
        raise ValueError(f"features must be a whole number >= 2, got {features}.")
    rng = np.random.default_rng(0)
    sizes = np.repeat(SCALES, STATES)[:, None]
    x, y = (sizes * rng.standard_normal((len(sizes), features)) for _ in range(2))
    swapped = rng.integers(0, 2, x.shape).astype(bool)
    swapped[:, 0], swapped[:, 1] = True, False  # some neurons, and not all
    ties = 0.5 * rng.integers(-8, 9, (TIES, features))
    ways = rng.standard_normal(ties.shape)
    with precision("float64"):
        own = cast(lagrangian, np.float64)
        seen = _look(own, x, y, swapped)
        seen = {name: np.asarray(values) for name, values in seen.items()}
        tied = np.asarray(_beside_neighbours(own, ties, ways))
    kept = seen["finite"]
    worst = lambda name: float(np.max(seen[name][kept], initial=0.0))
    least = lambda name: float(np.min(seen[name][kept], initial=0.0))
    found = Examination(
        name=type(lagrangian).__name__,
        features=features,
        finite=float(np.mean(kept)),
        gradient_error=worst("gradient_error"),
        # a kink between the two values spoils some of them
        difference_error=_quantile(seen["difference_error"][kept]),
        tie_error=float(np.max(tied[np.isfinite(tied)], initial=0.0)),
        hessian_error=worst("hessian_error"),
        asymmetry=worst("asymmetry"),
        bracket_error=worst("bracket_error"),
        bregman_error=worst("bregman_error"),
        least_curvature=least("least_curvature"),
        least_bregman=least("least_bregman"),
        coupling=worst("coupling"),
        degree=_degree(seen["scaled"][kept]),
        gradient_jump=worst("gradient_jump"),
        hessian_jump=worst("hessian_jump"),
        largest={name: _largest(lagrangian, name, features) for name in _PRECISIONS},
        declared={
            name: getattr(lagrangian, name)
            for name in ("convex", "additive", "smooth", "degree")
        },
    )
    return dataclasses.replace(found, contradictions=tuple(_contradictions(found)))


def _contradictions(found: Examination) -> list[str]:
    said = found.declared
    errors = (
        ("the activation is not the gradient of L", found.gradient_error, SAME),
        ("autodiff of L is not what its values do", found.difference_error, NEAR),
        (
            "the activation is wrong where neurons tie; sum over those that count "
            "rather than take a max of sums",
            found.tie_error,
            NEAR,
        ),
        ("the curvature is not the Hessian of L", found.hessian_error, SAME),
        ("the curvature is not symmetric", found.asymmetry, SAME),
        ("the bracket is not x . grad L - L", found.bracket_error, SAME),
        ("bregman is not L(a) - L(b) - grad L(b) . (a - b)", found.bregman_error, SAME),
    )
    off = {text: not error <= most for text, error, most in errors}  # NaN is an error
    off |= {
        "declared convex, and is not": said["convex"] is True and found.concave,
        "declared smooth, and the gradient jumps": said["smooth"] is True
        and not found.smooth,
        "declared additive, and neurons compete": said["additive"] is True
        and not found.additive,
        f"declared of degree {said['degree']}, and is not": said["degree"] is not None
        and found.degree != said["degree"],
        "L is finite at less than half of the states": found.finite < 0.5,
    }
    return [text for text, wrong in off.items() if wrong]


# --- what is looked at ---------------------------------------------------------------


def _over(error: Array, size: Array) -> Array:
    """The largest error relative to the largest size; 0 for no error, or NaN."""
    error, size = jnp.max(jnp.abs(error)), jnp.max(jnp.abs(size))
    return jnp.where(error == 0, 0, error / jnp.where(size > 0, size, error))


@eqx.filter_jit
def _look(
    lagrangian: AbstractLagrangian,
    x: Float[AnyArray, "state n"],
    y: Float[AnyArray, "state n"],
    swapped: Bool[AnyArray, "state n"],
) -> dict[str, Array]:
    gradient = lambda x: AbstractLagrangian.activation(lagrangian, x)

    def one(x: Array, y: Array, swapped: Array) -> dict[str, Array]:
        value, there, g = lagrangian(x), lagrangian(y), gradient(x)
        seen: dict[str, Array] = {}
        seen["gradient_error"] = _over(lagrangian.activation(x) - g, g)
        # along a line to y, in the units in which rounding and length are balanced
        along = (y - x) / jnp.linalg.norm(y - x)
        length = jnp.linalg.norm(x)
        step = jnp.finfo(x.dtype).eps ** (1 / 3) * length
        change = lagrangian(x + step * along) - lagrangian(x - step * along)
        slope = change / (2 * step)
        scale = jnp.linalg.norm(g) + jnp.abs(value) / length
        seen["difference_error"] = _over(slope - g @ along, scale)
        # the Hessian, in units of the largest on the way to the origin
        bent, twice = hessian(lagrangian, x), jax.jacfwd(gradient)(x)
        size = jnp.maximum(curvature_size(lagrangian, x), jnp.max(jnp.abs(bent)))
        seen["hessian_error"] = _over(bent - twice, size)
        seen["asymmetry"] = _over(bent - bent.T, size)
        least = jnp.linalg.eigvalsh(0.5 * (bent + bent.T))[0]
        seen["least_curvature"] = jnp.where(least >= 0, 0, least / size)
        # bracket and divergence
        terms = jnp.sum(jnp.abs(x * g)) + jnp.abs(value)
        seen["bracket_error"] = _over(lagrangian.bracket(x) - (x @ g - value), terms)
        linear = g @ (y - x)
        divergence = there - value - linear
        terms = jnp.abs(there) + jnp.abs(value) + jnp.sum(jnp.abs(g * (y - x)))
        seen["bregman_error"] = _over(lagrangian.bregman(y, x) - divergence, terms)
        seen["least_bregman"] = divergence / jnp.where(terms > 0, terms, 1)
        # some neurons of x and y exchanged
        mixed = jnp.where(swapped, y, x), jnp.where(swapped, x, y)
        values = jnp.stack([value, there, *map(lagrangian, mixed)])
        moved = values[2] + values[3] - value - there
        seen["coupling"] = _over(moved, jnp.sum(jnp.abs(values)))
        factors = jnp.asarray(_FACTORS, x.dtype)
        seen["scaled"] = jax.vmap(lambda a: lagrangian(a * x))(factors)
        whole = jnp.concatenate([values, seen["scaled"], g])
        seen["finite"] = jnp.all(jnp.isfinite(whole))
        seen["gradient_jump"] = _jump(lagrangian.activation, x, y)
        bending = lambda z: lagrangian.curvature(z, along)
        seen["hessian_jump"] = _jump(bending, x, y)
        return seen

    return jax.vmap(one)(x, y, swapped)


@eqx.filter_jit
def _beside_neighbours(
    lagrangian: AbstractLagrangian,
    x: Float[AnyArray, "state n"],
    ways: Float[AnyArray, "state n"],
) -> Float[Array, " state"]:
    """By how much the activation is off two neighbours that agree; 0 across a jump."""

    def one(x: Array, way: Array) -> Array:
        here, one, other = map(
            lagrangian.activation, (x, x + BESIDE * way, x - BESIDE * way)
        )
        size = jnp.max(jnp.abs(jnp.stack([here, one, other])))
        off = jnp.max(jnp.abs(here - 0.5 * (one + other)))
        jumps = jnp.max(jnp.abs(one - other)) > NEAR * size
        return jnp.where(jumps | (size == 0), 0, off / jnp.where(size > 0, size, 1))

    return jax.vmap(one)(x, ways)


def _jump(function: Any, x: Layer, y: Layer) -> Array:
    """What is left of the largest change on the line from x to y, in a point of it."""
    at = lambda t: function(x + t * (y - x))
    change = lambda a, b: jnp.max(jnp.abs(at(b) - at(a)))
    t = jnp.linspace(0, 1, PIECES + 1, dtype=x.dtype)
    values = jax.vmap(at)(t)
    k = jnp.argmax(jnp.max(jnp.abs(values[1:] - values[:-1]), axis=1))

    def halve(_, ends):
        low, high = ends
        middle = 0.5 * (low + high)
        left = change(low, middle) >= change(middle, high)
        return jnp.where(left, low, middle), jnp.where(left, middle, high)

    low, high = jax.lax.fori_loop(0, HALVINGS, halve, (t[k], t[k + 1]))
    return _over(change(low, high), values)


_FACTORS = (0.5, 1.0, 2.0)


def _degree(scaled: Float[np.ndarray, "state 3"]) -> float | None:
    """The one slope of log |L(a x)| in log a that all states share; None if none."""
    scaled = scaled[np.any(scaled != 0, axis=1)]
    with np.errstate(all="ignore"):
        low, high = np.log2(scaled[:, 1:] / scaled[:, :-1]).T
    slopes = np.concatenate([low, high])
    if not slopes.size or not np.all(np.abs(slopes - slopes[0]) <= SAME):
        return None
    whole = round(float(slopes[0]))
    return float(whole) if abs(slopes[0] - whole) <= SAME else float(slopes[0])


def _quantile(errors: Float[np.ndarray, " state"]) -> float:
    return float(np.quantile(errors, 0.9)) if errors.size else 0.0


_PRECISIONS = ("float32", "float64")


def _largest(lagrangian: AbstractLagrangian, name: Any, features: int) -> float:
    """The largest power of two up to which L, gradient and bracket are finite.

    NaN if it cannot be computed in this precision.
    """
    dtype = np.dtype(name)
    powers = 2.0 ** np.arange(LEAST, np.finfo(dtype).maxexp)
    ways = np.random.default_rng(1).uniform(-1, 1, (DIRECTIONS, features))
    ways[0], ways[1] = 1, -1
    with precision(name):
        try:
            own = cast(lagrangian, dtype)
            fine = _is_finite(own, powers.astype(dtype), ways.astype(dtype))
        except (TypeError, ValueError):
            return np.nan
        fine = np.asarray(fine)
    first = len(powers) if fine.all() else int(np.argmin(fine))
    return float(powers[first - 1]) if first else 0.0


@eqx.filter_jit
def _is_finite(
    lagrangian: AbstractLagrangian, powers: AnyArray, ways: AnyArray
) -> Array:
    def one(power: Array, way: Array) -> Array:
        x = power * way
        parts = lagrangian(x), lagrangian.bracket(x), *lagrangian.activation(x)
        return jnp.all(jnp.isfinite(jnp.stack(parts)))

    every = jax.vmap(jax.vmap(one, (None, 0)), (0, None))
    return jnp.all(every(powers, ways), axis=1)
