"""Training: memories that are learnt rather than stored; nothing else is trained."""

from .association import (
    associate,
    Associations,
    Cells,
    Draws,
    learn,
    Lesson,
    recall,
    RecallSettings,
)
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
from .prediction import answers_in_chunks, objective_of, predict, predicted_class
from .rule import KrotovHopfieldRule, OPTIMISERS, rule_of
from .trainer import train, train_grid


# former names
answered, decided, taught = answers_in_chunks, predicted_class, train_grid


__all__ = [
    "OPTIMISERS",
    "AbstractObjective",
    "Associations",
    "Associative",
    "AutoAssociative",
    "Cells",
    "Draws",
    "Dual",
    "Examples",
    "KrotovHopfieldRule",
    "Lesson",
    "RecallSettings",
    "Step",
    "Tempered",
    "answered",
    "answers_in_chunks",
    "associate",
    "decided",
    "from_images",
    "interaction_of",
    "learn",
    "objective_of",
    "predict",
    "predicted_class",
    "recall",
    "rule_of",
    "taught",
    "train",
    "train_grid",
]
