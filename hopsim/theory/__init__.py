"""Closed forms of the literature, and message passing: what measurements are held to.

NumPy only.
"""

from . import capacity, mean_field, message_passing, potts, teacher_student


__all__ = ["capacity", "mean_field", "message_passing", "potts", "teacher_student"]
