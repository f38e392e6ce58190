"""
The warning of torchvision about image files.
"""

import importlib
import warnings


def import_torchvision_quietly() -> None:
    """
    Imports torchvision without its warning about image files.

    AllenNLP 2.10.1 imports torchvision with `allennlp.data`. In no torchvision that can be imported
    with torch 2.13 does the extension for image files load, so every start would warn about it.
    This package reads no images.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Failed to load image Python extension")
        importlib.import_module("torchvision")
