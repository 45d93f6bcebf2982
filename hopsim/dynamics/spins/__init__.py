"""Spins of +1 and -1: to lower energies, or under a heat bath.

`relaxation` (`relax`) and `sampling` (`sample`) move many starts by engines, which are
chosen by what is at hand and agree flip by flip; `trajectories` makes a run of
`simulate` of either.
"""

from ._base import AbstractSpinDynamics
from .binary import Binary
from .glauber import Glauber


__all__ = ["AbstractSpinDynamics", "Binary", "Glauber"]
