import json

import pytest

from dts_ee.corpora.doccano import read_doccano, write_doccano
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading, words
from tests.documents import FORMAT_FIXTURES


def read(tmp_path, *records):
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return read_doccano(path, reading(tokenize=words))


def test_both_layouts_are_read():
    corpus = read_doccano(FORMAT_FIXTURES / "doccano.jsonl", reading(tokenize=words))
    first, second, third, nobody = corpus.documents
    assert (first.id, first.text) == ("6400-1", "Marta Lindqvist works for Elm Works.")
    assert [first.entity_text(entity) for entity in first.entities] == [
        "Marta Lindqvist",
        "Elm Works",
    ]
    assert first.relations == (Relation("Work_For", 0, 1),)
    assert (second.id, second.entities) == ("6400-2", ())
    assert [(third.entity_text(entity), entity.type) for entity in third.entities] == [
        ("Bo", "Peop"),
        ("Tarnby", "Loc"),
    ]
    assert (nobody.id, nobody.entities) == ("6402", ())
    assert corpus.groups == ["line 1", "line 1", "line 2", "line 3"]
    assert [str(remark) for remark in corpus.remarks if remark.lost] == [
        "Comments (1 times, first in 6400)"
    ]


def test_written_file_has_the_layout_with_relations_and_the_tokens(tmp_path):
    sentence = Document(
        ("Bo", "left", "Rome", "."),
        (Entity("Peop", 0, 1, 0.5), Entity("Loc", 2, 3)),
        (Relation("Left", 0, 1),),
        "a",
        "Bo left Rome.",
        ((0, 2), (3, 7), (8, 12), (12, 13)),
    )
    lost = write_doccano(tmp_path / "a.jsonl", [sentence, sentence])
    assert [remark.problem for remark in lost] == ["probability", "probability"]
    first, second = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert first == {
        "text": "Bo left Rome.",
        "orig_id": "a",
        "tokens": [[0, 2], [3, 7], [8, 12], [12, 13]],
        "entities": [
            {"id": 0, "label": "Peop", "start_offset": 0, "end_offset": 2},
            {"id": 1, "label": "Loc", "start_offset": 8, "end_offset": 12},
        ],
        "relations": [{"id": 2, "from_id": 0, "to_id": 1, "type": "Left"}],
    }
    assert [entity["id"] for entity in second["entities"]] == [3, 4]
    assert read_doccano(tmp_path / "a.jsonl", reading()).documents == [
        sentence,
        sentence,
    ]


def test_classes_of_whole_texts_and_other_keys_are_named(tmp_path):
    corpus = read(
        tmp_path,
        {"text": "Bo left.", "label": ["news"], "source": "x", "note": None},
        {"text": "Bo left.", "labels": [[0, 2, "Peop"]], "source": "y"},
        {"data": "Bo left.", "entities": [[0, 2, "Peop"]], "cats": ["news"]},
        {"text": "Bo left."},
    )
    assert [len(document.entities) for document in corpus.documents] == [0, 1, 1]
    assert [str(remark) for remark in corpus.remarks] == [
        "document line 4: text without annotation: left out",
        "source (2 times, first in line 1)",
        "label: class of the whole text (1 times, first in line 1)",
        "cats (1 times, first in line 3)",
    ]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"label": []}, 'there is no "text"'),
        ({"text": 1, "label": []}, "field text: must be a string"),
        ({"text": "Bo", "label": {}}, "field label: must be a list"),
        ({"text": "Bo", "label": [[0, "Peop"]]}, r"label\[0\]: must be \[start, end, type\]"),
        ({"text": "Bo", "label": [[0, 1.5, "Peop"]]}, r"must be a whole number.*\(1.5\)"),
        ({"text": "Bo", "entities": [{"id": 1, "label": "Peop"}]}, 'there is no "start_offset"'),
        ({"text": "Bo", "relations": [{"from_id": 1}]}, 'there is no "to_id"'),
        ({"text": "Bo", "label": [], "tokens": [[1, 0]]}, "out of order"),
        ({"text": "Bo", "label": [], "tokens": [[0, 1]]}, "in the text, but in no token"),
        (
            {
                "text": "Bo",
                "entities": [{"id": 1, "label": "A", "start_offset": 0, "end_offset": 2}] * 2,
            },
            "the id 1 occurs twice",
        ),
    ],
)
def test_malformed_record_is_an_error(tmp_path, record, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, record)
    assert raised.value.path == str(tmp_path / "corpus.jsonl")
    assert raised.value.document_id == "line 1"
