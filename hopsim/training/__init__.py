"""Training: memories that are learnt rather than stored, and nothing else changes."""

from .association import associate, Associations, learn, Lesson, recall
from .examples import Examples, from_images
from .objectives import (
    AbstractObjective,
    Associative,
    AutoAssociative,
    Dual,
    interaction_of,
    Step,
    Tempered,
)
from .prediction import answered, decided, objective_of, predict
from .rule import KrotovHopfieldRule, OPTIMISERS, rule_of
from .trainer import taught, train


__all__ = [
    "OPTIMISERS",
    "AbstractObjective",
    "Associations",
    "Associative",
    "AutoAssociative",
    "Dual",
    "Examples",
    "KrotovHopfieldRule",
    "Lesson",
    "Step",
    "Tempered",
    "answered",
    "associate",
    "decided",
    "from_images",
    "interaction_of",
    "learn",
    "objective_of",
    "predict",
    "recall",
    "rule_of",
    "taught",
    "train",
]
