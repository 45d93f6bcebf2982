"""The three models of Krotov & Hopfield as networks, [KH21 sec. 3]."""

import numpy as np

from ._common.arrays import on_host
from ._common.types import AnyArray, Currents, Memories, NonNegative, PositiveScalar
from .lagrangians import (
    AbsoluteValue,
    AbstractLagrangian,
    LogCosh,
    LogSumExp,
    Norm,
    Quadratic,
    RectifiedPolynomial,
)
from .network import as_memories, Network, networks


__all__ = ["model_a", "model_b", "model_c", "networks"]


@networks.register("model_a")
def model_a(
    memories: Memories,
    interaction: AbstractLagrangian | None = None,
    beta: PositiveScalar | None = None,
    normalised: bool = True,
    current: Currents = 0.0,
    hidden_current: Currents = 0.0,
    autapse: float | AnyArray | None = None,
) -> Network:
    r"""Model A: $L_v = \sum_i |v_i|$, $L_h = \sum_\mu F(h_\mu)$. [KH21 sec. 3]

    **Arguments:**

    - `interaction`: `F` as a Lagrangian; default `RectifiedPolynomial(3)`.
    - `beta`: None for the sharp model, g = sign(v); a number > 0 for g = tanh(beta v),
      per unit of the normalised field.
    - `normalised`: True for F = (N/n)(x/N)^n, False for the papers' literal F = x^n.
    - `autapse`: c; the right `c >= 0` cancels each neuron's self-coupling, see
      `theory.capacity.self_coupling`. [THEORY 2.1.5]
    """
    memories = as_memories(memories)
    interaction = _interaction(interaction, normalised, memories)
    feature = AbsoluteValue() if beta is None else LogCosh(beta)
    return Network(memories, feature, interaction, current, hidden_current, autapse)


@networks.register("model_b")
def model_b(
    memories: Memories,
    beta: PositiveScalar = 1.0,
    kernel_density: bool = False,
    current: Currents = 0.0,
    hidden_current: Currents = 0.0,
) -> Network:
    r"""Model B: $L_v = \frac12 |v|^2$, $L_h = \beta^{-1}\log\sum e^{\beta h}$. [KH21]

    Modern Hopfield attention: one Euler step of length tau_feature is
    $v \leftarrow \xi^T \mathrm{softmax}(\beta \xi v)$. [Ramsauer et al. 2021]

    **Arguments:**

    - `beta`: inverse temperature of the softmax; it multiplies the raw `xi . v`.
    - `kernel_density`: adds $J_\mu = -\frac12|\xi_\mu|^2$, so that the effective energy
      is minus the log of a Gaussian kernel density, up to a factor and a constant, and
      unequal norms no longer bias recall. (Exact for I = 0.) [THEORY 1.6]
    """
    memories = as_memories(memories)
    if kernel_density:
        x = on_host(memories, "Memories")
        x = x if np.issubdtype(x.dtype, np.floating) else x.astype(float)  # no wrap
        own = on_host(hidden_current, "The hidden_current")
        hidden_current = -0.5 * np.sum(x**2, axis=1) + own
    return Network(memories, Quadratic(), LogSumExp(beta), current, hidden_current)


@networks.register("model_c")
def model_c(
    memories: Memories,
    interaction: AbstractLagrangian | None = None,
    normalised: bool = True,
    delta: NonNegative = 0.0,
    current: Currents = 0.0,
    hidden_current: Currents = 0.0,
) -> Network:
    r"""Model C: $L_v = R |v|$, spherical memory, $L_h = \sum_\mu F(h_\mu)$. [KH21]

    **Arguments:**

    - `interaction`: `F` as a Lagrangian; default `RectifiedPolynomial(3)`.
    - `normalised`: True for R = sqrt(N) and F = (N/n)(x/N)^n, so that overlaps reach
      N as in model A; False for the papers' literal R = 1 and F = x^n.
    - `delta`: rounds the singular origin, R sqrt(|v|^2 + delta^2).
    """
    memories = as_memories(memories)
    radius = float(np.sqrt(memories.shape[1])) if normalised else 1.0
    interaction = _interaction(interaction, normalised, memories)
    feature = Norm(radius, delta)
    return Network(memories, feature, interaction, current, hidden_current)


def _interaction(
    interaction: AbstractLagrangian | None, normalised: bool, memories: Memories
) -> AbstractLagrangian:
    chosen = RectifiedPolynomial(3) if interaction is None else interaction
    return chosen.normalised(memories.shape[1]) if normalised else chosen
