"""Training: memories that are learnt rather than stored, and nothing else changes."""

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
from .rule import KrotovHopfieldRule, OPTIMISERS, rule_of
from .trainer import answered, decided, objective_of, predict, train


__all__ = [
    "OPTIMISERS",
    "AbstractObjective",
    "Associative",
    "AutoAssociative",
    "Dual",
    "Examples",
    "KrotovHopfieldRule",
    "Step",
    "Tempered",
    "answered",
    "decided",
    "from_images",
    "interaction_of",
    "objective_of",
    "predict",
    "rule_of",
    "train",
]
