"""Measures how fast the project is and how much memory it takes: `python -m benchmarks --help`."""
