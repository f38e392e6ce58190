import json
from typing import cast

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

import dts_ee  # noqa: F401
from dts_ee.corpora.spert import read_documents
from dts_ee.document import DocumentError
from dts_ee.predictors import DtsPredictor
from tests.paths import FIXTURES


@pytest.fixture(scope="module")
def archive_path(tmp_path_factory):
    params = Params.from_file(
        FIXTURES / "tiny" / "dts.jsonnet",
        json.dumps(
            {
                "train_data_path": str(FIXTURES / "tiny" / "news.json"),
                "validation_data_path": str(FIXTURES / "tiny" / "news.json"),
                "model.dropout": 0.0,
                "model.relation_dropout": 0.0,
                "trainer.num_epochs": 60,
            }
        ),
    )
    folder = tmp_path_factory.mktemp("training") / "out"
    train_model(params, folder)
    return folder / "model.tar.gz"


@pytest.fixture
def predictor(archive_path):
    # As `allennlp predict` does without --predictor: the model names its own.
    found = Predictor.from_archive(load_archive(archive_path))
    assert isinstance(found, DtsPredictor)
    return found


TEXT = "Marta Lindqvist grew up in Tarnby and now writes for the Harbour Gazette."


def test_a_raw_sentence(predictor):
    output = predictor.predict(TEXT)
    assert output["sentence"] == TEXT
    assert output["tokens"][-1] == "."
    for entity in output["entities"]:
        assert TEXT[entity["start_char"] : entity["end_char"]] == entity["text"]
    names = [(entity["text"], entity["type"]) for entity in output["entities"]]
    assert names == [("Marta Lindqvist", "Peop"), ("Tarnby", "Loc"), ("Harbour Gazette", "Org")]
    triples = {(item["type"], item["head"], item["tail"]) for item in output["relations"]}
    assert triples == {("Live_In", 0, 1), ("Work_For", 0, 2)}
    assert all(0.5 <= relation["probability"] <= 1.0 for relation in output["relations"])


def test_tokens(predictor):
    tokens = ["Velmouth", "lies", "on", "the", "northern", "coast", "of", "Kestria", "."]
    output = predictor.predict_tokens(tokens)
    assert output["tokens"] == tokens
    joined = " ".join(tokens)
    for entity in output["entities"]:
        assert joined[entity["start_char"] : entity["end_char"]] == entity["text"]
    assert [entity["text"] for entity in output["entities"]] == ["Velmouth", "Kestria"]


def test_tokens_with_their_sentence(predictor):
    output = predictor.predict_json(
        {"tokens": ["Velmouth", "is", "far", "."], "sentence": "Velmouth is far."}
    )
    assert output["sentence"] == "Velmouth is far."
    assert output["entities"][0]["end_char"] == len("Velmouth")


def test_identifiers_stay(predictor):
    assert predictor.predict_json({"sentence": "Tarnby .", "orig_id": "a7"})["orig_id"] == "a7"
    assert predictor.predict_json({"tokens": ["Tarnby"], "id": 3})["orig_id"] == "3"
    line = predictor.load_line('{"tokens": ["Tarnby"], "id": "c"}')
    assert predictor.predict_json(line)["orig_id"] == "c"
    mixed = [{"tokens": ["Tarnby"]}, {"tokens": ["Tarnby"], "orig_id": "b"}]
    without, with_one = predictor.predict_batch_json(mixed)
    assert "orig_id" not in without and with_one["orig_id"] == "b"


# Of many lengths, in no order; the longest is longer than the predictor's default bound.
TOKENS = [*TEXT[:-1].split(), "."]
INPUTS = [
    {"tokens": (TOKENS + 1100 * ["."])[start : start + length], "orig_id": f"{start}-{length}"}
    for length in (14, 1, 1100, 3, 12, 120, 2)
    for start in (0, 5)
]


def assert_equal_but_for_rounding(output, expected):
    predicted = {"entities": None, "relations": None}
    assert {**output, **predicted} == {**expected, **predicted}
    for key in predicted:
        for one, other in zip(output[key], expected[key], strict=True):
            assert one == {**other, "probability": pytest.approx(other["probability"], abs=1e-4)}


@pytest.mark.parametrize("max_batch_tokens", [1, 50, 1024])
def test_batches_are_predicted_as_single_sentences_are(archive_path, max_batch_tokens):
    predictor = Predictor.from_archive(
        load_archive(archive_path), extra_args={"max_batch_tokens": max_batch_tokens}
    )
    together = predictor.predict_batch_json(INPUTS)
    assert [output["orig_id"] for output in together] == [one["orig_id"] for one in INPUTS]
    for one, output in zip(INPUTS, together, strict=True):
        assert_equal_but_for_rounding(output, predictor.predict_json(one))
    assert any(output["relations"] for output in together)


def test_batches_keep_their_bound_and_need_no_gradients(predictor, monkeypatch):
    seen = []
    forward = predictor._model.forward

    def watched(tokens, metadata, **others):
        assert torch.is_inference_mode_enabled()
        seen.append((len(metadata), max(len(one["words"]) for one in metadata)))
        return forward(tokens, metadata, **others)

    monkeypatch.setattr(predictor._model, "forward", watched)
    predictor.predict_batch_json(INPUTS)
    # The two sentences of 1,100 tokens alone; eight of the others fit beside one of 120.
    assert seen == [(1, 1100), (1, 1100), (8, 120), (4, 2)]


def test_a_bound_below_1_is_refused(archive_path):
    with pytest.raises(ConfigurationError, match="max_batch_tokens is 0"):
        Predictor.from_archive(load_archive(archive_path), extra_args={"max_batch_tokens": 0})


def test_no_inputs_have_no_outputs(predictor):
    assert predictor.predict_batch_json([]) == []


def test_gold_tags_change_nothing(predictor):
    path = FIXTURES / "tiny" / "news.json"
    annotated = list(predictor._dataset_reader.read(path))
    assert "tags" in annotated[0].fields
    raw = [{"tokens": list(one.tokens), "orig_id": one.id} for one in read_documents(path)]
    outputs = predictor.predict_batch_instance(annotated)
    for output, expected in zip(outputs, predictor.predict_batch_json(raw), strict=True):
        assert_equal_but_for_rounding(output, expected)
        assert "loss" not in output
    assert "loss" not in predictor.predict_instance(annotated[0])


def test_the_output_is_a_file_that_the_readers_read(predictor, tmp_path):
    outputs = predictor.predict_batch_json([{"sentence": TEXT}, {"tokens": ["Nobody", "came"]}])
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join(predictor.dump_line(output) for output in outputs))
    first, second = read_documents(path)
    assert first.text == TEXT
    assert [first.entity_text(entity) for entity in first.entities][0] == "Marta Lindqvist"
    assert first.relations[0].probability is not None
    assert second.text == "Nobody came" and second.tokens == ("Nobody", "came")
    assert all(0.0 <= cast(float, entity.probability) <= 1.0 for entity in first.entities)
    assert_equal_but_for_rounding(predictor.predict_json(outputs[0]), outputs[0])


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "document #1: invalid JSON"),
        (100_000 * "[", "document #1: invalid JSON: maximum recursion depth"),
        ("[1]", "document #1: an object is expected, not list; .* `--use-dataset-reader`"),
        ("{}", "neither"),
        ('{"text": "x"}', "neither"),
        ('{"sentence": 3}', "document #1, field sentence"),
        ('{"sentence": "  "}', "document #1"),
        ('{"tokens": []}', "document #1, field tokens"),
        ('{"tokens": ["a", ""]}', r"document #1, field tokens\[1\]"),
        ('{"tokens": "a b"}', "document #1, field tokens"),
        ('{"tokens": ["a"], "sentence": "b"}', "document #1, field sentence"),
        ('{"sentence": "", "orig_id": "x9"}', "document x9"),
    ],
)
def test_bad_input_names_document_and_field(predictor, line, message):
    with pytest.raises(DocumentError, match=message):
        predictor.predict_json(predictor.load_line(line))


def test_another_reader_is_refused(predictor):
    from allennlp.data.dataset_readers import SequenceTaggingDatasetReader

    with pytest.raises(TypeError, match="SequenceTaggingDatasetReader"):
        DtsPredictor(predictor._model, SequenceTaggingDatasetReader())
