"""Attractors: search, certificates, classes, basins, saddles and branches."""

from .balls import Balls, certified_balls
from .basins import basin_radii, basin_shares, Radii, Shares
from .branches import Branch, Event
from .continuation import follow, switch, Varied
from .finding import Attractors, find_attractors, label_basins
from .hysteresis import hysteresis
from .newton import polish, Polished
from .saddles import find_saddles, Saddles


__all__ = [
    "Attractors",
    "Balls",
    "Branch",
    "Event",
    "Polished",
    "Radii",
    "Saddles",
    "Shares",
    "Varied",
    "basin_radii",
    "basin_shares",
    "certified_balls",
    "find_attractors",
    "find_saddles",
    "follow",
    "hysteresis",
    "label_basins",
    "polish",
    "switch",
]
