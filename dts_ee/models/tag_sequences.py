"""The sequences of tags that a model gives to each sentence."""

from typing import List, Mapping, Optional, Sequence, Tuple, cast

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.modules.conditional_random_field import allowed_transitions

from dts_ee.corpora.tags import (
    OUTSIDE,
    TAG_PREFIXES,
    TAG_SEQUENCES,
    entities_to_tags,
    tag_encoding_of,
    tag_layers,
    tag_type,
    tags_to_entities,
)
from dts_ee.dataset_readers.choices import check_choice
from dts_ee.dataset_readers.tags_field import TAG_NAMESPACE, TAG_SEQUENCES_NAMESPACE
from dts_ee.document import Entity
from dts_ee.modules.entity_batch import flatten_spans


class TagSequences:
    """
    One sequence for all entity types, or one for each, whose tags are then a part of all.

    A vocabulary's tags have an id among all; a sequence counts its own from 0.

    # Parameters

    tags : `Mapping[int, str]`
        The tag of each id.
    tag_encoding : `str`
        `"BIO"` or `"BIOUL"`.
    tag_sequences : `str`
        `"one"` or `"per_type"`.
    """

    def __init__(self, tags: Mapping[int, str], tag_encoding: str, tag_sequences: str) -> None:
        self._tags = tags
        self._ids = {tag: tag_id for tag_id, tag in tags.items()}
        self._tag_encoding = tag_encoding
        self._tag_sequences = tag_sequences
        self._layers = tag_layers(tags, tag_sequences)
        # The sequence of each entity type
        self._sequences = {
            tag_type(tags[tag_id]): sequence
            for sequence, layer in enumerate(self._layers)
            for tag_id in layer
            if tags[tag_id] != OUTSIDE
        }
        # Shape: (num_sequences, num_tags); what a sequence does not have is outside of its entities
        self._own_ids = torch.zeros(len(self._layers), max(tags) + 1, dtype=torch.long)
        for sequence, layer in enumerate(self._layers):
            self._own_ids[sequence, layer] = torch.arange(len(layer))

    @classmethod
    def from_vocabulary(
        cls,
        vocab: Vocabulary,
        tag_encoding: Optional[str] = None,
        tag_sequences: Optional[str] = None,
    ) -> "TagSequences":
        """
        The sequences that the reader of the training data writes.

        # Parameters

        vocab : `Vocabulary`
            Holds the tags, and whether they are one sequence.
        tag_encoding, tag_sequences : `str`, optional (default = `None`)
            What they are expected to be. The vocabularies of version 0.1.0 do not say whether the
            tags are one sequence, so that `tag_sequences` decides then.

        # Raises

        `ConfigurationError`
            If there are no tags, or others than expected.
        """
        tags = vocab.get_index_to_token_vocabulary(TAG_NAMESPACE)
        if not tags:
            raise ConfigurationError(
                f"the vocabulary has no tags in namespace {TAG_NAMESPACE!r}: the training data has "
                "no sentence with tags, or the reader uses another namespace"
            )
        encoding = tag_encoding_of(tags.values())
        if tag_encoding is not None:
            check_choice("tag_encoding", tag_encoding, TAG_PREFIXES)
            _check_setting("tag_encoding", tag_encoding, encoding)
        sequences = _tag_sequences_of(vocab)
        if tag_sequences is not None:
            check_choice("tag_sequences", tag_sequences, TAG_SEQUENCES)
            _check_setting("tag_sequences", tag_sequences, sequences)
        return cls(tags, encoding or tag_encoding or "BIO", sequences or tag_sequences or "one")

    def __len__(self) -> int:
        return len(self._layers)

    @property
    def num_tags(self) -> int:
        """How many tags all sequences have together."""
        return len(self._tags)

    @property
    def entity_types(self) -> List[str]:
        """The types that the tags name, in alphabetical order."""
        return sorted(self._sequences)

    @property
    def numbers_of_tags(self) -> List[int]:
        """How many tags each sequence has."""
        return [len(layer) for layer in self._layers]

    def constraints(self) -> List[List[Tuple[int, int]]]:
        """For each sequence the allowed transitions between its own ids, start and end included."""
        return [
            allowed_transitions(
                self._tag_encoding, {i: self._tags[tag_id] for i, tag_id in enumerate(layer)}
            )
            for layer in self._layers
        ]

    def split(self, tags: torch.LongTensor) -> torch.LongTensor:
        """
        # Parameters

        tags : `torch.LongTensor`
            Those of a reader. Shape (batch_size, num_tokens) for one sequence, (batch_size,
            num_tokens, num_types) for one for each type.

        # Returns

        `torch.LongTensor`
            Shape (batch_size, num_tokens, num_sequences).

        # Raises

        `ConfigurationError`
            If the reader writes other sequences than the model has.
        """
        of_reader = "one" if tags.dim() == 2 else "per_type"
        if of_reader != self._tag_sequences:
            raise ConfigurationError(
                f"the reader's tag_sequences is {of_reader!r}, but the model has taggers for "
                f"{self._tag_sequences!r}: set tag_sequences of the reader to that"
            )
        return cast(torch.LongTensor, tags.unsqueeze(2)) if of_reader == "one" else tags

    def own_ids(self, tags: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens, num_sequences): ids among all tags.

        # Returns

        `torch.Tensor`
            The same shape: those of each sequence's own.
        """
        sequences = torch.arange(len(self._layers), device=tags.device)
        return self._own_ids.to(tags.device)[sequences, tags]

    def all_ids(self, sequence: int, own_ids: Sequence[Sequence[int]]) -> List[List[int]]:
        """The ids among all tags, of one sequence's own ids for several sentences."""
        layer = self._layers[sequence]
        return [[layer[i] for i in sentence] for sentence in own_ids]

    def entities(self, sequence: int, own_ids: Sequence[int]) -> List[Entity]:
        """The entities that a sequence's own ids say, from left to right."""
        layer = self._layers[sequence]
        return tags_to_entities([self._tags[layer[i]] for i in own_ids], self._tag_encoding)

    def inside_id(self, sequence: int, type: str) -> int:
        """A sequence's own id of the tag that continues an entity; -1 if there is none."""
        for i, tag_id in enumerate(self._layers[sequence]):
            if self._tags[tag_id] == f"I-{type}":
                return i
        return -1

    def expected_last_tags(
        self, entities: Sequence[Sequence[Entity]], device: torch.device
    ) -> torch.Tensor:
        """
        The tag that each entity's last token has where the entity is tagged, whatever others there
        are.

        # Parameters

        entities : `Sequence[Sequence[Entity]]`
            Those of each sentence.
        device : `torch.device`
            Where the tensor is to be.

        # Returns

        `torch.Tensor`
            Shape (num_entities,): ids among all tags.
        """
        last_tags = [
            self._expected_last_tag(entity.type, min(entity.end - entity.start, 2))
            for sentence in entities
            for entity in sentence
        ]
        return torch.tensor(last_tags, dtype=torch.long, device=device)

    def _expected_last_tag(self, type: str, length: int) -> int:
        tag = entities_to_tags([Entity(type, 0, length)], length, self._tag_encoding)[-1]
        # As in `last_tags`, an entity of a type that the vocabulary lacks is outside.
        return self._ids.get(tag, self._ids.get(OUTSIDE, 0))

    def last_tags(self, entities: Sequence[Sequence[Entity]], tags: torch.Tensor) -> torch.Tensor:
        """
        The tag of each entity's last token, in the sequence that is for its type.

        # Parameters

        entities : `Sequence[Sequence[Entity]]`
            Those of each sentence.
        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens, num_sequences): ids among all tags.

        # Returns

        `torch.Tensor`
            Shape (num_entities,).
        """
        spans = [[entity.span for entity in sentence] for sentence in entities]
        sentences, _, ends, _ = flatten_spans(spans, tags.device)
        # A type that the vocabulary lacks has no sequence of its own, and is outside in all.
        sequences = torch.tensor(
            [self._sequences.get(entity.type, 0) for sentence in entities for entity in sentence],
            dtype=torch.long,
            device=tags.device,
        )
        return tags[sentences, ends - 1, sequences]


def _tag_sequences_of(vocab: Vocabulary) -> Optional[str]:
    # Asked for a namespace that is not there, a vocabulary gets an empty one, which AllenNLP then
    # cannot save.
    if TAG_SEQUENCES_NAMESPACE not in vocab.get_namespaces():
        return None
    counted = vocab.get_token_to_index_vocabulary(TAG_SEQUENCES_NAMESPACE)
    found = [name for name in TAG_SEQUENCES if name in counted]
    if len(found) > 1:
        raise ConfigurationError(
            f"the readers' tag_sequences differ ({', '.join(found)}): set the same in all"
        )
    return found[0] if found else None


def _check_setting(name: str, given: str, of_reader: Optional[str]) -> None:
    if of_reader not in (None, given):
        raise ConfigurationError(
            f"the model's {name} is {given}, but the reader's is {of_reader}: leave it out of the "
            "model, which takes the reader's"
        )
