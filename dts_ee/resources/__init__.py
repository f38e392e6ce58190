"""
Downloads and verifies the corpora and weights of the experiments.

This module, which lists them, only requires tqdm; `store` and the sources require AllenNLP.
"""

from dts_ee.resources.known_file import KnownFile
from dts_ee.resources.resource import (
    Resource,
    command_to_fetch,
    load_manifest,
    resource_names,
)

__all__ = ["KnownFile", "Resource", "command_to_fetch", "load_manifest", "resource_names"]
