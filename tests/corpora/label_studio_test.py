import json
from typing import Any

import pytest

from dts_ee.corpora.label_studio import read_label_studio
from dts_ee.corpora.label_studio_writer import write_label_studio
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


def read(tmp_path, *tasks, **options):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    return read_label_studio(path, reading(), **options)


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


def test_region_may_have_a_result_for_each_set_of_labels(tmp_path):
    boss = label("x", "Boss", 0, 3, "Ann", from_name="role")
    corpus = read(tmp_path, task(ANN, boss, ROME, relation("x", "y", "Live_In")))
    first = corpus.documents[0]
    assert first.entities == (Entity("Peop", 0, 1), Entity("Boss", 0, 1), Entity("Loc", 2, 3))
    assert first.relations == (Relation("Live_In", 0, 2),)


def test_text_is_the_string_with_all_quotes(tmp_path):
    data = {"Full_Text": "Ann left Rome .", "source": "a.htm", "id": "a"}
    empty = {"Full_Text": "It rained .", "source": "b.htm", "id": "b"}
    # The task without entities is like the others.
    corpus = read(tmp_path, task(data=empty), task(ANN, ROME, data=data))
    assert [document.text for document in corpus.documents] == ["It rained .", "Ann left Rome ."]
    other = {"text": "Rome", "Full_Text": "Ann left Rome ."}
    assert read(tmp_path, task(ANN, ROME, data=other)).documents[0].text == "Ann left Rome ."


def test_text_key(tmp_path):
    data = {"a": "Ann left Rome .", "b": "Ann left Rome !", "c": [{"x": "Ann", "y": "Bob"}]}
    corpus = read(tmp_path, task(ANN, data=data), text_key="b")
    assert corpus.documents[0].text == "Ann left Rome !"
    corpus = read(tmp_path, task(data=data), text_key="c.y")
    assert corpus.documents[0].text == "Bob"
    with pytest.raises(DocumentError, match='there is no "d"; the keys are a, b, c'):
        read(tmp_path, task(ANN, data=data), text_key="d")


def hypertext(id, type, quoted, **value) -> dict[str, Any]:
    value = {"text": quoted, "hypertextlabels": [type], **value}
    return {"id": id, "type": "hypertextlabels", "value": value}


PAGE = (
    "<html>\n<head><title>News</title></head><body><h1>News \N{DOG}</h1>"
    "<p>Ada Brook works\n for <b>Elm Works</b>.<br>So does Ada.<p>She &amp; Bob left.</body></html>"
)
PAGE_TEXT = "News \N{DOG}\n\nAda Brook works  for Elm Works.\nSo does Ada.\n\nShe & Bob left."


def test_hypertext_with_global_offsets(tmp_path):
    # UTF-16 code units of the text nodes: the heading has 7.
    ada = hypertext(
        *("a", "Peop", "Ada Brook"),
        start="/p[1]/text()[1]",
        end="/p[1]/text()[1]",
        startOffset=0,
        endOffset=9,
        globalOffsets={"start": 7, "end": 16},
    )
    again = hypertext(
        *("c", "Peop", "Ada"),
        start="/p[1]/text()[3]",
        end="/p[1]/text()[3]",
        startOffset=8,
        endOffset=11,
        globalOffsets={"start": 47, "end": 50},
    )
    works = hypertext(
        *("b", "Org", "Elm Works"),
        start="/p[1]/b[1]/text()[1]",
        end="/p[1]/b[1]/text()[1]",
        startOffset=0,
        endOffset=9,
    )
    bob = hypertext(
        *("d", "Peop", "Bob"),
        start="/html[1]/body[1]/p[2]/text()[1]",
        end="/html[1]/body[1]/p[2]/text()[1]",
        startOffset=6,
        endOffset=9,
    )
    corpus = read(
        tmp_path,
        task(ada, works, again, bob, relation("a", "b", "Work_For"), data={"html": PAGE}),
        task(data={"html": "<p>It rained .</p>"}),
    )
    *_, last = corpus.documents
    assert last.text == "It rained ."
    heading, *sentences = corpus.documents[:-1]
    assert heading.text == "News \N{DOG}"
    texts = [
        (document.entity_text(entity), document.character_span(*entity.span))
        for document in sentences
        for entity in document.entities
    ]
    assert texts == [
        ("Ada Brook", (0, 9)),
        ("Elm Works", (21, 30)),
        ("Ada", (8, 11)),
        ("Bob", (6, 9)),
    ]
    assert sentences[0].relations == (Relation("Work_For", 0, 1),)
    assert [remark for remark in corpus.remarks if remark.lost] == []


def test_hypertext_region_is_found_by_its_text(tmp_path):
    # As where a browser makes elements that are not in the source.
    region = hypertext(
        *("a", "Org", "Elm Works"),
        start="/table[1]/tbody[1]/tr[1]/td[1]/text()[1]",
        end="/table[1]/tbody[1]/tr[1]/td[1]/text()[1]",
        startOffset=3,
        endOffset=12,
    )
    html = "<table><tr><td>At Elm Works .</td><td>Yes .</td></tr></table>"
    corpus = read(tmp_path, task(region, data={"html": html}))
    assert [document.text for document in corpus.documents] == ["At Elm Works .", "Yes ."]
    assert corpus.documents[0].entities == (Entity("Org", 1, 3),)
    assert [remark.problem for remark in corpus.remarks] == ["mention found by its text"]


def paragraph(id, type, start, end, quoted) -> dict[str, Any]:
    value = {"start": start[0], "end": end[0], "startOffset": start[1], "endOffset": end[1]}
    value |= {"text": quoted, "paragraphlabels": [type]}
    return {"id": id, "type": "paragraphlabels", "value": value}


@pytest.mark.parametrize("key", ["text", "phrase"])
def test_paragraphs_of_a_dialogue(tmp_path, key):
    turns = [
        {"author": "A", key: "\N{DOG} Hi Ann"},
        {"author": "B", key: "Ann , hi"},
    ]
    corpus = read(
        tmp_path,
        task(
            paragraph("x", "Peop", ("1", 0), ("1", 3), "Ann"),
            paragraph("y", "Word", ("0", 3), ("0", 5), "Hi"),
            paragraph("z", "Peop", (0, 6), (0, 9), "Ann"),
            data={"dialogue": turns, "title": "B"},
        ),
    )
    first, second = corpus.documents
    assert (first.text, second.text) == ("\N{DOG} Hi Ann", "Ann , hi")
    assert first.entities == (Entity("Word", 1, 2), Entity("Peop", 2, 3))
    assert second.entities == (Entity("Peop", 0, 1),)
    assert [str(remark) for remark in corpus.remarks if remark.lost] == [
        "data.title (1 times, first in #1)",
        "data.dialogue.author (1 times, first in #1)",
    ]


@pytest.mark.parametrize("turn", ["2", "x", None, True])
def test_turn_that_is_not_there_is_an_error(tmp_path, turn):
    region = paragraph("x", "Peop", (turn, 0), ("0", 3), "Ann")
    with pytest.raises(DocumentError, match="value.start: .* turn"):
        read(tmp_path, task(region, data={"dialogue": [{"text": "Ann"}, {"text": "Bob"}]}))


def test_old_export_and_a_single_task(tmp_path):
    old = task(ANN, ROME)
    old["completions"] = old.pop("annotations")
    assert len(read(tmp_path, old).documents[0].entities) == 2
    (tmp_path / "one.json").write_text(json.dumps(task(ANN)))
    corpus = read_label_studio(tmp_path / "one.json", reading("whole"))
    assert [len(document.entities) for document in corpus.documents] == [1]


PREDICTED = {
    "data": {"text": "Ann left Rome ."},
    "predictions": [
        {"model_version": "a", "score": 0.5, "result": [{**ANN, "score": 0.25}, ROME]},
        {"model_version": "b", "result": [ANN]},
    ],
}


def test_predictions_are_read_if_they_are_asked_for(tmp_path):
    tasks = (PREDICTED, {**task(ROME), "predictions": [{"result": [ANN]}, 17]}, task())
    corpus = read(tmp_path, *tasks, unannotated="predictions")
    assert corpus.documents[0].entities == (Entity("Peop", 0, 1), Entity("Loc", 2, 3))
    assert [entity.probability for entity in corpus.documents[0].entities] == [0.25, None]
    assert [(str(remark), remark.lost) for remark in corpus.remarks] == [
        ("document #1, predictions[1]: more than one prediction: 1 results", True),
        (
            "predictions of 1 tasks are not read; --unannotated predictions reads those of tasks "
            "without annotation",
            True,
        ),
    ]
    corpus = read(tmp_path, *tasks)
    assert corpus.groups == ["2", "2", "3", "3"]
    assert [remark.problem for remark in corpus.remarks] == [
        "task without annotation",
        "predictions that are not read",
    ]
    assert corpus.remarks[1].detail.startswith("predictions of 2 tasks")


def test_task_without_annotation_may_be_annotated_with_nothing(tmp_path):
    corpus = read(tmp_path, task(annotations=[]), PREDICTED, unannotated="empty")
    assert [document.entities for document in corpus.documents] == [(), (), ()]


def test_documents_with_probabilities_are_written_as_predictions(tmp_path):
    documents = [
        Document(
            ("Ann", "left", "Rome"),
            (Entity("Peop", 0, 1, 0.5), Entity("Loc", 2, 3, 1.0)),
            (Relation("Live_In", 0, 1, 0.75),),
            "a",
        ),
        Document(("Nobody",), id="b"),
    ]
    assert write_label_studio(tmp_path / "tasks.json", documents) == []
    first, second = json.loads((tmp_path / "tasks.json").read_text())
    assert "annotations" not in first
    (prediction,) = first["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("dts_ee", 0.75)
    assert [result.get("score") for result in prediction["result"]] == [0.5, 1.0, 0.75]
    # A document without entities is a prediction, too.
    assert second["predictions"] == [{"model_version": "dts_ee", "result": []}]
    assert "annotations" not in second


def test_tasks_carry_the_tokens(tmp_path):
    document = Document(
        ("Ann", "left", "."),
        (Entity("Peop", 0, 1),),
        id="a",
        text="Ann left.",
        token_offsets=((0, 3), (4, 8), (8, 9)),
    )
    assert write_label_studio(tmp_path / "tasks.json", [document]) == []
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    assert task == {
        "data": {"text": "Ann left.", "id": "a", "tokens": [[0, 3], [4, 8], [8, 9]]},
        "annotations": [{"result": [label("e0", "Peop", 0, 3, "Ann")]}],
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
        ({"text": "Ann", "label": []}, "data", 'there is no "data"'),
        (3, "None", "must be an object, but is a number"),
        ({"data": [], "annotations": []}, "data", "must be an object"),
        (task(data={"a": "x", "b": "y"}), "data", 'which of "a", "b" is the text? Name it with'),
        (task(ANN, data={"a": "x", "b": "y"}), "data", 'are in none of "a", "b": name'),
        (task(data={"number": 3}), "data", "there is no text, HTML or dialogue"),
        (task(annotations=[3]), "annotations[0]", "must be an object"),
        (task(3), "annotations[0].result[0]", "must be an object"),
        (task({**ANN, "id": 3}), "annotations[0].result[0].id", "must be a string"),
        (task(ANN, ANN), "annotations[0].result[1].id", "the id 'x' occurs twice"),
        (
            task(ANN, label("x", "Boss", 0, 4)),
            "annotations[0].result[1].id",
            "the id 'x' occurs twice",
        ),
        (task(label("x", "A", 0, True)), "annotations[0].result[0].value.end", "a whole number"),
        (task(label("x", 3, 0, 3)), "annotations[0].result[0].value.labels[0]", "must be a string"),
        (task(label("x", "", 0, 3)), "entities[0].type", "the type is empty"),
        (task({**ANN, "score": "1"}), "annotations[0].result[0].score", "must be a number, but is"),
        (task({**ANN, "score": 1.5}), "annotations[0].result[0].score", "not between 0 and 1"),
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
    ("content", "problem"),
    [
        ("{}", "a list of tasks is expected"),
        ("[", "invalid JSON"),
        ('[{"data": {"text": "Ann"}}]', "none of the 1 tasks was annotated$"),
        (
            '[{"data": {"text": "Ann"}, "predictions": [{"result": []}]}]',
            "none of the 1 tasks was annotated; 1 have predictions: --unannotated predictions",
        ),
    ],
)
def test_other_file_is_an_error(tmp_path, content, problem):
    (tmp_path / "export.json").write_text(content)
    with pytest.raises(DocumentError, match=problem):
        read_label_studio(tmp_path / "export.json", reading())
