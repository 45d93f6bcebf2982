"""The landscape: attractors, basins, saddles, thresholds and the adiabatic limit."""

from . import (
    adiabatic_limit_plot,
    basin_image_plot,
    census_plot,
    certified_basins_plot,
    mean_field_thresholds_plot,
    metastable_plot,
    phylogeny_plot,
    portrait_plot,
    potts_thresholds_plot,
    spherical_plot,
)
from .adiabatic_limit import AdiabaticLimit
from .basin_image import BasinImage
from .census import Census
from .certified_basins import CertifiedBasins
from .mean_field_thresholds import MeanFieldThresholds
from .metastable import Metastable
from .phylogeny import Phylogeny
from .portrait import Portrait
from .potts_thresholds import PottsThresholds
from .spherical import Spherical


__all__ = [
    "AdiabaticLimit",
    "BasinImage",
    "Census",
    "CertifiedBasins",
    "MeanFieldThresholds",
    "Metastable",
    "Phylogeny",
    "Portrait",
    "PottsThresholds",
    "Spherical",
    "adiabatic_limit_plot",
    "basin_image_plot",
    "census_plot",
    "certified_basins_plot",
    "mean_field_thresholds_plot",
    "metastable_plot",
    "phylogeny_plot",
    "portrait_plot",
    "potts_thresholds_plot",
    "spherical_plot",
]
