"""The tokens between two entities."""

from typing import Any, Tuple

import torch

from dts_ee.modules.entity_batch import EntityBatch
from dts_ee.modules.kernels.range_max import RangeMax
from dts_ee.modules.pair_features.pair_feature import PairFeature


@PairFeature.register("context")
class ContextFeature(PairFeature):
    """
    The tokens between head and tail, max-pooled.

    It is zero if there are no tokens between them. Pooled context comes from SpERT (Eberts and
    Ulges 2019, §3); the paper's model does not have it.

    # Parameters

    token_dim : `int`
        The size of an encoded token.
    """

    symmetric = True

    def __init__(self, token_dim: int) -> None:
        super().__init__()
        self.token_dim = token_dim

    def get_output_dim(self) -> int:
        return self.token_dim

    def prepare(self, entities: EntityBatch) -> RangeMax:
        return RangeMax(entities.tokens, longest=entities.tokens.shape[1])

    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor, prepared: Any
    ) -> torch.Tensor:
        starts, ends = self._between(entities, heads, tails)
        # Shape: (num_pairs, token_dim)
        return prepared(entities.sentences[heads], starts, ends)

    @staticmethod
    def _between(
        entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        # Shape: (num_pairs,)
        starts = torch.minimum(entities.ends[heads], entities.ends[tails])
        ends = torch.maximum(entities.starts[heads], entities.starts[tails])
        return starts, ends
