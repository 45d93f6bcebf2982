"""Claims of theory: found, run in parallel processes, and reported."""
