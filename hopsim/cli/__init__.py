"""The command line: commands, what a terminal shows, and where the time went."""

from .commands import main


__all__ = ["main"]
