"""How far apart two entities stand, and in which order."""

from typing import Any

import torch
from allennlp.nn.util import bucket_values

from dts_ee.modules.entity_batch import EntityBatch
from dts_ee.modules.pair_features.pair_feature import PairFeature


@PairFeature.register("distance")
class DistanceFeature(PairFeature):
    """
    An embedding of the number of tokens between head and tail, with the sign of their order.

    Distances are put into ten buckets (0 to 4 each its own, then 5-7, 8-15, 16-31, 32-63, 64 and
    more), once for each order. It is no part of the paper's model.

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
