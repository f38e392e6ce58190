"""The cosine similarity of two entities."""

from typing import Any

import torch
from torch.nn.functional import embedding

from dts_ee.modules.entity_batch import EntityBatch
from dts_ee.modules.pair_features.pair_feature import PairFeature


@PairFeature.register("cosine")
class CosineFeature(PairFeature):
    """The cosine similarity of the vectors of head and tail (report, §3.3)."""

    symmetric = True

    def get_output_dim(self) -> int:
        return 1

    def prepare(self, entities: EntityBatch) -> torch.Tensor:
        # Shape: (num_entities, entity_dim)
        return torch.nn.functional.normalize(entities.vectors, dim=1)

    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor, prepared: Any
    ) -> torch.Tensor:
        # Shape: (num_pairs, entity_dim)
        products = embedding(heads, prepared) * embedding(tails, prepared)
        # Shape: (num_pairs, 1)
        return products.sum(1, keepdim=True)
