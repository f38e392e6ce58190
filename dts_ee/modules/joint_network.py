"""What is trained above the embedded tokens: three stacks of layers and two heads."""

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import torch
from allennlp.common import Lazy
from allennlp.modules import Seq2SeqEncoder
from allennlp.modules.span_extractors import SpanExtractor

from dts_ee.modules.dropout import Dropout
from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans
from dts_ee.modules.entity_tagger import EntityTagger
from dts_ee.modules.relation_scorer import RelationScorer
from dts_ee.modules.span_extractors.flat_spans import extract_flat_spans


@dataclass
class JointOutput:
    """
    `tag_scores` is what the NER head's `decode` takes, and `ner_loss` a scalar, there when gold
    tags were given; neither is there without the head. `relation_tokens`, of shape (batch_size,
    num_tokens, token_dim), is there with the RE head.
    """

    tag_scores: Any = None
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
    constraints : `List[Tuple[int, int]]`
        The allowed transitions between tags, start and end included.
    num_relations : `int`
        The number of relation types.
    shared_encoder, ner_encoder, relation_encoder : `Lazy[Seq2SeqEncoder]` or `None`
        The stacks.
    entity_tagger : `Lazy[EntityTagger]` or `None`
        The NER head, if there is one.
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
        constraints: List[Tuple[int, int]],
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
        self.entity_tagger: Optional[EntityTagger] = None
        if entity_tagger is not None:
            self.ner_encoder, ner_dim = _stack(ner_encoder, shared_dim)
            self.entity_tagger = entity_tagger.construct(
                input_dim=ner_dim, num_tags=num_tags, constraints=constraints
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
            Shape (batch_size, num_tokens): the gold tags.
        """
        if self.shared_encoder is not None:
            # Shape: (batch_size, num_tokens, shared_dim)
            embedded = self.shared_encoder(self.dropout(embedded), mask)
        output = JointOutput()
        if self.entity_tagger is not None:
            tagged = self.entity_tagger(self._encode(self.ner_encoder, embedded, mask), mask, tags)
            output.tag_scores, output.ner_loss = tagged.scores, tagged.loss
        if self.relation_scorer is not None:
            # Shape: (batch_size, num_tokens, token_dim)
            output.relation_tokens = self._encode(self.relation_encoder, embedded, mask)
        return output

    def score_pairs(
        self,
        relation_tokens: torch.Tensor,
        spans: Sequence[Sequence[Tuple[int, int]]],
        tags: torch.Tensor,
    ) -> torch.Tensor:
        """
        # Parameters

        relation_tokens : `torch.Tensor`
            Shape (batch_size, num_tokens, token_dim).
        spans : `Sequence[Sequence[Tuple[int, int]]]`
            The candidates of each sentence: first token, and the token after the last.
        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens): the tags that are embedded.

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
            labels = self.label_embedding(tags[sentences, ends - 1])
            vectors = torch.cat([vectors, labels], dim=1)
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
