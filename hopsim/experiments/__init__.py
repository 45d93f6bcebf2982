"""Experiments: kinds of study that a scenario can name, each beside its picture.

`recall`, `capacity`, `landscape`, `learning` and `students` are the wings; experiments
that only test theory are in `hopsim.validation`.
"""

from . import capacity, landscape, learning, recall, students
from ._base import AbstractExperiment, experiments, Setting
from ._ensemble import AbstractEnsemble
from ._settings import RunSettings
from ._training import AbstractTraining, TrainingSettings
from ._units import StudyPoint, Unit, UnitContext


__all__ = [
    "AbstractEnsemble",
    "AbstractExperiment",
    "AbstractTraining",
    "RunSettings",
    "Setting",
    "StudyPoint",
    "TrainingSettings",
    "Unit",
    "UnitContext",
    "capacity",
    "experiments",
    "landscape",
    "learning",
    "recall",
    "students",
]
