import itertools
from math import exp, log
from typing import cast

import pytest
import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.modules.entity_tagger import CrfScores, TagScores
from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField

LENGTHS = [3, 1, 4]
NUM_TAGS = 3


def crf_scores(seed, logits=None):
    torch.manual_seed(seed)
    crf = BatchedConditionalRandomField(NUM_TAGS, [])
    if logits is None:
        logits = torch.randn(len(LENGTHS), max(LENGTHS), NUM_TAGS)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS).unsqueeze(1)
    return CrfScores(logits, cast(torch.BoolTensor, mask), crf)


def probabilities(scores, sentence, tags=range(NUM_TAGS)):
    """The probability of every tag sequence of a sentence, with other names of the tags."""
    crf, logits, length = scores.crf, scores.logits[sentence].tolist(), LENGTHS[sentence]
    start, transitions, end = (
        values.tolist() for values in (crf.start_transitions, crf.transitions, crf.end_transitions)
    )
    totals = {}
    for path in itertools.product(tags, repeat=length):
        own = [list(tags).index(tag) for tag in path]
        total = start[own[0]] + end[own[-1]]
        total += sum(logits[token][tag] for token, tag in enumerate(own))
        total += sum(transitions[tag][after] for tag, after in itertools.pairwise(own))
        totals[path] = exp(total)
    return {path: total / sum(totals.values()) for path, total in totals.items()}


def test_the_soft_loss_is_the_cross_entropy_over_all_tag_sequences():
    student, teacher = crf_scores(1), crf_scores(2)
    expected = 0.0
    for sentence in range(len(LENGTHS)):
        own, taught = probabilities(student, sentence), probabilities(teacher, sentence)
        expected -= sum(taught[path] * log(own[path]) for path in taught)
    loss = student.soft_loss(teacher.split(range(NUM_TAGS)))
    assert loss.item() == pytest.approx(expected / len(LENGTHS), rel=1e-5)


def test_a_teacher_may_have_its_tags_in_another_order():
    student, teacher = crf_scores(1), crf_scores(2)
    # The student's tag 0 is the teacher's tag 2, and so on: the teacher's tags are named 1, 2, 0.
    order, names = [2, 0, 1], [1, 2, 0]
    expected = 0.0
    for sentence in range(len(LENGTHS)):
        own, taught = probabilities(student, sentence), probabilities(teacher, sentence, names)
        expected -= sum(taught[path] * log(own[path]) for path in taught)
    loss = student.soft_loss(teacher.split(order))
    assert loss.item() == pytest.approx(expected / len(LENGTHS), rel=1e-5)


def test_a_sure_teacher_is_as_good_as_gold_tags():
    tags = torch.tensor([[0, 2, 1, 0], [1, 0, 0, 0], [2, 2, 0, 1]])
    teacher = crf_scores(2, 100.0 * torch.nn.functional.one_hot(tags, NUM_TAGS).float())
    student = crf_scores(1)
    soft = student.soft_loss(teacher.split(range(NUM_TAGS)))
    torch.testing.assert_close(soft, student.loss(tags))


def test_the_gradient_vanishes_where_a_student_is_as_its_teacher():
    teacher, student = crf_scores(1), crf_scores(1)
    student.logits = student.logits.clone().requires_grad_()
    student.soft_loss(teacher.split(range(NUM_TAGS))).backward()
    for gradient in (student.logits.grad, *(score.grad for score in student.crf.scores())):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-6, rtol=0.0)
    assert all(score.grad is None for score in teacher.crf.scores())


def test_a_tagger_that_cannot_learn_from_a_teacher():
    scores = crf_scores(1)
    with pytest.raises(ConfigurationError, match="CrfScores cannot be a teacher's"):
        TagScores.split(scores, [0])
    with pytest.raises(ConfigurationError, match="CrfScores cannot learn from a teacher"):
        TagScores.soft_loss(scores, [])
