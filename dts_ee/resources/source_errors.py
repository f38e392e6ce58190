"""The errors of manifests and sources."""


class ManifestError(ValueError):
    """An error in a manifest."""


class SourceError(Exception):
    """
    A source could not provide a file; another source may have it.

    The message is a sentence without a full stop.
    """


class SourceDownError(SourceError):
    """The source does not work at all, so no other file is requested from it."""
