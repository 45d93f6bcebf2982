"""Runs: a scenario made into a record, the directory that keeps it, its summary."""
