"""Closed forms of the literature, to hold what is measured against. NumPy only."""

from . import capacity


__all__ = ["capacity"]
