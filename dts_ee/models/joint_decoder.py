"""From what the networks of a model say to entities and relations."""

from dataclasses import replace
from typing import List, Mapping, Optional, Sequence, cast

import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.dataset_readers.tags import tags_to_entities
from dts_ee.document import Entity, Relation
from dts_ee.models.pair_relations import relations_above
from dts_ee.modules.entity_batch import entity_pairs, flatten_spans
from dts_ee.modules.joint_network import JointNetwork, JointOutput


class JointDecoder:
    """
    Decodes by the mean of all networks: tags, then entities, then the relations between them.

    # Parameters

    networks : `Sequence[JointNetwork]`
        The networks.
    tags : `Mapping[int, str]`
        The tag of each id.
    tag_encoding : `str`
        `"BIO"` or `"BIOUL"`.
    relation_types : `Mapping[int, str]`
        The relation type of each column.
    relation_threshold, relation_score
        See `DeeperTaskSpecificity`.
    """

    def __init__(
        self,
        networks: Sequence[JointNetwork],
        tags: Mapping[int, str],
        tag_encoding: str,
        relation_types: Mapping[int, str],
        relation_threshold: float,
        relation_score: str,
    ) -> None:
        self.relation_threshold = relation_threshold
        self.relation_score = relation_score
        self._networks = networks
        self._tags = tags
        self._tag_encoding = tag_encoding
        self._relation_types = relation_types
        self._ids = {tag: tag_id for tag_id, tag in tags.items()}

    def decode_tags(
        self,
        outputs: Sequence[JointOutput],
        mask: torch.BoolTensor,
        given: Optional[torch.LongTensor] = None,
    ) -> List[List[int]]:
        """
        The tag ids of each sentence: the predicted ones or, without a NER head, those given.

        # Parameters

        outputs : `Sequence[JointOutput]`
            Those of all networks, or of some.
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        given : `torch.LongTensor`, optional (default = `None`)
            Shape (batch_size, num_tokens).

        # Raises

        `ConfigurationError`
            If there is no NER head, and no tags are given.
        """
        tagger = self._networks[0].entity_tagger
        if tagger is not None:
            return tagger.decode([output.tag_scores for output in outputs], mask)
        if given is None:
            raise ConfigurationError(
                "the model extracts relations between entities that are given, but none are"
            )
        lengths = mask.sum(1).tolist()
        return [row[:length] for row, length in zip(given.tolist(), lengths)]

    def decode_entities(
        self, outputs: Sequence[JointOutput], mask: torch.BoolTensor, tag_ids: List[List[int]]
    ) -> List[List[Entity]]:
        """
        The entities of each sentence, with their probabilities where they are predicted.

        # Parameters

        outputs : `Sequence[JointOutput]`
            Those of all networks.
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        tag_ids : `List[List[int]]`
            What `decode_tags` gave.
        """
        entities = [
            tags_to_entities([self._tags[tag] for tag in sentence], self._tag_encoding)
            for sentence in tag_ids
        ]
        tagger = self._networks[0].entity_tagger
        if tagger is None:
            return entities
        spans = [[entity.span for entity in sentence] for sentence in entities]
        sentences, starts, ends, _ = flatten_spans(spans, mask.device)
        inside = [
            self._ids.get(f"I-{entity.type}", -1) for sentence in entities for entity in sentence
        ]
        probabilities = tagger.span_probabilities(
            [output.tag_scores for output in outputs],
            mask,
            padded_tags(tag_ids, mask.device),
            sentences,
            starts,
            ends,
            torch.tensor(inside, dtype=torch.long, device=mask.device),
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
        tag_ids: List[List[int]],
    ) -> List[List[Relation]]:
        """
        The relations between the entities of each sentence; none without a RE head.

        # Parameters

        outputs : `Sequence[JointOutput]`
            Those of all networks.
        entities : `List[List[Entity]]`
            What `decode_entities` gave.
        tag_ids : `List[List[int]]`
            What `decode_tags` gave.
        """
        if outputs[0].relation_tokens is None:
            return [[] for _ in entities]
        spans = [[entity.span for entity in sentence] for sentence in entities]
        tags = padded_tags(tag_ids, outputs[0].relation_tokens.device)
        scores = []
        for network, output in zip(self._networks, outputs):
            tokens = cast(torch.Tensor, output.relation_tokens)
            scores.append(network.score_pairs(tokens, spans, tags).sigmoid())
        # Shape: (num_pairs, num_relations)
        probabilities = torch.stack(scores).mean(0)
        if self.relation_score == "joint":
            probabilities = probabilities * self._both_entities(entities).to(probabilities)
        return relations_above(
            self.relation_threshold, probabilities, entities, self._relation_types
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


def padded_tags(tag_ids: List[List[int]], device: torch.device) -> torch.Tensor:
    """Shape (batch_size, num_tokens): the tags of sentences of different lengths."""
    return torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(sentence) for sentence in tag_ids], batch_first=True
    ).to(device)
