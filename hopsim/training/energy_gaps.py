r"""The loss of training: $C = \sum (c - t)^{2m}$ over neurons and examples.

An answer is $c = \tanh$ of the network's own energy gap (associative form) or of its
first-order expansion, twice the local field (dual form); `t` is the target, +1 or -1.
[KH16 eqs. 9 to 12 and app. A; MRS24 eqs. 8 and 14]

The training temperature T stands inside the interaction function, so that nothing
overflows: $\beta F(x) = F(x/T)$ with $\beta = T^{-n}$. It is not that of a Gibbs
distribution.

Each objective has its loss twice: from `Network.energy_gap` or `local_field`, which is
the definition, and with its gradient as matrix products, which is used in training. The
tests compare the two by automatic differentiation.
"""

import abc
import math
from collections.abc import Callable
from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._common.types import AnyArray, as_number, Memories, Scalar
from ..lagrangians import (
    AbsoluteValue,
    AbstractAdditiveLagrangian,
    AbstractLagrangian,
)
from ..network import Network
from .objectives import (
    AbstractObjective,
    predicted_class,
    States,
    Step,
    Targets,
)


Scaling = Literal["original", "modified"]

# numbers in one block of element-by-element work: a block fits into a core's cache
NUMBERS_PER_BLOCK = 80_000


class Tempered(AbstractAdditiveLagrangian):
    r"""An interaction function at a training temperature, for `features` neurons.

    "original": $F(x)/T^n$ [KH16 app. A]; "modified": $F(x/(NT))$ [MRS24 eq. 14]. For
    homogeneous F they are the same function, with $T_o = N T_m$ [MRS24 thm. 4.3.1]; for
    the leaky power and the exponential they differ.

    Raises ValueError for "original" if F has no power n.
    """

    interaction_function: AbstractAdditiveLagrangian
    temperature: float | AnyArray = eqx.field(converter=as_number)
    features: int = eqx.field(static=True)
    scaling: Scaling = eqx.field(static=True, default="original")
    smooth: ClassVar[bool] = False  # not known
    degree: ClassVar[None] = None

    def __check_init__(self):
        if self.scaling == "original" and not hasattr(self.interaction_function, "n"):
            raise ValueError(
                'scaling = "original" divides F by T^n and needs an interaction with a '
                f"power n, got {type(self.interaction_function).__name__}; use "
                '"modified", F(x/(NT)).'
            )

    @property
    def convex(self) -> bool | None:
        return self.interaction_function.convex

    # F acts element by element: the methods take arrays of any shape

    def interaction(self, x: AnyArray) -> Array:
        return self._value(jnp.ravel(x)).reshape(x.shape)

    def activation(self, x: AnyArray) -> Array:
        return self._slope(jnp.ravel(x)).reshape(x.shape)

    def curvature(self, x: AnyArray, dx: AnyArray) -> Array:
        flat = jnp.ravel(x), jnp.ravel(dx)
        return jax.jvp(self._slope, flat[:1], flat[1:])[1].reshape(x.shape)

    def _value(self, x: Array) -> Array:
        scale = self._scale(x.dtype)
        if self.scaling == "original":
            return self.interaction_function.relative(x, scale)
        return self.interaction_function.interaction(x / scale)

    def _slope(self, x: Array) -> Array:
        scale = self._scale(x.dtype)
        if self.scaling == "original":
            return self.interaction_function.relative_activation(x, scale)
        return self.interaction_function.activation(x / scale) / scale

    def _scale(self, dtype: np.dtype) -> Array:
        temperature = jnp.asarray(self.temperature, dtype)
        return temperature * (1 if self.scaling == "original" else self.features)

    def bracket(self, x: AnyArray) -> Scalar:
        return jnp.vdot(x, self.activation(x)) - self(x)


def interaction_of(lagrangian: AbstractLagrangian) -> AbstractAdditiveLagrangian:
    """The literal interaction function F of a memory layer, without its scale.

    The training temperature replaces the scale. Raises ValueError unless the layer is a
    sum over memories.
    """
    layer = lagrangian.unwrapped().lagrangian
    if isinstance(layer, Tempered):
        return layer.interaction_function
    if not isinstance(layer, AbstractAdditiveLagrangian):
        raise ValueError(
            "Training needs a memory layer that is a sum over memories of F(x), got "
            f"{type(layer).__name__}; use an interaction function such as "
            "RectifiedPolynomial(3)."
        )
    return layer


class AbstractUpdate(AbstractObjective):
    """A loss of spins that are updated once, as a function of the memories.

    To add one: implement `answer` (the definition, for one example) and `step`.
    """

    interaction: eqx.AbstractVar[AbstractAdditiveLagrangian]
    error_exponent: eqx.AbstractVar[int]  # m
    scaling: eqx.AbstractVar[Scaling]

    @abc.abstractmethod
    def answer(
        self, network: Network, state: Float[AnyArray, " state"]
    ) -> Float[Array, " answer"]:
        """The answers to one example before the tanh, by the network's own methods."""

    def targets(self, asked, states, answers):
        number = jnp.arange(answers, dtype=asked.dtype)
        found = jnp.where(number[None, :] == asked[:, None], 1, -1)
        return found.astype(states.dtype)

    def wrong(self, answers, asked, targets):
        return jnp.argmax(answers, axis=1).astype(asked.dtype) != asked

    def judge(self, answers, asked):
        return predicted_class(answers) != asked

    def network(self, memories: Memories, temperature: float | AnyArray) -> Network:
        """The network of spins whose energy gaps or local fields are trained."""
        shape = jnp.shape(memories)
        tempered = self.tempered(temperature, shape[1])
        return Network(memories, AbsoluteValue(), tempered)

    def tempered(self, temperature: float | AnyArray, features: int) -> Tempered:
        """The interaction function at a training temperature."""
        return Tempered(self.interaction, temperature, features, self.scaling)

    def loss(
        self,
        memories: Memories,
        temperature: Scalar,
        states: States,
        targets: Targets,
    ) -> Scalar:
        """`sum (tanh(answer) - t)^(2m)`, from the network's own gaps or fields."""
        network = self.network(memories, temperature)
        y = jnp.tanh(jax.vmap(lambda s: self.answer(network, s))(states))
        return jnp.sum((y - targets) ** (2 * self.error_exponent))

    def _errors(self, arguments: Array, targets: AnyArray) -> tuple[Scalar, Array]:
        """The loss, and its derivative with respect to the answers before the tanh."""
        m, y = self.error_exponent, jnp.tanh(arguments)
        last = (y - targets) ** (2 * m - 1)
        # (1 - y)(1 + y): 1 - y^2 would lose the digits of saturated answers
        return jnp.sum(last * (y - targets)), 2 * m * last * (1 - y) * (1 + y)


class Associative(AbstractUpdate):
    r"""Class units that are updated once from -1: $c = \tanh(\beta\,\Delta E)$.

    All class units are off (-1), the visible neurons show the image; `answers` are the
    energy gaps of the class units. [KH16 eq. 9, with rectified or any other F]

    With S = v xi^T formed once, the memory input is S - sum_g xi_g where class unit a
    is off and 2 xi_a more where it is on: no class needs a copy of the image.
    """

    interaction: AbstractAdditiveLagrangian
    error_exponent: int = eqx.field(static=True, default=1)
    scaling: Scaling = eqx.field(static=True, default="original")

    def answer(self, network, state):
        classes = network.features - state.shape[0]
        whole = jnp.concatenate([state, -jnp.ones(classes, state.dtype)])
        return network.energy_gap(whole, slice(state.shape[0], None))

    def answers(self, memories, temperature, states):
        inputs, classes = _inputs(memories, states)
        blocks = _Blocks(inputs.shape)
        tempered = self.tempered(temperature, memories.shape[1])
        return self._gaps(tempered, blocks, *blocks.cut(inputs, classes)).T

    def step(self, memories, temperature, states, targets):
        inputs, classes = _inputs(memories, states)
        blocks = _Blocks(inputs.shape)
        tempered = self.tempered(temperature, memories.shape[1])
        parts = blocks.cut(inputs, classes)
        gaps = self._gaps(tempered, blocks, *parts)
        loss, w = self._errors(gaps, targets.T)  # (class, item)
        total = jnp.sum(w, axis=0)

        def block(base: Array, unit: Array) -> tuple[Array, Array]:
            on = [
                tempered.activation(base + 2 * unit[:, a, None]) * w[a, None]
                for a in range(unit.shape[1])
            ]
            rest = sum(on) - tempered.activation(base) * total[None]
            lit = jnp.stack([jnp.sum(x, axis=1) for x in on], axis=1)
            return rest, 2 * lit - jnp.sum(rest, axis=1)[:, None]

        rest, lit = blocks.map(block, *parts)
        gradient = jnp.concatenate([_product(rest, states), lit], axis=1)
        return Step(loss, gradient, gaps.T)

    @staticmethod
    def _gaps(tempered: Tempered, blocks: "_Blocks", inputs: Array, classes: Array):
        def block(base: Array, unit: Array) -> Array:
            off = jnp.sum(tempered.interaction(base), axis=0)
            on = [
                jnp.sum(tempered.interaction(base + 2 * unit[:, a, None]), axis=0)
                for a in range(unit.shape[1])
            ]
            return jnp.stack(on) - off[None]

        return blocks.sum(block, inputs, classes)


class Dual(AbstractUpdate):
    r"""The feed-forward form: $c = \tanh(2\, \partial\Phi/\partial s_\alpha)$.

    The gap of a class unit to first order: twice the local field, with the class units
    at 0 (`expansion = "zero"`, KH16 eq. 11) or at -1 ("off"). Equivalent to a layer of
    hidden units with activation F' and the class weights as read-out. [KH16 app. A]
    """

    interaction: AbstractAdditiveLagrangian
    error_exponent: int = eqx.field(static=True, default=1)
    scaling: Scaling = eqx.field(static=True, default="original")
    expansion: Literal["zero", "off"] = eqx.field(static=True, default="zero")

    def answer(self, network, state):
        classes = network.features - state.shape[0]
        at = 0.0 if self.expansion == "zero" else -1.0
        whole = jnp.concatenate([state, jnp.full(classes, at, state.dtype)])
        return 2 * network.local_field(whole)[state.shape[0] :]

    def answers(self, memories, temperature, states):
        inputs, classes = self._inputs(memories, states)
        tempered = self.tempered(temperature, memories.shape[1])
        return 2 * _product(tempered.activation(inputs).T, classes)

    def step(self, memories, temperature, states, targets):
        inputs, classes = self._inputs(memories, states)
        tempered = self.tempered(temperature, memories.shape[1])
        hidden = tempered.activation(inputs)
        answers = 2 * _product(hidden.T, classes)
        loss, w = self._errors(answers, targets)
        back = 2 * _product(classes, w.T)
        back = tempered.curvature(inputs, back)  # element by element: F is additive
        read_out = 2 * _product(hidden, w)
        if self.expansion == "off":
            read_out = read_out - jnp.sum(back, axis=1)[:, None]
        gradient = jnp.concatenate([_product(back, states), read_out], axis=1)
        return Step(loss, gradient, answers)

    def _inputs(self, memories: AnyArray, states: AnyArray) -> tuple[Array, Array]:
        off, classes = _inputs(memories, states)
        if self.expansion == "off":
            return off, classes
        return off + jnp.sum(classes, axis=1)[:, None], classes


class AutoAssociative(AbstractUpdate):
    r"""Every neuron from all others: $c_i = \tanh(\beta\,\Delta E_i)$, target $s_i$.

    Makes states of +1 and -1 stable: each neuron is updated once, with the others as in
    the state. [MRS24 eqs. 8 and 14]

    One of the two states that a gap compares is the state itself: $\Delta E_i =
    s_i \sum_\mu [F(x_\mu) - F(x_\mu - 2 \xi_{\mu i} s_i)]$ with x = xi s, so that F is
    computed for the state and for one flip of each neuron, in blocks of states.
    """

    interaction: AbstractAdditiveLagrangian
    error_exponent: int = eqx.field(static=True, default=1)
    scaling: Scaling = eqx.field(static=True, default="original")

    def targets(self, asked, states, answers):
        return states

    def wrong(self, answers, asked, targets):
        return jnp.sign(answers) != targets

    def answer(self, network, state):
        return network.energy_gap(state)

    def answers(self, memories, temperature, states):
        memories, states = jnp.asarray(memories), jnp.asarray(states)
        tempered = self.tempered(temperature, memories.shape[1])

        def gaps(part: Array) -> Array:
            here, flipped = self._inputs(memories, part)
            return self._gaps(tempered, part, here, flipped)

        return jax.lax.map(gaps, self._blocks(memories, states)).reshape(states.shape)

    def step(self, memories, temperature, states, targets):
        memories, states = jnp.asarray(memories), jnp.asarray(states)
        tempered = self.tempered(temperature, memories.shape[1])

        def block(part: Array, target: Array) -> Step:
            here, flipped = self._inputs(memories, part)
            gaps = self._gaps(tempered, part, here, flipped)
            loss, w = self._errors(gaps, target)
            w = w * part  # derivative by F(here) - F(flipped)
            away = w[None] * tempered.activation(flipped)
            stay = tempered.activation(here) * jnp.sum(w, axis=1)[None]
            gradient = _product(stay - jnp.sum(away, axis=2), part)
            own_share = 2 * jnp.sum(away * part[None], axis=1)
            return Step(loss, gradient + own_share, gaps)

        cut = self._blocks(memories, states), self._blocks(memories, targets)
        parts = jax.lax.map(lambda x: block(*x), cut)
        gaps = parts.answers.reshape(states.shape)
        return Step(jnp.sum(parts.loss), jnp.sum(parts.gradient, axis=0), gaps)

    @staticmethod
    def _inputs(memories: Array, states: Array) -> tuple[Array, Array]:
        """The memory inputs `xi s` of each state, and with each spin flipped."""
        here = _product(memories, states.T)
        own = memories[:, None, :] * states[None]
        return here, here[:, :, None] - 2 * own

    @staticmethod
    def _gaps(tempered: Tempered, states: Array, here: Array, flipped: Array) -> Array:
        stays = tempered.interaction(here)[:, :, None]
        return states * jnp.sum(stays - tempered.interaction(flipped), axis=0)

    @staticmethod
    def _blocks(memories: Array, rows: AnyArray) -> Array:
        size = _block_size(memories.size, len(rows))
        return jnp.asarray(rows).reshape(-1, size, rows.shape[1])


# --- products and blocks --------------------------------------------------------------


def _product(a: AnyArray, b: AnyArray) -> Array:
    # an accelerator's default keeps three digits, and F amplifies errors n-fold
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def _inputs(memories: AnyArray, states: AnyArray) -> tuple[Array, Array]:
    """The memory inputs, of shape (memory, item), with all class units off."""
    pixels = states.shape[1]
    classes = jnp.asarray(memories[:, pixels:])
    visible = _product(memories[:, :pixels], states.T)
    return visible - jnp.sum(classes, axis=1)[:, None], classes


def _block_size(width: int, count: int) -> int:
    """Rows of one block: a divisor of `count`, within `NUMBERS_PER_BLOCK`."""
    if jax.default_backend() != "cpu":
        return count
    most = min(max(NUMBERS_PER_BLOCK // width, 1), count)
    return max(d for d in range(1, most + 1) if count % d == 0)


class _Blocks:
    """Element-by-element work on `(memory, item)`, in blocks of memories.

    Rows that pad the last block have zero input and zero class weights, so that their
    gap is exactly 0 for every interaction function.
    """

    def __init__(self, shape: tuple[int, ...]):
        self.count, items = shape
        many = 1
        if jax.default_backend() == "cpu":
            many = math.ceil(self.count / max(NUMBERS_PER_BLOCK // max(items, 1), 1))
        self.size = math.ceil(self.count / many)
        self.many = math.ceil(self.count / self.size)

    def cut(self, *parts: Array) -> list[Array]:
        """The rows of every array, in blocks."""
        added = self.many * self.size - self.count
        filled = [jnp.pad(x, ((0, added), (0, 0))) if added else x for x in parts]
        return [x.reshape(self.many, self.size, x.shape[1]) for x in filled]

    def sum(self, of: Callable, *parts: Array) -> Array:
        """The sum of `of(*block)` over all blocks."""
        start = jax.tree.map(
            lambda x: jnp.zeros(x.shape, x.dtype),
            jax.eval_shape(of, *(x[0] for x in parts)),
        )
        add = lambda total, x: (total + of(*x), None)
        return jax.lax.scan(add, start, tuple(parts))[0]

    def map(self, of: Callable, *parts: Array) -> list[Array]:
        """The rows of `of(*block)` for all blocks, without the padding."""
        made = jax.lax.map(lambda x: of(*x), tuple(parts))
        return [x.reshape(-1, x.shape[2])[: self.count] for x in made]
