"""Closed forms of the literature, to hold what is measured against. NumPy only."""

from . import capacity, mean_field, potts, teacher_student


__all__ = ["capacity", "mean_field", "potts", "teacher_student"]
