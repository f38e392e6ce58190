import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dts_ee.corpora import document_to_json, read_documents
from dts_ee.corpora.problems import read_with_problems
from dts_ee.document import DocumentError
from tests.documents import TINY_NEWS, documents

GOOD: dict[str, Any] = {
    "tokens": ["Ann", "left", "Rome"],
    "entities": [{"type": "Peop", "start": 0, "end": 1}, {"type": "Loc", "start": 2, "end": 3}],
    "relations": [{"type": "Live_In", "head": 0, "tail": 1}],
    "orig_id": "good",
}


def problems_of(tmp_path, *records):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(records))
    return [(problem.document_id, problem.field) for problem in read_with_problems(path).problems]


def test_a_good_file_is_read_as_by_the_reader():
    found = read_with_problems(TINY_NEWS)
    assert found.documents == read_documents(TINY_NEWS)
    assert found.problems == []


def test_every_problem_of_a_document_is_named(tmp_path):
    live_in = GOOD["relations"][0]
    bad = {
        "orig_id": "bad",
        "tokens": ["Ann", "left", "Rome", ""],
        "sentence": "Ann left Rome",
        "entities": [
            {"type": 3, "start": 0, "end": 1},
            GOOD["entities"][1],
            {"type": "Loc", "start": 2, "end": 9},
            {"start": 0, "end": 1},
            GOOD["entities"][1],
            GOOD["entities"][0],
        ],
        "relations": [
            {"type": "Live_In", "head": "Ann", "tail": 1},
            live_in,
            {"type": "", "head": 5, "tail": 1},
            {"type": "Live_In", "head": 1, "tail": 6},
            live_in,
            {"type": "Live_In", "head": 1, "tail": 1},
        ],
    }
    path = tmp_path / "a.json"
    path.write_text(json.dumps([bad, GOOD]))
    found = read_with_problems(path)
    assert [document.id for document in found.documents] == ["good"]
    assert {(problem.document_id, problem.path) for problem in found.problems} == {
        ("bad", str(path))
    }
    assert sorted(str(problem.field) for problem in found.problems) == [
        "entities[0].type",
        "entities[2]",
        "entities[3].type",
        "relations[0].head",
        "relations[2].type",
        "relations[3].tail",
        "relations[5]",
        "tokens[3]",
    ]
    by_field = {str(problem.field): problem.problem for problem in found.problems}
    # The number of entities is that of the file.
    assert by_field["relations[3].tail"] == "there is no entity 6: the document has 6"
    assert found.remarks == []


def test_what_is_repeated_is_a_remark(tmp_path):
    path = tmp_path / "a.json"
    repeated = {**GOOD, "relations": GOOD["relations"] * 2}
    path.write_text(json.dumps([GOOD, repeated, {**repeated, "tokens": [""]}]))
    found = read_with_problems(path)
    assert [document.relations for document in found.documents] == [
        found.documents[0].relations,
        found.documents[0].relations,
    ]
    assert [(remark.problem, str(remark.location)) for remark in found.remarks] == [
        ("relation is there twice", "relations[1]")
    ]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"orig_id": [], "entities": 3, "sentence": "Bo"}, ["entities", "orig_id", "sentence"]),
        ({"start_char": "a", "sentence": 1}, ["sentence", "start_char"]),
        ({"relations": 3}, ["relations"]),
        ({"tokens": [], "entities": 3}, ["entities", "tokens"]),
        ({"tokens": 3, "entities": 3}, ["tokens"]),
        ({"relations": [{"type": "relations[77]", "head": 0, "tail": 0}]}, ["relations[0]"]),
    ],
)
def test_whole_keys(tmp_path, changes, fields):
    found = problems_of(tmp_path, {**GOOD, **changes})
    assert sorted(str(field) for _, field in found) == fields


def test_where_a_problem_is_has_its_parts(tmp_path):
    relations = [
        {"type": "Live_In", "head": 1, "tail": 1},
        {"type": "Live_In", "head": 0, "tail": 9},
    ]
    found = problems_of(tmp_path, {**GOOD, "relations": relations})
    assert found == [("good", ("relations", 0)), ("good", ("relations", 1, "tail"))]
    assert [str(field) for _, field in found] == ["relations[0]", "relations[1].tail"]


def test_missing_entities_and_a_document_that_is_none(tmp_path):
    without = {key: value for key, value in GOOD.items() if key != "entities"}
    bad_text = {"sentences": 3}
    text = {"sentences": [GOOD, {**GOOD, "orig_id": None}, {"tokens": ["a"]}]}
    assert [
        (document_id, field and str(field))
        for document_id, field in problems_of(tmp_path, without, 7, bad_text, text, GOOD)
    ] == [
        ("good", "entities"),
        ("#2", None),
        ("#3", "sentences"),
        ("#4-2", "orig_id"),
        ("#4-3", "entities"),
    ]


def test_lines_that_are_no_json_do_not_hide_the_others(tmp_path):
    path = tmp_path / "a.jsonl"
    good = json.dumps(GOOD)
    path.write_text(f'{good}\n{{"tokens"\n\n{good}\nnull\n{good[:-1]}\n')
    found = read_with_problems(path)
    assert [document.id for document in found.documents] == ["good", "good"]
    messages = [str(problem) for problem in found.problems]
    assert messages[0].startswith(f"file {path}: invalid JSON in line 2, column 10")
    assert messages[1] == f"file {path}, document line 5: a document must be an object, but is null"
    assert messages[2].startswith(f"file {path}: invalid JSON in line 6")
    with pytest.raises(DocumentError, match="invalid JSON in line 2, column 10"):
        read_documents(path)


@pytest.mark.parametrize("content", ["", "[1, 2", "[]", '{\n"tokens": []\n}'])
def test_a_file_without_documents_has_one_problem(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)
    (problem,) = read_with_problems(path).problems
    with pytest.raises(DocumentError) as raised:
        read_documents(path)
    assert str(problem) == str(raised.value)


def test_a_missing_file(tmp_path):
    (problem,) = read_with_problems(tmp_path / "missing.json").problems
    assert problem.problem == "there is no such file"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 4) | st.floats(0, 2) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "start", "end", "head", "tail"]), inner)
    ),
    max_leaves=6,
)


@given(documents(), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_it_ends_whatever_is_in_the_file_and_agrees_with_the_reader(tmp_path, document, data):
    record = document_to_json(document)
    for _ in range(data.draw(st.integers(0, 4))):
        key = data.draw(st.sampled_from(sorted(record)))
        value = record[key]
        if isinstance(value, list) and value and data.draw(st.booleans()):
            value[data.draw(st.integers(0, len(value) - 1))] = data.draw(_JSON)
        else:
            record[key] = data.draw(_JSON)
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record]))
    found = read_with_problems(path)
    if found.problems:
        assert found.documents == []
        with pytest.raises(DocumentError) as raised:
            read_documents(path)
        assert str(raised.value) == str(found.problems[0])
    else:
        assert read_documents(path) == found.documents
