"""One memory in graded model A: where it is an attractor, and its overlap."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ...attractors.branches import Branch
from ...attractors.continuation import follow, Varied
from ...dynamics.spins.exact_decisions import are_spins
from ...lagrangians import LogCosh, Rescaled
from ...models import model_a
from ...records import Variables
from ...theory import mean_field
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._variables import PURE
from ._branches import (
    equal_energy_on_branch,
    first_event,
    may_vary,
    require_decay_1,
)


BETA = "feature_lagrangian.beta"
MAX_BETA_RATIO = 2.0  # the end of the branch, in units of the equal-energy beta
BRANCH_NEURONS = 40  # neurons of the branch, all with the same equation


@experiments.register("mean_field_thresholds")
class MeanFieldThresholds(AbstractEnsemble):
    r"""$m = \tanh(\beta m^{n-1})$: spinodal $\beta_s$ and first order $\beta_1$.

    One binary memory in model A with $F = (N/n)(x/N)^n$ and graded neurons. Its branch
    is continued down to the fold (for n = 2 a pitchfork), `spinodal`, and to where its
    energy equals that of v = 0, `equal_energy`. The scenario's flow starts from the
    memory at every one of `betas`; `flow_overlap` is that of its end. [THEORY 2.1.3,
    CL-28]
    """

    row: ClassVar[str] = "trial"
    plots: ClassVar[tuple[str, ...]] = ("mean_field_thresholds",)

    betas: list[float] = Field(min_length=1)

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        x = np.asarray(network.memories)
        layer: Any = network.memory_lagrangian
        right = isinstance(network.feature_lagrangian, LogCosh) and len(x) == 1
        right &= isinstance(layer, Rescaled) and (layer.degree or 0) >= 2
        right &= are_spins(x)
        plain = right and _is_normalised(layer, x.size)
        require_decay_1(setting, "mean_field_thresholds")
        driven = np.any(network.current) or np.any(network.hidden_current)
        if not plain or driven or network.autapse is not None:
            raise ValueError(
                'The experiment "mean_field_thresholds" needs normalised model A with '
                "beta and one binary memory, F = (N/n)(x/N)^n with n >= 2, without "
                "currents or autapse; use memories of count 1."
            )
        may_vary(setting, BETA, self.betas)

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        n: Any = network.memory_lagrangian.degree
        x = np.asarray(network.memories, float)[0]
        spinodal, equal = mean_field.spinodal(n), mean_field.equal_energy(n)
        layer = network.memory_lagrangian.unwrapped().lagrangian
        few = x[:BRANCH_NEURONS]
        of = Varied(model_a(few[None], layer, beta=1.0), BETA)
        high = MAX_BETA_RATIO * equal
        branch = follow(of, few, 0.5 * spinodal, high, start=high)
        kind = "pitchfork" if n == 2 else "fold"
        lost = first_event(branch, kind)
        turned = equal if n == 2 else equal_energy_on_branch(of, branch, 0 * few)
        beta = np.asarray(self.betas, float)
        run = setting.simulate(
            probes=np.repeat(x[None], len(beta), axis=0).astype(network.dtype),
            samples=2,
            audit=False,
            varied={f"network.{BETA}": beta},
        )
        seen = np.tanh(beta[:, None] * run.final) @ x / x.size
        expected = [
            mean_field.memory_overlap(b, n) if b >= spinodal else 0.0 for b in beta
        ]
        one = lambda value: ("trial", np.array([value]), PURE)
        m = np.linspace(1e-3, 1 - 1e-7, 800)
        return {
            "spinodal": one(lost),
            "spinodal_theory": ((), spinodal, PURE),
            "spinodal_error": one(abs(lost - spinodal)),
            "equal_energy": one(turned),
            "equal_energy_theory": ((), equal, PURE),
            "equal_energy_error": one(abs(turned - equal)),
            "n": ((), n, PURE),
            "first_order": ((), n > 2, PURE),
            "beta": ("beta", beta, PURE),
            "flow_overlap": (("trial", "beta"), seen[None], PURE),
            "flow_theory": ("beta", np.array(expected), PURE),
            "flow_error": (("trial", "beta"), np.abs(seen - expected)[None], PURE),
            "flow_converged": (("trial", "beta"), np.array([run.converged]), PURE),
            "branch_beta": ("branch", branch.parameter, PURE),
            "branch_overlap": ("branch", _overlaps(branch, few), PURE),
            "branch_stable": ("branch", branch.stable, PURE),
            "theory_overlap": ("m", m, PURE),
            "theory_beta": ("m", np.arctanh(m) / m ** (n - 1), PURE),
        }


def _is_normalised(layer: Any, features: int) -> bool:
    """If F(N) = N/n, as for F = (N/n)(x/N)^n, of a power that is rescaled."""
    _, inside, outside = layer.unwrapped()
    most = float(outside) * (float(inside) * features) ** layer.degree
    return bool(np.isclose(most * layer.degree, features))


def _overlaps(branch: Branch, x: np.ndarray) -> np.ndarray:
    return np.tanh(branch.parameter[:, None] * branch.v) @ x / x.size
