"""
The code of docs/extending.md does what is said there.
"""

import json
import os
import re

import pytest

from dts_ee.corpora import read_documents
from tests.forked_command import ForkedCommand
from tests.paths import FIXTURES, PROJECT

PACKAGES = ("order_feature", "columns", "convolutions", "first_tokens", "topic")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A user's folder with the files of the page, and data with a topic for each sentence."""
    folder = tmp_path_factory.mktemp("project")
    page = (PROJECT / "docs" / "extending.md").read_text()
    for name, code in re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```", page, re.M | re.S):
        (folder / f"{name}.py").write_text(code)
    (folder / ".allennlp_plugins").write_text("\n".join(PACKAGES))
    records = json.loads((FIXTURES / "tiny" / "news.json").read_text())
    for number, record in enumerate(records):
        record["topic"] = "people" if number % 2 else "places"
    (folder / "train.json").write_text(json.dumps(records))
    (folder / "columns.tsv").write_text("Ann\tB-Peop\nLee\tI-Peop\nslept\tO\n\nRome\tB-Loc\n")
    return folder


def run(folder, *words):
    """Runs a command in the folder, in a process whose imports are of no other test."""

    def prepare():
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(PROJECT)

    with open(folder / "output.txt", "w") as output:
        status = ForkedCommand(words, output.fileno(), prepare=prepare).wait()
    shown = (folder / "output.txt").read_text()
    assert status == 0, shown
    return shown


def test_the_page_has_all_files(folder):
    assert {path.stem for path in folder.glob("*.py")} == set(PACKAGES)


def test_a_corpus_is_read(folder):
    run(folder, "convert", "--from", "columns", "columns.tsv", "--to", "spert", "corpus.json")
    first, second = read_documents(folder / "corpus.json")
    assert [(entity.type, entity.span) for entity in first.entities] == [("Peop", (0, 2))]
    assert [(entity.type, entity.span) for entity in second.entities] == [("Loc", (0, 1))]


def test_a_model_is_trained_evaluated_and_predicts_with_all_of_them(folder):
    gru = {"type": "gru", "hidden_size": 4, "bidirectional": True}
    overrides = {
        "train_data_path": "train.json",
        "validation_data_path": "train.json",
        "test_data_path": "train.json",
        "model.relation_scorer.pair_features": [{"type": "cosine"}, {"type": "order"}],
        "model.ner_encoder": {"type": "convolutions", "output_dim": 8},
        "model.further_heads": [{"type": "topic", "encoder": gru, "dropout": 0.0}],
        "trainer.num_epochs": 15,
        "trainer.optimizer.lr": 0.03,
        "trainer.validation_metric": "+topic_f1",
    }
    config = str(FIXTURES / "tiny" / "dts.jsonnet")
    run(folder, "repeat", config, "-s", "out", "--seeds", "1", "--overrides", json.dumps(overrides))
    metrics = json.loads((folder / "out" / "seed_1" / "test_metrics.json").read_text())
    assert metrics["topic_f1"] == 1.0
    assert 0.0 <= metrics["_entity_first_token_f1"] <= 1.0
    assert "_entity_first_token_macro_f1" in metrics
    table = (folder / "out" / "summary.md").read_text()
    assert "Topic" in table
    assert "NER first token micro" in table
    (folder / "input.jsonl").write_text('{"tokens": ["Ann", "slept"]}\n')
    run(folder, "predict", "out/seed_1/model.tar.gz", "input.jsonl", "--output-file", "o.jsonl")
    output = json.loads((folder / "o.jsonl").read_text())
    assert output["topic"] in ("people", "places")
    evaluated = run(folder, "evaluate", "out/seed_1/model.tar.gz", "train.json")
    (micro,) = [line for line in evaluated.splitlines() if line.split()[:2] == ["Topic", "micro"]]
    assert micro.split()[2:] == ["100.0", "100.0", "100.0", "8", "8", "8"]
