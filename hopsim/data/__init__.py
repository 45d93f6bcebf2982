"""Patterns, data sets, and the sources of memories and probes in scenario files."""
