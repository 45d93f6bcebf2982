"""Checks: the physics that a scenario may assert of its record."""

from .kinds import AbstractCheck, checks


__all__ = ["AbstractCheck", "checks"]
