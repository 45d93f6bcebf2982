"""Checks: the physics that a scenario may assert of its record."""

from . import measured, trajectories
from ._base import AbstractCheck, checks


__all__ = ["AbstractCheck", "checks", "measured", "trajectories"]
