"""The head for relation extraction: its layers, loss and decoding."""

from dataclasses import dataclass, replace
from typing import Callable, List, Mapping, Optional, Sequence

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors
from allennlp.modules import Seq2SeqEncoder
from allennlp.modules.span_extractors import SpanExtractor

from dts_ee.document import Document, Entity, Relation
from dts_ee.models.symmetric_relations import SymmetricRelations
from dts_ee.models.tag_sequences import TagSequences
from dts_ee.models.task_head import TaskBatch, TaskHead
from dts_ee.models.thresholds import Thresholds
from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans, pair_indices
from dts_ee.modules.kernels.dropout import Dropout
from dts_ee.modules.relation_scorer import RelationScorer
from dts_ee.modules.span_extractors.flat_spans import extract_flat_spans
from dts_ee.modules.stack import Stack
from dts_ee.tasks import RELATIONS


class RelationNetwork(torch.nn.Module):
    """
    The RE-specific stack, and the layers that score pairs of entities.

    # Parameters

    stack : `Stack`
        The stack.
    label_embedding : `torch.nn.Embedding` or `None`
        Embeds the tag of an entity's last token.
    span_extractor : `SpanExtractor`
        Represents an entity.
    dropout : `float`
        The dropout on the entities' vectors.
    scorer : `RelationScorer`
        Scores pairs of entities' vectors.
    """

    def __init__(
        self,
        stack: Stack,
        label_embedding: Optional[torch.nn.Embedding],
        span_extractor: SpanExtractor,
        dropout: float,
        scorer: RelationScorer,
    ) -> None:
        super().__init__()
        self.stack = stack
        self.label_embedding = label_embedding
        self.span_extractor = span_extractor
        self.dropout = Dropout(dropout)
        self.relation_scorer = scorer

    def forward(self, shared: torch.Tensor, mask: torch.BoolTensor) -> "RelationTokens":
        """See `TaskHead.forward`."""
        return RelationTokens(self.stack(shared, mask), self)


@dataclass
class RelationTokens:
    """
    The output of a `RelationNetwork` for a batch.

    # Parameters

    tokens : `torch.Tensor`
        Shape (batch_size, num_tokens, token_dim): the encoded tokens.
    network : `RelationNetwork`
        The network.
    """

    tokens: torch.Tensor
    network: RelationNetwork

    def score_pairs(
        self,
        entities: Sequence[Sequence[Entity]],
        labels: torch.Tensor,
        text: Optional[TextFieldTensors] = None,
    ) -> torch.Tensor:
        """
        Scores every ordered pair of entities in each sentence.

        # Parameters

        entities : `Sequence[Sequence[Entity]]`
            The entities of each sentence.
        labels : `torch.LongTensor`
            Shape (num_entities,): the tag to embed for each entity.
        text : `TextFieldTensors`, optional (default = `None`)
            The indexed tokens of the sentences.

        # Returns

        `torch.Tensor`
            Shape (num_pairs, num_relations): logits, in the order of `entity_pairs`.
        """
        network = self.network
        spans = [[entity.span for entity in sentence] for sentence in entities]
        sentences, starts, ends, counts = flatten_spans(spans, self.tokens.device)
        # Shape: (num_entities, span_dim)
        vectors = extract_flat_spans(network.span_extractor, self.tokens, starts, ends, counts)
        if network.label_embedding is not None:
            # Shape: (num_entities, span_dim + label_embedding_dim)
            vectors = torch.cat([vectors, network.label_embedding(labels)], dim=1)
        batch = EntityBatch(
            network.dropout(vectors), self.tokens, sentences, starts, ends, counts, text
        )
        heads, tails = entity_pairs(counts)
        return network.relation_scorer(batch, heads, tails)


class RelationHead(TaskHead):
    """
    Extracts relations by scoring every ordered pair of a sentence's entities (Crone 2020; report,
    §3.3).

    The loss is the binary cross-entropy of each pair and relation type, summed over the relation
    types and averaged over the pairs of the batch.

    # Parameters

    tag_sequences : `TagSequences`
        The sequences of tags.
    relation_types : `Mapping[int, str]`
        The relation type of each column of scores.
    symmetric : `SymmetricRelations`
        The relations whose direction has no meaning.
    encoder : `Lazy[Seq2SeqEncoder]` or `None`
        The RE-specific stack.
    span_extractor : `Lazy[SpanExtractor]`
        Represents an entity.
    scorer : `Lazy[RelationScorer]`
        The scoring layers.
    label_embedding_dim : `int`
        The size of the tag embedding in an entity's vector; 0 for none.
    dropout, relation_dropout : `float`
        The dropout before the stack, and on the entities' vectors.
    loss_weight : `float`
        λ.
    threshold : `float`
        Θ: a relation is predicted if its probability is at least this.
    score : `str`
        The probability that is compared with Θ: `"relation"` or `"joint"`, see
        `DeeperTaskSpecificity`.
    entities_predicted : `bool`
        Whether another head predicts the entities. If not, they have to be given; in gold
        sentences, the entities that tags can express are used.
    predict_tags : `Callable[[TaskBatch, int], torch.Tensor]`, optional (default = `None`)
        Returns the tags to embed in training, of shape (batch_size, num_tokens, num_sequences),
        for a batch and the index of a network. `None` for the gold tags.
    """

    task = RELATIONS
    loss_name = "relation_loss"
    threshold: float

    def __init__(
        self,
        tag_sequences: TagSequences,
        relation_types: Mapping[int, str],
        symmetric: SymmetricRelations,
        encoder: Optional[Lazy[Seq2SeqEncoder]],
        span_extractor: Lazy[SpanExtractor],
        scorer: Lazy[RelationScorer],
        label_embedding_dim: int,
        dropout: float,
        relation_dropout: float,
        loss_weight: float,
        threshold: float,
        score: str,
        entities_predicted: bool,
        predict_tags: Optional[Callable[[TaskBatch, int], torch.Tensor]] = None,
    ) -> None:
        super().__init__()
        self._tag_sequences = tag_sequences
        self._relation_types = relation_types
        self._symmetric = symmetric
        self._columns = {type: column for column, type in relation_types.items()}
        self._encoder = encoder
        self._span_extractor = span_extractor
        self._scorer = scorer
        self._label_embedding_dim = label_embedding_dim
        self._dropout = dropout
        self._relation_dropout = relation_dropout
        self._loss_weight = loss_weight
        self.threshold = threshold
        self._score = score
        self._entities_predicted = entities_predicted
        self._predict_tags = predict_tags

    @property
    def types(self) -> List[str]:
        return sorted(self._columns)

    def build_network(self, input_dim: int) -> RelationNetwork:
        stack = Stack(self._encoder, input_dim, self._dropout)
        token_dim = stack.get_output_dim()
        label_embedding = None
        if self._label_embedding_dim > 0:
            label_embedding = torch.nn.Embedding(
                self._tag_sequences.num_tags, self._label_embedding_dim
            )
        span_extractor = self._span_extractor.construct(input_dim=token_dim)
        scorer = self._scorer.construct(
            entity_dim=span_extractor.get_output_dim() + self._label_embedding_dim,
            token_dim=token_dim,
            num_relations=len(self._relation_types),
        )
        return RelationNetwork(
            stack, label_embedding, span_extractor, self._relation_dropout, scorer
        )

    def loss(self, batch: TaskBatch) -> torch.Tensor:
        losses = [
            self._network_loss(batch, network, tokens)
            for network, tokens in enumerate(self._tokens(batch))
        ]
        return self._loss_weight * torch.stack(losses).mean()

    def _network_loss(self, batch: TaskBatch, network: int, tokens: RelationTokens) -> torch.Tensor:
        assert batch.tags is not None
        tags: torch.Tensor = batch.tags
        if self.training and self._predict_tags is not None:
            tags = self._predict_tags(batch, network)
        gold = batch.tagged_documents
        entities = [document.entities for document in gold]
        labels = self._tag_sequences.last_tags(entities, tags)
        logits = tokens.score_pairs(entities, labels, batch.text)
        if len(logits) == 0:
            # The loss must have a gradient, even if it is zero.
            return 0.0 * tokens.tokens.sum()
        # Shape: (num_pairs, num_relations)
        targets = relation_targets(gold, self._columns).to(logits)
        targets = self._symmetric.joined(targets, _counts(entities), torch.maximum)
        if self.name in batch.soft_targets:
            soft = torch.cat(batch.soft_targets[self.name]).to(targets)
            targets = torch.lerp(targets, soft, batch.soft_weight)
        # Shape: (num_pairs, num_relations)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, targets, reduction="none"
        )
        loss = losses.sum(1).mean()
        self.mean_loss(loss)
        return loss

    def predict(
        self, batch: TaskBatch, documents: List[Document], thresholds: Thresholds = Thresholds()
    ) -> List[Document]:
        """
        Returns the documents with the predicted relations between their entities. Probabilities
        are the mean over the networks.

        # Raises

        `ConfigurationError`
            If entities have to be given, but none are.
        """
        if not self._entities_predicted:
            documents = self._with_given_entities(batch)
        entities = [document.entities for document in documents]
        relations = relations_above(
            {type: thresholds.of(type, self.threshold) for type in self._columns},
            self._probabilities(batch, entities),
            entities,
            self._relation_types,
            self._symmetric.can_hold(entities),
        )
        return [
            replace(document, relations=tuple(predicted))
            for document, predicted in zip(documents, relations, strict=True)
        ]

    def expected_errors(self, batch: TaskBatch, documents: List[Document]) -> torch.Tensor:
        """
        The expected number of wrong decisions on the ordered pairs of each sentence's entities,
        shape (batch_size,): the sum over pairs and relation types of one minus the probability
        where it reaches the head's own threshold, and of the probability elsewhere.
        """
        entities = [document.entities for document in documents]
        probabilities = self._probabilities(batch, entities)
        # Shape: (num_pairs, num_relations)
        wrong = torch.where(probabilities >= self.threshold, 1.0 - probabilities, probabilities)
        # Shape: (num_pairs,)
        wrong = (wrong * self._symmetric.can_hold(entities).to(wrong)).sum(1)
        counts = _counts(entities)
        sentences = torch.repeat_interleave(counts * (counts - 1))
        errors = torch.zeros(len(documents), device=wrong.device)
        return errors.index_add_(0, sentences.to(wrong.device), wrong)

    def _probabilities(
        self, batch: TaskBatch, entities: Sequence[Sequence[Entity]]
    ) -> torch.Tensor:
        """Shape (num_pairs, num_relations), in the order of `entity_pairs`."""
        probabilities = self._relation_probabilities(batch, entities)
        if self._score == "joint":
            probabilities = probabilities * _entity_probabilities(entities).to(probabilities)
        return self._symmetric.joined(
            probabilities, _counts(entities), lambda one, other: (one + other) / 2
        )

    def _relation_probabilities(
        self, batch: TaskBatch, entities: Sequence[Sequence[Entity]]
    ) -> torch.Tensor:
        """The relations' own, without those of the entities; the shape of `_probabilities`."""
        labels = self._tag_sequences.expected_last_tags(entities, batch.mask.device)
        scores = [
            tokens.score_pairs(entities, labels, batch.text).sigmoid()
            for tokens in self._tokens(batch)
        ]
        return torch.stack(scores).mean(0)

    def soft_targets(
        self, batch: TaskBatch, documents: Sequence[Document], student: TaskHead
    ) -> List[torch.Tensor]:
        """
        For each sentence, the mean probabilities of the relations between its entities. Shape of
        each: (num_pairs, num_relations), with the student's relations.
        """
        assert isinstance(student, RelationHead)
        entities = [document.entities for document in documents]
        columns = [self._columns[type] for type in student._relation_types.values()]
        probabilities = self._relation_probabilities(batch, entities)[:, columns]
        num_pairs = [len(sentence) * (len(sentence) - 1) for sentence in entities]
        return list(probabilities.split(num_pairs))

    def _tokens(self, batch: TaskBatch) -> List[RelationTokens]:
        """The output of each network."""
        return batch.outputs[self.name]

    def _with_given_entities(self, batch: TaskBatch) -> List[Document]:
        documents = []
        for sentence, given in zip(batch.metadata, batch.entities_given, strict=True):
            document: Document = sentence["document"]
            entities = document.entities
            if not given:
                if batch.tags is None:
                    raise ConfigurationError(
                        "the model only predicts relations, and needs given entities"
                    )
                entities = self._tagged_entities(sentence["tagged_document"])
            documents.append(replace(document, entities=entities, relations=()))
        return documents

    def _tagged_entities(self, document: Document) -> tuple[Entity, ...]:
        """The entities that the tags of the vocabulary can express, sorted by span."""
        known = self._tag_sequences.entity_types
        entities = [entity for entity in document.entities if entity.type in known]
        return tuple(sorted(entities, key=lambda entity: (entity.span, entity.type)))


def relation_targets(documents: Sequence[Document], columns: Mapping[str, int]) -> torch.Tensor:
    """
    The training targets of all pairs of gold entities.

    Relation types without a column (types that are not in the training data) are left out;
    evaluation counts them as missed.

    # Parameters

    documents : `Sequence[Document]`
        The sentences of the batch.
    columns : `Mapping[str, int]`
        The column of each relation type.

    # Returns

    `torch.Tensor`
        Shape (num_pairs, num_relations), in the order of `entity_pairs`: 1 where the relation
        holds, else 0.
    """
    counts = torch.tensor([len(document.entities) for document in documents])
    relations = []
    first_entity = 0
    for document in documents:
        relations += [
            (first_entity + relation.head, first_entity + relation.tail, columns[relation.type])
            for relation in document.relations
            if relation.type in columns
        ]
        first_entity += len(document.entities)
    # Shape: (num_relations_that_hold,)
    heads, tails, types = torch.tensor(relations, dtype=torch.long).view(-1, 3).unbind(1)
    targets = torch.zeros(int((counts * (counts - 1)).sum()), len(columns))
    targets[pair_indices(counts, heads, tails), types] = 1.0
    return targets


def relations_above(
    thresholds: Mapping[str, float],
    probabilities: torch.Tensor,
    entities: Sequence[Sequence[Entity]],
    types: Mapping[int, str],
    can_hold: torch.Tensor,
) -> List[List[Relation]]:
    """
    The relations whose probability is at least the threshold of their type.

    # Parameters

    thresholds : `Mapping[str, float]`
        Θ of each type.
    probabilities : `torch.Tensor`
        Shape (num_pairs, num_relations), in the order of `entity_pairs`.
    entities : `Sequence[Sequence[Entity]]`
        The entities of each sentence.
    types : `Mapping[int, str]`
        The relation type of each column.
    can_hold : `torch.BoolTensor`
        What `SymmetricRelations.can_hold` returned: of shape (num_pairs, num_relations), or of one
        that is broadcast to it.

    # Returns

    `List[List[Relation]]`
        The relations of each sentence.
    """
    probabilities = probabilities.cpu()
    counts = _counts(entities)
    heads, tails = entity_pairs(counts)
    # Shape: (num_entities,)
    sentences = torch.repeat_interleave(counts)
    first_entities = (counts.cumsum(0) - counts)[sentences]
    # Shape: (num_relations,)
    least = torch.tensor([thresholds[types[column]] for column in range(len(types))])
    # Shape: (num_predicted,)
    is_predicted = (probabilities >= least.to(probabilities)) & can_hold
    pairs, columns = is_predicted.nonzero(as_tuple=True)
    heads, tails = heads[pairs], tails[pairs]
    relations: List[List[Relation]] = [[] for _ in entities]
    for sentence, head, tail, column, probability in zip(
        sentences[heads].tolist(),
        (heads - first_entities[heads]).tolist(),
        (tails - first_entities[tails]).tolist(),
        columns.tolist(),
        probabilities[pairs, columns].tolist(),
        strict=True,
    ):
        relations[sentence].append(Relation(types[column], head, tail, probability))
    return relations


def _entity_probabilities(entities: Sequence[Sequence[Entity]]) -> torch.Tensor:
    """
    The product of the probabilities of the two entities of each pair; 1 for an entity without a
    probability. Shape: (num_pairs, 1)
    """
    probabilities = torch.tensor(
        [
            1.0 if entity.probability is None else entity.probability
            for sentence in entities
            for entity in sentence
        ]
    )
    heads, tails = entity_pairs(_counts(entities))
    return (probabilities[heads] * probabilities[tails]).unsqueeze(1)


def _counts(entities: Sequence[Sequence[Entity]]) -> torch.Tensor:
    """The number of entities of each sentence."""
    return torch.tensor([len(sentence) for sentence in entities])
