"""
The errors of a manifest, and of a source that has not got what is wanted.
"""


class ManifestError(ValueError):
    """A manifest is not well-formed."""


class SourceError(Exception):
    """
    A source could not give a file, and another one may be tried.

    The message is a plain sentence without a full stop.
    """


class SourceDownError(SourceError):
    """The source as a whole does not work: asking it for another file is of no use."""
