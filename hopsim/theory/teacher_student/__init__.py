"""The teacher-student problem in the limit of many spins, and at finite N.

A student learns the pattern of a teacher from examples that the teacher drew. c =
alpha beta^2 and c_s = alpha beta beta* for the load alpha, the student's 1/T = beta and
the teacher's beta*; n is the interaction vertex.
[TT24; THEORY_TEACHER_STUDENT]
"""

from ._vertex import Hamiltonian
from .alignment import (
    alignment,
    alignment_spinodal,
    alignment_temperature,
    triple_point,
)
from .finite import (
    aligned_overlap,
    Basin,
    effective_signal,
    energy_per_spin,
    overlap_law,
    OverlapLaw,
    signal_ratio,
)
from .glass import (
    Glass,
    glass_boundaries,
    glass_curve,
    glass_free_entropy,
    glass_ground_energy,
    glass_state,
)
from .nishimori import (
    Nishimori,
    nishimori_boundaries,
    nishimori_curve,
    nishimori_overlap,
    nishimori_solution,
)
from .phases import (
    Chart,
    chart,
    glass_spinodal,
    learning_boundaries,
    REGIMES,
    regimes,
    storage_boundaries,
)
from .quadratic import quadratic_free_entropy, quadratic_overlap, quadratic_threshold
from .saddle import free_entropy, saddle_point, SaddlePoint, state_evolution
from .typical import Typical, typical_learning, typical_storage
from .zero import (
    learning_load,
    storage_load,
    zero_solution,
    zero_threshold,
    ZeroPoint,
)


__all__ = [
    "REGIMES",
    "Basin",
    "Chart",
    "Glass",
    "Hamiltonian",
    "Nishimori",
    "OverlapLaw",
    "SaddlePoint",
    "Typical",
    "ZeroPoint",
    "aligned_overlap",
    "alignment",
    "alignment_spinodal",
    "alignment_temperature",
    "chart",
    "effective_signal",
    "energy_per_spin",
    "free_entropy",
    "glass_boundaries",
    "glass_curve",
    "glass_free_entropy",
    "glass_ground_energy",
    "glass_spinodal",
    "glass_state",
    "learning_boundaries",
    "learning_load",
    "nishimori_boundaries",
    "nishimori_curve",
    "nishimori_overlap",
    "nishimori_solution",
    "overlap_law",
    "quadratic_free_entropy",
    "quadratic_overlap",
    "quadratic_threshold",
    "regimes",
    "saddle_point",
    "signal_ratio",
    "state_evolution",
    "storage_boundaries",
    "storage_load",
    "triple_point",
    "typical_learning",
    "typical_storage",
    "zero_solution",
    "zero_threshold",
]
