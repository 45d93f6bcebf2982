"""`python -m hopsim` is the command line."""

from .cli import main


main()
