import json

import pytest

from dts_ee.corpora.dygie import read_dygie, write_dygie
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading
from tests.documents import FORMAT_FIXTURES, document


def read(tmp_path, *records):
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return read_dygie(path, reading())


def tarnby(**keys):
    return {"doc_key": "a", "sentences": [["Marta", "lives"], ["In", "Tarnby"]], **keys}


def test_documents_have_their_sentences():
    corpus = read_dygie(FORMAT_FIXTURES / "dygie.jsonl", reading())
    assert corpus.documents == [
        document("[Seattle|City] is a rainy city .", (), "seattle-1"),
        document(
            "[Jenny Durkan|Person] is [the city's|City] mayor .",
            [("Mayor-Of", 0, 1)],
            "seattle-2",
        ),
        document("[She|Person] was elected in [2017|Year] .", [("Elected-In", 0, 1)], "seattle-3"),
        document("[Marta|Person] lives in [Tarnby|City] .", (), "tarnby"),
    ]
    assert corpus.groups == ["line 1", "line 1", "line 1", "line 2"]
    assert [(str(remark), remark.lost) for remark in corpus.remarks] == [
        (
            "document seattle, relations[2][1]: relation between two sentences: Mayor-Of from 3 "
            "to 0",
            True,
        ),
        ("dataset (1 times, first in seattle)", True),
        ("clusters (1 times, first in seattle)", True),
        ("events (1 times, first in seattle)", True),
    ]


def test_sentences_of_a_text_are_written_as_one_record(tmp_path):
    path = tmp_path / "again.jsonl"
    assert write_dygie(path, read_dygie(FORMAT_FIXTURES / "dygie.jsonl", reading()).documents) == []
    first, second = map(json.loads, path.read_text().splitlines())
    original = json.loads((FORMAT_FIXTURES / "dygie.jsonl").read_text().splitlines()[0])
    assert {key: first[key] for key in ("doc_key", "sentences", "ner")} == {
        key: original[key] for key in ("doc_key", "sentences", "ner")
    }
    assert first["relations"] == [[], [[6, 7, 9, 10, "Mayor-Of"]], [[13, 13, 17, 17, "Elected-In"]]]
    assert second["doc_key"] == "tarnby"


def test_predictions_have_their_probabilities(tmp_path):
    record = tarnby(
        predicted_ner=[[[0, 0, "Peop", 7.1, 0.75]], [[3, 3, "Loc", 9.0, 1.0]]],
        predicted_relations=[[], [[3, 3, 0, 0, "Has", 3.5, 0.5]]],
    )
    (_, second), remarks = (corpus := read(tmp_path, record)).documents, corpus.remarks
    assert corpus.documents[0].entities[0].probability == 0.75
    assert second.entities[0].probability == 1.0
    # The relation joins two sentences.
    assert [remark.problem for remark in remarks] == ["relation between two sentences"]


def test_predictions_beside_the_annotation_are_named(tmp_path):
    corpus = read(tmp_path, tarnby(ner=[[], [[3, 3, "Loc"]]], predicted_ner=[[[0, 0, "Peop"]], []]))
    assert [len(document.entities) for document in corpus.documents] == [0, 1]
    assert [str(remark) for remark in corpus.remarks] == ["predicted_ner (1 times, first in a)"]


def test_text_without_annotation_is_left_out(tmp_path):
    corpus = read(tmp_path, tarnby(), tarnby(ner=[[], []]))
    assert [document.id for document in corpus.documents] == ["a-1", "a-2"]
    assert [str(remark) for remark in corpus.remarks] == [
        "document line 1: text without annotation: left out"
    ]


def test_entity_over_the_end_of_a_sentence_joins_the_two(tmp_path):
    corpus = read(tmp_path, tarnby(ner=[[[1, 2, "Verb"]], []]))
    assert corpus.documents == [document("Marta [lives In|Verb] Tarnby", (), "a")]
    assert [remark.problem for remark in corpus.remarks] == ["sentences joined"]


def test_repeated_entities_and_relations_are_kept_once(tmp_path):
    corpus = read(
        tmp_path,
        tarnby(
            ner=[[[0, 0, "Peop"], [0, 0, "Peop"], [1, 1, "Verb"]], []],
            relations=[[[0, 0, 1, 1, "Does"], [0, 0, 1, 1, "Does"]], []],
        ),
    )
    assert corpus.documents[0] == document("[Marta|Peop] [lives|Verb]", [("Does", 0, 1)], "a-1")
    assert [(remark.problem, remark.lost) for remark in corpus.remarks] == [
        ("entity is there twice", False),
        ("relation is there twice", False),
    ]


def test_tokens_without_words_and_empty_sentences_are_left_out(tmp_path):
    record = {"sentences": [[], ["\n", "Marta"], [" "], ["left", "", "Rome"], []], "ner": [[]] * 5}
    record["ner"] = [[], [[1, 1, "Peop"]], [], [[5, 5, "Loc"]], []]
    corpus = read(tmp_path, record)
    assert corpus.documents == [
        document("[Marta|Peop]", (), "line 1-1"),
        document("left [Rome|Loc]", (), "line 1-2"),
    ]
    assert [str(remark) for remark in corpus.remarks] == [
        "document line 1: token without words: 3 left out"
    ]


def test_relation_of_the_second_entity_with_the_same_tokens_is_listed(tmp_path):
    sentence = Document(
        ("Marta", "left", "Rome"),
        (Entity("Peop", 0, 1), Entity("Boss", 0, 1), Entity("Loc", 2, 3)),
        (Relation("Left", 0, 2), Relation("Ruled", 1, 2)),
        "a",
    )
    (lost,) = write_dygie(tmp_path / "a.jsonl", [sentence])
    assert str(lost) == (
        "document a: relation of the second entity with the same tokens: Ruled from 'Marta' to "
        "'Rome'"
    )
    (again,) = read_dygie(tmp_path / "a.jsonl", reading()).documents
    assert again.entities == sentence.entities
    assert again.relations == sentence.relations[:1]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"sentences": ["Marta", "lives"]}, r"sentences\[0\]: must be a list"),
        ({"sentences": [["Marta", 1]]}, r"sentences\[0\]\[1\]: must be a string"),
        ({"ner": [[]]}, "ner: has 1 lists for 2 sentences"),
        ({"ner": [[[0, "Peop"]], []]}, r"ner\[0\]\[0\]: must be \[first, last, type\]"),
        ({"ner": [[[0, 0, 1]], []]}, r"ner\[0\]\[0\]\[2\]: must be a string"),
        ({"ner": [[], [[0, 0, "Loc"]]]}, r"token 0 is not in sentences\[1\], which has the .* 2"),
        ({"ner": [[], [[3, 4, "Loc"]]]}, "tokens 3 to 4 are no span of 4 tokens"),
        ({"ner": [[[1, 0, "Loc"]], []]}, "tokens 1 to 0 are no span of 4 tokens"),
        ({"ner": [[], []], "relations": [[[0, 0, 9, 9, "X"]], []]}, "tokens 9 to 9"),
        ({"ner": [[], []], "relations": [[[0, 0, "X"]], []]}, "must be .first, last, first"),
        ({"ner": [[[0, 0, "Peop", 1, 2]], []]}, "2.0 is not between 0 and 1"),
    ],
)
def test_malformed_record_is_an_error(tmp_path, keys, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, tarnby(**keys))
    assert raised.value.path == str(tmp_path / "corpus.jsonl")
