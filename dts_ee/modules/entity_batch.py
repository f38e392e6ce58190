"""The entities of a batch of sentences, and the pairs between them, as flat tensors."""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import torch
from allennlp.data import TextFieldTensors


@dataclass
class EntityBatch:
    """
    All entities of a batch, sentence after sentence.

    # Parameters

    vectors : `torch.Tensor`
        Shape (num_entities, entity_dim): the vectors of the entities, `g` in the paper.
    tokens : `torch.Tensor`
        Shape (batch_size, num_tokens, token_dim): the encoded sentences, `h` in the paper.
    sentences, starts, ends : `torch.LongTensor`
        Shape (num_entities,): the index of the entity's sentence, and its start and end token (end
        exclusive).
    counts : `torch.LongTensor`
        Shape (batch_size,): the number of entities of each sentence.
    text : `TextFieldTensors`, optional (default = `None`)
        The indexed tokens of the sentences.
    """

    vectors: torch.Tensor
    tokens: torch.Tensor
    sentences: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor
    counts: torch.Tensor
    text: Optional[TextFieldTensors] = None


def flatten_spans(
    spans: Sequence[Sequence[Tuple[int, int]]], device: torch.device
) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """
    Converts the spans of each sentence (start, end exclusive) to flat index tensors.

    # Returns

    `Tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]`
        `sentences`, `starts` and `ends`, each of shape (num_entities,), and `counts` of shape
        (batch_size,).
    """
    counts = torch.tensor([len(sentence) for sentence in spans], dtype=torch.long)
    flat: List[Tuple[int, int]] = [span for sentence in spans for span in sentence]
    # Shape: (num_entities, 2)
    bounds = torch.tensor(flat, dtype=torch.long).view(-1, 2)
    sentences = torch.repeat_interleave(torch.arange(len(spans)), counts)
    return (
        sentences.to(device),
        bounds[:, 0].to(device),
        bounds[:, 1].to(device),
        counts.to(device),
    )


def entity_pairs(counts: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """
    Every ordered pair of two different entities of one sentence.

    Pairs are ordered by sentence, then by head, then by tail.

    # Parameters

    counts : `torch.LongTensor`
        Shape (batch_size,): the number of entities of each sentence.

    # Returns

    `Tuple[torch.Tensor, torch.Tensor]`
        `heads` and `tails`, each of shape (num_pairs,): indices of entities in the batch.
    """
    device = counts.device
    num_entities = int(counts.sum())
    # Shape: (num_entities,)
    first_of_sentence = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    partners = torch.repeat_interleave(counts, counts) - 1
    entities = torch.arange(num_entities, device=device)
    # Shape: (num_pairs,)
    heads = torch.repeat_interleave(entities, partners)
    first_pair_of_head = torch.repeat_interleave(partners.cumsum(0) - partners, partners)
    partner = torch.arange(len(heads), device=device) - first_pair_of_head
    first = first_of_sentence[heads]
    tails = first + partner + (partner >= heads - first).long()
    return heads, tails


def pair_indices(
    counts: torch.Tensor, wanted_heads: torch.Tensor, wanted_tails: torch.Tensor
) -> torch.Tensor:
    """
    The indices of pairs in the output of `entity_pairs`.

    # Parameters

    counts : `torch.LongTensor`
        Shape (batch_size,): the number of entities of each sentence.
    wanted_heads, wanted_tails : `torch.LongTensor`
        Shape (num_wanted,): indices of entities in the batch.

    # Returns

    `torch.Tensor`
        Shape (num_wanted,).
    """
    heads, tails = entity_pairs(counts)
    num_entities = counts.sum()
    # Pairs are ordered by head, then by tail.
    return torch.searchsorted(
        heads * num_entities + tails, wanted_heads * num_entities + wanted_tails
    )


def unordered_pairs(
    counts: torch.Tensor, heads: torch.Tensor, tails: torch.Tensor
) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """
    Every unordered pair of two different entities of one sentence.

    # Parameters

    counts : `torch.LongTensor`
        Shape (batch_size,): the number of entities of each sentence.
    heads, tails : `torch.LongTensor`
        Shape (num_pairs,): ordered pairs, as indices of entities in the batch.

    # Returns

    `Tuple[torch.Tensor, torch.Tensor, torch.Tensor]`
        `firsts` and `seconds`, each of shape (num_unordered_pairs,): indices of entities in the
        batch; and, of shape (num_pairs,), the index of the unordered pair of each ordered pair.
    """
    # Shape: (num_entities,)
    entities = torch.arange(int(counts.sum()), device=counts.device)
    partners = torch.repeat_interleave(counts.cumsum(0), counts) - entities - 1
    # For each entity, the index of its pair with the next entity, minus the index of the latter.
    offsets = partners.cumsum(0) - partners - entities - 1
    # Shape: (num_unordered_pairs,)
    firsts = torch.repeat_interleave(entities, partners)
    seconds = torch.arange(len(firsts), device=counts.device) - offsets[firsts]
    return firsts, seconds, offsets[torch.minimum(heads, tails)] + torch.maximum(heads, tails)
