"""Learning: memories trained to classify, to generate and to associate."""

from . import association_grid_plot, classifier_plot, f1_grid_plot, generation_plot
from .association_grid import AssociationGrid
from .classifier import Classifier
from .f1_grid import F1Grid
from .generation import Generation


__all__ = [
    "AssociationGrid",
    "Classifier",
    "F1Grid",
    "Generation",
    "association_grid_plot",
    "classifier_plot",
    "f1_grid_plot",
    "generation_plot",
]
