"""The RE head: from the entities of a batch to a score for each pair and relation."""

from abc import ABC, abstractmethod
from typing import Any, List, Optional, cast

import torch
from allennlp.common import Lazy, Registrable
from allennlp.modules import FeedForward
from allennlp.nn import Activation
from torch.nn.functional import embedding
from torch.utils.checkpoint import checkpoint

from dts_ee.modules.entity_batch import EntityBatch
from dts_ee.modules.pair_features import CosineFeature, DistMultFeature, PairFeature


class RelationScorer(torch.nn.Module, Registrable, ABC):
    """
    Scores pairs of entities for every relation.

    An implementation's constructor takes `entity_dim`, `token_dim` and `num_relations` from the
    model.
    """

    default_implementation = "pairwise"

    @abstractmethod
    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor
    ) -> torch.Tensor:
        """
        # Parameters

        entities : `EntityBatch`
            All entities of the batch.
        heads, tails : `torch.LongTensor`
            Shape (num_pairs,): positions among the batch's entities.

        # Returns

        `torch.Tensor`
            Shape (num_pairs, num_relations): logits.
        """


@RelationScorer.register("pairwise")
class PairwiseRelationScorer(RelationScorer):
    """
    `FF^(r2)(f_i ∘ f_j ∘ features of the pair)` with `f_i = FF^(r1)(g_i)` (report, §3.3).

    All pairs of a batch are scored together; where there are very many, in chunks, whose inner
    values are computed again in the backward pass, so that memory stays bounded.

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
        What is looked at in a pair.
    pair_feedforward : `FeedForward`, optional (default = `None`)
        A hidden layer between the pair's vector and the linear scores. The paper has none.
    max_pairs_per_chunk : `int`, optional (default = `4096`)
        How many pairs are scored at once.
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
        pair_dim = 2 * self.feedforward.get_output_dim()
        pair_dim += sum(feature.get_output_dim() for feature in features)
        self.pair_feedforward = None
        if pair_feedforward is not None:
            self.pair_feedforward = pair_feedforward.construct(input_dim=pair_dim)
            pair_dim = self.pair_feedforward.get_output_dim()
        self.projection = torch.nn.Linear(pair_dim, num_relations)
        self.max_pairs_per_chunk = max_pairs_per_chunk

    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor
    ) -> torch.Tensor:
        # Shape: (num_entities, hidden_dim)
        hidden = self.feedforward(entities.vectors)
        prepared = [cast(PairFeature, feature).prepare(entities) for feature in self.pair_features]
        if len(heads) <= self.max_pairs_per_chunk:
            return self._score(entities, hidden, prepared, heads, tails)
        chunks = zip(heads.split(self.max_pairs_per_chunk), tails.split(self.max_pairs_per_chunk))
        if not torch.is_grad_enabled():
            return torch.cat([self._score(entities, hidden, prepared, *chunk) for chunk in chunks])
        return torch.cat(
            [
                checkpoint(self._score, entities, hidden, prepared, *chunk, use_reentrant=False)
                for chunk in chunks
            ]
        )

    def _score(
        self,
        entities: EntityBatch,
        hidden: torch.Tensor,
        prepared: List[Any],
        heads: torch.Tensor,
        tails: torch.Tensor,
    ) -> torch.Tensor:
        features = [
            feature(entities, heads, tails, ready)
            for feature, ready in zip(self.pair_features, prepared)
        ]
        # Shape: (num_pairs, pair_dim)
        pairs = torch.cat([embedding(heads, hidden), embedding(tails, hidden), *features], dim=1)
        if self.pair_feedforward is not None:
            pairs = self.pair_feedforward(pairs)
        # Shape: (num_pairs, num_relations)
        return self.projection(pairs)
