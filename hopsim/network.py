r"""The network: memories, two Lagrangians, and one scalar potential.

Everything that hopsim simulates is a derivative or a difference of the alignment of the
feature activations `g` with the memories `xi`, of shape `(memory, feature)`:

$$\Phi(g) = L_h(\xi g + J) + I \cdot g - \tfrac{c}{2} |g|^2$$

with a current `I`, a hidden current `J` and an autapse `c`. [KH21 eqs. 1-4; KH16 eq. 1]
A network has no notion of time. Every method takes one state; batch with `jax.vmap`.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._common.arrays import cast_to, finite, notify_repeats, numbers, require_rows
from ._common.display import AbstractShown, in_short, Shown
from ._common.names import shown
from ._common.notices import notify
from ._common.registry import Registry
from ._common.types import AnyArray, cast, Currents, Memories, Scalar
from .lagrangians import AbstractLagrangian


Features = Float[AnyArray, " feature"]
Hidden = Float[AnyArray, " memory"]

networks = Registry("network")


@networks.register("network")
class Network(AbstractShown, eqx.Module):
    r"""Two layers of neurons coupled by symmetric synapses. [KH21 eqs. 1-4]

    $E(v, h) = [(v - I) \cdot g - L_v] + [(h - J) \cdot f - L_h] - f^T \xi g
    + \tfrac{c}{2}|g|^2$ with $g = \nabla L_v(v)$, $f = \nabla L_h(h)$.
    """

    memories: Memories
    feature_lagrangian: AbstractLagrangian
    memory_lagrangian: AbstractLagrangian
    current: Features
    hidden_current: Hidden
    autapse: Scalar | None

    def __init__(
        self,
        memories: Memories,
        feature_lagrangian: AbstractLagrangian,
        memory_lagrangian: AbstractLagrangian,
        current: Currents = 0.0,
        hidden_current: Currents = 0.0,
        autapse: float | AnyArray | None = None,
    ):
        memories = as_memories(memories)
        count, features = memories.shape
        _require_lagrangian("feature_lagrangian", feature_lagrangian)
        _require_lagrangian("memory_lagrangian", memory_lagrangian)
        made_for = memory_lagrangian.only_for
        if made_for not in (None, features):
            raise ValueError(
                f"The interaction is made for {made_for} features, got memories of "
                f"{features}; give it features = {features}."
            )
        dtype = _precision(memories.dtype)
        self.memories = finite(cast_to(memories, dtype), "Memories")
        notify_repeats(self.memories, "memories")
        self.feature_lagrangian = cast(feature_lagrangian, dtype)
        self.memory_lagrangian = cast(memory_lagrangian, dtype)
        self.current = _as_currents("current", current, features, dtype)
        self.hidden_current = _as_currents(
            "hidden_current", hidden_current, count, dtype
        )
        self.autapse = None if autapse is None else _as_autapse(autapse, dtype)

    @property
    def count(self) -> int:
        """The number of memories, N_h."""
        return self.memories.shape[0]

    @property
    def features(self) -> int:
        """The number of feature neurons, N_f."""
        return self.memories.shape[1]

    @property
    def dtype(self) -> np.dtype:
        """The precision of the run: that of the memories, as they were taken."""
        return np.dtype(self.memories.dtype)

    def with_current(self, current: Features) -> "Network":
        """The same network with another current `I`."""
        current = _as_currents("current", current, self.features, self.dtype)
        return eqx.tree_at(lambda n: n.current, self, current)

    def with_memories(self, memories: Memories) -> "Network":
        """The same network with other memories of the same shape, else ValueError."""
        memories = finite(cast_to(as_memories(memories), self.dtype), "Memories")
        if memories.shape != self.memories.shape:
            raise ValueError(
                f"The network holds memories of shape {self.memories.shape}, got "
                f"{memories.shape}; make a new network."
            )
        return eqx.tree_at(lambda n: n.memories, self, memories)

    def _shown(self) -> Shown:
        held = getattr(self.memories, "dtype", None), np.shape(self.memories)
        sizes = " x ".join(map(str, held[1][:-2]))
        count, features = held[1][-2:]
        batch = f"{sizes} networks" if sizes else "Network"
        currents = (self.current, self.hidden_current)
        own, hidden = map(_current_in_words, currents)
        c = "none" if self.autapse is None else in_short(self.autapse)
        return Shown(
            f"{batch} of {count} memories and {features} features in {held[0]}",
            [
                ("features", in_short(self.feature_lagrangian)),
                ("memories", in_short(self.memory_lagrangian)),
                ("currents", f"of features {own}, of memories {hidden}; autapse {c}"),
            ],
        )

    def __repr__(self) -> str:
        # JAX and Equinox put other leaves in its place: axes, masks, None
        held: Any = getattr(self, "memories", None)
        if np.ndim(held) < 2:
            return eqx.tree_pformat(self)
        return super().__repr__()

    # --- the potential and its two half gradients -----------------------------------

    def memory_input(self, g: Features) -> Float[Array, " memory"]:
        """`xi g + J`, the input of the memory neurons."""
        return _contract(g, self.memories, 1) + self.hidden_current

    def recalled(self, f: Hidden) -> Float[Array, " feature"]:
        """`xi^T f`, the memories weighted by the activations of their neurons."""
        return _contract(f, self.memories, 0)

    def feature_input(self, f: Hidden, g: Features) -> Float[Array, " feature"]:
        """`xi^T f + I - c g`, the input of the feature neurons."""
        return self.received(self.recalled(f), g)

    def received(self, recalled: Features, g: Features) -> Float[Array, " feature"]:
        """`feature_input` from a known `xi^T f`."""
        total = recalled + self.current
        return total if self.autapse is None else total - self.autapse * g

    def potential(self, g: Features) -> Scalar:
        """`Phi(g) = L_h(xi g + J) + I . g - (c/2) |g|^2`."""
        phi = self.memory_lagrangian(self.memory_input(g)) + jnp.vdot(self.current, g)
        return phi - self._autapse_energy(g)

    def local_field(self, g: Features) -> Float[Array, " feature"]:
        """`grad Phi(g) = xi^T f(xi g + J) + I - c g`, self-coupling included."""
        f = self.memory_lagrangian.activation(self.memory_input(g))
        return self.feature_input(f, g)

    def energy_gap(
        self, s: Features, neurons: slice = slice(None)
    ) -> Float[Array, " neuron"]:
        """`Phi(s_i = +1) - Phi(s_i = -1)` for every neuron i. [KH16 eq. 4]

        The other neurons keep their values in `s`, which may be any real numbers in
        [-1, 1]. `neurons` selects the neurons i.
        """
        x = self.memory_input(s)

        def gap(s_i: Array, xi_i: Array, current_i: Array) -> Array:
            without = x - xi_i * s_i
            up = self.memory_lagrangian(without + xi_i)
            return up - self.memory_lagrangian(without - xi_i) + 2 * current_i

        chosen = s[neurons], self.memories[:, neurons], self.current[neurons]
        return jax.vmap(gap, in_axes=(0, 1, 0))(*chosen)

    # --- energies, from the closed brackets alone -----------------------------------

    def energy(self, v: Features, h: Hidden, decay: float | AnyArray = 1.0) -> Scalar:
        r"""$E = \alpha L_v^*(g) - I g + L_h^*(f) - J f - f^T\xi g + \frac c2 g^2$.

        [KH21 eq. 2 for alpha = 1; THEORY 1.2 for any decay alpha: in this form
        the energy balance is exact for every Lagrangian]
        """
        return self.energy_and_scale(v, h, decay)[0]

    def energy_scale(
        self, v: Features, h: Hidden, decay: float | AnyArray = 1.0
    ) -> Scalar:
        """`S_E`, the sum of the |terms| of the energy: the unit of its rounding."""
        return self.energy_and_scale(v, h, decay)[1]

    def energy_and_scale(
        self, v: Features, h: Hidden, decay: float | AnyArray = 1.0
    ) -> tuple[Scalar, Scalar]:
        """The energy and the sum of its |terms|, from the same products."""
        g = self.feature_lagrangian.activation(v)
        f = self.memory_lagrangian.activation(h)
        bracket_v, scale_v = self.feature_lagrangian.bracket_and_scale(v)
        bracket_h, scale_h = self.memory_lagrangian.bracket_and_scale(h)
        bracket_v = decay * bracket_v
        autapse = self._autapse_energy(g)
        driven = self.current * g
        coupled = f * self.memory_input(g)  # J . f is part of it
        energy = bracket_v + bracket_h + autapse - jnp.sum(driven) - jnp.sum(coupled)
        scale_v = jnp.abs(bracket_v) if scale_v is None else jnp.abs(decay) * scale_v
        scale_h = jnp.abs(bracket_h) if scale_h is None else scale_h
        single = scale_v + scale_h + jnp.abs(autapse)
        return energy, single + jnp.sum(jnp.abs(driven)) + jnp.sum(jnp.abs(coupled))

    def effective_energy(self, v: Features, decay: float | AnyArray = 1.0) -> Scalar:
        r"""$E(v) = \alpha L_v^*(g) - \Phi(g)$, the memory neurons slaved. [KH21]"""
        g = self.feature_lagrangian.activation(v)
        return decay * self.feature_lagrangian.bracket(v) - self.potential(g)

    def binary_energy(self, s: Features) -> Scalar:
        """`-Phi(s)`, the energy of the binary memory. [KH16 eq. 1]"""
        return -self.potential(s)

    def adiabatic_gap(self, v: Features, h: Hidden) -> Scalar:
        r"""$E(v,h) - E(v) = D_{L_h}(\xi g + J \,\|\, h) \ge 0$ for convex $L_h$.

        The energy stored in memory neurons that lag behind their input; for model B it
        is
        `KL(f | softmax(beta xi v)) / beta`. [THEORY 1.4]
        """
        g = self.feature_lagrangian.activation(v)
        return self.memory_lagrangian.bregman(self.memory_input(g), h)

    def _autapse_energy(self, g: Features) -> Scalar:
        if self.autapse is None:
            return jnp.zeros((), self.dtype)
        return 0.5 * self.autapse * jnp.vdot(g, g)


def require_network(network: Any) -> None:
    """Raises ValueError, naming what was given, unless that is a network."""
    if not isinstance(network, Network):
        raise ValueError(
            "network must be a hopsim.Network (hopsim.model_a, model_b and model_c "
            f"make one), got {shown(str(network))}."
        )


def _current_in_words(current: Any) -> str:
    """Whether there is a current; of one on a device, or traced, only its type."""
    if not isinstance(current, np.ndarray):
        return in_short(current)
    most = np.max(np.abs(current), initial=0.0)
    return f"up to {most:.4g}" if most else "none"


def _require_lagrangian(name: str, given: Any) -> None:
    if isinstance(given, AbstractLagrangian):
        return
    told = f"a {type(given).__name__}"
    if isinstance(given, type) and issubclass(given, AbstractLagrangian):
        told = f"the class; write {given.__name__}(...)"
    elif callable(given):
        told = "a function; make it the __call__ of a subclass of AbstractLagrangian"
    raise ValueError(
        f"{name} must be an instance of a class in hopsim.lagrangians, got {told}."
    )


def _contract(x: AnyArray, memories: AnyArray, axis: int) -> Array:
    """`x` times the memories, summed over their given axis.

    Under `vmap` the probe stays the leading axis of the product, and the memories are
    read in their own layout: a transpose would be copied at every step.
    """
    # accelerators would otherwise round the products to fewer digits; a precision that
    # the user has set by `jax.default_matmul_precision` takes precedence
    given = getattr(jax.config, "jax_default_matmul_precision") is not None  # noqa: B009
    precision = None if given else jax.lax.Precision.HIGHEST
    return jax.lax.dot_general(
        jnp.asarray(x),
        jnp.asarray(memories),
        (((0,), (axis,)), ((), ())),
        precision=precision,
    )


def as_memories(memories: Any) -> AnyArray:
    """Memories as an array. Raises ValueError unless of shape (memory, feature)."""
    found = numbers(memories, "Memories")
    require_rows(found, "Memories", "memory")
    return found


def _as_autapse(autapse: float | AnyArray, dtype: np.dtype) -> AnyArray:
    c = cast_to(numbers(autapse, "The autapse"), dtype)
    if c.ndim:
        raise ValueError(f"The autapse c is one number, got shape {c.shape}.")
    return finite(c, "The autapse")


def _precision(dtype: np.dtype) -> np.dtype:
    """float32 or float64 as given; any other type becomes JAX's default float.

    Without x64 that is float32, also for float64; a notice tells of it.
    """
    own = dtype if dtype in (np.float32, np.float64) else float
    kept = np.dtype(jax.dtypes.canonicalize_dtype(own))
    wide = jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize > kept.itemsize
    if wide:
        way_out = (
            "cast them to say that this is meant"
            if kept == np.float64
            else 'for float64 call jax.config.update("jax_enable_x64", True) first, or '
            "cast them to float32"
        )
        notify(f"memories of {dtype} are taken as {kept}: {way_out}")
    return kept


def _as_currents(name: str, x: Currents, size: int, dtype: np.dtype) -> AnyArray:
    what = f"The {name}"
    found = numbers(x, what)
    if found.shape not in ((), (1,), (size,)):
        raise ValueError(
            f"{what} must be one number or have shape ({size},), got {found.shape}."
        )
    broadcast = jnp.broadcast_to if isinstance(found, jax.Array) else np.broadcast_to
    return finite(cast_to(broadcast(found, (size,)), dtype), what)
