import itertools

import pytest
import torch
from allennlp.modules.conditional_random_field import ConditionalRandomField, allowed_transitions

from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField, mean_crf

TAGS = {0: "O", 1: "B-Peop", 2: "I-Peop", 3: "B-Loc", 4: "I-Loc"}
CONSTRAINTS = allowed_transitions("BIO", TAGS)


def _fields(constraints, include_ends=True):
    torch.manual_seed(5)
    reference = ConditionalRandomField(len(TAGS), constraints, include_ends)
    module = BatchedConditionalRandomField(len(TAGS), constraints, include_ends)
    module.load_state_dict(reference.state_dict())
    return module, reference


def _batch(lengths, seed=0):
    torch.manual_seed(seed)
    logits = torch.randn(len(lengths), max(lengths), len(TAGS))
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    tags = torch.randint(len(TAGS), mask.shape)
    return logits, tags, mask


@pytest.mark.parametrize("include_ends", [True, False])
@pytest.mark.parametrize("constraints", [None, CONSTRAINTS])
@pytest.mark.parametrize("lengths", [[1], [1, 1], [7, 3, 5, 1], [4, 9, 9, 2, 6, 1, 8]])
def test_likelihood_tags_and_scores_are_those_of_allennlp(lengths, constraints, include_ends):
    module, reference = _fields(constraints, include_ends)
    for seed in range(5):
        logits, tags, mask = _batch(lengths, seed)
        torch.testing.assert_close(module(logits, tags, mask), reference(logits, tags, mask))
        for (module_tags, module_score), (reference_tags, reference_score) in zip(
            module.viterbi_tags(logits, mask), reference.viterbi_tags(logits, mask), strict=True
        ):
            assert module_tags == reference_tags
            assert module_score == pytest.approx(reference_score, abs=1e-4)


def test_a_mean_of_fields_has_the_mean_of_their_scores():
    fields = [BatchedConditionalRandomField(len(TAGS), CONSTRAINTS) for _ in range(3)]
    logits = [_batch([4, 7, 1], seed)[0] for seed in range(3)]
    _, tags, mask = _batch([4, 7, 1])
    scores = [
        field._joint_likelihood(each, field.transitions, tags, mask)
        for field, each in zip(fields, logits, strict=True)
    ]
    mean = mean_crf(fields)
    score = mean._joint_likelihood(torch.stack(logits).mean(0), mean.transitions, tags, mask)
    torch.testing.assert_close(score, torch.stack(scores).mean(0))
    for (path, _), length in zip(mean.viterbi_tags(logits[0], mask), (4, 7, 1), strict=True):
        assert all(pair in CONSTRAINTS for pair in itertools.pairwise(path)) and len(path) == length
    assert not torch.equal(mean.transitions, fields[0].transitions)


def test_gradients_are_those_of_allennlp():
    module, reference = _fields(CONSTRAINTS)
    logits, tags, mask = _batch([6, 2, 4])
    for field in (module, reference):
        (-field(logits, tags, mask)).backward()
    for name, parameter in reference.named_parameters():
        if parameter.requires_grad:
            torch.testing.assert_close(dict(module.named_parameters())[name].grad, parameter.grad)


@pytest.mark.parametrize("seed", range(5))
def test_the_decoded_path_is_the_best_of_all_allowed_paths(seed):
    field, _ = _fields(CONSTRAINTS)
    logits, _, mask = _batch([4, 2], seed)
    allowed = set(CONSTRAINTS)
    start, end = len(TAGS), len(TAGS) + 1
    for sentence, (decoded, score) in enumerate(field.viterbi_tags(logits, mask)):
        length = int(mask[sentence].sum())
        best = max(
            (path_score(field, logits[sentence], path), path)
            for path in itertools.product(range(len(TAGS)), repeat=length)
            if all(step in allowed for step in zip((start, *path), (*path, end)))
        )
        assert tuple(decoded) == best[1]
        assert score == pytest.approx(best[0], abs=1e-4)


def path_score(field, logits, path):
    score = field.start_transitions[path[0]] + field.end_transitions[path[-1]]
    score = score + sum(logits[step, tag] for step, tag in enumerate(path))
    score = score + sum(field.transitions[pair] for pair in zip(path, path[1:]))
    return score.item()


def test_several_best_sequences_come_from_allennlp():
    module, reference = _fields(CONSTRAINTS)
    logits, _, mask = _batch([5, 3])
    assert module.viterbi_tags(logits, mask, top_k=3) == reference.viterbi_tags(
        logits, mask, top_k=3
    )


def test_without_a_mask_all_tokens_are_decoded():
    field, _ = _fields(CONSTRAINTS)
    logits, _, mask = _batch([5, 5])
    assert field.viterbi_tags(logits) == field.viterbi_tags(logits, mask)


def test_scores_of_what_is_forbidden_are_very_low():
    field, _ = _fields(CONSTRAINTS)
    start, transitions, end = field.constrained_scores()
    # An entity does not begin with I, nor is one continued after O or by another type.
    for one, other in itertools.product(TAGS, TAGS):
        allowed = TAGS[other][0] != "I" or TAGS[one][1:] == TAGS[other][1:]
        expected = field.transitions[one, other].item() if allowed else -10000.0
        assert transitions[one, other].item() == expected
    begins = [tag[0] != "I" for tag in TAGS.values()]
    assert (start == torch.where(torch.tensor(begins), field.start_transitions, -10000.0)).all()
    assert torch.equal(end, field.end_transitions)


@pytest.mark.parametrize("constraints", [None, [], [(0, 1), (1, 2), (3, 0)]])
def test_parameters_are_those_of_allennlp(constraints):
    states = []
    for constructor in (BatchedConditionalRandomField, ConditionalRandomField):
        torch.manual_seed(0)
        states.append(constructor(2, constraints).state_dict())
    module, reference = states
    assert module.keys() == reference.keys()
    assert all(torch.equal(module[name], reference[name]) for name in module)
