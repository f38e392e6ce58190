import functools
import gzip
import json
import logging
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from allennlp.common import logging as common_logging
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

import dts_ee
from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.document import Entity
from dts_ee.models import Thresholds
from dts_ee.predictors import DtsPredictor, dts
from dts_ee.predictors.document_predict_manager import DocumentPredictManager
from dts_ee.predictors.prediction import predict_documents
from tests.commands.command_line import run_allennlp
from tests.documents import FORMAT_FIXTURES, TINY_NEWS

SENTENCES = ["Marta writes .", "Nobody came .", "Ilse Brandt left Velmouth for Tarnby in 1987 ."]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of its own, in which the command is run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(common_logging, "FILE_FRIENDLY_LOGGING", False)
    return tmp_path


@pytest.fixture
def batch_sizes(monkeypatch):
    """How many sentences the command has given to the predictor, each time."""
    seen = []

    def watched(model, reader, documents, *args, **options):
        seen.append(len(documents))
        return predict_documents(model, reader, documents, *args, **options)

    monkeypatch.setattr(dts, "predict_documents", watched)
    return seen


@pytest.fixture
def run(news_archive):
    return functools.partial(run_allennlp, "predict", news_archive)


def input_lines(number):
    return [
        json.dumps({"sentence": SENTENCES[i % len(SENTENCES)], "orig_id": f"s{i}"}) + "\n"
        for i in range(number)
    ]


def write_input(number, name="input.jsonl"):
    Path(name).write_text("".join(input_lines(number)))
    return name


def identifiers(path):
    return [json.loads(line)["orig_id"] for line in Path(path).read_text().splitlines()]


@pytest.mark.parametrize(
    ("options", "number", "expected"),
    [
        ([], 300, [256, 44]),
        (["--batch-size", "3"], 7, [3, 3, 1]),
        (["--batch-size", "1"], 3, [1, 1, 1]),
        (["--batch=1"], 3, [1, 1, 1]),
    ],
)
def test_many_lines_are_predicted_at_a_time_unless_told_otherwise(
    options, number, expected, folder, run, batch_sizes
):
    assert run(write_input(number), "--output-file", "output.jsonl", "--silent", *options) == 0
    assert batch_sizes == expected
    assert identifiers("output.jsonl") == [f"s{i}" for i in range(number)]


def test_the_output_is_the_predictors(folder, run, news_archive):
    run(write_input(5), "--output-file", "output.jsonl", "--silent")
    predictor = Predictor.from_archive(load_archive(news_archive))
    expected = [predictor.predict_json(json.loads(line)) for line in input_lines(5)]
    written = [json.loads(line) for line in Path("output.jsonl").read_text().splitlines()]
    for output, other in zip(written, expected, strict=True):
        assert output["tokens"] == other["tokens"]
        for entity, same in zip(output["entities"], other["entities"], strict=True):
            # In a batch and alone, but for rounding.
            probability = pytest.approx(same["probability"], abs=1e-4)
            assert entity == {**same, "probability": probability}


def write_texts(**texts):
    for name, text in texts.items():
        path = Path("texts", *name.split("__")).with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return "texts"


def test_a_folder_of_texts(folder, run):
    write_texts(b="Marta writes. Nobody came.\n", a__deep="Velmouth is far.", empty="")
    (folder / "texts" / "notes.md").write_text("no text")
    assert run("texts", "--output-file", "output.jsonl", "--silent") == 0
    outputs = [json.loads(line) for line in Path("output.jsonl").read_text().splitlines()]
    assert [output["orig_id"] for output in outputs] == ["a/deep", "b", "empty"]
    assert outputs[1]["text"] == "Marta writes. Nobody came.\n"
    assert [sentence["start_char"] for sentence in outputs[1]["sentences"]] == [0, 14]
    assert outputs[2]["sentences"] == []
    assert [document.id for document in read_documents("output.jsonl")] == ["a/deep", "b-1", "b-2"]


def test_texts_in_lines(folder, run):
    lines = [{"text": "Marta writes. Nobody came.", "id": "a"}, {"sentence": "Nobody came."}]
    (folder / "input.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert run("input.jsonl", "--output-file", "output.jsonl", "--silent") == 0
    assert [document.id for document in read_documents("output.jsonl")] == ["a-1", "a-2", "#2"]


def test_long_texts_are_not_all_read_at_once(folder, run, batch_sizes):
    write_texts(a="Nobody came. " * 4100, b="Nobody came.", c="Nobody came.")
    assert run("texts", "--output-file", "output.jsonl", "--silent") == 0
    # The first text fills a group; of the others each is a sentence.
    assert batch_sizes == [4100, 2]


def test_a_folder_without_texts(folder, run, capsys):
    (folder / "texts").mkdir()
    (folder / "texts" / "a.md").write_text("Nobody came.")
    assert run("texts", "--output-file", "output.jsonl") == 2
    assert "file texts: there are no .txt files in the folder" in capsys.readouterr().err


def test_a_text_that_cannot_be_read_is_named(folder, run, capsys):
    write_texts(a="Nobody came.", b="")
    (folder / "texts" / "b.txt").write_bytes(b"\xff")
    assert run("texts", "--output-file", "output.jsonl") == 2
    assert "file texts/b.txt: byte 0 is not UTF-8" in capsys.readouterr().err
    assert not (folder / "output.jsonl").exists()


def test_progress_counts_texts(folder, run, capsys):
    write_texts(a="Nobody came.", b="")
    options = ["--output-file", "output.jsonl", "--silent", "--file-friendly-logging"]
    assert run("texts", *options) == 0
    assert "2 texts [" in capsys.readouterr().err


def test_given_entities(folder, run, capsys):
    known = {"sentence": "Marta writes .", "entities": []}
    good = {**known, "entities": [{"type": "Peop", "start_char": 0, "end_char": 5}]}
    bad = {**known, "entities": [{"type": "Ship", "start_char": 0, "end_char": 5}]}
    (folder / "input.jsonl").write_text(f"{json.dumps(good)}\n")
    assert run("input.jsonl", "--output-file", "output.jsonl", "--silent") == 0
    (document,) = read_documents("output.jsonl")
    assert document.entities == (Entity("Peop", 0, 1),)
    (folder / "input.jsonl").write_text(f"{json.dumps(good)}\n{json.dumps(bad)}\n")
    assert run("input.jsonl", "--output-file", "output.jsonl", "--silent") == 2
    error = capsys.readouterr().err
    assert "file input.jsonl, document #2 (line 2), field entities[0].type: " in error


def num_relations():
    return sum(len(document.relations) for document in read_documents("output.jsonl"))


def test_the_threshold_of_relations(folder, run):
    # Between known entities, so that there are relations to be found in any case.
    write_documents("known.jsonl", read_documents(TINY_NEWS))
    options = ["known.jsonl", "--output-file", "output.jsonl", "--silent"]
    found = []
    for threshold in ("0", "1"):
        assert run(*options, "--relation-threshold", threshold) == 0
        found.append(num_relations())
    assert found[0] > found[1]
    # An option of its own wins over the argument, and leaves others alone.
    arguments = ["--predictor-args", '{"relation_threshold": 1.0, "max_batch_tokens": 64}']
    assert run(*options, *arguments) == 0
    assert num_relations() == found[1]
    assert run(*options, *arguments, "--relation-threshold=0") == 0
    assert num_relations() == found[0]


def test_thresholds_of_types(folder, run, capsys):
    write_documents("known.jsonl", read_documents(TINY_NEWS))
    options = ["known.jsonl", "--output-file", "output.jsonl", "--silent"]
    assert run(*options, "--relation-threshold", "1,Work_For=0") == 0
    found = [
        item.type for document in read_documents("output.jsonl") for item in document.relations
    ]
    assert set(found) == {"Work_For"}
    assert run(*options, "--relation-threshold", "Work_Fro=0.5") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: relation_threshold: the model does not know the type 'Work_Fro'; did you mean "
        "Work_For?"
    )
    assert run(*options, "--entity-threshold=1.5") == 2
    error = capsys.readouterr().err
    assert "error: entity_threshold: 1.5 is not a probability from 0 to 1\n" in error


def test_the_threshold_of_entities(run, monkeypatch):
    seen = []

    def watched(*args, **options):
        seen.append(options["thresholds"])
        return predict_documents(*args, **options)

    monkeypatch.setattr(dts, "predict_documents", watched)
    options = ["--text", "Marta writes.", "--entity-threshold", "0.3,Loc=0.7"]
    assert run(*options, "--relation-threshold=0.2") == 0
    assert run(*options) == 0
    entities = Thresholds(0.3, {"Loc": 0.7})
    assert seen == [{"entity": entities, "relation": Thresholds(0.2)}, {"entity": entities}]


def test_help_says_the_default(run, capsys):
    assert run("--help") == 0
    help_text = " ".join(capsys.readouterr().out.split())
    assert "at a time (default = 256 with the predictor `dts`" in help_text
    assert "(default = 1)" not in help_text


def test_a_batch_size_below_1_is_refused(folder, run, capsys):
    assert run(write_input(1), "--batch-size", "0") == 2
    assert capsys.readouterr().err.endswith("error: --batch-size is 0, less than 1.\n")


BAD_LINES = [
    ('{"sentence": "', "file input.jsonl, document #301 (line 302): invalid JSON"),
    ("3", "file input.jsonl, document #301 (line 302): an object, a list of tokens or a sentence"),
    ("[]", "file input.jsonl, document #301 (line 302), field tokens: there are no tokens"),
    ('{"tokens": ["a", ""]}', "file input.jsonl, document #301 (line 302), field tokens[1]: "),
    ('{"tokens": [1], "id": "x"}', "file input.jsonl, document x (line 302), field tokens[0]: "),
    ('{"tokens": [], "id": {}}', "file input.jsonl, document line 302, field id: "),
]


@pytest.mark.parametrize(("line", "message"), BAD_LINES)
def test_a_bad_line_is_named_and_nothing_is_written(
    line, message, folder, run, batch_sizes, capsys
):
    (folder / "input.jsonl").write_text("\n" + "".join(input_lines(300)) + line + "\n")
    (folder / "output.jsonl").write_text("old")
    assert run("input.jsonl", "--output-file", "output.jsonl", "--silent") == 2
    assert message in capsys.readouterr().err
    # It was found when the first lines had been predicted already.
    assert batch_sizes == [256]
    assert (folder / "output.jsonl").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == ["input.jsonl", "output.jsonl"]


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (b'{"doc_key": "a", "sentences": [["Bo", "left"]]}\n', "dygie"),
        (b'{"tokenized_text": ["Bo", "left"], "ner": []}\n', "gliner"),
        (b"Bo B-PER\nleft O\n", "conll"),
        ((FORMAT_FIXTURES / "spacy-rel.spacy").read_bytes(), "docbin"),
    ],
)
def test_a_file_of_another_format_is_recognised(content, format, folder, run, capsys):
    (folder / "input").write_bytes(content)
    assert run("input") == 2
    message = " ".join(capsys.readouterr().err.split())
    assert f": dts-ee convert --from {format} input --to spert OUT" in message


@pytest.mark.parametrize("options", [[], ["--use-dataset-reader"]])
def test_a_missing_input_is_named(options, folder, run, capsys):
    assert run("missing.jsonl", "--output-file", "output.jsonl", *options) == 2
    assert "file missing.jsonl: there is no such file" in capsys.readouterr().err
    assert not list(folder.iterdir())


def test_an_output_that_cannot_be_written_is_named(folder, run, capsys):
    (folder / "output").mkdir()
    assert run(write_input(1), "--output-file", "output") == 2
    assert "error: output: is a directory" in capsys.readouterr().err


def test_an_interruption_leaves_the_output_as_it_was(folder, run, monkeypatch):
    def interrupt(self, outputs):
        raise KeyboardInterrupt

    monkeypatch.setattr(DtsPredictor, "dump_line", interrupt)
    (folder / "output.jsonl").write_text("old")
    assert run(write_input(3), "--output-file", "output.jsonl", "--silent") == 130
    assert (folder / "output.jsonl").read_text() == "old"
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_input_has_an_empty_output(content, folder, run):
    (folder / "input.jsonl").write_text(content)
    assert run("input.jsonl", "--output-file", "output.jsonl", "--silent") == 0
    assert (folder / "output.jsonl").read_text() == ""


SPERT_INPUTS = [{"tokens": ["Ada", "left", "."]}, ["Ada", "left", "."], "Ada left."]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(SPERT_INPUTS),
        json.dumps(SPERT_INPUTS, indent=1),
        "\n".join(map(json.dumps, SPERT_INPUTS)),
    ],
)
def test_prediction_data_of_spert(content, folder, run):
    (folder / "input.json").write_text(content)
    assert run("input.json", "--output-file", "output.jsonl", "--silent") == 0
    documents = read_documents("output.jsonl")
    assert [document.tokens for document in documents] == [("Ada", "left", ".")] * 3
    assert [document.id for document in documents] == ["#1", "#2", "#3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (json.dumps([*SPERT_INPUTS, 3]), "file input.json, document #4: an object, a list of tok"),
        (json.dumps(SPERT_INPUTS) + "\n{}", "document line 2: a list of inputs is the whole file"),
        ("[\n{]", "file input.json: the list of inputs is invalid JSON"),
        (
            json.dumps([{"tokens": ["a"], "entities": []}]),
            "file input.json, document #1, field entities: the file is a list of annotated docu",
        ),
    ],
)
def test_a_list_that_is_no_prediction_data(content, message, folder, run, capsys):
    (folder / "input.json").write_text(content)
    assert run("input.json", "--output-file", "output.jsonl", "--silent") == 2
    assert message in capsys.readouterr().err


def test_inputs_that_cannot_be_read_can_be_skipped(folder, run, capsys):
    lines = [*input_lines(2), "{\n", '{"tokens": [1], "id": "x"}\n', '{"sentence": ""}\n']
    (folder / "input.jsonl").write_text("".join(lines))
    options = ["--output-file", "output.jsonl", "--silent"]
    assert run("input.jsonl", *options) == 2
    capsys.readouterr()
    assert run("input.jsonl", *options, "--on-error", "skip") == 0
    assert identifiers("output.jsonl") == ["s0", "s1", "#5"]
    error = capsys.readouterr().err
    assert "2 inputs were skipped:\n  file input.jsonl, document #3 (line 3): invalid JSON" in error
    assert "\n  file input.jsonl, document x (line 4), field tokens[0]: must be a string" in error
    assert run("input.jsonl", "--on-error", "skip", "--use-dataset-reader") == 2
    assert "--use-dataset-reader and --on-error skip exclude" in capsys.readouterr().err


def test_lines_that_are_not_utf8(folder, run, capsys):
    first, second = (line.encode() for line in input_lines(2))
    latin = '{"tokens": ["Zo\u00eb"]}\n'.encode("latin-1")
    Path("input.jsonl").write_bytes(first + latin + second + b'{"sentence": ""}\n')
    options = ["--output-file", "output.jsonl", "--silent"]
    assert run("input.jsonl", *options) == 2
    problem = "byte 15 of line 2 is not UTF-8 (invalid continuation byte)"
    assert capsys.readouterr().err == f"error: file input.jsonl, document line 2: {problem}\n"
    assert not Path("output.jsonl").exists()
    assert run("input.jsonl", *options, "--on-error", "skip") == 0
    # Lines are counted as ever.
    assert identifiers("output.jsonl") == ["s0", "s1", "#4"]
    listed = f"1 inputs were skipped:\n  file input.jsonl, document line 2: {problem}\n"
    assert capsys.readouterr().err.endswith(listed)


@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_that_is_not_utf8_cannot_be_divided(indent, folder, run, capsys):
    text = json.dumps([{"tokens": ["a"]}, ["Zo\u00eb"]], ensure_ascii=False, indent=indent)
    Path("input.json").write_bytes(text.encode("latin-1"))
    options = ["--output-file", "output.jsonl", "--silent", "--on-error", "skip"]
    assert run("input.json", *options) == 2
    place = "byte 24 of line 1" if indent is None else "byte 5 of line 8"
    assert f"error: file input.json: {place} is not UTF-8" in capsys.readouterr().err


def test_texts_that_are_not_utf8_can_be_skipped(folder, run, capsys):
    Path("texts").mkdir()
    Path("texts/a.txt").write_bytes(b"Zo\xeb")
    Path("texts/b.txt").write_text("Marta writes.")
    assert run("texts", "--output-file", "output.jsonl", "--on-error", "skip") == 0
    assert identifiers("output.jsonl") == ["b"]
    error = capsys.readouterr().err
    assert "1 inputs were skipped:\n  file texts/a.txt: byte 2 is not UTF-8" in error


def test_hidden_files_of_a_folder_are_passed_over(folder, run):
    for name in ("texts/a.txt", "texts/._a.txt", "texts/.git/b.txt", "texts/c/d.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff" if "." in path.stem or ".git" in name else b"Marta writes.")
    assert run("texts", "--output-file", "output.jsonl", "--silent") == 0
    assert identifiers("output.jsonl") == ["a", "c/d"]


def test_how_text_becomes_sentences(folder, run):
    (folder / "abbreviations.txt").write_text("Abb.\nca.\n")
    text = "This is Abb. Marta.\nshe stayed."
    for options, expected in (
        ([], 2),
        (["--abbreviations", "abbreviations.txt"], 1),
        (["--sentences", "lines"], 2),
        (["--sentences", "whole"], 1),
    ):
        assert run("--text", text, "--output-file", "output.jsonl", *options) == 0
        assert len(read_documents("output.jsonl")) == expected, options


def test_gzipped_files(folder, run):
    (folder / "input.jsonl.gz").write_bytes(gzip.compress("".join(input_lines(3)).encode()))
    assert run("input.jsonl.gz", "--output-file", "output.jsonl.gz", "--silent") == 0
    documents = read_documents("output.jsonl.gz")
    assert [document.id for document in documents] == ["s0", "s1", "s2"]


def test_the_input_can_be_the_output(folder, run):
    write_input(3, "data.jsonl")
    assert run("data.jsonl", "--output-file", "data.jsonl", "--silent") == 0
    assert identifiers("data.jsonl") == ["s0", "s1", "s2"]
    assert all("entities" in json.loads(line) for line in (folder / "data.jsonl").open())


def test_a_link_stays_a_link(folder, run):
    (folder / "elsewhere").mkdir()
    (folder / "output.jsonl").symlink_to(folder / "elsewhere" / "target.jsonl")
    assert run(write_input(2), "--output-file", "output.jsonl", "--silent") == 0
    assert (folder / "output.jsonl").is_symlink()
    assert identifiers(folder / "elsewhere" / "target.jsonl") == ["s0", "s1"]


def test_a_pipe_is_written_to_and_not_replaced(folder, run):
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()), daemon=True)
    reader.start()
    assert run(write_input(2), "--output-file", "pipe", "--silent") == 0
    reader.join(timeout=60)
    assert pipe.is_fifo()
    assert [json.loads(line)["orig_id"] for line in received[0].splitlines()] == ["s0", "s1"]


def test_standard_input(folder, run, monkeypatch, batch_sizes):
    write_input(3)
    with open("input.jsonl") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert run("-", "--output-file", "output.jsonl", "--silent") == 0
    assert identifiers("output.jsonl") == ["s0", "s1", "s2"]
    assert batch_sizes == [3]


def test_an_error_in_standard_input_says_so(folder, run, monkeypatch, capsys):
    (folder / "input.jsonl").write_text("{}\n")
    with open("input.jsonl") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert run("-") == 2
    assert "file <stdin>, document #1 (line 1): there is neither" in capsys.readouterr().err


def test_lines_that_are_typed_are_answered_one_by_one(folder, run, monkeypatch, batch_sizes):
    keyboard, terminal = pty.openpty()
    with open(terminal) as file:
        monkeypatch.setattr(sys, "stdin", file)
        # Control-D at the beginning of a line ends the input.
        os.write(keyboard, "".join(input_lines(2)).encode() + b"\x04")
        assert run("-", "--output-file", "output.jsonl", "--silent") == 0
    os.close(keyboard)
    assert identifiers("output.jsonl") == ["s0", "s1"]
    assert batch_sizes == [1, 1]


def test_use_dataset_reader(folder, run, batch_sizes):
    options = ["--output-file", "output.jsonl", "--use-dataset-reader", "--silent"]
    assert run(TINY_NEWS, *options) == 0
    gold = read_documents(TINY_NEWS)
    assert batch_sizes == [len(gold)]
    for document, expected in zip(read_documents("output.jsonl"), gold, strict=True):
        assert (document.id, document.tokens) == (expected.id, expected.tokens)


def test_what_is_printed_is_json_lines_where_it_is_piped(folder, run, capsys):
    assert run(write_input(2)) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["orig_id"] for line in printed] == ["s0", "s1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--multitask-head", "ner"], "--multitask-head is not for the predictor `dts`"),
        (["--use-dataset-reader"], "--use-dataset-reader cannot read standard input"),
    ],
)
def test_options_that_the_predictor_dts_refuses(options, message, folder, run, capsys):
    assert run("-", *options) == 2
    assert f"error: {message}\n" in capsys.readouterr().err


def test_nothing_is_printed_beside_an_output_file(folder, run, capsys):
    assert run(write_input(2), "--output-file", "output.jsonl") == 0
    assert capsys.readouterr().out == ""
    assert identifiers("output.jsonl") == ["s0", "s1"]


def test_a_text_on_the_command_line(folder, run, capsys):
    assert run("--text", "Nobody came. Marta writes.") == 0
    (line,) = capsys.readouterr().out.splitlines()
    output = json.loads(line)
    assert output["text"] == "Nobody came. Marta writes."
    assert [sentence["start_char"] for sentence in output["sentences"]] == [0, 13]
    assert run("--text", "Nobody came.", "--output-file", "output.jsonl") == 0
    assert [document.text for document in read_documents("output.jsonl")] == ["Nobody came."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs an input file, a folder of .txt files, or --text"),
        (["input.jsonl", "--text", "a"], "--text and an input file exclude each other"),
        (["--text", "a", "--use-dataset-reader"], "--text and --use-dataset-reader exclude"),
        (["input.jsonl", "--silent"], "--silent without --output-file"),
    ],
)
def test_arguments_that_do_not_go_together(arguments, message, folder, run, capsys):
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err


def on_a_terminal(run, monkeypatch, *arguments):
    """What the command prints where standard output is a terminal."""
    terminal, output = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with open(output, "w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        assert run(*arguments) == 0
    printed = os.read(terminal, 65536).decode().replace("\r\n", "\n")
    os.close(terminal)
    return printed


def test_a_terminal_is_for_people(folder, run, monkeypatch):
    monkeypatch.setattr(DtsPredictor, "predict_requests", lambda self, requests: [LIVES])
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = on_a_terminal(run, monkeypatch, "--text", "Marta lives in Tarnby.")
    assert "\x1b[" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = on_a_terminal(run, monkeypatch, "--text", "Marta lives in Tarnby.")
    assert plain == "[Marta Peop] lives in [Tarnby Loc].\n  Marta —Live_In→ Tarnby  0.98\n"
    assert json.loads(on_a_terminal(run, monkeypatch, "--text", "a", "--json")) == LIVES


LIVES = {
    "sentence": "Marta lives in Tarnby.",
    "entities": [
        {"type": "Peop", "text": "Marta", "start_char": 0, "end_char": 5, "probability": 0.99},
        {"type": "Loc", "text": "Tarnby", "start_char": 15, "end_char": 21, "probability": 0.99},
    ],
    "relations": [{"type": "Live_In", "head": 0, "tail": 1, "probability": 0.981}],
}


def test_silent_prints_nothing(folder, run, capsys):
    assert run(write_input(2), "--output-file", "output.jsonl", "--silent") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "lines" not in captured.err


def test_progress_is_shown_where_it_can_be(folder, run, capsys):
    options = ["--output-file", "output.jsonl", "--silent", "--file-friendly-logging"]
    assert run(write_input(2), *options) == 0
    assert "2 lines [" in capsys.readouterr().err


def test_the_manager_raises_where_the_command_exits(folder, news_archive):
    predictor = Predictor.from_archive(load_archive(news_archive))
    assert isinstance(predictor, DtsPredictor)
    (folder / "input.jsonl").write_text("{}\n")
    manager = DocumentPredictManager(predictor, "input.jsonl", None, None, False, False)
    with pytest.raises(ValueError, match="file input.jsonl"):
        manager.run()


def test_allennlp_answers_a_line_before_it_reads_the_next(folder, news_archive):
    """AllenNLP's own command line, in a process and folder of its own."""
    command = [sys.executable, "-m", "allennlp", "predict", str(news_archive), "-"]
    command += ["--batch-size", "1", "--include-package", "dts_ee"]
    package = str(Path(dts_ee.__file__).parent.parent)
    with (
        open("log.txt", "w") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONPATH": package, "PYTHONWARNINGS": ""},
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        for line in input_lines(2):
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
            assert answer, Path("log.txt").read_text()[-3000:]
            assert json.loads(answer)["orig_id"] == json.loads(line)["orig_id"]
        process.stdin.write("{}\n")
        process.stdin.close()
        assert process.wait(timeout=60) == 2
    log_text = Path("log.txt").read_text()
    assert "file <stdin>, document #3 (line 3): there is neither" in log_text
    assert "Traceback" not in log_text


def test_the_models_parameters_are_not_logged(folder, run, caplog, monkeypatch):
    # AllenNLP's own test cases turn this logger off for good.
    monkeypatch.setattr(logging.getLogger("allennlp.common.params"), "disabled", False)
    caplog.set_level(logging.INFO)
    assert run(write_input(5), "--output-file", "output.jsonl", "--silent") == 0
    assert not [record for record in caplog.records if record.name == "allennlp.common.params"]
