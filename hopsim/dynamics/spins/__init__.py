"""Spins of +1 and -1: descent to lower energies, or a heat bath.

`relaxation` (`relax`) and `sampling` (`sample`) move many starts by engines, which
depend on network and devices and agree flip by flip; `trajectories` turns either into a
run of `simulate`.
"""

from ._base import AbstractSpinDynamics
from .binary import Binary
from .glauber import Glauber


__all__ = ["AbstractSpinDynamics", "Binary", "Glauber"]
