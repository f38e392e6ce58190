import json
from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

import dts_ee  # noqa: F401
from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.document import Document, DocumentError, Entity
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.predictors import DtsPredictor, prediction
from tests.paths import FIXTURES
from tests.training_with_context import train_with_context


@pytest.fixture
def predictor(news_archive):
    # As `allennlp predict` does without --predictor: the model names its own.
    found = Predictor.from_archive(load_archive(news_archive))
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


def test_batches_are_predicted_as_single_sentences_are(news_archive):
    archive = load_archive(news_archive)
    predictor = Predictor.from_archive(archive)
    alone = [predictor.predict_json(one) for one in INPUTS]
    for max_batch_tokens in (1, 50, 1024):
        predictor = Predictor.from_archive(
            archive, extra_args={"max_batch_tokens": max_batch_tokens}
        )
        together = predictor.predict_batch_json(INPUTS)
        assert [output["orig_id"] for output in together] == [one["orig_id"] for one in INPUTS]
        for output, expected in zip(together, alone, strict=True):
            assert_equal_but_for_rounding(output, expected)
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


def test_a_bound_below_1_is_refused(news_archive):
    with pytest.raises(ConfigurationError, match="max_batch_tokens is 0"):
        Predictor.from_archive(load_archive(news_archive), extra_args={"max_batch_tokens": 0})


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
    # With its entities, it would be asked for the relations between them.
    del outputs[0]["entities"]
    again = predictor.predict_json(outputs[0])
    assert_equal_but_for_rounding(again, {**outputs[0], "entities": again["entities"]})


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "document #1: invalid JSON"),
        (100_000 * "[", "document #1: invalid JSON: maximum recursion depth"),
        ("[1]", r"document #1, field tokens\[0\]: must be a string"),
        ("3", "document #1: an object, a list of tokens or a sentence is expected, not a number"),
        ("{}", "neither"),
        ('{"text": ["x"]}', "document #1, field text"),
        ('{"text": "x", "entities": 3}', "document #1, field entities"),
        ('{"sentence": 3}', "document #1, field sentence"),
        ('{"tokens": []}', "document #1, field tokens"),
        ('{"tokens": ["a", ""]}', r"document #1, field tokens\[1\]"),
        ('{"tokens": "a b"}', "document #1, field tokens"),
        ('{"tokens": ["a"], "sentence": "b"}', "document #1, field sentence"),
        ('{"sentence": 3, "orig_id": "x9"}', "document x9"),
    ],
)
def test_bad_input_names_document_and_field(predictor, line, message):
    with pytest.raises(DocumentError, match=message):
        predictor.predict_json(predictor.load_line(line))


@pytest.mark.parametrize("blank", ["", " \n", "\u200b"])
def test_inputs_without_words(predictor, tmp_path, blank):
    text, sentence, other = predictor.predict_batch_json(
        [{"text": blank}, {"sentence": blank, "id": "a"}, {"sentence": TEXT}]
    )
    assert text == {"text": blank, "sentences": []}
    nothing: dict[str, Any] = {"tokens": [], "entities": [], "relations": []}
    assert sentence == {"orig_id": "a", "sentence": blank, **nothing}
    assert other["tokens"]
    path = tmp_path / "predicted.jsonl"
    path.write_text("".join(map(predictor.dump_line, (text, sentence, other))))
    assert [document.text for document in read_documents(path)] == [TEXT]


def test_invisible_characters_hide_no_end_and_are_no_words(predictor):
    for text, number in (
        ("I bought Elm Works\u2764\ufe0f. Peter left Oslo.", 2),
        ("Ada left Tarnby.\u200b Bo left Oslo.", 2),
        ("\u200b", 0),
    ):
        assert len(predictor.predict_text(text)["sentences"]) == number


def predictor_with(news_archive, **options: Any) -> DtsPredictor:
    predictor = Predictor.from_archive(load_archive(news_archive), extra_args=options)
    assert isinstance(predictor, DtsPredictor)
    return predictor


def test_sentences_of_the_caller(news_archive):
    text = "Marta lives in Tarnby, approx. Two more\nlines of text."
    options: list[tuple[dict[str, Any], int]] = [
        ({}, 2),
        ({"abbreviations": ["approx."]}, 1),
        ({"sentences": "lines"}, 2),
        ({"sentences": "whole"}, 1),
    ]
    for given, expected in options:
        output = predictor_with(news_archive, **given).predict_text(text)
        assert len(output["sentences"]) == expected
    with pytest.raises(ConfigurationError, match="there is no spaCy pipeline 'xx_none': install"):
        predictor_with(news_archive, sentences="xx_none")
    with pytest.raises(ConfigurationError, match="abbreviations are for the sentences `rules`"):
        predictor_with(news_archive, sentences="lines", abbreviations=["z. B."])


def test_warnings_are_in_the_output(predictor):
    entities = [{"type": "Peop", "start_char": 3, "end_char": 8, "text": "Marta"}]
    output = predictor.predict_json(
        {"text": "\N{FACE WITH TEARS OF JOY} Marta writes.", "entities": entities}
    )
    assert output["sentences"][0]["entities"][0]["text"] == "Marta"
    assert output["warnings"] == [
        "offsets in another unit: they count UTF-16 code units: 1 of 1 entities fit"
    ]


LONG_TEXT = f"  {TEXT}\n\nNobody came. {TEXT} Velmouth lies on the northern coast of Kestria."


def test_a_text_is_predicted_by_its_sentences(predictor):
    output = predictor.predict_text(LONG_TEXT)
    assert output["text"] == LONG_TEXT
    assert [sentence["sentence"] for sentence in output["sentences"]] == [
        TEXT,
        "Nobody came.",
        TEXT,
        "Velmouth lies on the northern coast of Kestria.",
    ]
    for sentence in output["sentences"]:
        assert LONG_TEXT.startswith(sentence["sentence"], sentence["start_char"])
        assert_equal_but_for_rounding(
            {**predictor.predict(sentence["sentence"]), "start_char": sentence["start_char"]},
            {**sentence, "entities": shifted(sentence["entities"], -sentence["start_char"])},
        )
        for entity in sentence["entities"]:
            assert LONG_TEXT[entity["start_char"] : entity["end_char"]] == entity["text"]
    assert output["sentences"][2]["relations"]


def test_a_text_is_predicted_by_the_windows_of_the_reader(news_archive):
    archive = load_archive(news_archive, overrides={"dataset_reader.windows": 3})
    output = Predictor.from_archive(archive).predict_json({"text": LONG_TEXT})
    assert [sentence["sentence"] for sentence in output["sentences"]] == [
        f"{TEXT}\n\nNobody came. {TEXT}",
        "Velmouth lies on the northern coast of Kestria.",
    ]


def test_an_encoder_reads_the_neighbouring_sentences_everywhere(tmp_path):
    predictor = Predictor.from_archive(load_archive(train_with_context(tmp_path)))
    assert isinstance(predictor, DtsPredictor)

    in_text = predictor.request({"text": "Ann left. Bo left. Ann left."}).sentences
    path = tmp_path / "data.jsonl"
    write_documents(path, in_text)
    in_file = predictor._dataset_reader.documents(path)  # type: ignore[attr-defined]
    alone = [replace(item, tokens_before=(), tokens_after=()) for item in in_text]
    vectors = [predictor.examine(documents).vectors for documents in (in_text, in_file, alone)]
    assert (vectors[0] == vectors[1]).all()
    assert (abs(vectors[0] - vectors[2]).max(axis=1) > 1e-2).all()
    # "Ann left." is another sentence at the beginning than at the end.
    assert abs(vectors[0][0] - vectors[0][2]).max() > 1e-2
    assert abs(vectors[2][0] - vectors[2][2]).max() == 0

    instances: Any = list(predictor._dataset_reader.read(path))
    read = [instance["metadata"]["document"] for instance in instances]
    assert (predictor.examine(read).vectors == vectors[0]).all()


def shifted(entities, distance):
    return [
        {
            **entity,
            "start_char": entity["start_char"] + distance,
            "end_char": entity["end_char"] + distance,
        }
        for entity in entities
    ]


def test_texts_among_other_inputs(predictor):
    inputs = [
        {"sentence": TEXT, "orig_id": "a"},
        {"text": LONG_TEXT, "id": "b"},
        {"text": " \n"},
        {"tokens": ["Tarnby"]},
    ]
    outputs = predictor.predict_batch_json(inputs)
    for output, one in zip(outputs, inputs, strict=True):
        alone = predictor.predict_json(one)
        assert output.keys() == alone.keys()
        for sentence, other in zip(
            output.get("sentences", [output]), alone.get("sentences", [alone]), strict=True
        ):
            assert_equal_but_for_rounding(sentence, other)
    assert [sentence["orig_id"] for sentence in outputs[1]["sentences"]] == [
        "b-1",
        "b-2",
        "b-3",
        "b-4",
    ]
    assert outputs[2] == {"text": " \n", "sentences": []}


def test_the_output_for_a_text_is_a_file_that_the_readers_read(predictor, tmp_path):
    path = tmp_path / "predictions.jsonl"
    path.write_text(predictor.dump_line(predictor.predict_json({"text": LONG_TEXT, "id": "a"})))
    documents = read_documents(path)
    assert [document.id for document in documents] == ["a-1", "a-2", "a-3", "a-4"]
    assert [document.start_char for document in documents][0] == 2


def test_a_long_text_goes_through_the_model_in_parts(predictor, monkeypatch):
    seen = []
    batches_by_length = prediction.batches_by_length

    def watched(lengths, max_tokens):
        seen.append(len(lengths))
        return batches_by_length(lengths, max_tokens)

    monkeypatch.setattr(prediction, "batches_by_length", watched)
    output = predictor.predict_text("Marta writes. " * 1100)
    assert seen == [1024, 76]
    assert len(output["sentences"]) == 1100
    assert output["sentences"][-1]["start_char"] == 14 * 1099


def test_a_text_is_no_single_instance(predictor):
    with pytest.raises(DocumentError, match="field text: a text has several instances"):
        predictor._json_to_instance({"text": TEXT})


GIVEN = [
    {"type": "Peop", "start_char": 0, "end_char": 15},
    {"type": "Loc", "start_char": 27, "end_char": 33},
    {"type": "Org", "start_char": 57, "end_char": 72},
]


def test_relations_between_given_entities_are_those_between_the_found_ones(predictor):
    found = predictor.predict(TEXT)
    given = predictor.predict_json({"sentence": TEXT, "entities": GIVEN})
    for one, other in zip(given["entities"], found["entities"], strict=True):
        assert "probability" not in one
        assert {**one, "probability": other["probability"]} == other
    assert len(given["relations"]) == 2
    # The archive's relations have their own probability, not that of both entities too.
    for one, other in zip(given["relations"], found["relations"], strict=True):
        assert one == {**other, "probability": pytest.approx(other["probability"], abs=1e-4)}


def test_given_entities_are_kept_in_their_order_with_what_was_not_found(predictor):
    entities = [GIVEN[2], {"type": "Loc", "start_char": 0, "end_char": 5}, GIVEN[0]]
    output = predictor.predict_json({"sentence": TEXT, "entities": entities})
    for one, given in zip(output["entities"], entities, strict=True):
        assert {key: one[key] for key in given} == given
    triples = {(item["type"], item["head"], item["tail"]) for item in output["relations"]}
    assert ("Work_For", 2, 0) in triples
    nothing = predictor.predict_json({"sentence": TEXT, "entities": []})
    assert nothing["entities"] == nothing["relations"] == []


def test_given_and_found_entities_in_one_batch(predictor):
    inputs = [
        {"sentence": TEXT, "entities": GIVEN},
        {"sentence": TEXT},
        {"sentence": TEXT, "entities": GIVEN[:1]},
    ]
    both, found, one = predictor.predict_batch_json(inputs)
    assert [len(output["entities"]) for output in (both, found, one)] == [3, 3, 1]
    assert "probability" in found["entities"][0]
    assert "probability" not in both["entities"][0]
    assert one["relations"] == []
    assert [relation["type"] for relation in both["relations"]] == ["Live_In", "Work_For"]


def test_given_entities_of_a_text(predictor):
    text = f"Nobody came. {TEXT}"
    entities = shifted(GIVEN, len("Nobody came. "))
    first, second = predictor.predict_json({"text": text, "entities": entities})["sentences"]
    assert first["entities"] == []
    for one, given in zip(second["entities"], entities, strict=True):
        assert {key: one[key] for key in given} == given
    assert len(second["relations"]) == 2


def test_an_unknown_type_of_a_given_entity(predictor):
    entities = [{"type": "Ship", "start": 0, "end": 1}]
    with pytest.raises(DocumentError, match=r"entities\[0\].type: .* 'Ship'; it knows Loc, .*Peop"):
        predictor.predict_json({"tokens": ["Tarnby"], "entities": entities})


def test_documents(predictor):
    whole, nobody = Document(tokens=tuple(TOKENS)), Document(tokens=("Nobody", "came"))
    found, nothing = predictor.predict_documents([whole, nobody])
    assert [found.entity_text(entity) for entity in found.entities] == [
        "Marta Lindqvist",
        "Tarnby",
        "Harbour Gazette",
    ]
    assert found.entities[0].probability is not None
    assert len(found.relations) == 2
    assert replace(found, entities=(), relations=()) == whole
    assert nothing == nobody
    (again,) = predictor.predict_documents([found], entities_given=True)
    assert again.entities == found.entities
    assert [entity.probability for entity in again.entities] == [None] * 3
    assert len(again.relations) == 2
    (other,) = predictor.predict_documents([again])
    assert other.entities[0].probability is not None
    ship = Document(tokens=("Ann",), entities=(Entity("Ship", 0, 1),), id="s")
    with pytest.raises(DocumentError, match=r"document s, field entities\[0\].type"):
        predictor.predict_documents([ship], entities_given=True)


def test_the_threshold_of_relations(news_archive):
    def relations(threshold):
        predictor = Predictor.from_archive(
            load_archive(news_archive), extra_args={"relation_threshold": threshold}
        )
        return predictor.predict_json({"sentence": TEXT})["relations"]

    own, every, sure = (relations(threshold) for threshold in (None, 0.0, 1.0))
    assert len(own) == 2
    # All ordered pairs of three entities, each with every type.
    assert len(every) % 6 == 0
    assert len(every) > len(own)
    assert all(item["probability"] == 1.0 for item in sure)
    with pytest.raises(ConfigurationError, match="relation_threshold: 1.5 is not a probability"):
        relations(1.5)
    assert {item["type"] for item in relations("1,Work_For=0")} == {"Work_For"}
    with pytest.raises(ConfigurationError, match="relation_threshold: .* 'Workfor'; did you mean"):
        relations({"Workfor": 0.5})


def test_the_threshold_of_entities(news_archive):
    archive = load_archive(news_archive)
    whole = Predictor.from_archive(archive).predict_json({"sentence": TEXT})
    least = sorted(entity["probability"] for entity in whole["entities"])[1]
    surer = Predictor.from_archive(archive, extra_args={"entity_threshold": least}).predict_json(
        {"sentence": TEXT}
    )
    assert surer["entities"] == [
        entity for entity in whole["entities"] if entity["probability"] >= least
    ]
    assert len(surer["entities"]) == 2
    no_people = Predictor.from_archive(archive, extra_args={"entity_threshold": {"Peop": 1.0}})
    output = no_people.predict_json({"sentence": TEXT})
    assert [entity["text"] for entity in output["entities"]] == ["Tarnby", "Harbour Gazette"]
    # Both relations of the text are the person's.
    assert output["relations"] == []


def test_inputs_have_their_own_thresholds(news_archive):
    archive = load_archive(news_archive)
    # The probability of Work_For in this text is rounded to 1, that of Live_In is not.
    predictor = Predictor.from_archive(archive, extra_args={"relation_threshold": 1.0})
    inputs: list[dict[str, Any]] = [
        {"sentence": TEXT},
        {"text": TEXT, "relation_threshold": "Work_For=1"},
        {"sentence": TEXT, "relation_threshold": 0.5, "entity_threshold": {"Loc": 1.0}},
        {"sentence": TEXT, "relation_threshold": None},
    ]
    first, second, third, fourth = predictor.predict_batch_json(inputs)
    assert len(first["entities"]) == 3
    assert [item["type"] for item in first["relations"]] == ["Work_For"]
    # The type that it does not name has the model's own threshold, not the predictor's.
    (sentence,) = second["sentences"]
    assert [item["type"] for item in sentence["relations"]] == ["Live_In", "Work_For"]
    assert [entity["type"] for entity in third["entities"]] == ["Peop", "Org"]
    assert [item["type"] for item in third["relations"]] == ["Work_For"]
    assert fourth == first
    message = "document x, field entity_threshold: 2 is not a probability from 0 to 1"
    with pytest.raises(DocumentError, match=message):
        predictor.predict_json({"sentence": TEXT, "entity_threshold": 2, "id": "x"})


def test_predictors_of_one_archive_have_their_own_thresholds(news_archive):
    archive = load_archive(news_archive)
    every, own, sure = (
        Predictor.from_archive(archive, extra_args={"relation_threshold": threshold})
        for threshold in (0.0, None, 1.0)
    )
    numbers = [
        len(predictor.predict_json({"sentence": TEXT})["relations"])
        for predictor in (own, every, sure, own)
    ]
    assert numbers[0] == numbers[3] == 2
    assert numbers[1] > 2 > numbers[2]


def test_the_least_probabilities_are_the_predictors_or_the_models_own(news_archive, tmp_path):
    archive = load_archive(news_archive)
    own = cast(DeeperTaskSpecificity, archive.model).heads["relation"].threshold
    assert own is not None

    def of(**extra_args):
        predictor = Predictor.from_archive(archive, extra_args=extra_args)
        assert isinstance(predictor, DtsPredictor)
        assert predictor.least_probabilities.keys() == predictor.types.keys()
        return predictor.least_probabilities

    assert set(of()["entity"].values()) == {0.0}
    relations = of(entity_threshold=0.3, relation_threshold="Kill=0.25")["relation"]
    assert relations.pop("Kill") == 0.25 and set(relations.values()) == {own}
    calibration = tmp_path / "calibration.json"
    temperatures = {"entities": {"temperature": 3.0}, "relations": {"temperature": 2.0}}
    calibration.write_text(json.dumps(temperatures))
    least = of(calibration=str(calibration), relation_threshold="Kill=0.25")
    assert least["relation"].pop("Kill") == 0.25
    # Half of the log-odds: the square root of the odds.
    odds = (own / (1 - own)) ** 0.5
    assert list(least["relation"].values()) == 4 * [pytest.approx(odds / (1 + odds))]
    assert set(least["entity"].values()) == {0.0}


def test_a_misspelt_argument_is_named(news_archive):
    with pytest.raises(ConfigurationError, match="'relation_treshold'; did you mean relation_th"):
        Predictor.from_archive(load_archive(news_archive), extra_args={"relation_treshold": 0.5})


@pytest.fixture(scope="module", params=["entities", "relations"])
def archive_of_one_task(request, tmp_path_factory):
    data = str(FIXTURES / "tiny" / "news.json")
    overrides = {
        "train_data_path": data,
        "validation_data_path": data,
        "model.tasks": request.param,
        "model.relation_threshold": 0.01,
    }
    params = Params.from_file(FIXTURES / "tiny" / "dts.jsonnet", json.dumps(overrides))
    folder = tmp_path_factory.mktemp("training") / "out"
    train_model(params, folder)
    return request.param, folder / "model.tar.gz"


def test_models_of_one_task(archive_of_one_task):
    task, path = archive_of_one_task
    predictor = Predictor.from_archive(load_archive(path))
    given = {"sentence": TEXT, "entities": GIVEN, "id": "x"}
    if task == "entities":
        assert predictor.predict_json({"sentence": TEXT})["relations"] == []
        message = (
            "document x, field entities: entities are given, but the model does not predict rel"
        )
        with pytest.raises(DocumentError, match=message):
            predictor.predict_json(given)
        return
    output = predictor.predict_json(given)
    assert len(output["entities"]) == 3
    assert output["relations"]
    with pytest.raises(DocumentError, match="field entities: .* needs given entities"):
        predictor.predict_json({"sentence": TEXT})
    # What is gold is given, where a corpus is predicted.
    news = FIXTURES / "tiny" / "news.json"
    gold = read_documents(news)
    outputs = predictor.predict_batch_instance(list(predictor._dataset_reader.read(news)))
    for one, document in zip(outputs, gold, strict=True):
        assert [(entity["start"], entity["end"]) for entity in one["entities"]] == [
            entity.span for entity in document.entities
        ]


def test_another_model_is_refused(predictor):
    with pytest.raises(TypeError, match="needs a model `dts`, not Linear"):
        DtsPredictor(torch.nn.Linear(1, 1), predictor._dataset_reader)  # type: ignore[arg-type]


def test_another_reader_is_refused(predictor):
    from allennlp.data.dataset_readers import SequenceTaggingDatasetReader

    with pytest.raises(TypeError, match="SequenceTaggingDatasetReader"):
        DtsPredictor(predictor._model, SequenceTaggingDatasetReader())
