"""From documents to AllenNLP's instances."""

from dts_ee.dataset_readers.document_field import RELATION_NAMESPACE, DocumentField
from dts_ee.dataset_readers.spert_reader import (
    AdeReader,
    Conll04Reader,
    SciercReader,
    SpertReader,
)
from dts_ee.dataset_readers.tag_layers_field import TagLayersField
from dts_ee.dataset_readers.tags_field import TagsField

__all__ = [
    "RELATION_NAMESPACE",
    "AdeReader",
    "Conll04Reader",
    "DocumentField",
    "SciercReader",
    "SpertReader",
    "TagLayersField",
    "TagsField",
]
