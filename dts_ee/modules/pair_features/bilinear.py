"""A full bilinear form for each relation."""

from typing import Any, Tuple

import torch

from dts_ee.modules.entity_batch import EntityBatch
from dts_ee.modules.grown_weights import GrownWeights, copy_first
from dts_ee.modules.pair_features.pair_feature import PairFeature


@PairFeature.register("bilinear")
class BilinearFeature(PairFeature):
    """
    `p(g_i)^T W_k q(g_j)` for each relation k, where p and q project to `hidden_dim`.

    Unlike DistMult, it is not symmetric in head and tail. The paper's model does not have it.

    # Parameters

    entity_dim : `int`
        The size of an entity's vector.
    num_relations : `int`
        The number of relation types.
    hidden_dim : `int`, optional (default = `64`)
        The size of the projected head and tail.
    """

    def __init__(self, entity_dim: int, num_relations: int, hidden_dim: int = 64) -> None:
        super().__init__()
        self.head_projection = torch.nn.Linear(entity_dim, hidden_dim)
        self.tail_projection = torch.nn.Linear(entity_dim, hidden_dim)
        self.forms = torch.nn.Linear(hidden_dim, num_relations * hidden_dim, bias=False)
        self.num_relations = num_relations

    def copy_grown(self, source: "BilinearFeature", weights: GrownWeights) -> None:
        """See `GrownWeights`: each relation has several rows."""
        weights.copy(self.head_projection, source.head_projection)
        weights.copy(self.tail_projection, source.tail_projection)
        copy_first(self.forms.weight, source.forms.weight)

    def get_output_dim(self) -> int:
        return self.num_relations

    def prepare(self, entities: EntityBatch) -> Tuple[torch.Tensor, torch.Tensor]:
        # Shape: (num_entities, num_relations, hidden_dim)
        heads = self.forms(self.head_projection(entities.vectors))
        heads = heads.view(len(heads), self.num_relations, self.forms.in_features)
        # Shape: (num_entities, hidden_dim)
        tails = self.tail_projection(entities.vectors)
        return heads, tails

    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor, prepared: Any
    ) -> torch.Tensor:
        head_forms, tail_vectors = prepared
        # Shape: (num_pairs, num_relations)
        return torch.einsum("prh,ph->pr", head_forms[heads], tail_vectors[tails])
