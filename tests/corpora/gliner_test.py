import json

import pytest

from dts_ee.corpora.gliner import read_gliner, write_gliner
from dts_ee.document import DocumentError, Relation
from tests.corpora.raw_text import reading, words
from tests.documents import FORMAT_FIXTURES, document


def read(tmp_path, *records):
    path = tmp_path / "corpus.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return read_gliner(path, reading(tokenize=words))


def test_tokens_entities_and_relations_are_read():
    corpus = read_gliner(FORMAT_FIXTURES / "gliner.json", reading())
    assert corpus.documents == [
        document(
            "[John Smith|person] works at [Microsoft|organization] in [Seattle|location]",
            [("works_at", 0, 1), ("located_in", 1, 2)],
            "#1",
        ),
        document("[Apple|company] released [iPhone 15|product]", (), "#2"),
    ]
    assert corpus.groups == ["#1", "#2"]
    assert [str(remark) for remark in corpus.remarks] == [
        "rel_labels (1 times, first in #1)",
        "rel_negatives (1 times, first in #1)",
        "ner_labels (1 times, first in #2)",
    ]


def test_written_file_has_the_layout_of_gliner(tmp_path):
    documents = read_gliner(FORMAT_FIXTURES / "gliner.json", reading()).documents
    assert write_gliner(tmp_path / "a.json", documents) == []
    original = json.loads((FORMAT_FIXTURES / "gliner.json").read_text())
    assert json.loads((tmp_path / "a.json").read_text()) == [
        {
            "id": f"#{i}",
            **{key: record.get(key, []) for key in ("tokenized_text", "ner", "relations")},
        }
        for i, record in enumerate(original, start=1)
    ]


def test_mentions_of_gliner2_are_found_in_the_text():
    corpus = read_gliner(FORMAT_FIXTURES / "gliner2.jsonl", reading(tokenize=words))
    first, second = corpus.documents
    assert [(first.entity_text(entity), entity.type) for entity in first.entities] == [
        ("Ada Lind", "person"),
        ("OpenAI", "organization"),
        ("San Francisco", "location"),
    ]
    assert first.relations == (Relation("works_for", 0, 1),)
    assert [second.entity_text(entity) for entity in second.entities] == ["Ada Lind", "London"]
    assert second.relations == (Relation("visits", 0, 1),)
    assert [str(remark) for remark in corpus.remarks] == [
        "document line 1, output.entities.person[0]: mention that occurs several times: "
        "'Ada Lind': all 2 are entities",
        "document line 2: text without annotation: left out",
        "output: entity_descriptions (1 times, first in line 1)",
        "schema: classifications (1 times, first in line 2)",
    ]


def test_what_cannot_be_found_or_has_other_fields_is_listed(tmp_path):
    schema = {
        "entities": {"person": ["Bo", "Cy"]},
        "relations": [
            {"left": {"head": "Bo", "tail": "Rome"}},
            {"sold": {"seller": "Bo", "buyer": "Ann"}},
            {"met": {"head": "Bo", "tail": ["Ann", "Al"]}},
            {"met": {"head": "Bo", "tail": "Bo"}},
        ],
    }
    corpus = read(tmp_path, {"input": "Bo met Ann in Rome", "output": schema})
    assert corpus.documents[0].relations == ()
    assert [(remark.problem, remark.lost) for remark in corpus.remarks] == [
        ("mention that is not in its text", True),
        ("relation of an entity that is not there", True),
        ("relation without one head and one tail", True),
        ("relation without one head and one tail", True),
        ("relation of an entity that is not there", True),
    ]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"ner": []}, 'there is no "tokenized_text" and no "input"'),
        ({"tokenized_text": "Bo", "ner": []}, "tokenized_text: must be a list"),
        ({"tokenized_text": ["Bo"], "ner": [[0, 0]]}, r"ner\[0\]: must be \[first, last, type\]"),
        ({"tokenized_text": ["Bo"], "ner": [[0, 1, "A"]]}, "tokens 0 to 1 are no span of 1 tokens"),
        (
            {"tokenized_text": ["Bo"], "ner": [[0, 0, "A"]], "relations": [[0, 1, "R"]]},
            "there is no entity 1: the record has 1",
        ),
        (
            {"tokenized_text": ["Bo"], "ner": [], "relations": [{"head": 1}]},
            r"relations\[0\]: must be a list",
        ),
        ({"input": "Bo", "output": {"entities": []}}, "output.entities: must be an object"),
        ({"input": "Bo", "output": {"entities": {"A": "Bo"}}}, "entities.A: must be a list"),
        ({"input": "Bo", "output": {"relations": {}}}, "output.relations: must be a list"),
    ],
)
def test_malformed_record_is_an_error(tmp_path, record, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, record)
    assert raised.value.path == str(tmp_path / "corpus.json")
