"""Recall from cues: by flows and spins, under conventions, of real images."""

from . import (
    conventions_plot,
    real_recall_plot,
    recall_histogram_plot,
    rules_compared_plot,
)
from .conventions import Conventions
from .real_recall import RealRecall
from .recall import Recall
from .recall_histogram import RecallHistogram
from .rules_compared import RulesCompared


__all__ = [
    "Conventions",
    "RealRecall",
    "Recall",
    "RecallHistogram",
    "RulesCompared",
    "conventions_plot",
    "real_recall_plot",
    "recall_histogram_plot",
    "rules_compared_plot",
]
