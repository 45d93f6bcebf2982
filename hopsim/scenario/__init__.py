"""Scenario files: their tables, the grammar that builds objects from them, a catalogue.

Importing this package loads neither JAX nor pydantic; its module `scenario` does.
"""

from .toml_files import ScenarioError


__all__ = ["ScenarioError"]
