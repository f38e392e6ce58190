import json
from typing import Any

import pytest

from dts_ee.corpora.label_studio import read_label_studio, write_label_studio
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading


def label(id, type, start, end, text=None, **fields) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [type]}
    if text is not None:
        value["text"] = text
    return {"id": id, "from_name": "label", "to_name": "text", "type": "labels", "value": value} | (
        fields
    )


def relation(head, tail, *types, **fields) -> dict[str, Any]:
    result = {"type": "relation", "from_id": head, "to_id": tail, "labels": list(types)}
    return {**result, "direction": "right", **fields}


def task(*results, text="Ann left Rome . Bob stayed .", **fields) -> dict[str, Any]:
    return {"id": 5, "data": {"text": text}, "annotations": [{"id": 1, "result": results}]} | fields


ANN = label("x", "Peop", 0, 3, "Ann")
ROME = label("y", "Loc", 9, 13, "Rome")
BOB = label("z", "Peop", 16, 19, "Bob")


def read(tmp_path, *tasks):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    return read_label_studio(path, reading())


def test_tasks_become_sentences(tmp_path):
    corpus = read(
        tmp_path,
        task(relation("x", "y", "Live_In"), ANN, ROME, BOB),
        task(text="It rained .", id=6),
    )
    first, second, third = corpus.documents
    assert first.tokens == ("Ann", "left", "Rome", ".")
    assert first.entities == (Entity("Peop", 0, 1), Entity("Loc", 2, 3))
    assert first.relations == (Relation("Live_In", 0, 1),)
    assert second.entities == (Entity("Peop", 0, 1),)
    assert [item.id for item in corpus.documents] == ["5-1", "5-2", "6"]
    assert corpus.groups == ["1", "1", "2"]
    assert corpus.remarks == []


@pytest.mark.parametrize(
    ("direction", "relations"),
    [
        ("right", (Relation("Live_In", 0, 1),)),
        ("left", (Relation("Live_In", 1, 0),)),
        ("bi", (Relation("Live_In", 0, 1), Relation("Live_In", 1, 0))),
    ],
)
def test_directions(tmp_path, direction, relations):
    corpus = read(tmp_path, task(ANN, ROME, relation("x", "y", "Live_In", direction=direction)))
    assert corpus.documents[0].relations == relations
    assert len(corpus.remarks) == (direction == "bi")


def test_text_may_have_another_name(tmp_path):
    corpus = read(tmp_path, task(ANN, data={"sentence": "Ann left .", "number": 3}))
    assert corpus.documents[0].text == "Ann left ."


def test_entity_whose_characters_are_another_text_is_looked_for(tmp_path):
    corpus = read(tmp_path, task(label("x", "Loc", 5, 9, "Rome"), text="To Rome"))
    assert corpus.documents[0].entities == (Entity("Loc", 1, 2),)
    assert [(remark.problem, remark.lost) for remark in corpus.remarks] == [
        ("mention found by its text", False)
    ]


def test_what_cannot_be_a_document_is_listed(tmp_path):
    several = label("w", "Peop", 0, 3, "Ann")
    several["value"]["labels"] = ["Peop", "Boss"]
    bare = label("v", "Peop", 0, 3, "Ann")
    bare["value"]["labels"] = []
    whole = task(
        several,
        bare,
        ROME,
        BOB,
        relation("w", "y"),
        relation("w", "z", "Knows"),
        relation("v", "y", "Live_In"),
        {"type": "choices", "value": {"choices": ["good"]}},
    )
    whole["annotations"].insert(0, {"result": [ROME], "was_cancelled": True})
    whole["annotations"].append({"result": [ANN, ROME]})
    corpus = read(tmp_path, whole, task(annotations=[]))
    assert corpus.documents[0].entities == (
        Entity("Peop", 0, 1),
        Entity("Boss", 0, 1),
        Entity("Loc", 2, 3),
    )
    assert [(remark.problem, str(remark.location), remark.lost) for remark in corpus.remarks] == [
        ("more than one annotation", "annotations[2]", True),
        ("entity with several labels", "annotations[1].result[0]", False),
        ("entity without a label", "annotations[1].result[1]", True),
        ("relation without a label", "annotations[1].result[4]", True),
        ("result of another kind", "annotations[1].result[7]", True),
        ("relation between two sentences", "annotations[1].result[5]", True),
        ("relation of an entity that is not there", "annotations[1].result[6]", True),
        ("end of a sentence that a relation crosses", "None", False),
        ("task without annotation", "None", True),
    ]


def test_tasks_carry_the_tokens(tmp_path):
    document = Document(
        ("Ann", "left", "."),
        (Entity("Peop", 0, 1, 0.5),),
        id="a",
        text="Ann left.",
        token_offsets=((0, 3), (4, 8), (8, 9)),
    )
    assert write_label_studio(tmp_path / "tasks.json", [document]) == []
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    assert task == {
        "data": {"text": "Ann left.", "id": "a", "tokens": [[0, 3], [4, 8], [8, 9]]},
        "annotations": [{"result": [label("e0", "Peop", 0, 3, "Ann", score=0.5)]}],
    }
    # Somebody adds an entity inside of a token.
    task["annotations"][0]["result"].append(label("new", "Part", 4, 6, "le"))
    corpus = read(tmp_path, task)
    assert corpus.documents[0].tokens == ("Ann", "le", "ft", ".")
    assert corpus.documents[0].entities == (Entity("Peop", 0, 1), Entity("Part", 1, 2))
    assert [remark.problem for remark in corpus.remarks] == [
        "token divided at the border of an entity"
    ]


@pytest.mark.parametrize(
    ("bad", "field", "problem"),
    [
        ({"text": "Ann", "label": []}, "data", "must be an object"),
        ({"data": {"text": "Ann"}}, "annotations", 'export as "JSON", not as "JSON-MIN"'),
        (
            task(data={"a": "x", "b": "y"}),
            "data",
            'there is no "text", and no or more than one other',
        ),
        (task(data={"text": 3}), "data.text", "must be a string"),
        (task(annotations=[3]), "annotations[0]", "must be an object"),
        (task(3), "annotations[0].result[0]", "must be an object"),
        (task({**ANN, "id": 3}), "annotations[0].result[0].id", "must be a string"),
        (task(ANN, ANN), "annotations[0].result[1].id", "the id 'x' occurs twice"),
        (task(label("x", "A", 0, True)), "annotations[0].result[0].value.end", "a whole number"),
        (task(label("x", 3, 0, 3)), "annotations[0].result[0].value.labels", "list of strings"),
        (task(label("x", "", 0, 3)), "entities[0].type", "the type is empty"),
        (task({**ANN, "score": "1"}), "annotations[0].result[0].score", "'1' is not a number"),
        (
            task(ANN, ROME, relation("x", "y", "A", direction="up")),
            "annotations[0].result[2].direction",
            "'up' is not right, left or bi",
        ),
        (
            task(data={"text": "Ann", "tokens": [[0]]}),
            "data.tokens[0]",
            "is not a start and an end character",
        ),
        (task(data={"text": "Ann", "tokens": [[0, 4]]}), "data.tokens[0]", "not in the text"),
    ],
)
def test_malformed_task_names_its_field(tmp_path, bad, field, problem):
    with pytest.raises(DocumentError) as raised:
        read(tmp_path, task(ANN), bad)
    error = raised.value
    assert str(error.field) == field
    assert problem in error.problem
    assert error.path == str(tmp_path / "export.json")
    assert error.document_id is not None


@pytest.mark.parametrize(
    ("content", "problem"), [("{}", "a list of tasks is expected"), ("[", "invalid JSON")]
)
def test_other_file_is_an_error(tmp_path, content, problem):
    (tmp_path / "export.json").write_text(content)
    with pytest.raises(DocumentError, match=problem):
        read_label_studio(tmp_path / "export.json", reading())
