"""The points of a study: one for each swept value or variant, before it is drawn."""

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._common.arrays import cast_to, repeats_expected
from .._common.streams import Stream
from ..data.sketches import memory_sketches, probe_sketches, sketched
from ..data.sources import PatternSet, probe_sources, ProbeSet
from ..dynamics import Dynamics, dynamics_kinds
from ..experiments import RunSettings, Setting, TrainingSettings
from ..models import networks
from ..network import Network
from .grammar import build, read_model, read_spec, Spec
from .sweeps import Change
from .toml_files import Problem, put


@dataclasses.dataclass(frozen=True)
class Point:
    """One point of a sweep, checked, before its patterns are drawn."""

    label: str
    value: float | None
    network: Spec
    dynamics: Dynamics
    probes: Spec
    run: RunSettings
    training: TrainingSettings

    def placed(self, beside: Path | None) -> "Point":
        """The same point, with data files looked for in this folder first."""
        network, probes = self.network.placed(beside), self.probes.placed(beside)
        return dataclasses.replace(self, network=network, probes=probes)

    def sketch(self, seed: int, dtype: str) -> Setting:
        """The point with numbers that stand in for what it would draw.

        Raises ValueError for memories, a network or probes that cannot be made.
        """
        leaf: Spec = self.network.arguments["memories"]
        patterns = sketched(memory_sketches, leaf.kind, leaf.maker, leaf.settings)
        network = self._network(patterns, dtype)
        source = (self.probes.kind, self.probes.maker, self.probes.settings)
        probes = sketched(probe_sketches, *source, patterns)

        def redrawn(number: int) -> Setting:
            raise AssertionError("a sketch draws nothing")

        stream = Stream(seed)
        return self._setting(
            patterns, network, probes, dtype, stream, redrawn, sketched=True
        )

    def build(self, seed: int, dtype: str, number: int = 0) -> Setting:
        """Draw the pattern set with this number (on the host) and build the network."""
        stream = Stream(seed)
        memory_leaf = self.network.arguments["memories"]
        patterns: PatternSet = memory_leaf.make(stream.child("memories", number))
        network = self._network(patterns, dtype)
        probes: ProbeSet = self.probes.make(stream.child("probes", number), patterns)
        redrawn = lambda number: self.build(seed, dtype, number)
        return self._setting(
            patterns,
            network,
            probes,
            dtype,
            stream.child("experiment", number),
            redrawn,
        )

    def _network(self, patterns: PatternSet, dtype: str) -> Network:
        with repeats_expected():  # the source has told of them, or they are a sketch
            return self.network.make(memories=cast_to(patterns.values, dtype))

    def _setting(
        self,
        patterns: PatternSet,
        network: Network,
        probes: ProbeSet,
        dtype: str,
        stream: Stream,
        redrawn: Callable[[int], Setting],
        sketched: bool = False,
    ) -> Setting:
        """The point with its probes in the precision of the scenario."""
        return Setting(
            label=self.label,
            value=self.value,
            patterns=patterns,
            network=network,
            dynamics=self.dynamics,
            probes=probes._replace(values=cast_to(probes.values, dtype)),
            run=self.run,
            stream=stream,
            training=self.training,
            redrawn=redrawn,
            sketched=sketched,
        )


def read_points(
    tables: dict[str, Any], changes: list[Change], problems: list[Problem]
) -> list[Point]:
    """All points of the sweep; a problem common to all of them is reported once."""
    points, seen = [], []
    for label, value, where, entries in changes:
        mine: list[Problem] = []
        changed = copy.deepcopy(tables)
        for dotted, entry in entries:
            put(changed, dotted, entry, mine, where)
        changed.pop("experiment", None)
        points.append(_point(label, value, changed, mine))
        seen.append((where, mine))
    everywhere = [p for p in seen[0][1] if all(p in mine for _, mine in seen)]
    problems += everywhere
    for where, mine in seen:
        rest = [p for p in mine if p not in everywhere]
        problems += [Problem(f"{p.path} (from {where})", p.message) for p in rest]
    return [p for p in points if p is not None]


def _point(
    label: str, value: float | None, tables: dict[str, Any], problems: list[Problem]
) -> Point | None:
    given = tables.get("dynamics", {})
    if isinstance(given, dict):
        tables = tables | {"dynamics": {"kind": "two_layer"} | given}
    parts = {
        name: read_spec(registry, tables[name], name, problems)
        for name, registry in (
            ("network", networks),
            ("probes", probe_sources),
            ("dynamics", dynamics_kinds),
        )
        if name in tables  # a missing table is reported with the header
    }
    dynamics = build(parts.get("dynamics"), "dynamics", problems)
    run = read_model(RunSettings, tables.get("run", {}), "run", problems)
    training = read_model(
        TrainingSettings, tables.get("training", {}), "training", problems
    )
    network, probes = parts.get("network"), parts.get("probes")
    forever = dynamics is not None and dynamics.driven
    if forever and run is not None and run.until == "steady":
        message = 'a driven network has no steady state; use until = "duration"'
        problems.append(Problem("run.until", message))
    if problems or run is None or dynamics is None or network is None or probes is None:
        return None
    return Point(label, value, network, dynamics, probes, run, training)
