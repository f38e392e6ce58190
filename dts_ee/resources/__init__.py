"""
Data and weights that experiments need, fetched from where they are published, and verified.
"""

from dts_ee.resources.download import Downloader
from dts_ee.resources.files import KnownFile
from dts_ee.resources.glove import GloveInWheelSource
from dts_ee.resources.resource import Resource, load_manifest, resource_names
from dts_ee.resources.source import Source
from dts_ee.resources.store import FetchResult, ResourceStore
from dts_ee.resources.web import HubSource, UrlSource, ZipSource
from dts_ee.resources.wheel_sources import SplitZipInWheelsSource, WheelSource

__all__ = [
    "Downloader",
    "FetchResult",
    "GloveInWheelSource",
    "HubSource",
    "KnownFile",
    "Resource",
    "ResourceStore",
    "Source",
    "SplitZipInWheelsSource",
    "UrlSource",
    "WheelSource",
    "ZipSource",
    "load_manifest",
    "resource_names",
]
