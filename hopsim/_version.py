"""The version, apart, so that nobody imports from the face above."""

__version__ = "0.1.0"
