import json
import re

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.data.data_loaders import MultiProcessDataLoader

import dts_ee.training.trainer as trainer_module
from dts_ee.corpora.spert import document_to_json
from dts_ee.dataset_readers import SpertReader
from dts_ee.document import Document, Entity, Relation
from dts_ee.training.divergence import check_loss, check_weights
from tests.documents import TINY_NEWS, document

LIVES = document("[Ann|Peop] lives in [Rome|Loc]", [("Live_In", 0, 1)])
WORKS = document("[Bob|Peop] works for [ACME|Org]", [("Work_For", 0, 1)])
RAINS = document("It rains .")


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Trains a tiny model, and returns AllenNLP's metrics and the warnings of the trainer."""

    def run(training, development=(), test=(), num_epochs=2, lr=0.01, lazy=False, **trainer):
        settings = {
            "dataset_reader": {"type": "spert"},
            "model": {
                "type": "dts",
                "text_field_embedder": {
                    "token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 8}}
                },
                "ner_encoder": {"type": "gru", "hidden_size": 8},
                "dropout": 0.0,
                "relation_dropout": 0.0,
                "relation_threshold": 0.5,
            },
            "data_loader": {
                "batch_sampler": {
                    "type": "repeated_bucket",
                    "batch_size": 4,
                    "sorting_keys": ["tokens"],
                    "min_batches": 2,
                }
            },
            "trainer": {
                "type": "dts",
                "num_epochs": num_epochs,
                "optimizer": {"type": "adam", "lr": lr},
                "validation_metric": "+mean_f1",
                "cuda_device": -1,
                **trainer,
            },
        }
        if lazy:
            settings["data_loader"] = {"batch_size": 4, "max_instances_in_memory": 4}
        splits = {"train": training, "validation": development, "test": test}
        for name, documents in splits.items():
            if documents:
                path = tmp_path / f"{name}.json"
                path.write_text(json.dumps([document_to_json(document) for document in documents]))
                settings[f"{name}_data_path"] = str(path)
        warnings: list[str] = []
        # AllenNLP takes the root logger's handlers away, and pytest's with them.
        monkeypatch.setattr(trainer_module.logger, "warning", lambda _, text: warnings.append(text))
        train_model(Params(settings), tmp_path / "out", force=True)
        return json.loads((tmp_path / "out" / "metrics.json").read_text()), warnings

    return run


def test_the_last_epoch_is_taken_where_the_development_data_is_too_small(train):
    metrics, warnings = train([LIVES] * 6, [LIVES] * 6, num_epochs=3)
    assert metrics["best_epoch"] == 2
    assert "18 gold entities and relations" in warnings[0]


def test_without_a_learning_rate_all_epochs_are_equal_and_the_last_is_taken(train):
    metrics, warnings = train([LIVES] * 6, [LIVES] * 7, num_epochs=3, lr=0.0)
    assert metrics["best_epoch"] == 2
    assert not [warning for warning in warnings if "too few" in warning]


def test_training_that_goes_well_warns_of_nothing(train):
    _, warnings = train([LIVES] * 12, [LIVES] * 7, num_epochs=10, lr=0.1)
    assert warnings == []


def test_data_and_figures_that_are_wrong_are_named(train):
    _, warnings = train([LIVES] * 6, [WORKS] * 7, [WORKS], num_epochs=1, lr=0.0)
    assert "entity types in the development data" in warnings[0] and "Org (7)" in warnings[0]
    assert "relation types in the development data" in warnings[1]
    assert "Work_For (7)" in warnings[1]
    assert "entity types in the test data" in warnings[2] and "Org (1)" in warnings[2]
    assert "relation types in the test data" in warnings[3]
    assert "F1 0 on the development data for" in warnings[4]
    assert "relations" in warnings[4]
    assert len(warnings) == 5


def test_without_development_data_the_training_data_shows_that_nothing_was_learned(train):
    _, warnings = train([LIVES] * 6, num_epochs=1, lr=0.0)
    assert len(warnings) == 1
    assert "F1 0 on the training data for" in warnings[0]
    _, warnings = train([LIVES] * 6, num_epochs=15, lr=0.1)
    assert warnings == []


def test_relations_that_overlaps_take_from_the_training_data_are_not_said_to_need_more_of_it(train):
    # "Ann Lee" is kept and "Lee" is not, so that there is no relation to learn.
    lost = Document(
        ("Ann", "Lee"), (Entity("Peop", 0, 2), Entity("Name", 1, 2)), (Relation("Has", 0, 1),)
    )
    _, warnings = train([lost] * 10, num_epochs=1, lr=0.0)
    about_relations = [text for text in warnings if text.startswith("F1 0") and "relations" in text]
    assert about_relations == [
        "F1 0 on the training data for relations: tags cannot express any of those in the training "
        "data, because spans overlap; the warning about that says more "
        "(dataset_reader.tag_sequences, dataset_reader.on_overlap)"
    ]


def test_no_relations_anywhere_is_no_failure_of_theirs(train):
    sleeps = document("[Ann|Peop] sleeps")
    _, warnings = train([sleeps] * 10, [sleeps] * 20, num_epochs=10, lr=0.1)
    assert len(warnings) == 1
    assert "no relations" in warnings[0]


def test_relations_that_no_checked_batch_has_are_no_failure(train, monkeypatch):
    # One batch is looked at, of sentences without relations, as nothing is shuffled.
    monkeypatch.setattr(trainer_module, "MAX_CHECKED_BATCHES", 1)
    score = trainer_module.DtsTrainer._scores_on_training_data

    def in_order(self):
        self.data_loader.batch_sampler.shuffle = False
        self.data_loader.batch_sampler.padding_noise = 0.0
        return score(self)

    monkeypatch.setattr(trainer_module.DtsTrainer, "_scores_on_training_data", in_order)
    short = document("[Ann|Peop]")
    long = document("[Ann|Peop] and [Bob|Peop] know and see", [("Knows", 0, 1)])
    _, warnings = train([short] * 5 + [long] * 5, num_epochs=10, lr=0.1)
    assert warnings == []


def test_a_loader_that_does_not_hold_its_instances(train):
    _, warnings = train([LIVES] * 12, [LIVES] * 7, [LIVES], num_epochs=10, lr=0.1, lazy=True)
    assert warnings == []


def test_test_data_that_cannot_be_read_does_not_stop_the_training(tmp_path):

    (tmp_path / "config.json").write_text('{"test_data_path": "nowhere.json"}')
    loader = MultiProcessDataLoader(SpertReader(), str(TINY_NEWS), batch_size=1)
    assert trainer_module._test_documents(loader, tmp_path) == []
    assert trainer_module._test_documents(loader, None) == []


def test_a_loss_that_is_no_number_ends_the_training_and_names_the_documents(train, tmp_path):
    with pytest.raises(FloatingPointError) as raised:
        train([LIVES, WORKS], [LIVES] * 7, num_epochs=9, lr=1e30)
    message = str(raised.value)
    assert re.match(r"epoch [12]: ", message)
    assert "trainer.optimizer.lr" in message and "trainer.grad_norm" in message
    for path in (tmp_path / "out").glob("*.th"):
        weights = torch.load(path)
        if "model_state" in path.name or path.name == "best.th":
            assert all(torch.isfinite(weight).all() for weight in weights.values())


def test_the_documents_of_a_loss_that_is_no_number():
    batch = {"document": [LIVES, document("a b c d e f g h i"), document("[Ann|Peop] sleeps")]}
    with pytest.raises(FloatingPointError) as raised:
        check_loss(torch.tensor(float("inf")), 3, batch)
    assert str(raised.value).startswith(
        "epoch 3: the loss is inf on the documents 'Ann lives in Rome', 'a b c d e f g h …', "
        "'Ann sleeps'; try a lower trainer.optimizer.lr"
    )
    assert "The checkpoint of epoch 2 and best.th are kept" in str(raised.value)
    check_loss(torch.tensor(1e30), 3, batch)


def test_weights_that_are_no_numbers():
    model = torch.nn.Linear(2, 1)
    check_weights(model, 1)
    model.bias.data[0] = float("nan")
    with pytest.raises(FloatingPointError, match="epoch 1: the weight bias "):
        check_weights(model, 1)
