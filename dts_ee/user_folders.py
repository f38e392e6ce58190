"""
The user's folders for models and encoders, outside of any project.

They follow the XDG Base Directory Specification. Environment variables can name other folders.
"""

import os
from pathlib import Path

MODELS_VARIABLE = "DTS_EE_MODELS"
RESOURCES_VARIABLE = "DTS_EE_RESOURCES"


def models_folder() -> Path:
    """
    The folder for the models of `dts-ee keep`: `$DTS_EE_MODELS`, or `dts_ee/models` in the user's
    data folder.
    """
    return _folder(MODELS_VARIABLE, "models")


def resources_folder() -> Path:
    """
    The folder for encoders that are neither in a model nor in the working directory:
    `$DTS_EE_RESOURCES`, or `dts_ee/resources` in the user's data folder.
    """
    return _folder(RESOURCES_VARIABLE, "resources")


def _folder(variable: str, name: str) -> Path:
    value = os.environ.get(variable)
    if value:
        return Path(value).expanduser()
    # The specification says that relative paths must be ignored.
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not data.is_absolute():
        data = Path.home() / ".local" / "share"
    return data / "dts_ee" / name
