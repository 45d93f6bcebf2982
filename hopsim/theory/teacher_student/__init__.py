"""The teacher-student problem of dense associative memories: its theory.

[TT24; THEORY_TEACHER_STUDENT]
"""

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


__all__ = [
    "Basin",
    "Hamiltonian",
    "OverlapLaw",
    "aligned_overlap",
    "effective_signal",
    "energy_per_spin",
    "overlap_law",
    "signal_ratio",
]
