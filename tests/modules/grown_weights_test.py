import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.modules.conditional_random_field import ConditionalRandomField

from dts_ee.modules.grown_weights import GrownWeights

FORMER = Vocabulary({"labels": {"O": 3, "B-Loc": 2, "I-Loc": 1}, "words": {"ann": 2, "left": 1}})


def extended(**additions):
    vocab = Vocabulary()
    vocab.extend_from_vocab(FORMER)
    for namespace, tokens in additions.items():
        vocab.add_tokens_to_namespace(tokens, namespace)
    return vocab


def linear(inputs, outputs, value):
    layer = torch.nn.Linear(inputs, outputs)
    for parameter in layer.parameters():
        parameter.data.fill_(value)
    return layer


def test_known_positions_are_copied_and_new_ones_stay():
    weights = GrownWeights(FORMER, extended(labels=["B-Org", "I-Org"]))
    target, source = linear(2, 5, 1.0), linear(2, 3, 7.0)
    weights.copy(target, source)
    assert target.weight.tolist() == [[7.0, 7.0]] * 3 + [[1.0, 1.0]] * 2
    assert target.bias.tolist() == [7.0] * 3 + [1.0] * 2
    assert target.weight.requires_grad
    # Without a new tag, all of it is copied.
    weights.copy(target := linear(2, 3, 1.0), source)
    assert target.weight.tolist() == [[7.0, 7.0]] * 3


def test_modules_within_modules_and_buffers():
    weights = GrownWeights(FORMER, extended(words=["lives"]))
    # Two words, padding and an unknown one; and one more.
    target, source = (
        torch.nn.Sequential(torch.nn.Embedding(n, 2), torch.nn.BatchNorm1d(2)) for n in (5, 4)
    )
    means = source.get_buffer("1.running_mean").fill_(3.0)
    weights.copy(target, source)
    assert torch.equal(target.get_parameter("0.weight")[:4], source.get_parameter("0.weight"))
    assert torch.equal(target.get_buffer("1.running_mean"), means)


def test_the_constraints_of_a_crf_are_its_own():
    weights = GrownWeights(FORMER, extended(labels=["B-Org", "I-Org"]))
    target = ConditionalRandomField(5, [(0, 1), (4, 4)])
    allowed = target._constraint_mask.clone()
    source = ConditionalRandomField(3)
    weights.copy(target, source)
    assert torch.equal(target._constraint_mask, allowed)
    assert torch.equal(target.transitions[:3, :3], source.transitions)
    assert torch.equal(target.end_transitions[:3], source.end_transitions)


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (torch.nn.Linear(2, 6), torch.nn.Linear(2, 3)),
        (torch.nn.Linear(2, 2), torch.nn.Linear(2, 3)),
        (torch.nn.Linear(4, 5), torch.nn.Linear(2, 3)),
        (torch.nn.Linear(2, 3, bias=False), torch.nn.Linear(2, 3)),
        (torch.nn.Linear(2, 3), torch.nn.Bilinear(1, 2, 3)),
        (torch.nn.ModuleList([torch.nn.Linear(2, 3)]), torch.nn.ModuleList()),
    ],
)
def test_other_layers_are_refused(target, source):
    weights = GrownWeights(FORMER, extended(labels=["B-Org", "I-Org"]))
    with pytest.raises(ConfigurationError, match="the model has other layers than the archive"):
        weights.copy(target, source)


@pytest.mark.parametrize(
    ("vocab", "namespace"),
    [
        (Vocabulary({"labels": {"B-Loc": 3, "O": 2, "I-Loc": 1}}), "labels"),
        (Vocabulary({"labels": {"O": 3, "B-Loc": 2, "I-Loc": 1}}), "words"),
    ],
)
def test_another_vocabulary_is_refused(vocab, namespace):
    with pytest.raises(ConfigurationError, match=f"the vocabulary's {namespace} are not those of"):
        GrownWeights(FORMER, vocab)
    assert namespace == "labels" or "words" not in vocab.get_namespaces()
