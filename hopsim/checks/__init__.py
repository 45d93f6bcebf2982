"""Checks: the physics that a scenario may assert of its record."""

from . import average, measured
from .kinds import AbstractCheck, checks


__all__ = ["AbstractCheck", "average", "checks", "measured"]
