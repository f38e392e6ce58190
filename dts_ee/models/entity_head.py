"""The head for named entity recognition: its layers, loss and decoding."""

from dataclasses import replace
from operator import attrgetter
from typing import Iterable, List, Optional, Sequence, Tuple, cast

import torch
from allennlp.common import Lazy
from allennlp.modules import Seq2SeqEncoder

from dts_ee.document import Document, Entity
from dts_ee.models.tag_sequences import TagSequences
from dts_ee.models.task_head import TaskBatch, TaskHead
from dts_ee.models.thresholds import Thresholds
from dts_ee.modules.entity_batch import flatten_spans
from dts_ee.modules.entity_tagger import EntityTagger, TagScores
from dts_ee.modules.grown_weights import GrownWeights, other_layers
from dts_ee.modules.kernels.crf_marginals import TaggedSpans
from dts_ee.modules.stack import Stack
from dts_ee.tasks import ENTITIES


class EntityNetwork(torch.nn.Module):
    """The NER-specific stack, and a tagger for each sequence of tags."""

    def __init__(self, stack: Stack, taggers: Sequence[EntityTagger]) -> None:
        super().__init__()
        self.stack = stack
        self.taggers = torch.nn.ModuleList(taggers)

    def forward(self, shared: torch.Tensor, mask: torch.BoolTensor) -> List[TagScores]:
        """The tag scores of each sequence of tags, see `TaskHead.forward`."""
        # Shape: (batch_size, num_tokens, ner_dim)
        encoded = self.stack(shared, mask)
        return [tagger(encoded, mask) for tagger in self.taggers]


class EntityHead(TaskHead):
    """
    Recognises entities by tagging the tokens (Crone 2020; report, §3.2).

    Each sequence of tags has its own tagger. The loss is the sum of the taggers' losses.

    # Parameters

    tag_sequences : `TagSequences`
        The sequences of tags.
    encoder : `Lazy[Seq2SeqEncoder]` or `None`
        The NER-specific stack.
    tagger : `Lazy[EntityTagger]`
        The scoring layers.
    dropout : `float`
        The dropout before the stack.
    """

    task = ENTITIES
    loss_name = "ner_loss"
    threshold: float = 0.0

    def __init__(
        self,
        tag_sequences: TagSequences,
        encoder: Optional[Lazy[Seq2SeqEncoder]],
        tagger: Lazy[EntityTagger],
        dropout: float,
    ) -> None:
        super().__init__()
        self._tag_sequences = tag_sequences
        self._encoder = encoder
        self._tagger = tagger
        self._dropout = dropout

    @property
    def types(self) -> List[str]:
        return self._tag_sequences.entity_types

    def build_network(self, input_dim: int) -> EntityNetwork:
        stack = Stack(self._encoder, input_dim, self._dropout)
        taggers = [
            self._tagger.construct(
                input_dim=stack.get_output_dim(), num_tags=num_tags, constraints=constraints
            )
            for num_tags, constraints in zip(
                self._tag_sequences.tag_counts, self._tag_sequences.constraints(), strict=True
            )
        ]
        return EntityNetwork(stack, taggers)

    def copy_grown(self, source: TaskHead, weights: GrownWeights) -> None:
        assert isinstance(source, EntityHead)
        if len(self.networks) != len(source.networks):
            raise other_layers(self.networks, source.networks)
        sequences = self._tag_sequences.in_common(source._tag_sequences)
        networks = cast(Iterable[EntityNetwork], self.networks)
        source_networks = cast(Iterable[EntityNetwork], source.networks)
        for network, source_network in zip(networks, source_networks, strict=True):
            weights.copy(network.stack, source_network.stack)
            for sequence, source_sequence in sequences:
                weights.copy(network.taggers[sequence], source_network.taggers[source_sequence])

    def loss(self, batch: TaskBatch) -> torch.Tensor:
        assert batch.tags is not None
        gold = self._tag_sequences.sequence_ids(batch.tags).unbind(2)
        losses = []
        soft = batch.soft_targets.get(self.name)
        for network_scores in self._scores(batch):
            sequence_losses = [
                scores.loss(tags) for scores, tags in zip(network_scores, gold, strict=True)
            ]
            loss = torch.stack(sequence_losses).sum()
            if soft is not None:
                # Shape: (num_sequences,)
                soft_losses = [
                    scores.soft_loss(targets)
                    for scores, *targets in zip(network_scores, *soft, strict=True)
                ]
                loss = torch.lerp(loss, torch.stack(soft_losses).sum(), batch.soft_weight)
            self.mean_loss(loss)
            losses.append(loss)
        return torch.stack(losses).mean()

    def predict(
        self, batch: TaskBatch, documents: List[Document], thresholds: Thresholds = Thresholds()
    ) -> List[Document]:
        """
        Returns the documents with their predicted entities, sorted by span, each with its
        probability. Entities below their threshold are left out. Given entities are kept. Relations
        are removed.
        """
        if all(batch.entities_given):
            return [replace(document, relations=()) for document in documents]
        return [
            replace(
                document,
                entities=document.entities if is_given else self._above(thresholds, predicted),
                relations=(),
            )
            for document, is_given, predicted in zip(
                documents, batch.entities_given, self._decode(batch), strict=True
            )
        ]

    def _above(self, thresholds: Thresholds, entities: Sequence[Entity]) -> Tuple[Entity, ...]:
        return tuple(
            entity
            for entity in entities
            if (entity.probability or 0.0) >= thresholds.of(entity.type, self.threshold)
        )

    def expected_errors(self, batch: TaskBatch, documents: List[Document]) -> torch.Tensor:
        """
        The expected number of wrong tags in each sentence, shape (batch_size,): the sum over its
        tokens of one minus the marginal probability of the predicted tag. Sentences whose entities
        are given have 0.
        """
        sentences, tokens = batch.mask.nonzero(as_tuple=True)
        errors = torch.zeros(len(documents), device=batch.mask.device)
        for scores in self._mean_scores(batch):
            paths = _pad(scores.best(), batch.mask)
            # A span of one token whose end nothing has to confirm is a tag.
            spans = TaggedSpans(
                paths, sentences, tokens, tokens + 1, torch.full_like(sentences, -1)
            )
            errors.index_add_(0, sentences, 1.0 - scores.span_probabilities(spans))
        return errors.masked_fill(torch.tensor(batch.entities_given, device=errors.device), 0.0)

    def predict_tags(self, batch: TaskBatch, network: int) -> torch.Tensor:
        """
        Predicts the tags with a single network.

        # Parameters

        batch : `TaskBatch`
            The sentences, with the outputs of this head.
        network : `int`
            The index of the network.

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, num_sequences): tag ids of the vocabulary.
        """
        decoded = [
            _pad(self._tag_sequences.vocabulary_ids(sequence, scores.best()), batch.mask)
            for sequence, scores in enumerate(self._scores(batch)[network])
        ]
        return torch.stack(decoded, dim=2)

    def soft_targets(
        self, batch: TaskBatch, documents: Sequence[Document], student: TaskHead
    ) -> List[List[TagScores]]:
        """For each sentence, the mean scores of the networks for each sequence of tags."""
        assert isinstance(student, EntityHead)
        means = self._mean_scores(batch)
        scores = [
            means[sequence].split(order)
            for sequence, order in self._tag_sequences.order_of(student._tag_sequences)
        ]
        return [list(sentence) for sentence in zip(*scores, strict=True)]

    def _scores(self, batch: TaskBatch) -> List[List[TagScores]]:
        """The scores of each network for each sequence of tags."""
        return batch.outputs[self.name]

    def _mean_scores(self, batch: TaskBatch) -> List[TagScores]:
        """The mean of the networks' scores, for each sequence of tags."""
        first, *others = self._scores(batch)
        return [
            scores.mean_with([network[sequence] for network in others])
            for sequence, scores in enumerate(first)
        ]

    def _decode(self, batch: TaskBatch) -> List[List[Entity]]:
        predicted: List[List[Entity]] = [[] for _ in batch.metadata]
        for sequence, mean in enumerate(self._mean_scores(batch)):
            for sentence, entities in zip(
                predicted, self._decode_sequence(sequence, mean, batch.mask), strict=True
            ):
                sentence += entities
        return [sorted(sentence, key=attrgetter("span")) for sentence in predicted]

    def _decode_sequence(
        self, sequence: int, scores: TagScores, mask: torch.BoolTensor
    ) -> List[List[Entity]]:
        paths = scores.best()
        entities = [self._tag_sequences.entities(sequence, path) for path in paths]
        sentences, starts, ends, _ = flatten_spans(
            [[entity.span for entity in sentence] for sentence in entities], mask.device
        )
        continuations = [
            self._tag_sequences.inside_id(sequence, entity.type)
            for sentence in entities
            for entity in sentence
        ]
        spans = TaggedSpans(
            _pad(paths, mask),
            sentences,
            starts,
            ends,
            torch.tensor(continuations, dtype=torch.long, device=mask.device),
        )
        probabilities = iter(scores.span_probabilities(spans).tolist())
        return [
            [replace(entity, probability=next(probabilities)) for entity in sentence]
            for sentence in entities
        ]


def _pad(tag_ids: List[List[int]], mask: torch.BoolTensor) -> torch.Tensor:
    """Shape: (batch_size, num_tokens)"""
    padded = torch.zeros(mask.shape, dtype=torch.long)
    for row, sentence in zip(padded, tag_ids, strict=True):
        row[: len(sentence)] = torch.tensor(sentence, dtype=torch.long)
    return padded.to(mask.device)
