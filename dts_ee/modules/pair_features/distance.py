"""The signed distance of two entities."""

from typing import Any

import torch
from allennlp.nn.util import bucket_values

from dts_ee.modules.entity_batch import EntityBatch
from dts_ee.modules.pair_features.pair_feature import PairFeature


@PairFeature.register("distance")
class DistanceFeature(PairFeature):
    """
    An embedding of the number of tokens between head and tail, and of their order.

    There are ten buckets of distances (0, 1, 2, 3, 4, 5-7, 8-15, 16-31, 32-63, 64 and more) for
    each order. The paper's model does not have this feature.

    # Parameters

    embedding_dim : `int`, optional (default = `25`)
        The size of the embedding.
    """

    _NUM_BUCKETS = 10

    def __init__(self, embedding_dim: int = 25) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(2 * self._NUM_BUCKETS, embedding_dim)

    def get_output_dim(self) -> int:
        return self.embedding.embedding_dim

    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor, prepared: Any
    ) -> torch.Tensor:
        head_first = entities.starts[heads] <= entities.starts[tails]
        # Shape: (num_pairs,)
        distances = torch.where(
            head_first,
            entities.starts[tails] - entities.ends[heads],
            entities.starts[heads] - entities.ends[tails],
        )
        buckets = bucket_values(distances.clamp(min=0), num_total_buckets=self._NUM_BUCKETS)
        # Shape: (num_pairs, embedding_dim)
        return self.embedding(buckets + self._NUM_BUCKETS * head_first.long())
