"""
The warning of torchvision about image files.
"""

import importlib
import warnings


def import_torchvision_quietly() -> None:
    """
    Imports torchvision without its warning about image files.

    AllenNLP 2.10.1 imports torchvision as soon as `allennlp.data` is imported. No torchvision that
    can be imported beside torch 2.13 brings a reader for image files that loads there, so that
    every start warned of it. Nothing here reads images.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Failed to load image Python extension")
        importlib.import_module("torchvision")
