"""The command line, called in the tests' own process."""

from typer.testing import CliRunner

from hopsim.cli.commands import app


def hopsim_cli(*arguments):
    """What `hopsim` does with these words: exit code and output."""
    return CliRunner().invoke(app, [str(word) for word in arguments])
