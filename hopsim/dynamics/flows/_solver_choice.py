"""The solver of a flow: the requested one, or the one that `auto` chooses."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array

from ..._common.names import shown
from ..._common.types import AnyArray, concrete, Scalar
from ...network import Network
from .._base import AbstractContinuousDynamics, Method


class Kind(NamedTuple):
    """What a solver is, as far as it decides what it may integrate."""

    name: str  # in messages
    implicit: bool = False
    alternating: bool = False  # AltIMEX
    unrolled: bool = False


SOLVERS = {  # what is known of them before Diffrax is imported
    "tsit5": Kind("Tsit5", unrolled=True),
    "dopri8": Kind("Dopri8", unrolled=True),
    "stock_tsit5": Kind("stock Tsit5"),
    "stock_dopri8": Kind("stock Dopri8"),
    "kvaerno3": Kind("Kvaerno3", implicit=True),
    "kvaerno5": Kind("Kvaerno5", implicit=True),
    "altimex": Kind("AltIMEX", alternating=True),
}
# limited by stability, the steps of Tsit5 have dt * rho of about 3.5 [THEORY 4.4]
STEPS_PER_STIFF_TIME = 1 / 3.5
DEFAULT_STEP = 0.1  # of AltIMEX, in units of tau_feature
EXPLICIT_STEPS = 20_000  # beyond this many, `auto` takes no explicit solver
IMPLICIT_SIZE = 256  # up to this many neurons, a dense Newton matrix is affordable


class Steps(NamedTuple):
    """How a single run steps, in the precision of its network."""

    solver: Any  # a Diffrax solver
    rtol: float | None
    atol: float | None
    length: Scalar  # of a solver's steps that are all alike
    most: int
    residual: Any  # below which the state is at rest


def choose_solver(
    flow: AbstractContinuousDynamics,
    decay: float | AnyArray,
    network: Network,
    probes: AnyArray,
    duration: float,
    solver: Any,
    step: float | None,
) -> Method:
    """The integrator for one network; raises ValueError if none is suitable."""
    notice = None
    if isinstance(solver, str) and solver == "auto":
        solver, notice = _automatic(flow, network, probes, duration)
    kind = require_solver(decay, network, solver, step)
    assert kind is not None  # no longer "auto"
    solver = made(solver)
    if kind.alternating:
        return Method(kind.name, solver, False, "inequality", notice=notice)
    order = _ledger_order(network, solver)
    return Method(kind.name, solver, step is None, "balance", order, notice)


def require_solver(
    decay: float | AnyArray, network: Network, solver: Any, step: float | None
) -> Kind | None:
    """What the solver is that is asked for; ValueError if it does not suit.

    None for "auto" where the choice depends on how stiff the network is.
    """
    if isinstance(solver, str) and solver == "auto":
        if _is_smooth(network):
            return None
        solver = "altimex"
    kind = _kind_of(solver)
    if kind.alternating:
        _check_altimex(network, decay, DEFAULT_STEP if step is None else step)
        return kind
    if not _is_smooth(network):
        raise ValueError(
            f"{kind.name} must not integrate across the jumps of "
            f'{_jumping(network)}: use solver = "altimex", or dynamics kind '
            '"sharp" for the sharp model A.'
        )
    if kind.implicit and network.dtype == np.float32:
        raise ValueError(
            f"Implicit solvers stall in float32, got {kind.name}: use float64 "
            "memories, an explicit solver or AltIMEX."
        )
    return kind


def made(solver: Any) -> Any:
    """The Diffrax solver of a name, or the one that is given."""
    if not isinstance(solver, str):
        return solver
    import diffrax as dfx

    from ...solvers import AltIMEX, Unrolled

    kind = SOLVERS[solver]
    if kind.alternating:
        return AltIMEX()
    stock = getattr(dfx, kind.name.removeprefix("stock "))()
    return Unrolled(stock) if kind.unrolled else stock


def _kind_of(solver: Any) -> Kind:
    """What a solver is; ValueError for what is none, or none of a flow."""
    if isinstance(solver, str):
        if solver not in SOLVERS:
            raise ValueError(
                f"There is no solver {shown(solver)}; valid names are auto, "
                f"{', '.join(SOLVERS)}, or pass a Diffrax solver."
            )
        return SOLVERS[solver]
    import diffrax as dfx

    from ...solvers import AltIMEX, Unrolled

    if not isinstance(solver, dfx.AbstractSolver):
        raise ValueError(
            f"solver is a name or a Diffrax solver, got {shown(solver)}; valid names "
            f"are auto, {', '.join(SOLVERS)}."
        )
    unrolled = isinstance(solver, Unrolled)
    stock = isinstance(solver, dfx.AbstractERK) and not unrolled
    name = type(solver.solver if unrolled else solver).__name__
    kind = Kind(
        f"stock {name}" if stock else name,
        isinstance(solver, dfx.AbstractImplicitSolver),
        isinstance(solver, AltIMEX),
        unrolled,
    )
    if solver.term_structure not in (dfx.AbstractTerm, dfx.ODETerm):
        raise ValueError(
            f"{kind.name} is made for stochastic or split equations, not for a flow; "
            f"take one of {', '.join(SOLVERS)}, or a Diffrax solver of one ODETerm."
        )
    return kind


def _is_smooth(network: Network) -> bool:
    return not (network.feature_lagrangian.jumps or network.memory_lagrangian.jumps)


def _automatic(
    flow: AbstractContinuousDynamics,
    network: Network,
    probes: AnyArray,
    duration: float,
) -> tuple[str, str | None]:
    if not _is_smooth(network):
        return "altimex", f"AltIMEX, since {_jumping(network)} has jumps."
    # first a bound that compiles nothing, which is enough for most networks
    for largest_rate in (_bounded_rate, _seen_rate):
        steps = duration * largest_rate(flow, network, probes) * STEPS_PER_STIFF_TIME
        if steps <= EXPLICIT_STEPS:
            return "tsit5", None
    stiff = f"an explicit solver would take about {steps:.0f} steps"
    small = network.features + network.count <= IMPLICIT_SIZE
    if small and network.dtype == np.float64:
        return "kvaerno3", f"Kvaerno3, since {stiff}."
    return "altimex", f"AltIMEX (first order in the step), since {stiff}."


def _bounded_rate(flow: Any, network: Network, probes: AnyArray) -> float:
    """A bound: the rate at the gain `|H_v| |H_h| |xi|^2`, infinite if not known."""
    bounds = network.feature_lagrangian.steepest, network.memory_lagrangian.steepest
    if None in bounds:
        return np.inf
    gain = np.prod(np.asarray(bounds)) * np.sum(np.square(network.memories))
    return float(np.asarray(flow.stiffness(np.asarray(gain))))


def _seen_rate(flow: Any, network: Network, probes: AnyArray) -> float:
    """The largest rate seen from the first probes and the first memories."""
    states = np.concatenate([probes[:8], np.asarray(network.memories)[:8]])
    return float(np.max(np.asarray(_rates(flow, network, states))))


@eqx.filter_jit
def _rates(
    flow: AbstractContinuousDynamics, network: Network, states: AnyArray
) -> Array:
    return jax.vmap(lambda v: flow.cost(network, v))(states)


def _check_altimex(network: Network, decay: float | AnyArray, step: float) -> None:
    feature = network.feature_lagrangian
    if network.autapse is not None and (feature.jumps or feature.degree == 1):
        raise ValueError(
            "AltIMEX takes the autapse implicitly, which needs a smooth feature "
            f"Lagrangian, got {name_of(feature)}; use log_cosh, norm with delta > 0, "
            'or dynamics kind "sharp".'
        )
    if concrete(decay) and 1 + float(np.asarray(decay)) * step <= 0:
        raise ValueError(
            "AltIMEX needs 1 + decay * step > 0, got decay = "
            f"{float(np.asarray(decay)):g} and step = {step:g}; use a smaller step."
        )


def _ledger_order(network: Network, solver: Any) -> float:
    """The power of the tolerance with which the balance of a ledger is kept.

    A step of length dt across a kink of max(x, 0)^n, where the Hessian is rough, leaves
    an error dt^(n-1) in Q; and dt goes as the tolerance to the power 1/order. Without
    kinks the power is one.
    """
    layers = (network.feature_lagrangian, network.memory_lagrangian)
    kinks = [layer.kink for layer in layers if layer.kink is not None]
    order = solver.order(None) or 1
    return min([1.0, *((n - 1) / order for n in kinks)])


def name_of(lagrangian: Any) -> str:
    """A Lagrangian in a message: its class, and its interaction vertex."""
    inner = getattr(lagrangian, "lagrangian", lagrangian)
    vertex = getattr(inner, "n", None)
    return type(inner).__name__ + (f"(n={vertex})" if vertex is not None else "")


def _jumping(network: Network) -> str:
    layers = (network.feature_lagrangian, network.memory_lagrangian)
    return " and ".join(name_of(layer) for layer in layers if layer.jumps)
