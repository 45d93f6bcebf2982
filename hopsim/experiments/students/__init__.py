"""Students: learning a teacher's pattern from its examples (Theriault & Tantari)."""

from . import (
    fixed_teacher_plot,
    learning_curve_plot,
    learning_from_scratch_plot,
    overlap_landscape_plot,
    phase_diagram_plot,
    prototype_learning_plot,
)
from .fixed_teacher import FixedTeacher
from .learning_curve import LearningCurve
from .learning_from_scratch import LearningFromScratch
from .overlap_landscape import OverlapLandscape
from .phase_diagram import PhaseDiagram
from .prototype_learning import PrototypeLearning


__all__ = [
    "FixedTeacher",
    "LearningCurve",
    "LearningFromScratch",
    "OverlapLandscape",
    "PhaseDiagram",
    "PrototypeLearning",
    "fixed_teacher_plot",
    "learning_curve_plot",
    "learning_from_scratch_plot",
    "overlap_landscape_plot",
    "phase_diagram_plot",
    "prototype_learning_plot",
]
