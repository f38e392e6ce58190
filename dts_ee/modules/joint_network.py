"""What is trained above the embedded tokens: three stacks of layers and two heads."""

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import torch
from allennlp.common import Lazy
from allennlp.modules import Seq2SeqEncoder
from allennlp.modules.span_extractors import SpanExtractor

from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans
from dts_ee.modules.entity_tagger import EntityTagger
from dts_ee.modules.kernels.dropout import Dropout
from dts_ee.modules.relation_scorer import RelationScorer
from dts_ee.modules.span_extractors.flat_spans import extract_flat_spans


@dataclass
class JointOutput:
    """
    `tag_scores` is, for each sequence of tags, what its tagger's `decode` takes, and `ner_loss` a
    scalar, there when gold tags were given; neither is there without the NER head.
    `relation_tokens`, of shape (batch_size, num_tokens, token_dim), is there with the RE head.
    """

    tag_scores: Optional[List[Any]] = None
    ner_loss: Optional[torch.Tensor] = None
    relation_tokens: Optional[torch.Tensor] = None


class JointNetwork(torch.nn.Module):
    """
    A shared stack of layers, a stack and a head for each task (Crone 2020; report, §3).

    # Parameters

    input_dim : `int`
        The size of an embedded token.
    num_tags : `int`
        The number of tags.
    constraints : `Sequence[List[Tuple[int, int]]]`
        For each sequence of tags that a sentence has, the allowed transitions between them, start
        and end included. The tags of a sequence are counted from 0, and so are start and end behind
        them.
    tags_per_sequence : `Sequence[int]`
        The number of tags in each sequence.
    num_relations : `int`
        The number of relation types.
    shared_encoder, ner_encoder, relation_encoder : `Lazy[Seq2SeqEncoder]` or `None`
        The stacks.
    entity_tagger : `Lazy[EntityTagger]` or `None`
        The NER head, if there is one; of several sequences each has its own.
    span_extractor : `Lazy[SpanExtractor]`
        What stands for an entity in the RE head.
    relation_scorer : `Lazy[RelationScorer]` or `None`
        The RE head, if there is one.
    label_embedding_dim : `int`
        The size of a tag's embedding in an entity's vector; 0 for none.
    dropout, relation_dropout : `float`
        Before each stack, and on the entities' vectors.
    """

    def __init__(
        self,
        input_dim: int,
        num_tags: int,
        constraints: Sequence[List[Tuple[int, int]]],
        tags_per_sequence: Sequence[int],
        num_relations: int,
        shared_encoder: Optional[Lazy[Seq2SeqEncoder]],
        ner_encoder: Optional[Lazy[Seq2SeqEncoder]],
        relation_encoder: Optional[Lazy[Seq2SeqEncoder]],
        entity_tagger: Optional[Lazy[EntityTagger]],
        span_extractor: Lazy[SpanExtractor],
        relation_scorer: Optional[Lazy[RelationScorer]],
        label_embedding_dim: int,
        dropout: float,
        relation_dropout: float,
    ) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.shared_encoder, shared_dim = _stack(shared_encoder, input_dim)
        self.ner_encoder: Optional[Seq2SeqEncoder] = None
        # One for each sequence of tags; none without the NER head
        self.entity_taggers = torch.nn.ModuleList()
        if entity_tagger is not None:
            self.ner_encoder, ner_dim = _stack(ner_encoder, shared_dim)
            self.entity_taggers.extend(
                entity_tagger.construct(input_dim=ner_dim, num_tags=number, constraints=allowed)
                for number, allowed in zip(tags_per_sequence, constraints, strict=True)
            )
        self.relation_encoder: Optional[Seq2SeqEncoder] = None
        self.label_embedding: Optional[torch.nn.Embedding] = None
        self.relation_scorer: Optional[RelationScorer] = None
        if relation_scorer is not None:
            self.relation_encoder, token_dim = _stack(relation_encoder, shared_dim)
            if label_embedding_dim > 0:
                self.label_embedding = torch.nn.Embedding(num_tags, label_embedding_dim)
            self.span_extractor = span_extractor.construct(input_dim=token_dim)
            self.relation_dropout = Dropout(relation_dropout)
            self.relation_scorer = relation_scorer.construct(
                entity_dim=self.span_extractor.get_output_dim() + label_embedding_dim,
                token_dim=token_dim,
                num_relations=num_relations,
            )

    def forward(
        self,
        embedded: torch.Tensor,
        mask: torch.BoolTensor,
        tags: Optional[torch.LongTensor] = None,
    ) -> JointOutput:
        """
        # Parameters

        embedded : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim).
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        tags : `torch.LongTensor`, optional (default = `None`)
            Shape (batch_size, num_tokens, num_sequences): the gold tags, each sequence's by its own
            count.
        """
        if self.shared_encoder is not None:
            # Shape: (batch_size, num_tokens, shared_dim)
            embedded = self.shared_encoder(self.dropout(embedded), mask)
        output = JointOutput()
        if self.entity_taggers:
            # Shape: (batch_size, num_tokens, ner_dim)
            encoded = self._encode(self.ner_encoder, embedded, mask)
            gold = [None] * len(self.entity_taggers) if tags is None else tags.unbind(2)
            tagged = [
                tagger(encoded, mask, its_gold)
                for tagger, its_gold in zip(self.entity_taggers, gold, strict=True)
            ]
            output.tag_scores = [each.scores for each in tagged]
            if tags is not None:
                output.ner_loss = torch.stack([each.loss for each in tagged]).sum()
        if self.relation_scorer is not None:
            # Shape: (batch_size, num_tokens, token_dim)
            output.relation_tokens = self._encode(self.relation_encoder, embedded, mask)
        return output

    def score_pairs(
        self,
        relation_tokens: torch.Tensor,
        spans: Sequence[Sequence[Tuple[int, int]]],
        labels: torch.Tensor,
    ) -> torch.Tensor:
        """
        # Parameters

        relation_tokens : `torch.Tensor`
            Shape (batch_size, num_tokens, token_dim).
        spans : `Sequence[Sequence[Tuple[int, int]]]`
            The candidates of each sentence: first token, and the token after the last.
        labels : `torch.LongTensor`
            Shape (num_entities,): the tag of each candidate that is embedded.

        # Returns

        `torch.Tensor`
            Shape (num_pairs, num_relations): logits, in the order of `entity_pairs`.
        """
        assert self.relation_scorer is not None
        sentences, starts, ends, counts = flatten_spans(spans, relation_tokens.device)
        # Shape: (num_entities, span_dim)
        vectors = extract_flat_spans(self.span_extractor, relation_tokens, starts, ends, counts)
        if self.label_embedding is not None:
            # Shape: (num_entities, span_dim + label_embedding_dim)
            vectors = torch.cat([vectors, self.label_embedding(labels)], dim=1)
        batch = EntityBatch(
            self.relation_dropout(vectors), relation_tokens, sentences, starts, ends, counts
        )
        heads, tails = entity_pairs(counts)
        return self.relation_scorer(batch, heads, tails)

    def _encode(
        self, encoder: Optional[Seq2SeqEncoder], encoded: torch.Tensor, mask: torch.BoolTensor
    ) -> torch.Tensor:
        encoded = self.dropout(encoded)
        return encoded if encoder is None else encoder(encoded, mask)


def _stack(
    encoder: Optional[Lazy[Seq2SeqEncoder]], input_dim: int
) -> Tuple[Optional[Seq2SeqEncoder], int]:
    if encoder is None:
        return None, input_dim
    # AllenNLP's encoders name their input's size in one of two ways; each takes its own.
    stack = encoder.construct(input_size=input_dim, input_dim=input_dim)
    return stack, stack.get_output_dim()
