"""Where the tests, the repository and real data are."""

from pathlib import Path


TESTS = Path(__file__).parent
ROOT = TESTS.parent
