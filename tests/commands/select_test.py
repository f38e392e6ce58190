import json
from pathlib import Path

import pytest

from dts_ee.corpora.spert import read_documents, write_documents
from tests.commands.command_line import run_allennlp
from tests.documents import TINY_NEWS

SENTENCES = [
    "Marta writes .",
    "Nobody came .",
    "Ilse Brandt left Velmouth for Tarnby in 1987 .",
    "Nobody came.",
    "Tomas Reyl works for the Harbour Gazette .",
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of its own with a pool, in which the command is run."""
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"sentence": text}) for text in SENTENCES]
    (tmp_path / "pool.jsonl").write_text("\n".join(lines))
    return tmp_path


def select(archive, pool, *options):
    status = run_allennlp("select", archive, pool, "--output-file", "next.jsonl", *options)
    assert status == 0
    return [json.loads(line) for line in Path("next.jsonl").read_text().splitlines()]


def predict(archive, pool):
    run_allennlp("predict", archive, pool, "--output-file", "predicted.jsonl", "--silent")
    return [json.loads(line) for line in Path("predicted.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("by", ["uncertainty", "diversity", "both"])
def test_sentences_are_selected_with_their_predictions(by, folder, news_archive, capsys):
    records = select(news_archive, "pool.jsonl", "--by", by, "--n", "3")
    scores = [record["score"] for record in records]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0.0
    predicted = {record["orig_id"]: record for record in predict(news_archive, "pool.jsonl")}
    for record in records:
        other = predicted[record["orig_id"]]
        assert {**record, "score": None} == {
            **other,
            "score": None,
            "entities": [
                {**entity, "probability": pytest.approx(entity["probability"], abs=1e-4)}
                for entity in other["entities"]
            ],
            "relations": [
                {**relation, "probability": pytest.approx(relation["probability"], abs=1e-4)}
                for relation in other["relations"]
            ],
        }
    # The sentence that is there twice counts once.
    assert len({record["sentence"].replace(" ", "") for record in records}) == 3
    summary = f"3 of 5 sentences (1 repeated) selected by {by}; scores {scores[0]:.4f} to "
    assert summary in capsys.readouterr().err


def test_the_output_can_be_corrected_in_tools_and_read_back(folder, news_archive):
    texts = folder / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text("Nobody came. Ilse Brandt left Velmouth for Tarnby.\n")
    records = select(news_archive, "texts")
    assert {record["orig_id"] for record in records} == {"a-1", "a-2"}
    # Characters are counted in the sentence, which is annotated alone.
    for record in records:
        for entity in record["entities"]:
            start, end = entity["start_char"], entity["end_char"]
            assert record["sentence"][start:end] == entity["text"]
    for tool, target in (
        ("label-studio", "t.json"),
        ("prodigy", "p.jsonl"),
        ("doccano", "d.jsonl"),
    ):
        assert run_allennlp("convert", "--from", "jsonl", "next.jsonl", "--to", tool, target) == 0
        back = ["convert", "--from", tool, target, "--to", "jsonl", "back.jsonl"]
        options = ["--unannotated", "predictions"] if tool == "label-studio" else []
        assert run_allennlp(*back, *options) == 0
        for document, record in zip(read_documents("back.jsonl"), records, strict=True):
            assert document.tokens == tuple(record["tokens"])
            spans = [(entity.type, *entity.span) for entity in document.entities]
            assert spans == [(e["type"], e["start"], e["end"]) for e in record["entities"]]


def test_annotated_sentences_are_left_out_and_kept_away_from(folder, news_archive, capsys):
    annotated = read_documents(TINY_NEWS)
    write_documents("annotated.jsonl", annotated[:2])
    write_documents("others.jsonl", annotated[2:3])
    lines = [json.dumps({"tokens": list(document.tokens)}) for document in annotated]
    Path("pool.jsonl").write_text("\n".join(lines))
    options = ["--exclude", "annotated.jsonl", "--exclude", "others.jsonl"]
    records = select(news_archive, "pool.jsonl", "--by", "diversity", *options)
    assert [record["tokens"] for record in records] != []
    left = {" ".join(document.tokens) for document in annotated[3:]}
    assert {record["sentence"] for record in records} == left
    # Without annotated sentences, the first is scored with the largest distance there is.
    assert records[0]["score"] < 2.0
    assert "(3 annotated already)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        ("", [], "file pool.jsonl: there are no sentences in it"),
        ('{"sentence": " "}', [], "file pool.jsonl: there are no sentences in it"),
        ("plain text", [], "file pool.jsonl, document #1 (line 1): no JSON"),
        ('["Nobody", "came"]', ["--n", "0"], "'0' is not a number of sentences"),
        ('["Nobody", "came"]', ["--exclude", "no.json"], "file no.json: there is no such file"),
        (
            '["Nobody", "came"]',
            ["--exclude", "known.json"],
            "file pool.jsonl: all of its sentences are annotated already",
        ),
    ],
)
def test_mistakes_are_one_line(lines, options, message, folder, news_archive, capsys):
    (folder / "pool.jsonl").write_text(lines)
    (folder / "known.json").write_text('[{"tokens": ["Nobody", "came"], "entities": []}]')
    command = ["select", news_archive, "pool.jsonl", "--output-file", "next.jsonl"]
    assert run_allennlp(*command, *options) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "next.jsonl").exists()
