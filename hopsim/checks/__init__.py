"""Checks: statements about its record that a scenario can test."""

from . import measured, trajectories
from ._base import AbstractCheck, checks


__all__ = ["AbstractCheck", "checks", "measured", "trajectories"]
