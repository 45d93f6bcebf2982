"""Learning: memories trained to classify, to generate, to associate, to complete."""

from . import (
    association_grid_plot,
    classifier_plot,
    completion_plot,
    f1_grid_plot,
    generation_plot,
)
from .association_grid import AssociationGrid
from .classifier import Classifier
from .completion import Completion
from .f1_grid import F1Grid
from .generation import Generation


__all__ = [
    "AssociationGrid",
    "Classifier",
    "Completion",
    "F1Grid",
    "Generation",
    "association_grid_plot",
    "classifier_plot",
    "completion_plot",
    "f1_grid_plot",
    "generation_plot",
]
