"""Patterns, real data sets, and what a scenario can name as memories and probes."""
