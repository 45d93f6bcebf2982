"""Closed forms of the literature, and message passing, to compare measurements with.

NumPy and SciPy only, in float64. Arguments outside the ranges that a docstring states
raise ValueError.
"""

from . import capacity, mean_field, message_passing, potts, teacher_student


__all__ = ["capacity", "mean_field", "message_passing", "potts", "teacher_student"]
