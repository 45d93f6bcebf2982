"""Checks: the physics that a scenario may assert of its record."""

from . import measured
from .kinds import AbstractCheck, checks


__all__ = ["AbstractCheck", "checks", "measured"]
