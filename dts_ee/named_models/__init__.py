"""
Models by name: kept in the user's folder, or installed as packages.

Nothing heavy is imported here. `archive_copy`, `description` and `wheel`, which make what can be
named, import AllenNLP.
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
