"""The field of an instance with one sequence of tags for each entity type."""

from typing import Dict, Iterable, List, Optional, cast

import torch
from allennlp.data import Vocabulary
from allennlp.data.fields import Field, SequenceField

from dts_ee.corpora.tags import entities_to_tags, tag_layers, tag_type
from dts_ee.dataset_readers.tags_field import (
    TAG_NAMESPACE,
    TAG_SEQUENCES_NAMESPACE,
    TagsField,
)
from dts_ee.document import Entity


class TagLayersField(Field[torch.Tensor]):
    """
    One sequence of tags for each entity type of the vocabulary, so that entities of different types
    may overlap.

    Its tensor has the shape `(num_tokens, num_types)`; the sequences are in the order of
    `tag_layers`. Types that are not in the vocabulary are treated as by `TagsField`. The setting
    `"per_type"` is counted in the namespace `"tag_sequences_labels"`.

    # Parameters

    entities : `Iterable[Entity]`
        The entities. Entities of the same type must not overlap.
    sequence_field : `SequenceField`
        The tokens.
    tag_encoding : `str`
        `"BIO"` or `"BIOUL"`.
    label_namespace : `str`, optional (default = `"labels"`)
        The vocabulary's namespace for the tags.
    """

    __slots__ = ["sequence_field", "_layers", "_tag_encoding", "_label_namespace", "_indexed"]

    def __init__(
        self,
        entities: Iterable[Entity],
        sequence_field: SequenceField,
        tag_encoding: str,
        label_namespace: str = TAG_NAMESPACE,
    ) -> None:
        self.sequence_field = sequence_field
        self._tag_encoding = tag_encoding
        self._label_namespace = label_namespace
        self._indexed: Optional[List[List[int]]] = None
        by_type: Dict[str, List[Entity]] = {}
        for entity in entities:
            by_type.setdefault(entity.type, []).append(entity)
        self._layers = {type: self._layer(of_type) for type, of_type in by_type.items()}

    def count_vocab_items(self, counter: Dict[str, Dict[str, int]]) -> None:
        for layer in self._layers.values() or [self._layer([])]:
            layer.count_tags(counter)
        counter[TAG_SEQUENCES_NAMESPACE]["per_type"] += 1

    def index(self, vocab: Vocabulary) -> None:
        tags = vocab.get_index_to_token_vocabulary(self._label_namespace)
        self._indexed = []
        for ids in tag_layers(tags, "per_type"):
            # The layer of a vocabulary without entities has no type.
            type = tag_type(tags[ids[-1]])
            layer = self._layers.get(type) or self._layer([])
            layer.index(vocab)
            self._indexed.append(cast(List[int], layer._indexed_labels))

    def get_padding_lengths(self) -> Dict[str, int]:
        return {"num_tokens": self.sequence_field.sequence_length()}

    def as_tensor(self, padding_lengths: Dict[str, int]) -> torch.Tensor:
        """Shape: `(num_tokens, num_types)`"""
        assert self._indexed is not None
        tensor = torch.zeros(padding_lengths["num_tokens"], len(self._indexed), dtype=torch.long)
        for column, indices in enumerate(self._indexed):
            tensor[: len(indices), column] = torch.tensor(indices, dtype=torch.long)
        return tensor

    def empty_field(self) -> "TagLayersField":
        empty = TagLayersField(
            [], self.sequence_field.empty_field(), self._tag_encoding, self._label_namespace
        )
        empty._indexed = [[]]
        return empty

    def _layer(self, entities: List[Entity]) -> TagsField:
        tags = entities_to_tags(entities, self.sequence_field.sequence_length(), self._tag_encoding)
        return TagsField(tags, self.sequence_field, self._tag_encoding, self._label_namespace)
