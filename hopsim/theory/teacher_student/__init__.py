"""The teacher-student problem in the limit of many spins, and at finite N.

A student learns the pattern of a teacher from examples that the teacher drew. c =
alpha beta^2 and c_s = alpha beta beta* for the load alpha, the student's 1/T = beta and
the teacher's beta*; n is the interaction vertex. NumPy and SciPy only, in float64.
[TT24; THEORY_TEACHER_STUDENT]
"""

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
    Hamiltonian,
    overlap_law,
    OverlapLaw,
    signal_ratio,
)
from .nishimori import (
    Nishimori,
    nishimori_boundaries,
    nishimori_curve,
    nishimori_overlap,
    nishimori_solution,
)


__all__ = [
    "Basin",
    "Hamiltonian",
    "Nishimori",
    "OverlapLaw",
    "aligned_overlap",
    "alignment",
    "alignment_spinodal",
    "alignment_temperature",
    "effective_signal",
    "energy_per_spin",
    "nishimori_boundaries",
    "nishimori_curve",
    "nishimori_overlap",
    "nishimori_solution",
    "overlap_law",
    "signal_ratio",
    "triple_point",
]
