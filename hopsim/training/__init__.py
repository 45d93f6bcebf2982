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
from .energy_gaps import (
    AbstractUpdate,
    Associative,
    AutoAssociative,
    Dual,
    interaction_of,
    Tempered,
)
from .examples import Examples, from_images, Pairs
from .objectives import AbstractObjective, predicted_class, Step
from .prediction import answers_in_chunks, objective_of, predict
from .recall_objective import learnt_from_leaves, learnt_network, Recall
from .rule import KrotovHopfieldRule, OPTIMISERS, rule_of
from .trainer import train, train_grid


# former names
answered, decided, taught = answers_in_chunks, predicted_class, train_grid


__all__ = [
    "OPTIMISERS",
    "AbstractObjective",
    "AbstractUpdate",
    "Associations",
    "Associative",
    "AutoAssociative",
    "Cells",
    "Draws",
    "Dual",
    "Examples",
    "KrotovHopfieldRule",
    "Lesson",
    "Pairs",
    "Recall",
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
    "learnt_from_leaves",
    "learnt_network",
    "objective_of",
    "predict",
    "predicted_class",
    "recall",
    "rule_of",
    "taught",
    "train",
    "train_grid",
]
