"""CRF decoding and loss of a batch, against AllenNLP's own conditional random field."""

from collections.abc import Callable
from typing import Any

import torch
from allennlp.modules.conditional_random_field import ConditionalRandomField, allowed_transitions

from benchmarks.measure import Row, Settings, Table, time_interleaved
from dts_ee.corpora.spert import read_documents
from dts_ee.corpora.tags import entities_to_tags
from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField

Batch = tuple[torch.Tensor, torch.Tensor, Any]
"""Logits (batch_size, num_tokens, num_tags), gold tags and mask (batch_size, num_tokens)."""

_ALLENNLP = "AllenNLP"


def run(settings: Settings, batch_size: int = 32) -> list[Table]:
    """
    # Raises

    `RuntimeError`
        If the two fields do not give the same tags, scores, losses and gradients.
    """
    settings.require("conll04")
    documents = read_documents(settings.resources / "conll04" / "conll04_test.json")
    tagged = [
        entities_to_tags(document.entities, len(document.tokens), "BIO") for document in documents
    ]
    names = dict(enumerate(sorted({tag for sentence in tagged for tag in sentence})))
    ids = {name: id for id, name in names.items()}
    sentences = [[ids[tag] for tag in sentence] for sentence in tagged]
    torch.manual_seed(0)
    batches = [
        _batch(sentences[first : first + batch_size], len(names))
        for first in range(0, len(sentences), batch_size)
    ]
    constraints = allowed_transitions("BIO", names)
    theirs = ConditionalRandomField(len(names), constraints)
    ours = BatchedConditionalRandomField(len(names), constraints)
    ours.load_state_dict(theirs.state_dict())

    text = f"the {len(sentences)} sentences of CoNLL04's test split, {len(names)} tags"
    fields = {_ALLENNLP: theirs, "dts_ee": ours}
    return [
        _compare(
            settings,
            f"Viterbi decoding, {text}, batch size {batch_size}",
            "decoding",
            {name: _decoder(field, batches) for name, field in fields.items()},
            _check_decoding,
            len(batches),
        ),
        _compare(
            settings,
            f"Loss, forward and backward, {text}, batch size {batch_size}",
            "loss",
            {name: _learner(field, batches) for name, field in fields.items()},
            _check_learning,
            len(batches),
        ),
    ]


def _batch(sentences: list[list[int]], num_tags: int) -> Batch:
    tags = torch.nn.utils.rnn.pad_sequence([torch.tensor(each) for each in sentences], True)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    mask = torch.arange(tags.shape[1]) < lengths.unsqueeze(1)
    return 2 * torch.randn(*tags.shape, num_tags), tags, mask


def _decoder(field: ConditionalRandomField, batches: list[Batch]) -> Callable[[], Any]:
    return lambda: [field.viterbi_tags(logits, mask) for logits, _, mask in batches]


def _learner(field: ConditionalRandomField, batches: list[Batch]) -> Callable[[], Any]:
    def learn() -> list[torch.Tensor]:
        results = []
        for logits, tags, mask in batches:
            field.zero_grad()
            emissions = logits.detach().requires_grad_()
            loss = -field(emissions, tags, mask)
            loss.backward()
            results += [loss.detach(), emissions.grad, field.transitions.grad]
        return results

    return learn


def _check_decoding(ours: Any, theirs: Any) -> None:
    for our_batch, their_batch in zip(ours, theirs, strict=True):
        for (our_tags, our_score), (their_tags, their_score) in zip(
            our_batch, their_batch, strict=True
        ):
            if our_tags != their_tags or abs(our_score - their_score) > 1e-4 * abs(their_score):
                raise RuntimeError("the two fields do not decode to the same tags and scores")


def _check_learning(ours: Any, theirs: Any) -> None:
    for our_result, their_result in zip(ours, theirs, strict=True):
        if not torch.allclose(our_result, their_result, rtol=1e-4, atol=1e-3):
            raise RuntimeError("the two fields do not have the same losses and gradients")


def _compare(
    settings: Settings,
    title: str,
    what: str,
    calls: dict[str, Callable[[], Any]],
    check: Callable[[Any, Any], None],
    num_batches: int,
) -> Table:
    check(calls["dts_ee"](), calls[_ALLENNLP]())
    seconds = time_interleaved(calls, settings.runs)
    rows = [
        Row(
            f"{what}, {name}",
            seconds[name],
            "ms per batch",
            num_batches,
            None if name == _ALLENNLP else f"{what}, {_ALLENNLP}",
        )
        for name in calls
    ]
    return Table("decoding", title, list(rows))
