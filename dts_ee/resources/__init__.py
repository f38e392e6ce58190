"""
Data and weights that experiments need, fetched from where they are published, and verified.

What lists them is imported here, and needs no other package than tqdm; `store` and the sources need
AllenNLP and more.
"""

from dts_ee.resources.known_file import KnownFile
from dts_ee.resources.resource import (
    Resource,
    command_to_fetch,
    load_manifest,
    resource_names,
)

__all__ = ["KnownFile", "Resource", "command_to_fetch", "load_manifest", "resource_names"]
