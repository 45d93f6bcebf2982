"""Scenario files: their tables, the grammar that builds objects from them, a catalogue.

Importing this starts neither JAX nor pydantic; `scenario` does both.
"""

from .toml_files import ScenarioError


__all__ = ["ScenarioError"]
