"""Relations whose direction has no meaning, in training and decoding."""

from typing import Callable, Collection, Mapping, Sequence

import torch

from dts_ee.document import Entity
from dts_ee.modules.entity_batch import entity_pairs, pair_indices

Join = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class SymmetricRelations:
    """
    The relation types of a head whose direction has no meaning. SpERT's evaluation of SciERC treats
    `Compare` and `Conjunction` so (https://github.com/lavis-nlp/spert); the paper has none.

    Both orders of two related entities are training examples of such a relation. Its probability is
    the mean of those of both orders, and the predicted head is the entity that comes first.

    # Parameters

    relation_types : `Mapping[int, str]`
        The relation type of each column.
    symmetric : `Collection[str]`
        The types whose direction has no meaning. They need not be among the columns.
    """

    def __init__(self, relation_types: Mapping[int, str], symmetric: Collection[str]) -> None:
        self._columns = [column for column, type in relation_types.items() if type in symmetric]
        # Shape: (num_relations,)
        self._is_symmetric = torch.zeros(len(relation_types), dtype=torch.bool)
        self._is_symmetric[self._columns] = True

    def joined(self, values: torch.Tensor, counts: torch.Tensor, join: Join) -> torch.Tensor:
        """
        Joins the values of both orders of each pair in the columns without a direction.

        # Parameters

        values : `torch.Tensor`
            Shape (num_pairs, num_relations), in the order of `entity_pairs`.
        counts : `torch.LongTensor`
            Shape (batch_size,): the number of entities of each sentence.
        join : `Callable[[torch.Tensor, torch.Tensor], torch.Tensor]`
            Joins the values of one order with those of the other.

        # Returns

        `torch.Tensor`
            The values, of the same shape. Both orders have the same in these columns.
        """
        if not self._columns:
            return values
        heads, tails = entity_pairs(counts)
        other_order = pair_indices(counts, tails, heads).to(values.device)
        # Shape: (num_pairs, num_symmetric)
        symmetric = values[:, self._columns]
        joined = values.clone()
        joined[:, self._columns] = join(symmetric, symmetric[other_order])
        return joined

    def can_hold(self, entities: Sequence[Sequence[Entity]]) -> torch.Tensor:
        """
        Whether a relation can hold from the head to the tail of each ordered pair: without a
        direction, only if the head comes first. Of two entities with the same tokens, the one whose
        type is first in the alphabet does.

        # Parameters

        entities : `Sequence[Sequence[Entity]]`
            The entities of each sentence.

        # Returns

        `torch.BoolTensor`
            Shape (num_pairs, num_relations), in the order of `entity_pairs`; or (1, num_relations)
            if all relations have a direction.
        """
        if not self._columns:
            return ~self._is_symmetric.unsqueeze(0)
        positions = [entity.position for sentence in entities for entity in sentence]
        order = sorted(range(len(positions)), key=positions.__getitem__)
        # Shape: (num_entities,)
        rank = torch.tensor(order, dtype=torch.long).argsort()
        heads, tails = entity_pairs(torch.tensor([len(sentence) for sentence in entities]))
        return (rank[heads] < rank[tails]).unsqueeze(1) | ~self._is_symmetric
