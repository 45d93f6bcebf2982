"""All states of a few spins: minima of the binary energy, fixed points of the flow."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._common.types import AnyArray
from ...dynamics import Binary, expected
from ...dynamics.spins.flip_rules import local_field_of, Rule
from ...network import Network
from ...records import Variables
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._spins import decided_at_once, is_even
from .._variables import PURE


MAX_FEATURES = 16  # features: 65,536 states


@experiments.register("fixed_points")
class FixedPoints(AbstractEnsemble):
    r"""Strict minima of $E(s)$ against $\sigma_i w_i > 0$ for all i, over all $2^N$ s.

    A state is a `minimum` if every flip raises the binary energy, and at `rest` in the
    sharp flow of model A if every spin agrees with its local field
    $w = I + \xi^T f(\xi\sigma)$; it is `stable` if no flip lowers the energy, ties
    allowed. For convex F a flip costs at most $2\sigma_i w_i$, so that every minimum is
    at rest and none is `outside`; the converse fails. Signs are exact where the
    memories are binary; `field_differs` is true where those of the flow's own field
    differ. [THEORY 2.1.2, CL-14]
    """

    plots: ClassVar[tuple[str, ...]] = ("fixed_points",)
    further_plots: ClassVar[tuple[str, ...]] = ("fixed_point_counts",)

    def validate_setting(self, setting: Setting) -> None:
        expected(setting.dynamics, Binary, "fixed_points")
        if setting.network.features > MAX_FEATURES:
            raise ValueError(
                'The experiment "fixed_points" visits all 2^N states, '
                f"N <= {MAX_FEATURES}, got N = {setting.network.features}."
            )
        local_field_of(setting.network, "local_field")

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        s = all_states(network.features)
        stable, minimum = self._held(setting, s, "energy_gap")
        _, rest = self._held(setting, s, "local_field")
        agrees = np.all(np.asarray(_agreement(network, s)) > 0, axis=1)
        return {
            "stable": ("state", stable, PURE),
            "minimum": ("state", minimum, PURE),
            "rest": ("state", rest, PURE),
            "outside": ("state", minimum & ~rest, PURE),
            "field_differs": ("state", agrees != rest, PURE),
            "count": ((), network.count, PURE | {"long_name": "memories K"}),
            "even": ((), is_even(network), PURE),
        }

    def _held(
        self, setting: Setting, s: np.ndarray, rule: Rule
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where no spin would flip; and where, in addition, there is no tie."""
        seen = decided_at_once(setting, s, rule=rule)
        still = seen.flips == 0
        return still, still & (seen.ties == 0)


def all_states(features: int) -> Float[np.ndarray, "state feature"]:
    """All 2^N states of N spins."""
    bits = np.arange(2**features)[:, None] >> np.arange(features)
    return 2.0 * (bits & 1) - 1


@eqx.filter_jit
def _agreement(network: Network, s: Float[AnyArray, "state feature"]) -> Array:
    r"""$\sigma_i w_i$ in the network's own precision."""
    return jax.vmap(lambda s: s * network.local_field(s))(jnp.asarray(s, network.dtype))
