"""CRF decoding and loss of a batch, against AllenNLP's own conditional random field."""

from functools import partial
from typing import Any

import pytest
import torch
from allennlp.modules.conditional_random_field import ConditionalRandomField, allowed_transitions

from benchmarks.experiments import Folders
from benchmarks.timing import Timer
from dts_ee.corpora.tags import entities_to_tags
from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField

Batch = tuple[torch.Tensor, torch.Tensor, Any]
"""Logits (batch_size, num_tokens, num_tags), gold tags and mask (batch_size, num_tokens)."""


def measure_decoding(timer: Timer, folders: Folders, batch_size: int = 32) -> None:
    sentences = [
        entities_to_tags(document.entities, len(document.tokens), "BIO")
        for document in folders.conll04("test")
    ]
    names = dict(enumerate(sorted({tag for sentence in sentences for tag in sentence})))
    ids = {name: index for index, name in names.items()}
    tags = [torch.tensor([ids[tag] for tag in sentence]) for sentence in sentences]
    torch.manual_seed(0)
    batches = [
        _batch(tags[first : first + batch_size], len(names))
        for first in range(0, len(tags), batch_size)
    ]
    _compare(timer, names, "BIO", batches, f"batches of {batch_size}")


def measure_many_types(timer: Timer, num_types: int = 200, num_sentences: int = 200) -> None:
    """Short sentences with many types, whose BIOUL tags allow few of all transitions."""
    types = [f"T{i}" for i in range(num_types)]
    names = dict(enumerate(["O", *(f"{prefix}-{type_}" for type_ in types for prefix in "BILU")]))
    ids = {name: index for index, name in names.items()}
    torch.manual_seed(0)
    tags = [
        torch.tensor([ids["O"], ids[f"B-{types[i % num_types]}"], ids[f"L-{types[i % num_types]}"]])
        for i in range(num_sentences)
    ]
    batches = [_batch(tags[first : first + 16], len(names)) for first in range(0, len(tags), 16)]
    _compare(timer, names, "BIOUL", batches, "batches of 16 sentences of 3 tokens")


def _compare(
    timer: Timer, names: dict[int, str], encoding: str, batches: list[Batch], title: str
) -> None:
    constraints = allowed_transitions(encoding, names)
    theirs = ConditionalRandomField(len(names), constraints)
    ours = BatchedConditionalRandomField(len(names), constraints)
    ours.load_state_dict(theirs.state_dict())

    for (our_tags, our_score), (their_tags, their_score) in zip(
        _decode(ours, batches), _decode(theirs, batches), strict=True
    ):
        assert our_tags == their_tags
        assert float(our_score) == pytest.approx(float(their_score), rel=1e-4)
    torch.testing.assert_close(_learn(ours, batches), _learn(theirs, batches), rtol=1e-4, atol=1e-3)
    for what, call in (("decoding", _decode), ("loss, forward and backward", _learn)):
        timer.time_in_turns(
            f"CRF {what}, {title}, {len(names)} tags",
            {
                "AllenNLP": partial(call, theirs, batches),
                "dts_ee": partial(call, ours, batches),
            },
            pieces=len(batches),
            baseline="AllenNLP",
        )


def _batch(tags: list[torch.Tensor], num_tags: int) -> Batch:
    padded = torch.nn.utils.rnn.pad_sequence(tags, batch_first=True)
    lengths = torch.tensor([len(sentence) for sentence in tags])
    mask = torch.arange(padded.shape[1]) < lengths.unsqueeze(1)
    return 2 * torch.randn(*padded.shape, num_tags), padded, mask


def _decode(field: ConditionalRandomField, batches: list[Batch]) -> list[Any]:
    return [path for logits, _, mask in batches for path in field.viterbi_tags(logits, mask)]


def _learn(field: ConditionalRandomField, batches: list[Batch]) -> list[torch.Tensor]:
    """The loss of each batch and its gradients."""
    results = []
    for logits, tags, mask in batches:
        field.zero_grad()
        emissions = logits.detach().requires_grad_()
        loss = -field(emissions, tags, mask)
        loss.backward()
        results += [loss.detach(), emissions.grad, field.transitions.grad]
    return results
