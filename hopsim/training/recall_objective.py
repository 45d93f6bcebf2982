"""Learning by recall: probes end where they should, by gradients through the flow."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._common.names import nearest
from .._common.norms import inverse, length
from .._common.types import AnyArray, Scalar
from ..dynamics import AbstractFlow
from ..dynamics._base import REST_TIME
from ..dynamics._batch import leaf, with_values
from ..dynamics._request import Request, require_finite_positive, Tolerances
from ..dynamics.flows.fixed_point import seek
from ..dynamics.flows.flow import run_flow
from ..network import Network
from ..records import Dataset
from .objectives import AbstractObjective, CURVES, Step


class Parameters(NamedTuple):
    """Memories, and by its path what else is learnt, positive numbers as logarithms."""

    memories: Float[AnyArray, "memory feature"]
    others: dict[str, AnyArray]


def _as_mask(clamped: Any) -> tuple[bool, ...] | None:
    return None if clamped is None else tuple(np.asarray(clamped, bool).tolist())


def _as_names(also: Sequence[str]) -> tuple[str, ...]:
    return (also,) if isinstance(also, str) else tuple(also)


class Recall(AbstractObjective):
    r"""Corrupted probes are to end at their targets: $C = \sum |v^* - t|^2$.

    The end $v^*$ of a probe is the fixed point to which its flow leads, differentiated
    by the implicit function theorem, or with `duration` the state after that time,
    differentiated through the solver's steps. Any network that `hopsim.fixed_point` or
    `hopsim.flow` takes can learn. Probes that reach no end (no hyperbolic rest, too
    many steps) have no part in the gradient, and the others stand for them; they are
    counted as wrong, and told of in the curve `unresolved`.

    **Arguments:**

    - `dynamics`: the flow, such as `TwoLayer(0.1)`.
    - `duration`: in units of `tau_feature`; None: until rest.
    - `clamped`: feature neurons held at their initial value, of every probe.
    - `also`: what is learnt beside the memories, by its path in the network:
      "memory_lagrangian.beta", "current", ... Parameters of Lagrangians are positive
      and are learnt by their logarithms.
    - `retrieved_above`: of an end that is right, the overlap of v with the target.
    - `solver`, `tolerances`, `max_steps`: of the flow, as in `hopsim.flow`.
    """

    curves: ClassVar[dict[str, str]] = {
        name: units for name, units in CURVES.items() if name != "temperature"
    } | {"unresolved": "1"}

    dynamics: AbstractFlow
    duration: float | None = eqx.field(static=True, default=None)
    clamped: tuple[bool, ...] | None = eqx.field(
        static=True, default=None, converter=_as_mask
    )
    also: tuple[str, ...] = eqx.field(static=True, default=(), converter=_as_names)
    retrieved_above: float = eqx.field(static=True, default=0.95)
    solver: Any = eqx.field(static=True, default="tsit5")
    tolerances: Tolerances = eqx.field(static=True, default=Tolerances())
    max_steps: int = eqx.field(static=True, default=4096)
    network: Network | None = None  # set by `train`: all that is not learnt

    def __check_init__(self):
        if self.duration is not None:
            require_finite_positive("duration", self.duration)
        if not -1 <= self.retrieved_above < 1:
            raise ValueError(
                "retrieved_above is a cosine and lies in [-1, 1), got "
                f"{self.retrieved_above}."
            )

    def of(self, network: Network) -> "Recall":
        """The objective of one network; ValueError if it has no such parameters."""
        known = learnable(network)
        for path in self.also:
            if path not in known:
                raise ValueError(
                    f"The network has no parameter {path!r} to learn; "
                    f"{nearest(path, known) if known else 'it has memories alone'}."
                )
        return dataclasses.replace(self, network=network)

    def start(self, network):
        memories = super().start(network)
        if not self.also:
            return memories
        pair = {"network": network}
        found = {p: jnp.asarray(leaf(pair, f"network.{p}")) for p in self.also}
        logs = {p: jnp.log(x) if _positive(p) else x for p, x in found.items()}
        return Parameters(memories, logs)

    def learnt(self, parameters):
        if not self.also:
            return super().learnt(parameters)
        others = {path: _value(path, x) for path, x in parameters.others.items()}
        return {"memories": parameters.memories} | others

    def step(self, parameters, temperature, states, targets):
        def cost(parameters: Any) -> tuple[Scalar, tuple[Array, Array]]:
            ends, known = self._ends(parameters, states)
            missed = jnp.where(known[:, None], ends - targets, 0)
            number = jnp.sum(known.astype(missed.dtype))
            share = len(states) / jnp.where(number > 0, number, jnp.nan)
            return share * jnp.sum(missed**2), (ends, known)

        (loss, ends), gradient = jax.value_and_grad(cost, has_aux=True)(parameters)
        return Step(loss, gradient, jnp.where(ends[1][:, None], ends[0], jnp.nan))

    def answers(self, parameters, temperature, states):
        ends, known = self._ends(parameters, states)
        return jnp.where(known[:, None], ends, jnp.nan)

    def targets(self, asked, states, answers):
        return asked

    def wrong(self, answers, asked, targets):
        sizes = jax.vmap(length)(answers) * jax.vmap(length)(targets)
        cosine = jnp.sum(answers * targets, axis=1) * jax.vmap(inverse)(sizes)
        known = jnp.all(jnp.isfinite(answers), axis=1)
        return ~(known & (cosine >= self.retrieved_above))

    def judge(self, answers, asked):
        return np.asarray(self.wrong(jnp.asarray(answers), asked, jnp.asarray(asked)))

    def _ends(
        self, parameters: Any, states: Float[AnyArray, "item feature"]
    ) -> tuple[Float[Array, "item feature"], Bool[Array, " item"]]:
        """Where every probe ends, and whether it does."""
        assert self.network is not None  # `of` was called
        network = with_learnt(self.network, self.learnt(parameters))
        clamped = None if self.clamped is None else np.asarray(self.clamped)
        request = Request(
            REST_TIME if self.duration is None else self.duration,
            until="duration",
            solver=self.solver,
            max_steps=self.max_steps,
            clamped=clamped,
            tolerances=self.tolerances,
        )

        def one(v0: Array) -> tuple[Array, Array]:
            if self.duration is None:
                found = seek("Recall", network, self.dynamics, v0, request)
                end, known = found.v, found.converged
            else:
                end, known = run_flow("Recall", network, self.dynamics, v0, request)
            return jnp.where(known, end, jax.lax.stop_gradient(end)), known

        return jax.vmap(one)(jnp.asarray(states))


def with_learnt(network: Network, learnt: Mapping[str, AnyArray]) -> Network:
    """The network with other arrays, by their paths."""
    values = {f"network.{p}": x.astype(network.dtype) for p, x in learnt.items()}
    return with_values({"network": network}, values)["network"]


def learnt_network(network: Network, data: Dataset) -> Network:
    """A network with what a record of its training holds."""
    learnt = {path: data[path].values for path in learnable(network) if path in data}
    return with_learnt(network, learnt | {"memories": data["memories"].values})


def learnt_from_leaves(also: Sequence[str], leaves: list[Any]) -> dict[str, AnyArray]:
    """What has been learnt, from the leaves of `Recall.start` in their order."""
    found = zip(sorted(also), leaves[1:], strict=False)
    return {"memories": leaves[0]} | {path: _value(path, x) for path, x in found}


def learnable(network: Network) -> list[str]:
    """The paths of all arrays of a network but its memories."""
    arrays = eqx.filter(network, eqx.is_inexact_array_like)
    leaves = jax.tree_util.tree_leaves_with_path(arrays)
    paths = [jax.tree_util.keystr(path).lstrip(".") for path, _ in leaves]
    return [path for path in paths if path != "memories"]


def _value(path: str, x: AnyArray) -> AnyArray:
    return jnp.exp(x) if _positive(path) else x


def _positive(path: str) -> bool:
    return "lagrangian." in path
