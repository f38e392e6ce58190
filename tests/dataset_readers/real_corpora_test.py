"""
The published corpora are read whole.

They are not part of the repository: these tests run where `DTS_EE_DATA` names the folder that holds
`conll04/`, `ade/` and `scierc/`, as continuous integration does.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dts_ee.corpora import read_documents, write_documents
from dts_ee.dataset_readers import AdeReader, Conll04Reader, SciercReader
from dts_ee.dataset_readers.corpus_files import corpus_files

DATA = Path(os.environ.get("DTS_EE_DATA", ""))

pytestmark = pytest.mark.skipif(
    "DTS_EE_DATA" not in os.environ, reason="DTS_EE_DATA does not say where the corpora are"
)


@pytest.mark.parametrize(
    ("split", "sentences", "tokens", "entities", "relations"),
    [
        ("train", 922, 26_525, 3_377, 1_283),
        ("dev", 231, 6_993, 893, 343),
        ("test", 288, 8_336, 1_079, 422),
    ],
)
def test_conll04(split, sentences, tokens, entities, relations):
    instances: list[Any] = list(Conll04Reader().read(DATA / "conll04" / f"conll04_{split}.json"))
    documents = [instance["metadata"]["document"] for instance in instances]
    assert len(documents) == sentences
    assert sum(len(document.tokens) for document in documents) == tokens
    assert sum(len(document.entities) for document in documents) == entities
    assert sum(len(document.relations) for document in documents) == relations
    first_tags = Counter(tag[0] for instance in instances for tag in instance["tags"])
    assert first_tags["B"] == entities
    assert {entity.type for document in documents for entity in document.entities} == {
        "Peop",
        "Loc",
        "Org",
        "Other",
    }


def test_ade(caplog):
    instances: list[Any] = list(AdeReader().read(DATA / "ade" / "ade_full.json"))
    metadata = [instance["metadata"] for instance in instances]
    assert len(metadata) == 4_272
    assert sum(len(item["document"].entities) for item in metadata) == 10_839
    assert sum(len(item["document"].relations) for item in metadata) == 6_821
    assert sum(item["document"] is not item["tagged_document"] for item in metadata) == 119
    assert "in 119 documents, because spans overlap" in caplog.text


@pytest.mark.parametrize(
    ("split", "sentences", "tokens", "entities", "relations", "with_overlaps"),
    [
        ("train", 1_861, 45_412, 5_598, 3_215, 51),
        ("dev", 275, 6_521, 811, 455, 7),
        ("test", 551, 13_401, 1_685, 974, 17),
    ],
)
def test_scierc(split, sentences, tokens, entities, relations, with_overlaps):
    instances: list[Any] = list(SciercReader().read(DATA / "scierc" / f"scierc_{split}.json"))
    metadata = [instance["metadata"] for instance in instances]
    assert len(metadata) == sentences
    assert sum(len(item["document"].tokens) for item in metadata) == tokens
    assert sum(len(item["document"].entities) for item in metadata) == entities
    assert sum(len(item["document"].relations) for item in metadata) == relations
    assert sum(item["document"] is not item["tagged_document"] for item in metadata) == (
        with_overlaps
    )


@pytest.mark.parametrize("fold", range(10))
def test_fold_of_ade(fold):
    ids = [
        document.id
        for part in ("train", "test")
        for document in read_documents(DATA / "ade" / f"ade_split_{fold}_{part}.json")
    ]
    assert len(ids) == len(set(ids)) == 4_272


@pytest.mark.parametrize("name", ["conll04/conll04_test.json", "ade/ade_split_0_test.json"])
def test_what_is_written_is_read_again(tmp_path, name):
    documents = read_documents(DATA / name)
    write_documents(tmp_path / "again.jsonl.gz", documents)
    assert read_documents(tmp_path / "again.jsonl.gz") == documents


@pytest.mark.parametrize("fold", [0, 9])
def test_development_part_of_a_fold_of_ade(fold):
    path = str(DATA / "ade" / f"ade_split_{fold}_train.json")
    rest, development = (
        [document for file in corpus_files({**share, "path": path}) for document in file.read()]
        for share in ({"part": part, "held_out": 0.1, "seed": 0} for part in ("rest", "held_out"))
    )
    order = {document.id: i for i, document in enumerate(read_documents(path))}
    positions = [[order[document.id] for document in part] for part in (rest, development)]
    assert all(part == sorted(part) for part in positions)
    assert sorted(positions[0] + positions[1]) == list(range(len(order)))
    assert len(development) == 384
    # One sentence is there twice.
    assert not {document.tokens for document in rest} & {
        document.tokens for document in development
    }
