"""The sequences of tags that a model gives to each sentence."""

from typing import List, Mapping, Sequence, Tuple

import torch
from allennlp.modules.conditional_random_field import allowed_transitions

from dts_ee.corpora.tags import (
    OUTSIDE,
    entities_to_tags,
    tag_layers,
    tag_type,
    tags_to_entities,
)
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
        self._layers = tag_layers(tags, tag_sequences)
        self._places = {
            tag_type(tags[tag_id]): place
            for place, layer in enumerate(self._layers)
            for tag_id in layer
            if tags[tag_id] != OUTSIDE
        }
        # Shape: (num_sequences, num_tags); what a sequence does not have is outside of its entities
        self._own_ids = torch.zeros(len(self._layers), max(tags) + 1, dtype=torch.long)
        for place, layer in enumerate(self._layers):
            self._own_ids[place, layer] = torch.arange(len(layer))

    def __len__(self) -> int:
        return len(self._layers)

    @property
    def entity_types(self) -> List[str]:
        """The types that the tags name, in alphabetical order."""
        return sorted(self._places)

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

    def own_ids(self, tags: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens, num_sequences): ids among all tags.

        # Returns

        `torch.Tensor`
            The same shape: those of each sequence's own.
        """
        places = torch.arange(len(self._layers), device=tags.device)
        return self._own_ids.to(tags.device)[places, tags]

    def all_ids(self, place: int, own_ids: Sequence[Sequence[int]]) -> List[List[int]]:
        """The ids among all tags, of one sequence's own ids for several sentences."""
        layer = self._layers[place]
        return [[layer[i] for i in sentence] for sentence in own_ids]

    def entities(self, tag_ids: Sequence[int]) -> List[Entity]:
        """The entities that a sequence says, from left to right."""
        return tags_to_entities([self._tags[tag_id] for tag_id in tag_ids], self._tag_encoding)

    def inside_id(self, place: int, type: str) -> int:
        """A sequence's own id of the tag that continues an entity; -1 if there is none."""
        for i, tag_id in enumerate(self._layers[place]):
            if self._tags[tag_id] == f"I-{type}":
                return i
        return -1

    def own_last_tags(
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
            self._own_last_tag(entity.type, min(entity.end - entity.start, 2))
            for sentence in entities
            for entity in sentence
        ]
        return torch.tensor(last_tags, dtype=torch.long, device=device)

    def _own_last_tag(self, type: str, length: int) -> int:
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
        places = torch.tensor(
            [self._places.get(entity.type, 0) for sentence in entities for entity in sentence],
            dtype=torch.long,
            device=tags.device,
        )
        return tags[sentences, ends - 1, places]
