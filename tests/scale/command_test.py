import functools
import importlib.util
import json

import pytest

from dts_ee.scale import extras
from tests.commands.command_line import run_allennlp
from tests.scale.rows import TEXTS, read_output, write_lines


@pytest.fixture
def run(archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "in.jsonl", *({"body": text, "n": i} for i, text in enumerate(TEXTS)))
    return functools.partial(run_allennlp, "predict", archive, "in.jsonl", "--output-dir", "out")


COLUMNS = ("--text-column", "body", "--id-column", "n", "--keep-columns", "body, n")


def test_a_folder_is_written(run, tmp_path, capsys):
    assert run(*COLUMNS, "--workers", 1, "--entity-threshold", 0.5, "--batch-size", 2) == 0
    rows = read_output(tmp_path / "out")
    assert [(row["n"], row["body"]) for row in rows] == [(str(i), t) for i, t in enumerate(TEXTS)]
    assert all(entity["probability"] >= 0.5 for row in rows for entity in row["entities"])
    manifest = json.loads((tmp_path / "out" / "_manifest.json").read_text())
    assert manifest["settings"]["options"] == {
        "entity_threshold": "0.5",
        "id_column": "n",
        "keep_columns": ["body", "n"],
        "text_column": "body",
    }
    printed = capsys.readouterr().out.splitlines()[-1]
    entities = sum(len(row["entities"]) for row in rows)
    assert printed.startswith(f"out: 5 rows, 7 sentences, {entities} entities, ")
    assert run(*COLUMNS, "--entity-threshold", 0.5) == 0
    assert capsys.readouterr().out.endswith("(already complete)\n")
    assert run(*COLUMNS) == 2
    assert "error: out: it was written with entity_threshold 0.5, and" in capsys.readouterr().err
    # Without the column, no row has a text.
    assert run("--output-dir", "other", "--silent") == 0
    assert {row["error"] is None for row in read_output(tmp_path / "other")} == {False}
    assert run("--output-dir", "another", "--on-error", "fail") == 2
    assert "error: file in.jsonl, document row 1: there is neither" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output-file", "a"], "--output-dir and --output-file exclude each other"),
        (["--use-dataset-reader"], "--output-dir and --use-dataset-reader exclude each other"),
        (["--on-error", "skip"], "--output-dir and --on-error skip exclude each other"),
        (["--predictor", "other"], "--output-dir and --predictor exclude each other"),
        (["--address", "auto"], "--output-dir and --address without --engine ray exclude each"),
        (["--workers", "0"], "--workers is 0, less than 1"),
        (["--batch-size", "0"], "--batch-size is 0, less than 1"),
    ],
)
def test_options_that_do_not_go_together(options, message, run, tmp_path, capsys):
    assert run(*options) == 2
    assert f"error: {message}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["engine=ray", "workers=2", "id-column=n", "on-error=record"])
def test_options_that_need_a_folder(option, archive, capsys):
    assert run_allennlp("predict", archive, "in.jsonl", f"--{option}") == 2
    assert f"error: --{option.partition('=')[0]}" in (error := capsys.readouterr().err)
    assert "needs --output-dir" in error


@pytest.mark.parametrize(
    ("missing", "options", "message"),
    [
        ({"pyarrow"}, [], "needs pyarrow: pip install 'dts_ee[scale]'"),
        ({"ray"}, ["--engine", "ray"], "needs ray: pip install 'dts_ee[ray]'"),
    ],
)
def test_packages_that_are_missing_are_named(missing, options, message, run, monkeypatch, capsys):
    find = importlib.util.find_spec
    installed = importlib.util.find_spec("json")
    monkeypatch.setattr(
        extras,
        "find_spec",
        lambda name: None if name in missing else find(name) or installed,
    )
    assert run(*options) == 2
    assert f"error: --output-dir {message}" in capsys.readouterr().err
