"""Signs of energy gaps in floating point: overflow, underflow and cancellation."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int
from pydantic import Field

from ...dynamics import Binary
from ...dynamics.spins.exact_decisions import are_spins, Exact
from ...dynamics.spins.relaxation import relax
from ...lagrangians import Polynomial, RectifiedPolynomial
from ...network import Network
from ...records import Variables
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._spins import with_memories
from .._variables import PURE


STRESSES = ("random", "near a memory", "between twins")
AT_ONCE = Binary(order="synchronous")
FLIPPED_SHARE = 0.1  # of a memory, for the states near one


class Decisions(NamedTuple):
    """The spins that decide in each state, and the memories by which they do."""

    memories: Float[np.ndarray, "memory feature"]
    states: Float[np.ndarray, "state feature"]
    spins: Int[np.ndarray, "state spin"]


@experiments.register("overflow")
class Overflow(AbstractEnsemble):
    r"""The sign of $\sum_\mu F(x_\mu^+) - F(x_\mu^-)$ by each method, and in integers.

    $x^\pm$ are the memory inputs with spin i up and down. "plain" takes $F(x)$ as it is
    written, "over N" takes $F(x/N)$ [MRS24 eq. 8], "over max" $F(x/M)$ with the largest
    $|x^\pm|$ of the state, each in float32 and float64; "certified" is a sweep of
    hopsim. A decision is `wrong` if its sign is opposite to the exact one or the exact
    one is 0, `undecided` if it is 0 where the exact one is not, `broken` if it is NaN.
    States: random spins, spins near a memory, and between two twin memories which
    differ in few bits: at such a bit the terms of the two, by far the largest, cancel.
    [THEORY 2.2, CL-30]
    """

    row: ClassVar[str] = "decision"
    plots: ClassVar[tuple[str, ...]] = ("overflow",)

    n: list[int] = Field([3, 10, 20, 30, 50, 100], min_length=1)
    spins: int = Field(4, ge=1)  # that decide in each state

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        layer = network.memory_lagrangian
        if not isinstance(layer, Polynomial | RectifiedPolynomial):
            raise ValueError(
                'The experiment "overflow" needs a literal power as interaction, got '
                f"{type(layer).__name__}; use normalised = false."
            )
        if setting.dynamics != AT_ONCE:
            raise ValueError(
                'The experiment "overflow" takes all decisions of a state at once; use '
                'dynamics kind "binary" with order = "synchronous".'
            )
        if 2 * self.spins > network.features or network.count < 2:
            raise ValueError(
                'The experiment "overflow" needs two memories, and twice as many '
                f"features as spins, got {network.count} memories of "
                f"{network.features} features and spins = {self.spins}."
            )
        if any(n < 1 for n in self.n):
            raise ValueError(f"experiment.n must be >= 1, got {self.n}.")
        if not are_spins(network.memories) or np.any(network.hidden_current):
            raise ValueError(
                'The experiment "overflow" decides in exact integers and needs '
                "memories of +1 and -1 without a hidden current; use memories kind "
                '"random_binary".'
            )
        setting.may_relax()

    def measure(self, setting: Setting) -> Variables:
        stressed = [make(setting, self.spins) for make in (_random, _near, _twins)]
        rows = [[self._judged(setting, d, n) for n in self.n] for d in stressed]
        names = (*METHODS, "certified")
        found = {k: np.array([[r[k] for r in row] for row in rows]) for k in rows[0][0]}
        where = ("stress", "n", "method", "decision")
        kinds = ("wrong", "undecided", "broken")
        found["failed"] = np.any([found[k] for k in kinds], axis=0)
        each = {k: (where, found[k], PURE) for k in (*kinds, "failed")}
        return each | {
            "tie": (("stress", "n", "decision"), found["tie"], PURE),
            "doubtful": (("stress", "n", "decision"), found["doubtful"], PURE),
            "in_integers": (("stress", "n", "decision"), found["in_integers"], PURE),
            "n": ("n", np.array(self.n), PURE | {"long_name": "interaction vertex"}),
            "stress_name": ("stress", np.array(STRESSES)),
            "method_name": ("method", np.array(names)),
        }

    def _judged(self, setting: Setting, d: Decisions, n: int) -> dict[str, Any]:
        """Every decision by every method, for F of degree `n`."""
        network = with_memories(setting.network, d.memories)
        power: Any = type(network.memory_lagrangian)
        layer = power(n)
        network = eqx.tree_at(lambda x: x.memory_lagrangian, network, layer)
        truth = _truth(network, d)
        rectified = isinstance(layer, RectifiedPolynomial)
        # --- the floating-point methods
        signs = [_decided(form, dtype, rectified, d, n) for form, dtype in PEERS]
        # --- hopsim: one synchronous sweep, in which spins at a tie stay
        seen = relax(network, AT_ONCE, d.states, max_sweeps=1)
        states = np.arange(len(d.states))[:, None]
        own = d.states[states, d.spins].ravel()
        ended = seen.final[states, d.spins].ravel().astype(float)
        signs.append(np.where((truth == 0) & (ended == own), 0, ended))
        sign = np.stack(signs)
        broken = np.isnan(sign)
        zero = sign == 0
        share = lambda x: np.repeat(x / network.features, self.spins)
        return {
            "wrong": (sign != truth) & ~broken & ~zero,
            "undecided": zero & (truth != 0),
            "broken": broken,
            "tie": truth == 0,
            "doubtful": share(seen.doubtful),
            "in_integers": np.repeat(seen.exact > 0, self.spins),
        }


def _truth(network: Network, d: Decisions) -> Int[np.ndarray, " decision"]:
    """The signs in exact integers."""
    exact, signs = Exact(network), []
    for s, chosen in zip(d.states.astype(np.int64), d.spins, strict=True):
        x = exact.memories @ s
        signs += [exact.sign(x, int(s[i]), int(i)) for i in chosen]
    return np.array(signs)


# --- three kinds of states ------------------------------------------------------------


def _random(setting: Setting, spins: int) -> Decisions:
    s = np.asarray(setting.probes.values)
    draw = setting.stream.child("random").generator()
    return Decisions(_memories(setting), s, _some(draw, s, spins))


def _near(setting: Setting, spins: int) -> Decisions:
    draw, memories = setting.stream.child("near").generator(), _memories(setting)
    s = memories[np.arange(len(setting.probes.values)) % len(memories)].copy()
    s[draw.random(s.shape) < FLIPPED_SHARE] *= -1
    return Decisions(memories, s, _some(draw, s, spins))


def _twins(setting: Setting, spins: int) -> Decisions:
    """States between a memory and its twin, one bit nearer to the memory.

    The twins differ in 2 `spins` - 1 bits, of which the state has `spins` from the
    memory. At these the inputs from all other spins are equal for both, and their bits
    opposite.
    """
    draw, memories = setting.stream.child("twins").generator(), _memories(setting)
    pairs = len(memories) // 2
    chosen = np.arange(len(setting.probes.values)) % pairs
    sites = np.argsort(draw.random((pairs, memories.shape[1])), axis=1)
    differ = sites[:, : 2 * spins - 1]
    memories[pairs : 2 * pairs] = memories[:pairs]
    memories[np.arange(pairs, 2 * pairs)[:, None], differ] *= -1
    s = memories[chosen].copy()
    s[np.arange(len(s))[:, None], differ[chosen, spins:]] *= -1
    return Decisions(memories, s, differ[chosen, :spins])


def _memories(setting: Setting) -> np.ndarray:
    return np.array(setting.network.memories)


def _some(draw: np.random.Generator, s: np.ndarray, spins: int) -> np.ndarray:
    return np.argsort(draw.random(s.shape), axis=1)[:, :spins]


# --- floating-point methods as they are commonly written ------------------------------


def _plain(up: np.ndarray, down: np.ndarray, features: int):
    return up, down


def _over_features(up: np.ndarray, down: np.ndarray, features: int):
    return up / up.dtype.type(features), down / up.dtype.type(features)


def _over_largest(up: np.ndarray, down: np.ndarray, features: int):
    largest = np.max(np.maximum(np.abs(up), np.abs(down)), axis=0)
    return up / largest, down / largest


Form = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]
FORMS: dict[str, Form] = {
    "plain": _plain,
    "over N": _over_features,
    "over max": _over_largest,
}
PRECISIONS = {"float32": np.float32, "float64": np.float64}
METHODS = {f"{k}, {p}": (FORMS[k], PRECISIONS[p]) for k in FORMS for p in PRECISIONS}
PEERS = tuple(METHODS.values())


def _decided(
    form: Form, dtype: type, rectified: bool, d: Decisions, n: int
) -> Float[np.ndarray, " decision"]:
    """Signs of the energy gaps in one precision; NaN where they are out of range."""
    signs = []
    for s, chosen in zip(d.states, d.spins, strict=True):
        without = (d.memories @ s)[:, None] - d.memories[:, chosen] * s[chosen]
        bits = d.memories[:, chosen]
        up, down = (x.astype(dtype) for x in (without + bits, without - bits))
        up, down = form(up, down, d.memories.shape[1])
        if rectified:
            up, down = np.maximum(up, 0), np.maximum(down, 0)
        with np.errstate(all="ignore"):  # overflow is what is measured
            gap = np.sum(up**n - down**n, axis=0)
        signs.append(np.sign(gap))
    return np.concatenate(signs).astype(float)
