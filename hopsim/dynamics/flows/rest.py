r"""The condition of rest, $R(v) = \nabla\Phi(g(v)) - \alpha v = 0$, by Newton's method.

Its roots are the fixed points of every flow of the network, two layers or one, whatever
the time constants; $R' = \xi^T H_h \xi H_v - c H_v - \alpha$. [THEORY 5.1-5.2]
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..._common.norms import relative
from ..._common.types import AnyArray, Scalar
from ...network import Features, Network


MAX_DENSE_FEATURES = 256  # for which a Jacobian is formed; Krylov methods beyond
NEWTON_TOL = 1e-9  # of a step: the next one is below rounding (quadratic)
MARGINAL_RTOL = 1e-6  # of |s_max^2 - alpha|: stability is undecided below

Force = Callable[[Features], Float[Array, " feature"]]


def rest_condition(network: Network, decay: AnyArray, v: Features) -> Array:
    r"""$R(v) = \nabla\Phi(g(v)) - \alpha v$, whose roots are the fixed points."""
    g = network.feature_lagrangian.activation(v)
    return network.local_field(g) - decay * v


def better(force: Force, old: Array, new: Array) -> tuple[Array, Scalar]:
    """The one of two states with the smaller residual, and that residual."""

    def residual(v: Array) -> Scalar:
        found = relative(force(v), v)
        return jnp.where(jnp.isfinite(found), found, jnp.inf)

    before, after = residual(old), residual(new)
    return jnp.where(after < before, new, old), jnp.minimum(after, before)


def nearly_linear(
    force: Force, x: Features, root: Features, rounding: float = 1e-11
) -> Bool[Array, ""]:
    r"""True where the force on x is nearly the linear one towards a root.

    $|R(x) - R'(v^*)(x - v^*)| \le \frac12 |R'(v^*)(x - v^*)|$, and `rounding` of v.
    """
    linear = jax.jvp(force, (root,), (x - root,))[1]
    away = jnp.max(jnp.abs(force(x) - linear))
    allowed = rounding * (1 + jnp.max(jnp.abs(root)))
    return away <= 0.5 * jnp.max(jnp.abs(linear)) + allowed


def newton(force: Force, v: Features, max_steps: int) -> Float[Array, " feature"]:
    """The last state of Newton's method from one state, root or not."""
    import optimistix as optx

    linear, tolerance = linear_solver(v), _kept(NEWTON_TOL, v.dtype)
    solver = optx.Newton(rtol=tolerance, atol=tolerance, linear_solver=linear)
    limit: Any = {"throw": False, "max_steps": max_steps}
    return optx.root_find(lambda v, _: force(v), solver, v, **limit).value


def linear_solver(v: Features) -> Any:
    """Lineax's solver for systems with the matrix $R'$, which is formed if small.

    $R'$ is similar to a symmetric matrix with most eigenvalues -alpha: few products.
    """
    import lineax as lx

    if v.size <= MAX_DENSE_FEATURES:
        return lx.LU()
    rtol, few = _kept(1e-10, v.dtype), min(v.size, 40)
    return lx.GMRES(rtol=rtol, atol=1e-14, restart=few, max_steps=400)


def solve_linear(linear: Force, b: Features) -> Float[Array, " feature"]:
    """The x of `linear(x) = b`; NaN where none is found, and 0 for b = 0."""
    import lineax as lx

    matrix = lx.FunctionLinearOperator(linear, jax.eval_shape(lambda: b))
    done = lx.linear_solve(matrix, b, linear_solver(b), throw=False)
    known = done.result == lx.RESULTS.successful
    value = jnp.where(known, done.value, jnp.nan)
    return jnp.where(jnp.any(b != 0), value, 0)  # of singular matrices too


def _kept(tolerance: float, dtype: Any) -> float:
    """A tolerance, or the least that a precision can keep."""
    return max(tolerance, 10 * float(jnp.finfo(dtype).eps))
