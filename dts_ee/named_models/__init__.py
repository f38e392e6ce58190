"""
Named models, which are kept in the user's folder or installed as packages.

This module does not import AllenNLP; only `archive_copy`, `description`, `hub` and
`model_wheel` do.
"""

from dts_ee.named_models.card import ModelCard
from dts_ee.named_models.find import NamedModel, find_model, named_models
from dts_ee.named_models.names import ENTRY_POINTS, archive_in_package, module_name

__all__ = [
    "ENTRY_POINTS",
    "ModelCard",
    "NamedModel",
    "archive_in_package",
    "find_model",
    "module_name",
    "named_models",
]
