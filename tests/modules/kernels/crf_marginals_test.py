import itertools
from typing import cast

import pytest
import torch
from allennlp.modules.conditional_random_field import allowed_transitions

from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField
from dts_ee.modules.kernels.crf_marginals import TaggedSpans, span_probabilities

TAGS = {0: "O", 1: "B-Peop", 2: "I-Peop", 3: "B-Loc"}
CONSTRAINTS = allowed_transitions("BIO", TAGS)


def _score(field, logits, path):
    start, transitions, end = field.constrained_scores()
    score = start[path[0]] + end[path[-1]]
    score = score + sum(transitions[a, b] for a, b in itertools.pairwise(path))
    return score + sum(logits[token, tag] for token, tag in enumerate(path))


@pytest.mark.parametrize("include_ends", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_spans_have_the_share_of_all_sequences_that_hold_them(seed, include_ends):
    torch.manual_seed(seed)
    field = BatchedConditionalRandomField(len(TAGS), CONSTRAINTS, include_ends)
    lengths = [4, 1, 3]
    logits = 2 * torch.randn(3, 4, len(TAGS))
    mask = cast(torch.BoolTensor, torch.arange(4) < torch.tensor(lengths).unsqueeze(1))
    paths = torch.tensor([[1, 2, 0, 3], [1, 0, 0, 0], [0, 1, 2, 0]])
    # Sentence, start, end, the tag that would continue the span.
    spans = [(0, 0, 2, 2), (0, 3, 4, -1), (0, 0, 1, 2), (1, 0, 1, 2), (2, 1, 3, 2), (0, 0, 4, 2)]
    tagged = TaggedSpans(paths, *torch.tensor(spans).unbind(1))
    found = span_probabilities(field, logits, mask, tagged)
    for (sentence, start, end, continuation), probability in zip(spans, found, strict=True):
        length = lengths[sentence]
        wanted = paths[sentence, start:end].tolist()
        scores: dict[bool, list[torch.Tensor]] = {True: [], False: []}
        for path in itertools.product(TAGS, repeat=length):
            holds = list(path[start:end]) == wanted
            holds = holds and (end == length or path[end] != continuation)
            scores[holds].append(_score(field, logits[sentence], path))
        share = torch.logsumexp(torch.stack(scores[True]), 0) - torch.logsumexp(
            torch.stack(scores[True] + scores[False]), 0
        )
        assert probability.item() == pytest.approx(share.exp().item(), abs=1e-5)


def test_large_scores_of_a_long_sentence():
    torch.manual_seed(0)
    field = BatchedConditionalRandomField(len(TAGS))
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.fill_(1.0 if parameter is field._constraint_mask else 0.0)
    length = 500
    logits = 1000.0 + torch.randn(1, length, len(TAGS))
    tokens = torch.arange(length)
    paths = logits.argmax(2)
    spans = TaggedSpans(paths, 0 * tokens, tokens, tokens + 1, torch.full((length,), -1))
    mask = cast(torch.BoolTensor, torch.ones(1, length, dtype=torch.bool))
    found = span_probabilities(field, logits, mask, spans)
    # Without transitions each token is by itself.
    expected = logits.double().softmax(2).gather(2, paths.unsqueeze(2)).flatten()
    torch.testing.assert_close(found, expected.float())


def test_a_sentence_of_one_token():
    torch.manual_seed(0)
    field = BatchedConditionalRandomField(len(TAGS))
    logits = torch.randn(1, 1, len(TAGS))
    # Tag 3 of the only token, which nothing can continue.
    spans = TaggedSpans(torch.tensor([[3]]), *torch.tensor([[0], [0], [1], [-1]]))
    found = span_probabilities(field, logits, torch.BoolTensor([[True]]), spans)
    scores = field.start_transitions + logits[0, 0] + field.end_transitions
    torch.testing.assert_close(found, scores.softmax(0)[3:])


def test_no_spans():
    field = BatchedConditionalRandomField(len(TAGS), CONSTRAINTS)
    nothing = torch.zeros(0, dtype=torch.long)
    found = span_probabilities(
        field,
        torch.randn(1, 2, len(TAGS)),
        torch.BoolTensor([[True, True]]),
        TaggedSpans(torch.zeros(1, 2, dtype=torch.long), *[nothing] * 4),
    )
    assert found.shape == (0,)
