"""The base class of features of a pair of entities."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from allennlp.common import Registrable

from dts_ee.modules.entity_batch import EntityBatch


class PairFeature(torch.nn.Module, Registrable, ABC):
    """
    A vector for each pair of entities, as an input of the relation scorer.

    The relation scorer passes `entity_dim`, `token_dim` and `num_relations` to the constructor, as
    far as it has parameters of these names.
    """

    symmetric: bool = False
    """Whether a pair's vector stays the same if head and tail are exchanged."""

    @abstractmethod
    def get_output_dim(self) -> int:
        """The size of a pair's vector."""

    def prepare(self, entities: EntityBatch) -> Any:
        """
        Computes what `forward` needs for all pairs, once for all chunks of pairs.

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
        Computes the vectors of pairs.

        # Parameters

        entities : `EntityBatch`
            All entities of the batch.
        heads, tails : `torch.LongTensor`
            Shape (num_pairs,): indices of entities in the batch.
        prepared : `Any`
            The return value of `prepare`.

        # Returns

        `torch.Tensor`
            Shape (num_pairs, output_dim).
        """
