"""Completion: memories learnt by recall against as many stored ones."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from pydantic import Field

from ..._common.arrays import repeats_expected
from ..._common.types import AnyArray
from ...data.patterns import occlusion
from ...dynamics import AbstractFlow, expected
from ...dynamics.flows.fixed_point import fixed_point
from ...network import Network
from ...records import Variables
from ...training import learnt_network, Pairs, Recall
from .._base import experiments, Setting
from .._training import AbstractTraining
from .._units import Unit, UnitContext
from .._variables import PURE


BATCH = 50  # images that flow side by side
SHOWN = 6  # images of the test set that the record holds, of the first run


@experiments.register("completion")
class Completion(AbstractTraining):
    r"""Half-hidden images are completed by learnt memories and by stored ones.

    The memories of the network say how many there are; stored are as many of the
    images to learn, and learning starts from them. Learnt are $\xi$ (and what
    `training.also` names) by form = "recall": the flow of a half-hidden image, its
    visible part clamped, is to rest at the whole image. Both are judged by images that
    neither has seen: `overlap`, the cosine of the hidden part with the true one, and
    `completed`, that it is above `completed_above`. Stored memories are judged at every
    beta of `betas`; `stored` is the share completed at the best of these for the test
    images themselves, which favours them. `gain` is the learnt share less that. A row
    is one of `sets` training runs, with its own split of the images. An image without a
    hyperbolic rest is not completed (`no_rest`). [hopsim; images as in KH16 app. A]
    """

    plots: ClassVar[tuple[str, ...]] = ("completion", "learning_curves")
    recalls: ClassVar[bool] = True

    sets: int = Field(5, ge=1)
    completed_above: float = Field(0.85, gt=0, lt=1)
    betas: list[float] = Field(default_factory=lambda: [0.1, 0.2, 0.4, 0.8, 1.6])

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        expected(setting.dynamics, AbstractFlow, "completion")
        if not hasattr(setting.network.memory_lagrangian, "beta"):
            raise ValueError(
                "Stored memories are judged at their best beta: the memory Lagrangian "
                f"needs one, got {type(setting.network.memory_lagrangian).__name__}; "
                'use network kind "model_b".'
            )
        if not self.betas or not all(0 < b < np.inf for b in self.betas):
            raise ValueError(f"betas must be finite numbers > 0, got {self.betas}.")
        learn, _ = setting.training.sizes()
        if learn < setting.network.count:
            raise ValueError(
                f"{setting.network.count} memories are images to learn, of which there "
                f"are {learn}; ask for fewer memories."
            )

    def form(self, setting: Setting) -> Recall:
        given = setting.training
        side = int(np.sqrt(given.pixels))
        return Recall(
            expected(setting.dynamics, AbstractFlow, "completion"),
            duration=given.duration,
            clamped=~occlusion((side, side), given.occluded),
            also=tuple(given.also),
            retrieved_above=self.completed_above,
        )

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        """One training run, and how well both kinds of memories complete."""
        setting = setting.redrawn(unit.set)
        learn, test, image = setting.training.examples(setting.stream)
        hidden = occlusion(image, setting.training.occluded)
        count, dtype = setting.network.count, setting.network.dtype
        with repeats_expected():  # an image may be there twice
            network = setting.network.with_memories(learn.states[:count].astype(dtype))
        setting = dataclasses.replace(setting, network=network)
        pairs = _half_hidden(test, hidden)
        record = self.learn(setting, context, _half_hidden(learn, hidden), pairs)
        taught = learnt_network(network, record.data)
        motion = expected(setting.dynamics, AbstractFlow, "completion")
        complete = lambda net, beta: _overlaps(net, motion, beta, pairs, hidden)
        stored = [complete(network, beta)[0] for beta in self.betas]
        learnt, ends = complete(taught, None)
        shares = np.mean(np.array(stored) > self.completed_above, axis=1)
        best = int(np.argmax(shares))
        _, plain = complete(network, self.betas[best])
        share = np.mean(learnt > self.completed_above)
        row, one = "training", lambda x: np.asarray(x)[None]
        beside = setting.training.also
        curves = {
            curve: ((row, "epoch"), one(record[curve].values), record[curve].attrs)
            for curve in record.data.data_vars
            if record[curve].dims == ("epoch",)
        }
        shown = np.stack([pairs.starts, plain, ends, pairs.targets])[:, :SHOWN]
        return {
            **curves,
            "learnt": (row, one(share), PURE),
            "stored": (row, one(shares[best]), PURE),
            "gain": (row, one(share - shares[best]), PURE),
            "best_beta": (row, one(self.betas[best]), PURE),
            "overlap": ((row, "item"), one(learnt), PURE),
            "completed": ((row, "item"), one(learnt > self.completed_above), PURE),
            "stored_overlap": ((row, "beta", "item"), one(stored), PURE),
            "stored_share": ((row, "beta"), one(shares), PURE),
            "no_rest": (row, one(np.sum(np.isnan(learnt))), PURE),
            "learnt_beta": (row, one(taught.memory_lagrangian.beta), PURE),
            "ended": (row, one(str(record["ending"].values))),
            "beta": ("beta", np.asarray(self.betas), PURE),
            "epoch": ("epoch", record["epoch"].values),
            "memories": (("memory", "feature"), record["memories"].values, PURE),
            "start": (("memory", "feature"), record["start"].values, PURE),
            "shown": (("shown_as", "picture", "feature"), shown, PURE),
            "completed_above": ((), self.completed_above, PURE),
            "image_rows": ((), image[0]),
            "image_columns": ((), image[1]),
            **{path: (record[path].dims, record[path].values) for path in beside},
        }


def _half_hidden(examples: Any, hidden: Bool[np.ndarray, " feature"]) -> Pairs:
    """Images with a part at zero, each to end as it was."""
    return Pairs(np.where(hidden, 0.0, examples.states), examples.states)


def _overlaps(
    network: Network,
    motion: AbstractFlow,
    beta: float | None,
    pairs: Pairs,
    hidden: Bool[np.ndarray, " feature"],
) -> tuple[Float[np.ndarray, " item"], Float[np.ndarray, "item feature"]]:
    """The overlaps of the hidden parts at rest with the true ones, and the ends.

    With beta in the place of the network's own, where one is given.
    """
    if beta is not None:
        own = np.asarray(beta, network.dtype)
        network = eqx.tree_at(lambda n: n.memory_lagrangian.beta, network, own)
    starts = jnp.asarray(pairs.starts, network.dtype)
    ends = np.asarray(_ends(network, motion, starts, tuple((~hidden).tolist())))
    found, true = ends[:, hidden], pairs.targets[:, hidden]
    sizes = np.linalg.norm(found, axis=1) * np.linalg.norm(true, axis=1)
    return np.sum(found * true, axis=1) / np.where(sizes > 0, sizes, 1), ends


@eqx.filter_jit
def _ends(
    network: Network,
    motion: AbstractFlow,
    starts: Float[AnyArray, "item feature"],
    clamped: tuple[bool, ...],
) -> Float[Array, "item feature"]:
    rest = lambda v: fixed_point(network, motion, v, clamped=np.array(clamped))
    return jax.lax.map(rest, starts, batch_size=BATCH)
