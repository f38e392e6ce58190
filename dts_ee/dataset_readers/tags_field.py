"""The field of an instance with its tags."""

from typing import Dict, List

from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.data.fields import SequenceField, SequenceLabelField

from dts_ee.corpora.tags import (
    OUTSIDE,
    TAG_PREFIXES,
    entities_to_tags,
    tag_encoding_of,
    tags_to_entities,
)
from dts_ee.document import Entity

TAG_NAMESPACE = "labels"
"""The vocabulary's namespace for tags."""

TAG_SEQUENCES_NAMESPACE = "tag_sequences_labels"
"""
The vocabulary's namespace for the reader's `tag_sequences`, from which the model takes it.
"""


class TagsField(SequenceLabelField):
    """
    A `SequenceLabelField` for entity tags that can be indexed with any `Vocabulary`.

    Entities whose type is not in the vocabulary, for example in test data, get the tag "O". The
    gold document keeps them, so they count as missed. For every type in the data, all of its tags
    are added to the vocabulary, so that a model can predict a three-token entity of a type even if
    the training data has none. The setting `"one"` is counted in the namespace
    `"tag_sequences_labels"`.

    # Parameters

    tags : `List[str]`
        One tag for each token.
    sequence_field : `SequenceField`
        The tokens.
    tag_encoding : `str`
        `"BIO"` or `"BIOUL"`.
    label_namespace : `str`, optional (default = `"labels"`)
        The vocabulary's namespace for them.
    """

    __slots__ = ["_tag_encoding"]

    labels: List[str]

    def __init__(
        self,
        tags: List[str],
        sequence_field: SequenceField,
        tag_encoding: str,
        label_namespace: str = TAG_NAMESPACE,
    ) -> None:
        super().__init__(tags, sequence_field, label_namespace)
        self._tag_encoding = tag_encoding

    def count_vocab_items(self, counter: Dict[str, Dict[str, int]]) -> None:
        self.count_tags(counter)
        counter[TAG_SEQUENCES_NAMESPACE]["one"] += 1

    def count_tags(self, counter: Dict[str, Dict[str, int]]) -> None:
        """Counts the tags, and counts all other tags of their types once."""
        super().count_vocab_items(counter)
        counts = counter[self._label_namespace]
        types = {entity.type for entity in self._entities()}
        prefixes = TAG_PREFIXES[self._tag_encoding]
        # Sorted, so that the order of equally frequent tags is the same in every run.
        for tag in [OUTSIDE, *(f"{p}-{type}" for type in sorted(types) for p in prefixes)]:
            # A count of 0 would not enter the vocabulary.
            counts[tag] = counts[tag] or 1

    def index(self, vocab: Vocabulary) -> None:
        known = vocab.get_token_to_index_vocabulary(self._label_namespace)
        encoding = tag_encoding_of(known)
        if encoding not in (None, self._tag_encoding):
            raise ConfigurationError(
                f"the reader's tag_encoding is {self._tag_encoding}, but the vocabulary's tags are "
                f"{encoding}: set tag_encoding to {encoding}"
            )
        tags = self.labels
        if any(tag not in known for tag in tags):
            # Whole entities are removed, not single tags.
            tags = entities_to_tags(
                (
                    entity
                    for entity in self._entities()
                    if all(tag in known for tag in tags[entity.start : entity.end])
                ),
                len(tags),
                self._tag_encoding,
            )
        self._indexed_labels = [known[tag] for tag in tags]

    def empty_field(self) -> "TagsField":
        empty = TagsField(
            [], self.sequence_field.empty_field(), self._tag_encoding, self._label_namespace
        )
        empty._indexed_labels = []
        return empty

    def _entities(self) -> List[Entity]:
        return tags_to_entities(self.labels, self._tag_encoding)
