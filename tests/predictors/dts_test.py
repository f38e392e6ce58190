import json

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
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
    mixed = [{"tokens": ["Tarnby"]}, {"tokens": ["Tarnby"], "orig_id": "b"}]
    without, with_one = predictor.predict_batch_json(mixed)
    assert "orig_id" not in without and with_one["orig_id"] == "b"


def test_batches_are_predicted_as_single_sentences_are(predictor):
    inputs = [{"sentence": TEXT}, {"tokens": ["Nobody", "came"]}, {"sentence": "Kestria is dry."}]
    together = predictor.predict_batch_json(inputs)
    for one, output in zip(inputs, together, strict=True):
        alone = predictor.predict_json(one)
        assert [entity["text"] for entity in alone["entities"]] == [
            entity["text"] for entity in output["entities"]
        ]
        assert len(alone["relations"]) == len(output["relations"])


def test_the_output_is_a_file_that_the_readers_read(predictor, tmp_path):
    outputs = predictor.predict_batch_json([{"sentence": TEXT}, {"tokens": ["Nobody", "came"]}])
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join(predictor.dump_line(output) for output in outputs))
    first, second = read_documents(path)
    assert first.text == TEXT
    assert [first.entity_text(entity) for entity in first.entities][0] == "Marta Lindqvist"
    assert first.relations[0].probability is not None
    assert second.text == "Nobody came" and second.tokens == ("Nobody", "came")
    again = predictor.predict_json(outputs[0])
    assert again["entities"] == outputs[0]["entities"]


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "document #1: invalid JSON"),
        ("[1]", "document #1: an object is expected"),
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
