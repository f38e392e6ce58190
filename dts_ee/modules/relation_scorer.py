"""Scoring layers for pairs of entities."""

from abc import ABC, abstractmethod
from functools import partial
from typing import Any, Callable, Iterable, List, Optional, cast

import torch
from allennlp.common import Lazy, Registrable
from allennlp.modules import FeedForward
from allennlp.nn import Activation
from torch.nn.functional import embedding, linear
from torch.utils.checkpoint import checkpoint

from dts_ee.modules.entity_batch import EntityBatch, unordered_pairs
from dts_ee.modules.grown_weights import GrownWeights, copy_first, other_layers
from dts_ee.modules.pair_features import CosineFeature, DistMultFeature, PairFeature


class RelationScorer(torch.nn.Module, Registrable, ABC):
    """
    Scores pairs of entities for every relation type: the scoring layers of the RE head.

    The model passes `entity_dim`, `token_dim` and `num_relations` to the constructor.
    """

    default_implementation = "pairwise"

    @abstractmethod
    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor
    ) -> torch.Tensor:
        """
        Scores pairs of entities.

        # Parameters

        entities : `EntityBatch`
            All entities of the batch.
        heads, tails : `torch.LongTensor`
            Shape (num_pairs,): indices of entities in the batch.

        # Returns

        `torch.Tensor`
            Shape (num_pairs, num_relations): logits.
        """


@RelationScorer.register("pairwise")
class PairwiseRelationScorer(RelationScorer):
    """
    `FF^(r2)(f_i ∘ f_j ∘ features of the pair)` with `f_i = FF^(r1)(g_i)` (report, §3.3).

    All pairs of a batch are scored together. More than `max_pairs_per_chunk` pairs are scored in
    chunks with gradient checkpointing, which bounds the memory.

    # Parameters

    entity_dim : `int`
        The size of an entity's vector `g`.
    token_dim : `int`
        The size of an encoded token.
    num_relations : `int`
        The number of relation types.
    feedforward : `FeedForward`, optional (default = one ReLU layer of 128)
        The layer `FF^(r1)` over an entity's vector; its `input_dim` is filled in.
    pair_features : `List[PairFeature]`, optional (default = `cosine` and `distmult`, the paper's)
        The features of a pair.
    pair_feedforward : `FeedForward`, optional (default = `None`)
        A hidden layer between the pair's vector and the linear layer. The paper has none.
    max_pairs_per_chunk : `int`, optional (default = `4096`)
        The largest number of pairs that are scored at once.
    """

    def __init__(
        self,
        entity_dim: int,
        token_dim: int,
        num_relations: int,
        feedforward: Lazy[FeedForward] = Lazy(
            FeedForward, num_layers=1, hidden_dims=128, activations=Activation.by_name("relu")()
        ),
        pair_features: Optional[List[Lazy[PairFeature]]] = None,
        pair_feedforward: Optional[Lazy[FeedForward]] = None,
        max_pairs_per_chunk: int = 4096,
    ) -> None:
        super().__init__()
        if pair_features is None:
            pair_features = [Lazy(CosineFeature), Lazy(DistMultFeature)]
        self.feedforward = feedforward.construct(input_dim=entity_dim)
        features = [
            feature.construct(
                entity_dim=entity_dim, token_dim=token_dim, num_relations=num_relations
            )
            for feature in pair_features
        ]
        self.pair_features = torch.nn.ModuleList(features)
        pair_dim = sum(self._part_dims)
        self.pair_feedforward = None
        if pair_feedforward is not None:
            self.pair_feedforward = pair_feedforward.construct(input_dim=pair_dim)
            pair_dim = self.pair_feedforward.get_output_dim()
        self.projection = torch.nn.Linear(pair_dim, num_relations)
        self.max_pairs_per_chunk = max_pairs_per_chunk

    @property
    def _part_dims(self) -> List[int]:
        """The sizes of the parts of a pair's vector: head, tail, and the features."""
        hidden_dim = self.feedforward.get_output_dim()
        features = [cast(PairFeature, feature) for feature in self.pair_features]
        return [hidden_dim, hidden_dim, *(feature.get_output_dim() for feature in features)]

    def copy_grown(self, source: "PairwiseRelationScorer", weights: GrownWeights) -> None:
        """
        See `GrownWeights`. Some features have a value for each relation, so that a pair's vector
        grows between other values. The known relations do not use the new values at first.
        """
        weights.copy(self.feedforward, source.feedforward)
        weights.copy(self.pair_features, source.pair_features)
        layers, source_layers = self._layers_over_pairs(), source._layers_over_pairs()
        if len(layers) != len(source_layers):
            raise other_layers(self, source)
        for layer, source_layer in zip(layers[1:], source_layers[1:], strict=True):
            weights.copy(layer, source_layer)
        columns: List[int] = []
        start = 0
        for dim, source_dim in zip(self._part_dims, source._part_dims, strict=True):
            columns += range(start, start + source_dim)
            start += dim
        first, source_first = layers[0], source_layers[0]
        copy_first(first.bias, source_first.bias)
        with torch.no_grad():
            num_rows = source_first.out_features
            first.weight[:num_rows] = 0.0
            first.weight[:num_rows, columns] = source_first.weight

    def _layers_over_pairs(self) -> List[torch.nn.Linear]:
        """The linear layers over a pair's vector."""
        hidden: Any = () if self.pair_feedforward is None else self.pair_feedforward._linear_layers
        return [*hidden, self.projection]

    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor
    ) -> torch.Tensor:
        # Shape: (num_entities, hidden_dim)
        hidden = self.feedforward(entities.vectors)
        prepared = [cast(PairFeature, feature).prepare(entities) for feature in self.pair_features]
        hidden_layer = self.pair_feedforward
        if hidden_layer is None:
            return self._score_linearly(entities, hidden, prepared, heads, tails)

        def score(heads: torch.Tensor, tails: torch.Tensor) -> torch.Tensor:
            vectors = self._features(entities, prepared, range(len(prepared)), heads, tails)
            # Shape: (num_pairs, pair_dim)
            pairs = torch.cat([embedding(heads, hidden), embedding(tails, hidden), *vectors], 1)
            return self.projection(hidden_layer(pairs))

        return self._in_chunks(score, heads, tails)

    def _score_linearly(
        self,
        entities: EntityBatch,
        hidden: torch.Tensor,
        prepared: List[Any],
        heads: torch.Tensor,
        tails: torch.Tensor,
    ) -> torch.Tensor:
        """
        Scores pairs without a hidden layer.

        The score is a sum over the parts of a pair's vector. So the part of an entity is computed
        once for each entity, and that of a symmetric feature once for both orders of a pair.
        """
        features = [cast(PairFeature, feature) for feature in self.pair_features]
        head_weight, tail_weight, *weights = self.projection.weight.split(self._part_dims, dim=1)
        # Shape: (num_pairs, num_relations)
        scores = embedding(heads, linear(hidden, head_weight, self.projection.bias))
        scores = scores + embedding(tails, linear(hidden, tail_weight))

        symmetric = [i for i, feature in enumerate(features) if feature.symmetric]
        others = [i for i, feature in enumerate(features) if not feature.symmetric]

        def score(which: List[int], heads: torch.Tensor, tails: torch.Tensor) -> torch.Tensor:
            vectors = self._features(entities, prepared, which, heads, tails)
            return linear(torch.cat(vectors, 1), torch.cat([weights[i] for i in which], 1))

        if others:
            scores = scores + self._in_chunks(partial(score, others), heads, tails)
        if symmetric:
            firsts, seconds, indices = unordered_pairs(entities.counts, heads, tails)
            # Shape: (num_unordered_pairs, num_relations)
            shared = self._in_chunks(partial(score, symmetric), firsts, seconds)
            scores = scores + embedding(indices, shared)
        return scores

    def _features(
        self,
        entities: EntityBatch,
        prepared: List[Any],
        which: Iterable[int],
        heads: torch.Tensor,
        tails: torch.Tensor,
    ) -> List[torch.Tensor]:
        return [self.pair_features[i](entities, heads, tails, prepared[i]) for i in which]

    def _in_chunks(
        self,
        score: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        heads: torch.Tensor,
        tails: torch.Tensor,
    ) -> torch.Tensor:
        if len(heads) <= self.max_pairs_per_chunk:
            return score(heads, tails)
        chunks = zip(heads.split(self.max_pairs_per_chunk), tails.split(self.max_pairs_per_chunk))
        if not torch.is_grad_enabled():
            return torch.cat([score(*chunk) for chunk in chunks])
        return torch.cat([checkpoint(score, *chunk, use_reentrant=False) for chunk in chunks])
