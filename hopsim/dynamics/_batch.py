"""Many probes, and the parameters that differ from one to the next."""

import functools as ft
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax
from jaxtyping import Bool, Float

from .._common.types import AnyArray
from ..network import Network


Kind = TypeVar("Kind")


class Batch(NamedTuple):
    """The arrays of a batch of probes; axis 0 of each is the probe.

    A row of them, as `jax.vmap` gives it to a function of one probe, is a `Batch` too.
    """

    probes: Float[AnyArray, "*probe feature"]
    memory_start: Float[AnyArray, "*probe memory"] | None = None
    varied: Mapping[str, AnyArray] = {}  # path of a parameter -> its values
    asked: Bool[AnyArray, "*probe"] | None = None  # the others fill a shape; None: all
    since: Float[AnyArray, "*probe"] | None = None  # when runs go on; None: they begin
    paused: Any = None  # what they go on with, if it was kept

    @property
    def number(self) -> int:
        """The number of probes."""
        return len(self.probes)

    def take(self, rows: Any) -> "Batch":
        """The probes with the given rows."""
        return jax.tree.map(lambda x: x[rows], self)

    def own(self, network: Network, dynamics: Kind) -> tuple[Network, Kind]:
        """The network and the dynamics with the parameters of this one probe."""
        pair = with_values({"network": network, "dynamics": dynamics}, self.varied)
        return pair["network"], pair["dynamics"]


def with_values(pair: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """The same with other parameters, by paths such as `network.current`."""
    for path, value in values.items():
        pair = eqx.tree_at(lambda p, path=path: leaf(p, path), pair, value)
    return pair


def leaf(pair: Mapping[str, Any], path: str) -> Any:
    """The parameter at a path such as `network.memory_lagrangian.beta`."""
    first, *names = path.split(".")
    return ft.reduce(getattr, names, pair[first])
