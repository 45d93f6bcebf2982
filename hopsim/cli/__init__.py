"""The command line: commands, what a terminal shows, and where the time went."""

from . import commands, file_commands, saved_commands, claim_commands  # isort: skip
from .commands import main


__all__ = ["claim_commands", "commands", "file_commands", "main", "saved_commands"]
