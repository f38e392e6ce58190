"""The inputs of `fixtures/cases`, through the commands: each has its right value."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.corpora import read_documents
from dts_ee.document import Document
from dts_ee.evaluators import document_evaluator
from tests.commands.command_line import run_allennlp
from tests.documents import named_relations
from tests.paths import FIXTURES
from tests.serving.serving import serving

CASES = FIXTURES / "cases"
ARCHIVE = FIXTURES / "archives" / "joint.tar.gz"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Annotation(NamedTuple):
    """What a sentence says, in its text."""

    text: Any
    entities: list[tuple[str, str]]
    relations: list[tuple[str, str, str]]

    @staticmethod
    def of(document: Document) -> "Annotation":
        entities = [(entity.type, document.entity_text(entity)) for entity in document.entities]
        return Annotation(document.text, entities, named_relations(document))


def convert(format: str, source: str, *words: str) -> list[Document]:
    assert run_allennlp(*convert_words(format, source, *words)) == 0
    return read_documents("out.json")


def convert_words(format: str, source: str, *words: str) -> tuple[object, ...]:
    return ("convert", "--from", format, CASES / source, "--to", "spert", "out.json", *words)


def predict(*words: object) -> list[dict[str, Any]]:
    assert run_allennlp("predict", ARCHIVE, *words, "--output-file", "out.jsonl", "--silent") == 0
    return [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]


def sentences_of(output: dict[str, Any]) -> list[str]:
    return [sentence["sentence"] for sentence in output["sentences"]]


ADA = "\U0001f4a9" * 4 + " Ada Ada Ada met Bo Lind of Elm Works."
COMPANY = "Elm Works (the Company) is in Tarnby."
FIRST_OF_THREE = Annotation(
    ADA,
    [("Peop", "Ada"), ("Peop", "Bo Lind"), ("Org", "Elm Works")],
    [("Work_For", "Bo Lind", "Elm Works")],
)
IL2 = "IL-2 activates p53 in T cells."
PROTEINS = [("Protein", "IL-2"), ("Protein", "p53"), ("Activation", "activates")]
NO_P53 = Annotation("TNF does not activate p53.", [], [])
EVENTS = ("--events", "trigger-argument", "--equivalences", "Same")

CONVERTED = {
    ("brat", "apple_double"): [
        Annotation("We use a parser for parsing.", [("Method", "parser")], [])
    ],
    ("brat", "brat_newline_split"): [
        Annotation(
            "The patient received ferrous\nsulfate 300 mg daily for iron\ndeficiency anemia since "
            "May.",
            [
                ("Drug", "ferrous\nsulfate"),
                ("Reason", "iron\ndeficiency anemia"),
                ("Strength", "300 mg"),
            ],
            [
                ("Reason-Drug", "iron\ndeficiency anemia", "ferrous\nsulfate"),
                ("Strength-Drug", "300 mg", "ferrous\nsulfate"),
            ],
        )
    ],
    ("brat", "brat_relation_events_equiv"): [Annotation(IL2, PROTEINS, []), NO_P53],
    ("brat", "brat_relation_events_equiv", *EVENTS): [
        Annotation(
            IL2,
            PROTEINS,
            [
                ("Theme", "activates", "p53"),
                ("Cause", "activates", "IL-2"),
                ("Coref", "activates", "p53"),
                ("Same", "IL-2", "p53"),
            ],
        ),
        NO_P53,
    ],
    ("docbin", "docbin_rel_component/rel.spacy"): [
        Annotation(
            "Marta Lindqvist works for Elm Works in Tarnby. She likes it.",
            [("PERSON", "Marta Lindqvist"), ("ORG", "Elm Works"), ("LOC", "Tarnby")],
            [
                ("WORKS_FOR", "Marta Lindqvist", "Elm Works"),
                ("BASED_IN", "Elm Works", "Tarnby"),
            ],
        )
    ],
    ("label-studio", "end_past_the_text/tasks.json"): [
        Annotation(
            "She works for Elm Works",
            [("Org", "Elm Works"), ("Peop", "She")],
            [("Work_For", "She", "Elm Works")],
        )
    ],
    ("brat", "gold_dependent_tokens"): [
        Annotation("马塔住在北京。她为华为工作。", [], []),
    ],
    ("brat", "gold_dependent_tokens", "--tokenizer", "characters"): [
        Annotation(
            "马塔住在北京。", [("Peop", "马塔"), ("Loc", "北京")], [("Live_In", "马塔", "北京")]
        ),
        Annotation("她为华为工作。", [("Org", "华为")], []),
    ],
    ("label-studio", "label_studio_hints/completions.json"): [
        Annotation(COMPANY, [("Org", "Elm Works")], [])
    ],
    ("label-studio", "label_studio_hypertext/tasks.json"): [
        Annotation(
            "Ada Brook works for Elm Works.",
            [("Peop", "Ada Brook"), ("Org", "Elm Works")],
            [("Work_For", "Ada Brook", "Elm Works")],
        )
    ],
    ("label-studio", "label_studio_text_key/tasks.json"): [
        Annotation(
            COMPANY,
            [("Name", "Elm Works"), ("Reference", "the Company")],
            [("refers_to", "the Company", "Elm Works")],
        )
    ],
    ("brat", "nfc_nfd"): [
        Annotation(
            "Jose\u0301 left Elm",
            [("Peop", "Jose\u0301"), ("Org", "Elm")],
            [("Left", "Jose\u0301", "Elm")],
        )
    ],
    ("brat", "numbered_list"): [
        Annotation("MEDICATIONS:", [], []),
        Annotation(
            "1. Aspirin 81 mg daily",
            [("Drug", "Aspirin"), ("Strength", "81 mg")],
            [("Strength-Drug", "81 mg", "Aspirin")],
        ),
        Annotation("2. Lipitor 20 mg qhs", [], []),
        Annotation(
            "3. Lasix 40 mg bid",
            [("Drug", "Lasix"), ("Strength", "40 mg")],
            [("Strength-Drug", "40 mg", "Lasix")],
        ),
        Annotation("ALLERGIES: none", [], []),
    ],
    ("brat", "texts_without_ann"): [
        Annotation(
            "We use a parser for parsing.",
            [("Method", "parser"), ("Task", "parsing")],
            [("USED-FOR", "parser", "parsing")],
        )
    ],
    ("label-studio", "utf16_offsets/quoted.json"): [FIRST_OF_THREE],
    ("label-studio", "utf16_offsets/unquoted.json"): [FIRST_OF_THREE],
}

REMARKS = {
    ("brat", "apple_double"): "2 hidden files left out: ._d1.ann, ._d1.txt",
    ("brat", "brat_relation_events_equiv"): (
        "Lost: event (1), attribute (1), note (1), normalisation (1), equivalence (1), relation of "
        "an entity that is not there (1)."
    ),
    (
        "label-studio",
        "end_past_the_text/tasks.json",
    ): "entity that ends after the text: 'Elm Works'",
    ("brat", "gold_dependent_tokens"): "--tokenizer characters would keep 3 of 3",
    ("label-studio", "label_studio_text_key/tasks.json"): "data.source (1 times",
    ("brat", "texts_without_ann"): (
        "2 texts without an .ann file left out: README.txt, d1.xml.txt; --unannotated empty"
    ),
    ("label-studio", "utf16_offsets/quoted.json"): "count UTF-16 code units: 3 of 3 entities fit",
    ("label-studio", "utf16_offsets/unquoted.json"): "count UTF-16 code units: 3 of 3 entities fit",
}


@pytest.mark.parametrize("arguments", CONVERTED, ids=" ".join)
def test_converted(arguments, capsys):
    documents = convert(*arguments)
    assert list(map(Annotation.of, documents)) == CONVERTED[arguments]
    remarks = " ".join(capsys.readouterr().err.split())
    if arguments in REMARKS:
        assert REMARKS[arguments] in remarks
    elif arguments[2:] != EVENTS:
        assert remarks == ""


def test_characters_of_the_mentions():
    for name in ("quoted", "unquoted"):
        (document,) = convert("label-studio", f"utf16_offsets/{name}.json")
        spans = [document.character_span(*entity.span) for entity in document.entities]
        assert spans == [(5, 8), (21, 28), (32, 41)]
    (document,) = convert("label-studio", "end_past_the_text/tasks.json")
    assert document.character_span(*document.entities[0].span) == (14, 23)
    (document,) = convert("brat", "nfc_nfd")
    assert document.character_span(*document.entities[0].span) == (0, 5)
    (document,) = convert("brat", "brat_newline_split")
    assert document.entities[0].span == (3, 5)


def test_json_min_of_label_studio(capsys):
    assert run_allennlp(*convert_words("label-studio", "label_studio_hints/json_min.json")) == 2
    file = CASES / "label_studio_hints" / "json_min.json"
    assert capsys.readouterr().err == (
        f'error: file {file}, document #1, field data: there is no "data"; this looks like Label '
        'Studio\'s JSON-MIN: in Label Studio, export as "JSON", in which relations have regions to '
        "refer to\n"
    )


def test_predictions_for_label_studio():
    source = CASES / "label_studio_predictions" / "predictions.json"
    words = ("convert", "--from", "spert", source, "--to", "label-studio", "out.json")
    assert run_allennlp(*words) == 0
    (task,) = json.loads(Path("out.json").read_text())
    assert "annotations" not in task
    (prediction,) = task["predictions"]
    assert (prediction["score"], prediction["model_version"]) == (0.7, "dts_ee")


def test_hidden_files_are_not_predicted():
    assert [output["orig_id"] for output in predict(CASES / "apple_double")] == ["d1"]


def test_invisible_characters():
    outputs = predict(CASES / "invisible_characters" / "texts.jsonl")
    assert list(map(sentences_of, outputs)) == [
        ["I bought Elm Works\u2764\ufe0f.", "Peter left Oslo."],
        ["Ada left Tarnby.", "Bo left Oslo."],
        [],
    ]


def test_items_of_a_list():
    (output,) = predict("--text", "- Marta lives in Tarnby\n- Peter works for Elm Works")
    assert sentences_of(output) == ["- Marta lives in Tarnby", "- Peter works for Elm Works"]


@pytest.mark.parametrize("name, number", [("tokens", 1), ("mixed", 3)])
def test_prediction_input_of_spert(name, number):
    outputs = predict(CASES / "spert_prediction_input" / f"{name}.json")
    assert [output["tokens"] for output in outputs] == [["Ada", "left", "."]] * number
    assert all("entities" in output and "relations" in output for output in outputs)


def test_prediction_input_of_spert_for_the_server():
    for name, number in (("tokens", 1), ("mixed", 3)):
        file = CASES / "spert_prediction_input" / f"{name}.json"
        answers = asyncio.run(served(json.loads(file.read_text())))
        assert [answer["tokens"] for answer in answers] == [["Ada", "left", "."]] * number


async def served(value: Any) -> Any:
    predictor = Predictor.from_archive(load_archive(ARCHIVE))
    async with serving(lambda: predictor) as service:
        await service.until_state("ready")
        return (await service.predict(value)).json()


def test_given_entities_with_offsets_in_another_unit():
    (output,) = predict(CASES / "utf16_offsets_predict" / "entities.jsonl")
    (sentence,) = output["sentences"]
    assert [(entity["type"], entity["text"]) for entity in sentence["entities"]] == [
        ("Peop", "Marta"),
        ("Loc", "Tarnby"),
    ]
    assert "UTF-16 code units" in output["warnings"][0]


def test_types_that_the_model_does_not_know(caplog):
    document_evaluator.logger.addHandler(caplog.handler)
    try:
        data = CASES / "evaluate_unknown_types" / "test.json"
        assert run_allennlp("evaluate", ARCHIVE, data) == 0
    finally:
        document_evaluator.logger.removeHandler(caplog.handler)
    warnings = [item.getMessage() for item in caplog.records if item.levelno == logging.WARNING]
    assert any("人物 (1), 组织 (1); 2 of 2 gold entities count as missed" in w for w in warnings)
    assert any("工作于 (1); 1 of 1 gold relations count as missed" in w for w in warnings)


def train(data: Path, **settings: Any) -> Path:
    overrides = {"train_data_path": str(data), "validation_data_path": str(data), **settings}
    config = FIXTURES / "tiny" / "dts.jsonnet"
    assert run_allennlp("train", config, "-s", "run", "-o", json.dumps(overrides)) == 0
    return Path("run") / "model.tar.gz"


def metrics_of(archive: Path, data: Path) -> dict[str, float]:
    assert run_allennlp("evaluate", archive, data, "--output-file", "metrics.json") == 0
    return json.loads(Path("metrics.json").read_text())


def test_a_model_of_entities_alone():
    data = CASES / "ner_only_training" / "train.json"
    settings = {"trainer.num_epochs": 15, "trainer.optimizer.lr": 0.06}
    metrics = metrics_of(train(data, **settings), data)
    assert metrics["entity_f1"] == 1.0
    assert metrics.get("relation_f1", 0.0) == 0.0


def test_two_hundred_types(folder, capsys):
    number = 200
    records = [
        {
            "tokens": [f"w{i}", f"v{i}", "."],
            "entities": [
                {"type": f"E{i}", "start": 0, "end": 1},
                {"type": f"E{(i + 1) % number}", "start": 1, "end": 2},
            ],
            "relations": [{"type": f"R{i}", "head": 0, "tail": 1}],
        }
        for i in range(number)
    ]
    data = folder / "data.json"
    data.write_text(json.dumps(records))
    settings = {"dataset_reader.tag_encoding": "BIOUL", "data_loader.batch_size": 50}
    archive = train(data, **settings, **{"trainer.num_epochs": 1})
    capsys.readouterr()
    metrics_of(archive, data)
    captured = capsys.readouterr()
    assert "not trained on" not in captured.err
    rows = {tuple(line.split()[:2]): line.split()[5:6] for line in captured.out.splitlines()}
    assert rows["NER", "micro"] == ["400"]
    assert rows["RE", "micro"] == ["200"]
    assert sum(task == "NER" and type.startswith("E") for task, type, *_ in rows if type) == number
    assert sum(task == "RE" and type.startswith("R") for task, type, *_ in rows if type) == number
