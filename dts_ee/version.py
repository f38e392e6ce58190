"""The version of this package, read by `setup.py` and by `dts-ee --version`."""

VERSION = "0.2.0"
