"""DistMult: a diagonal bilinear form for each relation."""

from typing import Any

import torch
from torch.nn.functional import embedding

from dts_ee.modules.entity_batch import EntityBatch
from dts_ee.modules.pair_features.pair_feature import PairFeature


@PairFeature.register("distmult")
class DistMultFeature(PairFeature):
    """
    `g_i^T diag(m_k) g_j` for each relation k (Yang et al. 2014; report, §3.3).

    It is symmetric in head and tail, so it does not represent the direction of a relation.

    # Parameters

    entity_dim : `int`
        The size of an entity's vector.
    num_relations : `int`
        The number of relation types.
    """

    symmetric = True

    def __init__(self, entity_dim: int, num_relations: int) -> None:
        super().__init__()
        # The diagonals m_k. Shape: (num_relations, entity_dim)
        self.diagonals = torch.nn.Linear(entity_dim, num_relations, bias=False)

    def get_output_dim(self) -> int:
        return self.diagonals.out_features

    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor, prepared: Any
    ) -> torch.Tensor:
        vectors = entities.vectors
        # Shape: (num_pairs, entity_dim)
        products = embedding(heads, vectors) * embedding(tails, vectors)
        # Shape: (num_pairs, num_relations)
        return self.diagonals(products)
