"""Stability: which bits of stored memories the spin rule would change."""

from typing import ClassVar

import numpy as np

from ...dynamics import Binary, expected
from ...dynamics.spins.flip_rules import local_field_of
from ...network import Network
from ...records import Variables
from ...theory import capacity
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._spins import decided_at_once, power_of, require_aims
from .._variables import PURE


@experiments.register("stability")
class Stability(AbstractEnsemble):
    r"""$P_{bit}$: how often a bit of a stored memory is unstable, against theory.

    At the target memory of every probe each spin decides by `dynamics.rule`, with all
    other bits in place. `wrong_bits` counts those that would change, `bit_ratio` is
    their share over $Q(\Delta/\sqrt{(K-1)V})$, the normal tail with both moments exact
    for finite N; `stable` is true where no bit changes, with probability
    $(1 - P_{bit})^N$ if bits were independent. For powers and rectified powers with n
    >= 2. [KH16 sec. 2; THEORY DAM-08]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("stability",)

    def validate_setting(self, setting: Setting) -> None:
        require_aims(setting, "stability")
        network = setting.network
        capacity.check_vertex_and_features(_power(network)[0], network.features)
        local_field_of(network, expected(setting.dynamics, Binary, "stability").rule)

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        n, rectified = _power(network)
        size = (network.features, network.count)
        error = capacity.gaussian_bit_error(n, *size, rectified=rectified)
        share = capacity.stable_share(n, *size, rectified=rectified)
        stored = np.asarray(network.memories)[setting.probes.targets]
        seen = decided_at_once(setting, stored)
        wrong = np.sum(seen.final != stored, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):  # an error that underflows
            ratio = wrong / network.features / error
        return {
            "wrong_bits": ("probe", wrong, PURE),
            "stable": ("probe", wrong == 0, PURE),
            "bit_ratio": (
                "probe",
                ratio,
                PURE | {"long_name": "share of wrong bits / theory"},
            ),
            "stable_ratio": ("probe", (wrong == 0) / share, PURE),
            "theory_bit_error": ((), error, PURE),
            "theory_stable": ((), share, PURE),
            "memory_count": ((), network.count, PURE),
            "vertex": ((), n, PURE),
        }


def _power(network: Network) -> tuple[int, bool]:
    """`(n, rectified)` of the interaction; raises ValueError if it is no power."""
    power = power_of(network)
    if power is None:
        raise ValueError(
            'The experiment "stability" compares with the theory of powers n >= 2, got '
            f"{network.memory_lagrangian}; use interaction kind "
            '"polynomial" or "rectified_polynomial".'
        )
    return power
