"""From what the networks of a model say to entities and relations."""

from dataclasses import replace
from operator import attrgetter
from typing import Any, List, Mapping, Optional, Sequence, cast

import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.document import Entity, Relation
from dts_ee.models.pair_relations import relations_above
from dts_ee.models.tag_sequences import TagSequences
from dts_ee.modules.entity_batch import entity_pairs, flatten_spans
from dts_ee.modules.entity_tagger import EntityTagger
from dts_ee.modules.joint_network import JointNetwork, JointOutput


class JointDecoder:
    """
    Decodes by the mean of all networks: tags, then entities, then the relations between them.

    # Parameters

    networks : `Sequence[JointNetwork]`
        The networks.
    tag_sequences : `TagSequences`
        Those that each sentence has.
    relation_types : `Mapping[int, str]`
        The relation type of each column.
    relation_threshold, relation_score
        See `DeeperTaskSpecificity`.
    """

    def __init__(
        self,
        networks: Sequence[JointNetwork],
        tag_sequences: TagSequences,
        relation_types: Mapping[int, str],
        relation_threshold: float,
        relation_score: str,
    ) -> None:
        self.relation_threshold = relation_threshold
        self.relation_score = relation_score
        self._networks = networks
        self._tag_sequences = tag_sequences
        self._relation_types = relation_types

    def decode_tags(
        self,
        outputs: Sequence[JointOutput],
        mask: torch.BoolTensor,
        given: Optional[torch.LongTensor] = None,
    ) -> torch.Tensor:
        """
        The tags of each sentence: the predicted ones or, without a NER head, those given.

        # Parameters

        outputs : `Sequence[JointOutput]`
            Those of all networks, or of some.
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        given : `torch.LongTensor`, optional (default = `None`)
            Shape (batch_size, num_tokens, num_sequences).

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, num_sequences), the ids among all tags.

        # Raises

        `ConfigurationError`
            If there is no NER head, and no tags are given.
        """
        taggers = self._networks[0].entity_taggers
        if len(taggers) == 0:
            if given is None:
                raise ConfigurationError(
                    "the model extracts relations between entities that are given, but none are"
                )
            return given
        decoded = []
        for place, tagger in enumerate(taggers):
            own_ids = cast(EntityTagger, tagger).decode(_scores(outputs, place), mask)
            decoded.append(_padded(self._tag_sequences.all_ids(place, own_ids), mask))
        return torch.stack(decoded, dim=2)

    def decode_entities(
        self, outputs: Sequence[JointOutput], mask: torch.BoolTensor, tags: torch.Tensor
    ) -> List[List[Entity]]:
        """
        The entities of each sentence, with their probabilities where they are predicted.

        # Parameters

        outputs : `Sequence[JointOutput]`
            Those of all networks.
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens, num_sequences): what `decode_tags` gave.
        """
        lengths = mask.sum(1).tolist()
        own_ids = self._tag_sequences.own_ids(tags)
        found: List[List[Entity]] = [[] for _ in lengths]
        for place, its_tags in enumerate(tags.unbind(2)):
            entities = [
                self._tag_sequences.entities(row[:length])
                for row, length in zip(its_tags.tolist(), lengths)
            ]
            if len(self._networks[0].entity_taggers) > 0:
                entities = self._with_probabilities(
                    place, entities, outputs, mask, own_ids[:, :, place]
                )
            for sentence, its_entities in zip(found, entities):
                sentence += its_entities
        return [sorted(sentence, key=attrgetter("span")) for sentence in found]

    def _with_probabilities(
        self,
        place: int,
        entities: List[List[Entity]],
        outputs: Sequence[JointOutput],
        mask: torch.BoolTensor,
        own_ids: torch.Tensor,
    ) -> List[List[Entity]]:
        spans = [[entity.span for entity in sentence] for sentence in entities]
        sentences, starts, ends, _ = flatten_spans(spans, mask.device)
        continuations = [
            self._tag_sequences.inside_id(place, entity.type)
            for sentence in entities
            for entity in sentence
        ]
        tagger = cast(EntityTagger, self._networks[0].entity_taggers[place])
        probabilities = tagger.span_probabilities(
            _scores(outputs, place),
            mask,
            own_ids,
            sentences,
            starts,
            ends,
            torch.tensor(continuations, dtype=torch.long, device=mask.device),
        )
        flat = iter(probabilities.tolist())
        return [
            [replace(entity, probability=next(flat)) for entity in sentence]
            for sentence in entities
        ]

    def decode_relations(
        self,
        outputs: Sequence[JointOutput],
        entities: List[List[Entity]],
        threshold: Optional[float] = None,
    ) -> List[List[Relation]]:
        """
        The relations between the entities of each sentence; none without a RE head.

        # Parameters

        outputs : `Sequence[JointOutput]`
            Those of all networks.
        entities : `List[List[Entity]]`
            What `decode_entities` gave, or other entities, of which those without a probability are
            certain. They may overlap.
        """
        if outputs[0].relation_tokens is None:
            return [[] for _ in entities]
        spans = [[entity.span for entity in sentence] for sentence in entities]
        labels = self._tag_sequences.own_last_tags(entities, outputs[0].relation_tokens.device)
        scores = []
        for network, output in zip(self._networks, outputs):
            tokens = cast(torch.Tensor, output.relation_tokens)
            scores.append(network.score_pairs(tokens, spans, labels).sigmoid())
        # Shape: (num_pairs, num_relations)
        probabilities = torch.stack(scores).mean(0)
        if self.relation_score == "joint":
            probabilities = probabilities * self._both_entities(entities).to(probabilities)
        return relations_above(
            self.relation_threshold if threshold is None else threshold,
            probabilities,
            entities,
            self._relation_types,
        )

    @staticmethod
    def _both_entities(entities: List[List[Entity]]) -> torch.Tensor:
        """Shape: (num_pairs, 1)"""
        # Entities that were given are certain.
        of_entities = torch.tensor(
            [
                1.0 if entity.probability is None else entity.probability
                for sentence in entities
                for entity in sentence
            ]
        )
        heads, tails = entity_pairs(torch.tensor([len(sentence) for sentence in entities]))
        return (of_entities[heads] * of_entities[tails]).unsqueeze(1)


def _scores(outputs: Sequence[JointOutput], place: int) -> List[Any]:
    return [cast(List[Any], output.tag_scores)[place] for output in outputs]


def _padded(tag_ids: List[List[int]], mask: torch.BoolTensor) -> torch.Tensor:
    """Shape (batch_size, num_tokens)"""
    padded = torch.zeros(mask.shape, dtype=torch.long)
    for row, sentence in zip(padded, tag_ids):
        row[: len(sentence)] = torch.tensor(sentence, dtype=torch.long)
    return padded.to(mask.device)
