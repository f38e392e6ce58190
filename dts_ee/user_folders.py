"""
The folders of a user, outside of any project, in which models and encoders are kept.

They follow the XDG Base Directory Specification; an environment variable moves either.
"""

import os
from pathlib import Path

MODELS_VARIABLE = "DTS_EE_MODELS"
RESOURCES_VARIABLE = "DTS_EE_RESOURCES"


def models_folder() -> Path:
    """Where `dts-ee keep` puts models: `$DTS_EE_MODELS`, or `dts_ee/models` of the user's data."""
    return _folder(MODELS_VARIABLE, "models")


def resources_folder() -> Path:
    """
    Where encoders are looked for that neither a model nor the working folder has:
    `$DTS_EE_RESOURCES`, or `dts_ee/resources` of the user's data.
    """
    return _folder(RESOURCES_VARIABLE, "resources")


def _folder(variable: str, name: str) -> Path:
    value = os.environ.get(variable)
    if value:
        return Path(value).expanduser()
    # The specification says that a path that is not absolute is to be ignored.
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not data.is_absolute():
        data = Path.home() / ".local" / "share"
    return data / "dts_ee" / name
