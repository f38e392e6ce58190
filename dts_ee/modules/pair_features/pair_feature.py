"""What a relation scorer may look at in a pair of entities."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from allennlp.common import Registrable

from dts_ee.modules.entity_batch import EntityBatch


class PairFeature(torch.nn.Module, Registrable, ABC):
    """
    A vector for each pair of entities.

    A constructor takes what it needs of `entity_dim`, `token_dim` and `num_relations` from the
    relation scorer.
    """

    symmetric: bool = False
    """Whether a pair's vector is the same if head and tail are exchanged."""

    @abstractmethod
    def get_output_dim(self) -> int:
        """The size of a pair's vector."""

    def prepare(self, entities: EntityBatch) -> Any:
        """
        What `forward` needs and no single pair decides, made once for all chunks of pairs.

        # Parameters

        entities : `EntityBatch`
            All entities of the batch.
        """
        return None

    @abstractmethod
    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor, prepared: Any
    ) -> torch.Tensor:
        """
        # Parameters

        entities : `EntityBatch`
            All entities of the batch.
        heads, tails : `torch.LongTensor`
            Shape (num_pairs,): positions among the batch's entities.
        prepared : `Any`
            What `prepare` returned.

        # Returns

        `torch.Tensor`
            Shape (num_pairs, output_dim).
        """
