"""Where the project's own files are, from whichever folder the tests run."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FIXTURES = PROJECT / "fixtures"
EXPERIMENTS = PROJECT / "experiments"
