"""Relations of documents to and from the rows and columns of a table of pairs."""

from typing import Mapping, Sequence

import torch

from dts_ee.document import Document, Entity, Relation
from dts_ee.modules.entity_batch import entity_pairs


def relation_targets(
    documents: Sequence[Document], columns: Mapping[str, int], logits: torch.Tensor
) -> torch.Tensor:
    """
    What the scores of all pairs of gold entities should become.

    A relation type without a column, one that the training data never showed, has no target:
    evaluation counts it as missed.

    # Parameters

    documents : `Sequence[Document]`
        The sentences of the batch.
    columns : `Mapping[str, int]`
        The column of each relation type.
    logits : `torch.Tensor`
        Shape (num_pairs, num_relations), in the order of `entity_pairs`.

    # Returns

    `torch.Tensor`
        Shape (num_pairs, num_relations): 1 where the relation holds, else 0.
    """
    places = []
    first_pair = 0
    for document in documents:
        num_partners = len(document.entities) - 1
        for relation in document.relations:
            if relation.type in columns:
                pair = relation.head * num_partners + relation.tail
                pair -= int(relation.tail > relation.head)
                places.append((first_pair + pair, columns[relation.type]))
        first_pair += len(document.entities) * max(num_partners, 0)
    targets = torch.zeros_like(logits)
    if places:
        rows_and_columns = torch.tensor(places, device=logits.device)
        targets[rows_and_columns[:, 0], rows_and_columns[:, 1]] = 1.0
    return targets


def relations_above(
    threshold: float,
    probabilities: torch.Tensor,
    entities: Sequence[Sequence[Entity]],
    types: Mapping[int, str],
) -> list[list[Relation]]:
    """
    The relations whose probability reaches a threshold.

    # Parameters

    threshold : `float`
        Θ.
    probabilities : `torch.Tensor`
        Shape (num_pairs, num_relations), in the order of `entity_pairs`.
    entities : `Sequence[Sequence[Entity]]`
        The entities of each sentence.
    types : `Mapping[int, str]`
        The relation type of each column.

    # Returns

    `list[list[Relation]]`
        The relations of each sentence.
    """
    probabilities = probabilities.cpu()
    counts = torch.tensor([len(sentence) for sentence in entities])
    heads, tails = entity_pairs(counts)
    # Shape: (num_entities,)
    sentences = torch.repeat_interleave(torch.arange(len(entities)), counts)
    first_entities = (counts.cumsum(0) - counts)[sentences]
    # Shape: (num_predicted,)
    pairs, columns = (probabilities >= threshold).nonzero(as_tuple=True)
    heads, tails = heads[pairs], tails[pairs]
    relations: list[list[Relation]] = [[] for _ in entities]
    for sentence, head, tail, column, probability in zip(
        sentences[heads].tolist(),
        (heads - first_entities[heads]).tolist(),
        (tails - first_entities[tails]).tolist(),
        columns.tolist(),
        probabilities[pairs, columns].tolist(),
    ):
        relations[sentence].append(Relation(types[column], head, tail, probability))
    return relations
