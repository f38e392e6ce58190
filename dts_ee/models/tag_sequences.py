"""The sequences of tags that a model predicts for a sentence."""

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
    One sequence of tags for all entity types, or one sequence for each type.

    A tag has an id in the vocabulary, and an id in its sequence, which counts from 0.

    # Parameters

    tags : `Mapping[int, str]`
        The tag of each id in the vocabulary.
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
        self._sequence_of_type = {
            tag_type(tags[tag_id]): sequence
            for sequence, layer in enumerate(self._layers)
            for tag_id in layer
            if tags[tag_id] != OUTSIDE
        }
        # Tags of other sequences have the id 0, which is "O".
        # Shape: (num_sequences, num_tags)
        self._sequence_ids = torch.zeros(len(self._layers), max(tags) + 1, dtype=torch.long)
        for sequence, layer in enumerate(self._layers):
            self._sequence_ids[sequence, layer] = torch.arange(len(layer))

    @classmethod
    def from_vocabulary(
        cls,
        vocab: Vocabulary,
        tag_encoding: Optional[str] = None,
        tag_sequences: Optional[str] = None,
    ) -> "TagSequences":
        """
        The sequences of tags in the training data.

        # Parameters

        vocab : `Vocabulary`
            The vocabulary, with the tags and the reader's `tag_sequences`.
        tag_encoding, tag_sequences : `str`, optional (default = `None`)
            The expected settings. The vocabularies of version 0.1.0 do not have the reader's
            `tag_sequences`; the value given here is used for them.

        # Raises

        `ConfigurationError`
            If the vocabulary has no tags, or does not have the expected settings.
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
        """The number of tags in the vocabulary."""
        return len(self._tags)

    @property
    def entity_types(self) -> List[str]:
        """The entity types of the tags, in alphabetical order."""
        return sorted(self._sequence_of_type)

    @property
    def tag_counts(self) -> List[int]:
        """The number of tags in each sequence."""
        return [len(layer) for layer in self._layers]

    def check_settings_of(self, former: "TagSequences") -> None:
        """
        # Raises

        `ConfigurationError`
            If another model has another `tag_encoding` or other `tag_sequences`.
        """
        for name, own, other in (
            ("tag_encoding", self._tag_encoding, former._tag_encoding),
            ("tag_sequences", self._tag_sequences, former._tag_sequences),
        ):
            # Without entity types, its vocabulary does not show them.
            if former.entity_types and own != other:
                raise ConfigurationError(f"the archive's {name} is {other!r}, not {own!r}")

    def in_common(self, former: "TagSequences") -> List[Tuple[int, int]]:
        """
        The indices of the sequences that another model has too, with their indices there. The two
        have the same settings.
        """
        if self._tag_sequences == "one":
            return [(0, 0)]
        return [
            (self._sequence_of_type[type], sequence)
            for type, sequence in former._sequence_of_type.items()
        ]

    def order_of(self, other: "TagSequences") -> List[Tuple[int, List[int]]]:
        """
        For each sequence of another model with the same tags: the index of that sequence here, and
        the ids here of its tags, in the order of the other model.

        # Raises

        `ConfigurationError`
            If the other model has other tags.
        """
        own, others = (
            [[sequences._tags[tag_id] for tag_id in layer] for layer in sequences._layers]
            for sequences in (self, other)
        )
        order = []
        for tags in others:
            same = [i for i, sequence in enumerate(own) if sorted(sequence) == sorted(tags)]
            if not same:
                differing = set(tags).symmetric_difference(*own)
                raise ConfigurationError(
                    "its tags are other ones, as with another tag_encoding or tag_sequences: only "
                    f"one of the two has {', '.join(sorted(differing))}"
                )
            order.append((same[0], [own[same[0]].index(tag) for tag in tags]))
        return order

    def constraints(self) -> List[List[Tuple[int, int]]]:
        """The allowed transitions between the ids of each sequence, start and end included."""
        return [
            allowed_transitions(
                self._tag_encoding, {i: self._tags[tag_id] for i, tag_id in enumerate(layer)}
            )
            for layer in self._layers
        ]

    def split(self, tags: torch.LongTensor) -> torch.LongTensor:
        """
        Adds the dimension of the sequences to the tags of a reader.

        # Parameters

        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens), or, with one sequence for each type, (batch_size,
            num_tokens, num_types).

        # Returns

        `torch.LongTensor`
            Shape (batch_size, num_tokens, num_sequences).

        # Raises

        `ConfigurationError`
            If the reader's `tag_sequences` is not the model's.
        """
        reader_setting = "one" if tags.dim() == 2 else "per_type"
        if reader_setting != self._tag_sequences:
            raise ConfigurationError(
                f"the reader's tag_sequences is {reader_setting!r}, but the model's is "
                f"{self._tag_sequences!r}: set the reader's to {self._tag_sequences!r} too"
            )
        return cast(torch.LongTensor, tags.unsqueeze(2)) if reader_setting == "one" else tags

    def sequence_ids(self, tags: torch.Tensor) -> torch.Tensor:
        """
        Converts tag ids of the vocabulary to tag ids of each sequence.

        # Parameters

        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens, num_sequences).

        # Returns

        `torch.Tensor`
            The same shape.
        """
        sequences = torch.arange(len(self._layers), device=tags.device)
        return self._sequence_ids.to(tags.device)[sequences, tags]

    def vocabulary_ids(self, sequence: int, ids: Sequence[Sequence[int]]) -> List[List[int]]:
        """Converts tag ids of one sequence, for several sentences, to those of the vocabulary."""
        layer = self._layers[sequence]
        return [[layer[i] for i in sentence] for sentence in ids]

    def entities(self, sequence: int, ids: Sequence[int]) -> List[Entity]:
        """The entities that the tag ids of one sequence express, from left to right."""
        layer = self._layers[sequence]
        return tags_to_entities([self._tags[layer[i]] for i in ids], self._tag_encoding)

    def inside_id(self, sequence: int, type: str) -> int:
        """The id, in one sequence, of the tag that continues an entity; -1 if there is none."""
        for i, tag_id in enumerate(self._layers[sequence]):
            if self._tags[tag_id] == f"I-{type}":
                return i
        return -1

    def expected_last_tags(
        self, entities: Sequence[Sequence[Entity]], device: torch.device
    ) -> torch.Tensor:
        """
        The tag of each entity's last token if the sentence had no other entities.

        # Parameters

        entities : `Sequence[Sequence[Entity]]`
            The entities of each sentence.
        device : `torch.device`
            The device of the returned tensor.

        # Returns

        `torch.Tensor`
            Shape (num_entities,): tag ids of the vocabulary.
        """
        last_tags = [
            self._expected_last_tag(entity.type, min(entity.end - entity.start, 2))
            for sentence in entities
            for entity in sentence
        ]
        return torch.tensor(last_tags, dtype=torch.long, device=device)

    def _expected_last_tag(self, type: str, length: int) -> int:
        tag = entities_to_tags([Entity(type, 0, length)], length, self._tag_encoding)[-1]
        # As in `last_tags`, an entity with a type that is not in the vocabulary has the tag "O".
        return self._ids.get(tag, self._ids.get(OUTSIDE, 0))

    def last_tags(self, entities: Sequence[Sequence[Entity]], tags: torch.Tensor) -> torch.Tensor:
        """
        The tag of each entity's last token, in the sequence of the entity's type.

        # Parameters

        entities : `Sequence[Sequence[Entity]]`
            The entities of each sentence.
        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens, num_sequences): tag ids of the vocabulary.

        # Returns

        `torch.Tensor`
            Shape (num_entities,): tag ids of the vocabulary.
        """
        spans = [[entity.span for entity in sentence] for sentence in entities]
        sentences, _, ends, _ = flatten_spans(spans, tags.device)
        # A type that is not in the vocabulary has no sequence; its tag is "O" in all of them.
        sequences = torch.tensor(
            [
                self._sequence_of_type.get(entity.type, 0)
                for sentence in entities
                for entity in sentence
            ],
            dtype=torch.long,
            device=tags.device,
        )
        return tags[sentences, ends - 1, sequences]


def _tag_sequences_of(vocab: Vocabulary) -> Optional[str]:
    # Reading a missing namespace would create an empty one, which AllenNLP cannot save.
    if TAG_SEQUENCES_NAMESPACE not in vocab.get_namespaces():
        return None
    values = vocab.get_token_to_index_vocabulary(TAG_SEQUENCES_NAMESPACE)
    settings = [name for name in TAG_SEQUENCES if name in values]
    if len(settings) > 1:
        raise ConfigurationError(
            f"the readers' tag_sequences differ ({', '.join(settings)}): set the same in all"
        )
    return settings[0] if settings else None


def _check_setting(name: str, model_setting: str, reader_setting: Optional[str]) -> None:
    if reader_setting not in (None, model_setting):
        raise ConfigurationError(
            f"the model's {name} is {model_setting}, but the reader's is {reader_setting}: leave "
            "it out of the model, which takes the reader's"
        )
