"""Checks: the physics that a scenario may assert of its record."""

from . import agreement, average, measured
from .kinds import AbstractCheck, checks


__all__ = ["AbstractCheck", "agreement", "average", "checks", "measured"]
