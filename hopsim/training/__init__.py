"""Training: memories that are learnt rather than stored, and nothing else changes."""

from .objectives import (
    AbstractObjective,
    Associative,
    AutoAssociative,
    Dual,
    interaction_of,
    Step,
    Tempered,
)
from .rule import KrotovHopfieldRule


__all__ = [
    "AbstractObjective",
    "Associative",
    "AutoAssociative",
    "Dual",
    "KrotovHopfieldRule",
    "Step",
    "Tempered",
    "interaction_of",
]
