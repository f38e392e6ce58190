import json

import pytest

from dts_ee.corpora.prodigy import read_prodigy, write_prodigy
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading, words
from tests.documents import FORMAT_FIXTURES


def read(tmp_path, *records):
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return read_prodigy(path, reading(tokenize=words))


def span(start, end, label=None, **keys):
    return {"start": start, "end": end, "label": label, **keys}


def test_accepted_answers_are_read_and_others_named():
    corpus = read_prodigy(FORMAT_FIXTURES / "prodigy.jsonl", reading(tokenize=words))
    assert corpus.documents == [
        Document(
            ("Marta", "works", "for", "Elm", "Works", "."),
            (Entity("Peop", 0, 1), Entity("Org", 3, 5)),
            (Relation("Work_For", 0, 1),),
            "line 1",
            "Marta works for Elm Works.",
            ((0, 5), (6, 11), (12, 15), (16, 19), (20, 25), (25, 26)),
        ),
        Document(
            ("Bo", "lives", "in", "Tarnby", "."),
            (Entity("Loc", 3, 4),),
            (),
            "line 2",
            "Bo lives in Tarnby.",
            ((0, 2), (3, 8), (9, 11), (12, 18), (18, 19)),
        ),
    ]
    assert [str(remark) for remark in corpus.remarks] == [
        "document line 3: answer reject: left out",
        "document line 4: answer ignore: left out",
        "document line 5: text without annotation: left out",
        "meta: source (1 times, first in line 1)",
    ]


def test_written_file_has_the_layout_of_rel_manual(tmp_path):
    (first, _) = read_prodigy(FORMAT_FIXTURES / "prodigy.jsonl", reading(tokenize=words)).documents
    assert write_prodigy(tmp_path / "a.jsonl", [first]) == []
    record = json.loads((tmp_path / "a.jsonl").read_text())
    original = json.loads((FORMAT_FIXTURES / "prodigy.jsonl").read_text().splitlines()[0])
    for item in [*original["tokens"], *original["relations"]]:
        item.pop("disabled", None)
        item.pop("color", None)
    assert record == {
        **{key: original[key] for key in ("text", "tokens", "spans", "relations", "answer")},
        "meta": {"id": "line 1"},
    }


def test_text_without_tokens_is_tokenized_and_divided(tmp_path):
    corpus = read(
        tmp_path,
        {"text": "Bo left. Ann stayed.", "spans": [span(9, 12, "Peop")], "answer": "accept"},
    )
    assert [(document.text, document.entities) for document in corpus.documents] == [
        ("Bo left.", ()),
        ("Ann stayed.", (Entity("Peop", 0, 1),)),
    ]


def test_relations_find_their_entities(tmp_path):
    tokens = [{"text": text, "start": i, "end": i + 1, "id": i} for i, text in enumerate("abcd")]
    y, x, z = span(0, 2, "Y"), span(2, 3), span(3, 4, "Z")
    record = {
        "text": "abcd",
        "tokens": tokens,
        "spans": [span(0, 2, "X"), span(0, 2, "Y"), span(2, 3, "X")],
        "relations": [
            # By the type among two at the same characters, by the span alone, and by tokens.
            {
                "head": 1,
                "child": 2,
                "label": "R",
                "head_span": y,
                "child_span": x,
            },
            {"head": 1, "child": 2, "label": "S"},
            # An entity that is in no span, and a token that is in none.
            {
                "head": 3,
                "child": 2,
                "label": "T",
                "head_span": z,
                "child_span": x,
            },
            {"head": 7, "child": 2, "label": "U"},
        ],
    }
    corpus = read(tmp_path, record)
    (only,) = corpus.documents
    assert only.entities == (
        Entity("X", 0, 2),
        Entity("Y", 0, 2),
        Entity("X", 2, 3),
        Entity("Z", 3, 4),
    )
    assert only.relations == (Relation("R", 1, 2), Relation("S", 0, 2), Relation("T", 3, 2))
    assert [remark.problem for remark in corpus.remarks] == [
        "relation of an entity that is not there"
    ]


def test_quoted_span_elsewhere_label_less_span_and_binary_answer_are_listed(tmp_path):
    corpus = read(
        tmp_path,
        {
            "text": "Bo left",
            "spans": [span(4, 6, "Peop", text="Bo", score=0.25), span(3, 7)],
            "_is_binary": True,
            "answer": "accept",
        },
    )
    (only,) = corpus.documents
    assert only.entities == (Entity("Peop", 0, 1),)
    assert only.entities[0].probability == 0.25
    assert [(remark.problem, remark.lost) for remark in corpus.remarks] == [
        ("answer on single entities", False),
        ("entity without a label", True),
        ("mention found by its text", False),
    ]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"spans": []}, 'there is no "text"'),
        ({"text": "Bo", "answer": "maybe"}, "'maybe' is not accept, reject or ignore"),
        ({"text": "Bo", "spans": [[0, 2, "Peop"]]}, r"spans\[0\]: must be an object"),
        ({"text": "Bo", "spans": [{"start": 0, "label": "Peop"}]}, 'there is no "end"'),
        ({"text": "Bo", "spans": [span(0, 2, "A", score="x")]}, "must be a number"),
        ({"text": "Bo", "spans": [], "tokens": [{"start": 0, "end": 3}]}, "not in the text"),
        ({"text": "Bo", "spans": [], "tokens": [{"start": 0, "end": 2, "text": "Al"}]}, "'Al'"),
        ({"text": "Bo", "relations": [{"head": 0, "child": 1}]}, 'there is no "label"'),
        ({"text": "Bo", "relations": [{"head": 0, "label": "R"}]}, 'there is no "child"'),
    ],
)
def test_malformed_record_is_an_error(tmp_path, record, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, record)
    assert raised.value.path == str(tmp_path / "corpus.jsonl")
