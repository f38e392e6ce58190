import json
import logging
from dataclasses import replace

import pytest
from allennlp.commands.evaluate import evaluate_from_archive

from dts_ee.corpora.spert import document_to_json, read_documents
from dts_ee.document import Document, Entity, Relation
from dts_ee.evaluators import document_evaluator
from tests.commands.command_line import run_allennlp
from tests.documents import TINY_NEWS
from tests.paths import FIXTURES, PROJECT

CONFIG = "fixtures/tiny/dts.jsonnet"
ARCHIVES = FIXTURES / "archives"


def train(folder, **overrides):
    settings = json.dumps({"trainer.num_epochs": 1, **overrides})
    with pytest.MonkeyPatch.context() as patches:
        patches.chdir(PROJECT)
        assert run_allennlp("train", CONFIG, "-s", folder, "-o", settings) == 0
    return folder / "model.tar.gz"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return train(tmp_path_factory.mktemp("evaluate") / "out")


@pytest.fixture
def warned():
    """What the evaluator warns of."""
    messages: list[str] = []

    class Listed(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    # The root logger's handlers go when a model is trained.
    handler = Listed()
    document_evaluator.logger.addHandler(handler)
    yield messages
    document_evaluator.logger.removeHandler(handler)


def write(path, *documents):
    path.write_text(json.dumps([document_to_json(document) for document in documents]))
    return path


def evaluate(archive, data, *words) -> None:
    assert run_allennlp("evaluate", archive, data, *words) == 0


def test_a_table_of_what_was_counted(archive, tmp_path, capsys):
    evaluate(archive, TINY_NEWS, "--output-file", tmp_path / "metrics.json")
    lines = capsys.readouterr().out.splitlines()
    documents = read_documents(TINY_NEWS)
    assert lines[0] == f"{TINY_NEWS} (sentences: {len(documents)}), strict, in per cent"
    rows = {tuple(line.split()[:2]): line.split()[2:] for line in lines[2:-1]}
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    for task, items in (("entity", "entities"), ("relation", "relations")):
        title = {"entity": "NER", "relation": "RE"}[task]
        gold = [item for document in documents for item in getattr(document, items)]
        assert rows[title, "micro"][3] == str(len(gold))
        assert rows[title, "micro"][2] == f"{100 * metrics[f'{task}_f1']:.1f}"
        assert rows[title, "macro"][2] == f"{100 * metrics[f'_{task}_macro_f1']:.1f}"
        for type in {item.type for item in gold}:
            assert rows[title, type][3] == str(sum(item.type == type for item in gold))
            assert rows[title, type][2] == f"{100 * metrics[f'_{task}_{type}_f1']:.1f}"
    assert lines[-1] == f"The metrics are in {tmp_path / 'metrics.json'}"


def test_several_files_have_a_table_each(archive, tmp_path, capsys):
    other = write(tmp_path / "other.json", *read_documents(TINY_NEWS)[:2])
    evaluate(archive, f"{TINY_NEWS},{other}")
    output = capsys.readouterr().out
    titles = [line for line in output.splitlines() if "(sentences: " in line]
    assert [title.split(" (")[0] for title in titles] == [str(TINY_NEWS), str(other)]
    # The second table does not count the first file again.
    gold = sum(len(document.entities) for document in read_documents(other))
    assert output.split(titles[1])[1].splitlines()[2].split()[5] == str(gold)


def test_false_relations_of_entities_that_only_occur_together(tmp_path, capsys):
    # What the archive predicts for these sentences is kept beside it.
    predicted = read_documents(ARCHIVES / "joint.jsonl")
    gold = read_documents(TINY_NEWS)
    assert [document.tokens for document in predicted] == [document.tokens for document in gold]
    several = [len(document.entities) > 1 for document in gold]
    found = [bool(document.relations) for document in predicted]
    assert any(several) and not all(several) and any(found) and not all(found)
    number, false = sum(several), sum(map(all, zip(several, found, strict=True)))
    data = write(tmp_path / "a.json", *(replace(document, relations=()) for document in gold))
    evaluate(ARCHIVES / "joint.tar.gz", data)
    line = (
        f"Sentences with several entities and no relation: {number}; with a predicted relation: "
        f"{false} ({100 * false / number:.1f} %)"
    )
    assert capsys.readouterr().out.splitlines()[-1] == line
    evaluate(ARCHIVES / "joint.tar.gz", write(tmp_path / "b.json", gold[0]))
    assert "Sentences with" not in capsys.readouterr().out


def test_unknown_types_are_named_with_their_number(archive, tmp_path, warned):
    unknown = Document(
        tokens=("Ida", "takes", "aspirin", "and", "ibuprofen"),
        entities=(Entity("Peop", 0, 1), Entity("Drug", 2, 3), Entity("Drug", 4, 5)),
        relations=(Relation("Takes", 0, 1),),
    )
    evaluate_from_archive(archive, str(write(tmp_path / "data.json", unknown)))
    entities, relations = warned
    assert "not trained on: Drug (2); 2 of 3 gold entities count as missed" in entities
    assert "that it knows (" in entities and "Peop" in entities.split("that it knows (")[1]
    assert "not trained on: Takes (1); 1 of 1 gold relations count as missed" in relations


def test_data_without_gold_is_no_reason_to_fail(archive, tmp_path, warned, capsys):
    data = write(tmp_path / "data.json", Document(tokens=("Ida", "sleeps")))
    evaluate_from_archive(archive, str(data))
    assert warned == [
        "the data has no gold entities: the NER figures mean nothing",
        "the data has no gold relations: the RE figures mean nothing",
    ]
    (micro,) = [line for line in capsys.readouterr().out.splitlines() if "RE   micro" in line]
    assert micro.split()[5] == "0"


def test_a_model_of_entities_alone_says_that_relations_are_not_evaluated(tmp_path, warned, capsys):
    archive = train(tmp_path / "out", **{"model.tasks": "entities"})
    capsys.readouterr()
    evaluate_from_archive(archive, str(TINY_NEWS))
    number = sum(len(document.relations) for document in read_documents(TINY_NEWS))
    (warning,) = warned
    assert warning.startswith(f"the data has {number} gold relations, but the model finds none")
    assert not any(line.startswith("RE") for line in capsys.readouterr().out.splitlines())
