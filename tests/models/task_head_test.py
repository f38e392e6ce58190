"""A third task is a registered head: here, of which topic a sentence is, which its `id` says."""

import copy
from dataclasses import replace

import pytest
import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.document import Document, Entity, Relation
from dts_ee.metrics import DocumentF1
from dts_ee.models import TaskHead, Thresholds
from dts_ee.models.task_head import TaskBatch
from dts_ee.modules.stack import Stack
from dts_ee.tasks import TASKS, Task
from tests.models.tiny_model import model_and_batch

TOPICS = ["business", "travel"]

SENTENCES = [
    Document(
        tokens=("Ada", "runs", "Velm"),
        entities=(Entity("Peop", 0, 1), Entity("Org", 2, 3)),
        relations=(Relation("Work_For", 0, 1),),
        id="business",
    ),
    Document(tokens=("Ben", "left", "Tarn"), entities=(Entity("Loc", 2, 3),), id="travel"),
]


class TopicF1(DocumentF1):
    name = "topic"
    protocols = ("strict",)

    def items(self, protocol, predicted, gold):
        return {(predicted.id,)}, {(gold.id,)}


TOPICS_OF_SENTENCES = Task(TopicF1, "Topic", "topics")


@pytest.fixture(autouse=True)
def third_task(monkeypatch):
    monkeypatch.setitem(TASKS, "topic", TOPICS_OF_SENTENCES)


class TopicNetwork(torch.nn.Module):
    def __init__(self, stack):
        super().__init__()
        self.stack = stack
        self.projection = torch.nn.Linear(stack.get_output_dim(), len(TOPICS))

    def forward(self, shared, mask):
        tokens = self.stack(shared, mask).masked_fill(~mask.unsqueeze(2), 0.0)
        return self.projection(tokens.sum(1) / mask.sum(1, keepdim=True))


@TaskHead.register("topic_of_test")
class TopicHead(TaskHead):
    task = TOPICS_OF_SENTENCES
    loss_name = "topic_loss"
    types = TOPICS

    def __init__(self, vocab, encoder=None):
        super().__init__()
        self.vocab = vocab
        self._encoder = encoder

    def build_network(self, input_dim):
        return TopicNetwork(Stack(self._encoder, input_dim, dropout=0.0))

    def loss(self, batch):
        gold = torch.tensor([TOPICS.index(document.id) for document in batch.documents])
        losses = []
        for logits in batch.outputs[self.name]:
            loss = torch.nn.functional.cross_entropy(logits, gold)
            self.mean_loss(loss)
            losses.append(loss)
        return torch.stack(losses).mean()

    def predict(self, batch, documents, thresholds=Thresholds()):
        best = torch.stack(batch.outputs[self.name]).mean(0).argmax(1)
        return [
            replace(document, id=TOPICS[topic])
            for document, topic in zip(documents, best.tolist(), strict=True)
        ]


HEAD = {"further_heads": [{"type": "topic_of_test"}]}


def test_a_further_head_learns_beside_the_others():
    model, batch = model_and_batch({**HEAD, "num_networks": 2, "dropout": 0.0}, SENTENCES)
    assert list(model.heads) == ["entity", "relation", "topic"]
    loss = model(**batch)["loss"]
    numbers = model.get_metrics()
    expected = numbers["ner_loss"] + 5.0 * numbers["relation_loss"] + numbers["topic_loss"]
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        model(**batch)["loss"].backward()
        optimizer.step()
    model.eval()
    documents = model(**batch)["documents"]
    assert [document.id for document in documents] == ["business", "travel"]
    assert [document.entities for document in documents] == [one.entities for one in SENTENCES]
    numbers = model.get_metrics()
    assert numbers["topic_f1"] == 1.0
    f1 = [numbers["entity_f1"], numbers["relation_f1"], numbers["topic_f1"]]
    assert numbers["mean_f1"] == pytest.approx(sum(f1) / 3)


def test_a_further_head_has_the_vocabulary_of_the_model():
    model, _ = model_and_batch(HEAD, SENTENCES)
    assert model.heads["topic"].vocab is model.vocab


def test_two_heads_of_one_name():
    with pytest.raises(ConfigurationError, match="two heads have the same name: .*topic, topic"):
        model_and_batch({"further_heads": HEAD["further_heads"] * 2}, SENTENCES)


def test_a_model_can_be_copied():
    model, batch = model_and_batch({"training_labels": "predicted"})
    model.eval()
    assert copy.deepcopy(model)(**batch)["documents"] == model(**batch)["documents"]


def test_what_is_gold_for_a_task_without_a_head_is_not_predicted():
    gold = [replace(sentence, extra={"topic": "sports"}) for sentence in SENTENCES]
    model, batch = model_and_batch({}, gold)
    model.eval()
    assert [document.extra for document in model(**batch)["documents"]] == [{}, {}]


def test_a_head_that_does_not_say_how_many_errors_it_expects():
    batch = TaskBatch(torch.BoolTensor([[True] * 3] * 2), [{}, {}])
    assert TopicHead(vocab=None).expected_errors(batch, SENTENCES).tolist() == [0.0, 0.0]
