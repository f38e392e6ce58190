import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dts_ee.corpora import document_from_json, document_to_json, read_documents, write_documents
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS, document, documents

GOOD: dict[str, Any] = {
    "tokens": ["Ann", "left", "Rome"],
    "entities": [{"type": "Peop", "start": 0, "end": 1}, {"type": "Loc", "start": 2, "end": 3}],
    "relations": [{"type": "Live_In", "head": 0, "tail": 1}],
    "orig_id": 7,
}
READ = Document(
    tokens=("Ann", "left", "Rome"),
    entities=(Entity("Peop", 0, 1), Entity("Loc", 2, 3)),
    relations=(Relation("Live_In", 0, 1),),
    id="7",
)


def test_fixtures_hold_what_their_tests_rely_on():
    news = read_documents(TINY_NEWS)
    assert len(news) == 8
    assert news[0] == document(
        "[Marta Lindqvist|Peop] grew up in [Tarnby|Loc] and now writes for the "
        "[Harbour Gazette|Org] .",
        [("Live_In", 0, 1), ("Work_For", 0, 2)],
        "news-1",
    )
    assert [len(item.entities) for item in news] == [3, 5, 2, 3, 0, 1, 3, 4]
    assert [len(item.relations) for item in news] == [2, 3, 1, 2, 0, 0, 0, 3]
    case_reports = read_documents(TINY_CASE_REPORTS)
    assert len(case_reports) == 7
    assert case_reports[2].entities[0].overlaps(case_reports[2].entities[1])


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".json.gz", ".jsonl.gz"])
@pytest.mark.parametrize("count", [1, 3])
def test_documents_are_read_as_written(tmp_path, suffix, count):
    path = tmp_path / f"a{suffix}"
    written = read_documents(TINY_NEWS)[:count]
    write_documents(path, iter(written))
    assert read_documents(path) == written


@given(st.lists(documents(), min_size=1, max_size=3), st.sampled_from([".json", ".jsonl.gz"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_documents_are_read_as_written(tmp_path, written, suffix):
    path = tmp_path / f"a{suffix}"
    write_documents(path, written)
    locations = [f"#{i}" if suffix == ".json" else f"line {i}" for i in range(1, len(written) + 1)]
    for before, after, location in zip(written, read_documents(path), locations, strict=True):
        assert after.id == (location if before.id is None else before.id)
        assert document_to_json(after) | {"orig_id": None} == document_to_json(before) | {
            "orig_id": None
        }
        assert after.token_offsets == before.token_offsets


def test_json_carries_texts_and_characters_of_entities():
    text = "Ann  left Rome."
    whole = Document(
        ("Ann", "left", "Rome", "."),
        (Entity("Peop", 0, 1), Entity("Other", 0, 3, 0.75)),
        (Relation("Live_In", 0, 1, 0.25),),
        "a",
        text,
        ((0, 3), (5, 9), (10, 14), (14, 15)),
    )
    assert document_to_json(whole) == {
        "orig_id": "a",
        "sentence": text,
        "tokens": ["Ann", "left", "Rome", "."],
        "entities": [
            {"type": "Peop", "start": 0, "end": 1, "text": "Ann", "start_char": 0, "end_char": 3},
            {
                "type": "Other",
                "start": 0,
                "end": 3,
                "text": "Ann  left Rome",
                "start_char": 0,
                "end_char": 14,
                "probability": 0.75,
            },
        ],
        "relations": [{"type": "Live_In", "head": 0, "tail": 1, "probability": 0.25}],
    }
    again = document_from_json(document_to_json(whole))
    assert again == whole
    assert [entity.probability for entity in again.entities] == [None, 0.75]


def test_characters_are_counted_in_the_longer_text_that_a_sentence_was_taken_from():
    sentence = Document(
        tokens=("Ann", "left"),
        entities=(Entity("Peop", 0, 1),),
        text="Ann left",
        token_offsets=((0, 3), (4, 8)),
        start_char=20,
    )
    record = document_to_json(sentence)
    assert record["start_char"] == 20
    assert (record["entities"][0]["start_char"], record["entities"][0]["end_char"]) == (20, 23)
    assert document_from_json(record) == sentence


def test_a_text_is_read_as_its_sentences(tmp_path):
    path = tmp_path / "predictions.jsonl"
    first, second = document("[Ann|Peop] left .", id="a-1"), document("Bob .", id="a-2")
    third = document("Eve .", id="b")
    lines: list[dict[str, Any]] = [
        {"orig_id": "a", "text": "", "sentences": [*map(document_to_json, (first, second))]},
        document_to_json(third),
        {"text": "  ", "sentences": []},
        {"text": "Eve", "sentences": [{"tokens": ["Eve"], "entities": []}]},
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    read = read_documents(path)
    assert read[:3] == [first, second, third]
    assert [document.id for document in read] == ["a-1", "a-2", "b", "line 4-1"]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"sentences": {}}, "field sentences: must be a list, but is an object"),
        ({"sentences": [3]}, "document line 1-1: a document must be an object"),
        (
            {"sentences": [{"entities": []}]},
            'document line 1-1, field tokens: there is no "tokens"',
        ),
        (
            {"tokens": ["a"], "entities": [], "start_char": "b"},
            "field start_char: must be a whole number, but is a string",
        ),
    ],
)
def test_what_is_wrong_in_a_text_is_named(tmp_path, record, message):
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(record))
    with pytest.raises(DocumentError, match=message):
        read_documents(path)


def test_json_of_bare_tokens_has_neither_sentence_nor_identifier():
    assert document_to_json(Document(("a",))) == {"tokens": ["a"], "entities": [], "relations": []}


def test_unknown_keys_beside_all_known_ones_are_passed_over():
    assert document_from_json({**GOOD, "ltokens": [], "entites": 3}) == READ


@pytest.mark.parametrize(
    ("keys", "id"),
    [({"orig_id": "x", "id": "y"}, "x"), ({"id": 3}, "3"), ({}, "#2")],
)
def test_identifier_is_the_documents_own_or_its_place(keys, id):
    record = {"tokens": ["a"], "entities": [], **keys}
    assert document_from_json(record, "#2").id == id


def test_relations_may_be_absent_but_entities_only_without_annotation():
    bare = {"tokens": ["a"]}
    assert document_from_json({**bare, "entities": []}) == Document(("a",))
    assert document_from_json(bare, annotated=False) == Document(("a",))
    with pytest.raises(DocumentError, match='field entities: there is no "entities"$'):
        document_from_json(bare)


def without(key):
    return {name: value for name, value in GOOD.items() if name != key}


def entity(**fields):
    return {**GOOD, "entities": [GOOD["entities"][0], {**GOOD["entities"][1], **fields}]}


def relation(**fields):
    return {**GOOD, "relations": [{**GOOD["relations"][0], **fields}]}


@pytest.mark.parametrize(
    ("record", "field", "problem"),
    [
        (without("tokens"), "tokens", 'there is no "tokens"'),
        (
            {**without("entities"), "entites": []},
            "entities",
            'there is no "entities", but an unknown "entites"',
        ),
        (
            {**without("relations"), "Relations": []},
            "relations",
            'there is no "relations", but an unknown "Relations"',
        ),
        ({**GOOD, "tokens": "Ann left"}, "tokens", "must be a list, but is a string"),
        ({**GOOD, "tokens": ["Ann", 1, "Rome"]}, "tokens[1]", "must be a string, but is a number"),
        ({**GOOD, "tokens": ["Ann", None, "Rome"]}, "tokens[1]", "but is null"),
        ({**GOOD, "tokens": []}, "tokens", "there are no tokens"),
        ({**GOOD, "tokens": ["Ann", "", "Rome"]}, "tokens[1]", "the token is empty"),
        ({**GOOD, "tokens": ["Ann", "\ud800", "Rome"]}, "tokens[1]", "half of a surrogate pair"),
        ({**GOOD, "entities": None}, "entities", "must be a list, but is null"),
        ({**GOOD, "entities": [3]}, "entities[0]", "must be an object, but is a number"),
        ({**GOOD, "relations": {}}, "relations", "must be a list, but is an object"),
        ({**GOOD, "relations": [[]]}, "relations[0]", "must be an object, but is a list"),
        (entity(start=True), "entities[1].start", "must be a whole number, but is a boolean"),
        (entity(end=3.0), "entities[1].end", "a number with a fraction (3.0)"),
        (entity(type=None), "entities[1].type", "must be a string, but is null"),
        (entity(end=4), "entities[1]", "not a span in a sentence of 3 tokens"),
        (
            entity(type="Peop", start=0, end=1),
            "relations[0]",
            "head and tail are the same entity: ",
        ),
        (
            {**GOOD, "entities": [{"type": "Peop", "start": 0, "ends": 1}]},
            "entities[0].end",
            'there is no "end", but an unknown "ends"',
        ),
        (relation(tail=2), "relations[0].tail", "there is no entity 2"),
        (relation(head="0"), "relations[0].head", "must be a whole number, but is a string"),
        (relation(type=5), "relations[0].type", "must be a string, but is a number"),
        (
            {**GOOD, "relations": [{"type": "Live_In", "head": 0}]},
            "relations[0].tail",
            'there is no "tail"',
        ),
        (relation(probability=2), "relations[0].probability", "2.0 is not between 0 and 1"),
        (entity(probability=-1), "entities[1].probability", "-1.0 is not between 0 and 1"),
        (entity(probability=[1]), "entities[1].probability", "must be a number, but is a list"),
        (relation(probability="1"), "relations[0].probability", "must be a number, but"),
        ({**GOOD, "sentence": "Ann came"}, "sentence", "tokens do not make up the sentence"),
        ({**GOOD, "sentence": None}, "sentence", "must be a string, but is null"),
    ],
)
@pytest.mark.parametrize("as_lines", [False, True])
def test_bad_document_names_file_document_and_field(tmp_path, record, field, problem, as_lines):
    path = tmp_path / "bad.json"
    first = json.dumps({**GOOD, "orig_id": 1})
    bad = json.dumps(record)
    path.write_text(f"{first}\n{bad}\n" if as_lines else f"[{first}, {bad}]")
    with pytest.raises(DocumentError) as raised:
        read_documents(path)
    assert raised.value.path == str(path)
    assert raised.value.document_id == "7"
    assert str(raised.value.field) == field
    assert problem in raised.value.problem


@pytest.mark.parametrize("id", [None, 1.5, True, []])
def test_bad_identifier_is_named_by_its_place(id):
    with pytest.raises(DocumentError, match="document #4, field orig_id: must be a string"):
        document_from_json({**GOOD, "orig_id": id}, "#4")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("[]", "there are no documents"),
        ("[\n  {]", "invalid JSON in line 2, column 4: "),
        ('[{"tokens": ["a"]}, ', r"invalid JSON in line 1, column \d+: .*; it seems to be cut off"),
        ('[{"tok', "invalid JSON in line 1, column 3: .*; it seems to be cut off"),
        ("[3]", "document #1: a document must be an object, but is a number"),
        ("3", "document line 1: a document must be an object, but is a number"),
        ('{"a": 1,\n"b": 2}', "one JSON value over several lines"),
        ('{"documents": []}', 'document line 1, field tokens: there is no "tokens"'),
        ('{"tokens": ["a"], "entities": []}\nnonsense\n', "invalid JSON in line 2, column 1: "),
        (
            '{"tokens": ["a"], "entities": []}\n\n{"tokens": ["a"], "en',
            "invalid JSON in line 3, column 19: .*; it seems to be cut off",
        ),
        ("[" * 100_000, "invalid JSON in line 1: "),
    ],
)
def test_bad_file_says_where(tmp_path, text, problem):
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(DocumentError, match=problem) as raised:
        read_documents(path)
    assert raised.value.path == str(path)


def test_line_separators_inside_strings_do_not_end_a_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"tokens": ["a\u2028b"], "entities": []}\r\n', encoding="utf-8", newline="")
    assert read_documents(path)[0].tokens == ("a\u2028b",)


def test_writing_nothing_gives_a_file_without_documents(tmp_path):
    for name in ("a.json", "a.jsonl"):
        write_documents(tmp_path / name, [])
    assert json.loads((tmp_path / "a.json").read_text()) == []
    assert (tmp_path / "a.jsonl").read_text() == ""


def test_unknown_suffix_writes_nothing(tmp_path):
    with pytest.raises(DocumentError, match=r"must end in one of \.json, \.jsonl, "):
        write_documents(tmp_path / "a.txt", [READ])
    assert list(tmp_path.iterdir()) == []


def test_failure_while_writing_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_documents(path, [READ])

    def failing():
        yield READ
        raise DocumentError("is bad")

    with pytest.raises(DocumentError, match="is bad"):
        write_documents(path, failing())
    assert read_documents(path) == [READ]
    assert list(tmp_path.iterdir()) == [path]
