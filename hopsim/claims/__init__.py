"""Claims of theory: found, run in processes side by side, and reported."""
