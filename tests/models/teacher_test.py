"""A model that learns from the probabilities of another one."""

import json
from dataclasses import replace
from math import exp, log
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch
from allennlp.models.archival import load_archive

from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.models.teacher import Teacher
from dts_ee.training.ensemble_archive import write_ensemble
from tests.documents import TINY, TINY_NEWS, document
from tests.models.tiny_model import model_and_batch, only_network


def train(folder, **overrides):
    changes = {
        "train_data_path": str(TINY_NEWS),
        "validation_data_path": None,
        "trainer.num_epochs": 2,
        **overrides,
    }
    train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(changes)), folder)
    return folder / "model.tar.gz"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return train(tmp_path_factory.mktemp("teacher") / "one")


def taught(archive, weight=1.0, overrides=None, documents=None):
    teacher = {"pretrained_file": str(archive), "weight": weight}
    return model_and_batch({"teacher": teacher, **(overrides or {})}, documents)


def set_relations(model, probability):
    """The model gives every relation the same probability for all pairs."""
    projection = only_network(model, "relation").relation_scorer.projection
    with torch.no_grad():
        projection.weight.zero_()
        projection.bias.fill_(log(probability / (1 - probability)))


def relation_loss(model, batch):
    model.train()
    model(**batch)
    return model.get_metrics(reset=True)["relation_loss"]


def test_relations_are_learned_from_the_mean_of_the_teacher_and_the_data(archive):
    documents = read_documents(TINY_NEWS)
    model, batch = taught(archive, 0.25, documents=documents)
    num_relations = len(model.relation_types)
    set_relations(model._teacher._model, 0.8)
    set_relations(model, 0.4)
    pairs = sum(len(item.entities) * (len(item.entities) - 1) for item in documents)
    gold = sum(len(item.relations) for item in documents)
    # The target is 0.25 * 0.8 + 0.75 = 0.95 where a relation holds, and 0.25 * 0.8 = 0.2 elsewhere.
    holds = -(0.95 * log(0.4) + 0.05 * log(0.6))
    does_not = -(0.2 * log(0.4) + 0.8 * log(0.6))
    expected = (gold * holds + (pairs * num_relations - gold) * does_not) / pairs
    assert relation_loss(model, batch) == pytest.approx(expected, rel=1e-5)
    model.eval()
    model(**batch)
    # In evaluation, the loss is that of the data.
    alone = -(gold * log(0.4) + (pairs * num_relations - gold) * log(0.6)) / pairs
    assert model.get_metrics(reset=True)["relation_loss"] == pytest.approx(alone, rel=1e-5)


def set_tags(model, sure_of):
    """The scores of all tags are 0, but for one tag."""
    (tagger,) = only_network(model, "entity").taggers
    with torch.no_grad():
        tagger.projection.weight.zero_()
        tagger.projection.bias.zero_()
        for parameter in tagger.crf.parameters():
            parameter.zero_()
        tagger.projection.bias[model.vocab.get_token_index(sure_of, "labels")] = 2.0


def test_entities_are_learned_from_the_mean_of_the_teacher_and_the_data(archive):
    documents = read_documents(TINY_NEWS)
    model, batch = taught(archive, 0.25, documents=documents)
    num_tags = model.tag_sequences.num_tags
    set_tags(model._teacher._model, "O")
    set_tags(model, "B-Loc")
    num_tokens = sum(len(item.tokens) for item in documents)
    num_locations = sum(entity.type == "Loc" for item in documents for entity in item.entities)
    # Without transitions, every token has its own distribution over tags.
    total = log(exp(2.0) + num_tags - 1)
    of_the_data = num_tokens * total - 2.0 * num_locations
    # The teacher gives "B-Loc" the probability of every tag but "O".
    of_the_teacher = num_tokens * (total - 2.0 / (exp(2.0) + num_tags - 1))
    expected = (0.75 * of_the_data + 0.25 * of_the_teacher) / len(documents)
    model.train()
    model(**batch)
    assert model.get_metrics()["ner_loss"] == pytest.approx(expected, rel=1e-5)


def test_a_teacher_may_have_its_tags_and_relations_in_another_order(archive, tmp_path):
    documents = read_documents(TINY_NEWS)
    # The vocabulary counts these more often.
    more = [item for item in documents for _ in range(9) if "Located_In" in str(item.relations)]
    write_documents(tmp_path / "more.json", [*more, *documents])
    other = train(tmp_path / "other", train_data_path=str(tmp_path / "more.json"))
    of_archive, of_other = (load_archive(file).model.vocab for file in (archive, other))
    for namespace in ("labels", "relation_labels"):
        first, second = (
            vocab.get_index_to_token_vocabulary(namespace) for vocab in (of_archive, of_other)
        )
        assert first != second and set(first.values()) == set(second.values())
    model, batch = taught(other, documents=documents)
    model.train()
    # What it would learn from: the teacher's own probabilities, by name.
    targets = model._teacher.soft_targets(documents, model.heads, torch.device("cpu"))
    teacher: Any = load_archive(other)
    teacher.model.eval()
    instances = [teacher.dataset_reader.text_to_instance(item, gold=False) for item in documents]
    for row, (news, instance) in enumerate(zip(documents, instances, strict=True)):
        teacher.dataset_reader.apply_token_indexers(instance)
        tensors = Batch([instance])
        tensors.index_instances(of_other)
        own = teacher.model.task_batch(**tensors.as_tensor_dict())
        (scores,) = own.outputs["entity"][0]
        (soft,) = targets["entity"][row]
        for index, name in model.vocab.get_index_to_token_vocabulary("labels").items():
            column = of_other.get_token_index(name, "labels")
            torch.testing.assert_close(soft.logits[..., index], scores.logits[..., column])
            torch.testing.assert_close(
                soft.crf.start_transitions[index], scores.crf.start_transitions[column]
            )
        (tokens,) = own.outputs["relation"]
        labels = teacher.model.tag_sequences.expected_last_tags(
            [news.entities], torch.device("cpu")
        )
        probabilities = tokens.score_pairs([news.entities], labels).sigmoid()
        for index, name in model.vocab.get_index_to_token_vocabulary("relation_labels").items():
            column = of_other.get_token_index(name, "relation_labels")
            torch.testing.assert_close(targets["relation"][row][:, index], probabilities[:, column])


def test_each_sequence_of_tags_learns_from_that_of_its_type(tmp_path):
    documents = read_documents(TINY_NEWS)
    other = train(tmp_path / "other", **{"dataset_reader.tag_sequences": "per_type"})
    model, batch = model_and_batch(
        {"teacher": {"pretrained_file": str(other), "weight": 1.0}},
        reader={"tag_sequences": "per_type"},
    )
    teacher = model._teacher._model
    for either in (model, teacher):
        for parameter in only_network(either, "entity").taggers.parameters():
            torch.nn.init.zeros_(parameter)
    # Both have one preferred tag among the three of persons, and none for the other types.
    for either in (model, teacher):
        sequence = either.tag_sequences._sequence_of_type["Peop"]
        tagger = only_network(either, "entity").taggers[sequence]
        with torch.no_grad():
            tagger.projection.bias[either.tag_sequences.inside_id(sequence, "Peop")] = 2.0
    model.train()
    model(**batch)
    num_tokens = sum(len(item.tokens) for item in documents)
    total = exp(2.0) + 2
    of_persons = log(total) - 2.0 * exp(2.0) / total
    expected = num_tokens * (of_persons + 3 * log(3)) / len(documents)
    assert model.get_metrics()["ner_loss"] == pytest.approx(expected, rel=1e-5)


def test_a_teacher_predicts_a_sentence_once(archive, monkeypatch):
    model, batch = taught(archive)
    calls = []
    predict = Teacher._predict

    def counted(self, documents, *args):
        calls.append(len(documents))
        return predict(self, documents, *args)

    monkeypatch.setattr(Teacher, "_predict", counted)
    model.train()
    losses = []
    for _ in range(3):
        torch.manual_seed(0)
        losses.append(model(**batch)["loss"].item())
    assert calls == [len(read_documents(TINY_NEWS))]
    assert losses[1] == losses[2]


def test_a_sentence_with_other_neighbours_is_another_one(archive):
    model, _ = taught(archive)
    alone = document("Ann left .")
    first, last = replace(alone, tokens_after=("Yes",)), replace(alone, tokens_before=("Yes",))
    model._teacher.soft_targets([first, last, alone, first], model.heads, torch.device("cpu"))
    assert len(model._teacher._kept) == 3


def test_the_targets_are_exact_in_mixed_precision(archive):
    model, batch = taught(archive, 0.5)
    model.train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(**batch)["loss"]
    loss.backward()
    assert torch.isfinite(loss)
    documents = read_documents(TINY_NEWS)
    kept = model._teacher.soft_targets(documents, model.heads, torch.device("cpu"))
    anew = Teacher(str(archive)).soft_targets(documents, model.heads, torch.device("cpu"))
    for (tags,), (exact,) in zip(kept["entity"], anew["entity"], strict=True):
        torch.testing.assert_close(tags.logits, exact.logits)
    torch.testing.assert_close(kept["relation"], anew["relation"])


def test_a_trained_student_needs_its_teacher_no_more(archive, tmp_path):
    ensemble = tmp_path / "ensemble.tar.gz"
    other = train(tmp_path / "other", random_seed=2, numpy_seed=2, pytorch_seed=2)
    write_ensemble([str(archive), str(other)], ensemble)
    student = train(tmp_path / "student", **{"model.teacher": {"pretrained_file": str(ensemble)}})
    ensemble.unlink()
    model: Any = load_archive(student).model
    assert model._teacher is None
    alone = load_archive(archive).model
    assert {name: value.shape for name, value in model.state_dict().items()} == {
        name: value.shape for name, value in alone.state_dict().items()
    }


@pytest.mark.parametrize("weight", [0.0, -0.5, 1.5])
def test_a_weight_that_is_no_share(weight):
    with pytest.raises(ConfigurationError, match=f"^weight is {weight}"):
        Teacher(weight=weight)


def test_a_teacher_with_other_types(archive):
    documents = [document("[Ann|Peop] left [Rome|Loc]", [("Live_In", 0, 1)])]
    with pytest.raises(
        ConfigurationError, match=r"other types of entity \(Loc, Org, Other, Peop\)"
    ):
        taught(archive, documents=documents)


def test_a_teacher_without_the_task(archive, tmp_path):
    entities = train(tmp_path / "entities", **{"model.tasks": "entities"})
    with pytest.raises(ConfigurationError, match="other types of relation"):
        taught(entities)


def test_a_teacher_with_other_tags(tmp_path):
    bioul = train(tmp_path / "bioul", **{"dataset_reader.tag_encoding": "BIOUL"})
    with pytest.raises(
        ConfigurationError, match="teacher .*bioul.* only one of the two has .*U-Loc"
    ):
        taught(bioul)
