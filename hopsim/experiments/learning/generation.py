"""Generation: a class is clamped, and the visible neurons relax to an image."""

import dataclasses
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float, Int
from pydantic import Field

from ...certificates import certify
from ...dynamics import Binary
from ...dynamics.spins.relaxation import relax
from ...lagrangians import AbsoluteValue, LogCosh
from ...network import Network
from ...records import Variables
from ...training import Examples, predict
from .._base import experiments, Setting
from .._training import AbstractTraining, CLASSES
from .._units import Unit, UnitContext
from .._variables import PURE, TIME


SATURATING_INPUT = 20.0  # tanh(20) is 1 in float64
MAX_START_ACTIVATION = 0.999  # noise beyond it starts here: arctanh(1) is infinite


@experiments.register("generation")
class Generation(AbstractTraining):
    """A trained classifier as an associative memory: from a class to an image.

    One class unit is held on, $g_c = 1$, the others off, and the visible neurons start
    from normal noise of size `spread` (of g), clipped to [-1, 1]: `starts` times for
    each class and each of `sets` training runs. They relax by the scenario's flow with
    its certificate (`flow_`), and by the binary rule from the signs of the local fields
    at the start (`spin_`). `right`: the classifier gives the image the class that was
    held. `near`: it is the class of most of the `neighbours` nearest training images.
    `overlap` is the largest cosine with the visible part of a memory, near 1 for
    prototypes. The memory inputs grow from start to end, and the forces by their power
    n - 1: normalise F to the start, and use AltIMEX, whose steps may be long. [KH16
    sec. 4; KH21]
    """

    plots: ClassVar[tuple[str, ...]] = ("generation",)

    row: ClassVar[str] = "probe"

    sets: int = Field(3, ge=1)
    starts: int = Field(4, ge=1)
    spread: float = Field(0.5, gt=0, allow_inf_nan=False)
    neighbours: int = Field(5, ge=1)

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        _require_graded(setting.network)
        starts = np.broadcast_to(1.0, (CLASSES * self.starts, setting.network.features))
        held = np.arange(setting.network.features) >= setting.training.pixels
        setting.may_simulate(probes=starts, clamped=held, save=("g",))
        setting.may_relax(dynamics=Binary(), starts=starts, clamped=held)

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        """One training run, and the images generated for every class."""
        setting = setting.redrawn(unit.set)
        given = setting.training
        learn, test, image = given.examples(setting.stream)
        record = self.learn(setting, context, learn, test)
        network = setting.network.with_memories(record["memories"].values)
        pixels = learn.states.shape[1]
        classes = network.features - pixels
        asked = np.tile(np.arange(classes), self.starts)
        held = np.arange(network.features) >= pixels
        units = np.where(np.arange(classes) == asked[:, None], 1.0, -1.0)
        draw = setting.stream.child("starts").generator()
        noise = self.spread * draw.standard_normal((len(asked), pixels))
        started = np.clip(noise, -1, 1)

        # --- the flow, whose neurons start at v with g(v) as drawn
        start = np.concatenate([started, units], axis=1)
        layer = network.feature_lagrangian
        v = start
        if isinstance(layer, LogCosh):
            most = MAX_START_ACTIVATION
            free = np.arctanh(np.clip(start, -most, most))
            v = np.where(held, SATURATING_INPUT * start, free)
            v = v / np.asarray(layer.beta)
        path = dataclasses.replace(setting, network=network).simulate(
            probes=v.astype(network.dtype), clamped=held, save=("g",)
        )
        certificate = certify(network, path)
        ended = np.asarray(path.g)[:, -1, :pixels]

        # --- the binary rule; signs of the noise itself would outweigh the class
        field = np.asarray(jax.vmap(network.local_field)(start.astype(network.dtype)))
        signs = np.where(held, start, np.where(field >= 0, 1.0, -1.0))
        key = setting.stream.child("sweeps")
        spins = relax(network, Binary(), signs, clamped=held, key=key)
        flipped = np.asarray(spins.final[:, :pixels], float)

        one = "probe"
        return {
            "asked": (one, asked, PURE),
            **self._judged("flow", network, ended, asked, learn, setting),
            **self._judged("spin", network, flipped, asked, learn, setting),
            "spin_converged": (one, spins.converged, PURE),
            "converged": (one, path.converged, PURE),
            "certified": (one, certificate.holds, PURE),
            "worst_rise": (one, path.worst_rise, PURE),
            "rise_limit": (one, path.rise_limit, PURE),
            "worst_excess": (one, path.worst_excess, PURE),
            "ledger_residual": (one, certificate.ledger_residual, PURE),
            "ledger_tolerance": (one, certificate.ledger_tolerance, PURE),
            "end_time": (one, path.end_time, TIME),
            "promised": ((), certificate.promised, PURE),
            "promise": ((), str(path.promise)),
            "solver": ((), path.solver),
            "error": (one, np.full(len(asked), record["test_error"].values[-1]), PURE),
            "time": ("sample", path.times, TIME),
            "film": (
                ("class", "sample", "pixel"),
                np.asarray(path.g)[:classes, :, :pixels],
                PURE,
            ),
            "film_end": (("class", "pixel"), flipped[:classes], PURE),
            "memories": (("memory", "feature"), np.asarray(network.memories), PURE),
            "image_rows": ((), image[0]),
            "image_columns": ((), image[1]),
        }

    def _judged(
        self,
        route: str,
        network: Network,
        images: Float[np.ndarray, "probe pixel"],
        asked: Int[np.ndarray, " probe"],
        learn: Examples,
        setting: Setting,
    ) -> dict[str, Any]:
        """The class answers, nearest neighbours and overlaps of the images."""
        given = setting.training
        images = np.clip(images, -1, 1).astype(float)
        answer = predict(
            network,
            images,
            given.form,
            scaling=given.scaling,
            temperature=given.temperature_at(given.epochs - 1),
        )
        near = _neighbours(learn, images, self.neighbours)
        visible = np.asarray(network.memories, float)[:, : images.shape[1]]
        lengths = np.linalg.norm(images, axis=1)[:, None] * np.linalg.norm(
            visible, axis=1
        )
        overlap = np.max(images @ visible.T / np.maximum(lengths, 1e-300), axis=1)
        return {
            f"{route}_answer": ("probe", answer, PURE),
            f"{route}_right": ("probe", answer == asked, PURE),
            f"{route}_neighbour": ("probe", near, PURE),
            f"{route}_near": ("probe", near == asked, PURE),
            f"{route}_overlap": ("probe", overlap, PURE),
        }


def _neighbours(
    learn: Examples, images: Float[np.ndarray, "probe pixel"], count: int
) -> Int[np.ndarray, " probe"]:
    """The class of most of the `count` nearest training images."""
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(min(count, len(learn.labels)))
    model.fit(learn.states, learn.labels)
    return np.asarray(model.predict(images), np.int64)


def _require_graded(network: Network) -> None:
    if not isinstance(network.feature_lagrangian, LogCosh | AbsoluteValue):
        raise ValueError(
            'The experiment "generation" holds class units at g = 1 and -1 and needs '
            "neurons that saturate, got "
            f"{type(network.feature_lagrangian).__name__}; use feature_lagrangian kind "
            '"log_cosh".'
        )
