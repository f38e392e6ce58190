import json

import pytest
from allennlp.common import file_utils

from tests.commands.command_line import run_allennlp
from tests.documents import TINY, TINY_CASE_REPORTS
from tests.paths import FIXTURES, PROJECT

ARCHIVE = FIXTURES / "archives" / "joint.tar.gz"


@pytest.fixture
def train(tmp_path, monkeypatch):
    monkeypatch.chdir(PROJECT)
    monkeypatch.setattr(file_utils, "CACHE_DIRECTORY", str(tmp_path / "cache"))
    settings = {
        "train_data_path": str(TINY_CASE_REPORTS),
        "validation_data_path": None,
        "trainer": {"type": "dts", "num_epochs": 1, "optimizer": "adam"},
    }

    def run(*words, **overrides):
        text = json.dumps({**settings, **overrides})
        return run_allennlp(
            "train", TINY / "dts.jsonnet", "-s", tmp_path / "out", *words, "--overrides", text
        )

    return run


def test_new_and_kept_types_are_printed(train, tmp_path, capsys):
    assert train("--from-archive", ARCHIVE, **{"model.dropout": 0.125}) == 0
    lines = capsys.readouterr().err.splitlines()
    assert "entity types: new Adverse-Effect, Drug; kept Loc, Org, Other, Peop" in lines
    assert (
        "relation types: new Adverse-Effect; kept Kill, Live_In, Located_In, OrgBased_In, Work_For"
        in lines
    )
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["model"]["dropout"] == 0.125
    # The same command goes on with the training.
    assert train("--from-archive", ARCHIVE, "--recover", **{"model.dropout": 0.125}) == 0
    capsys.readouterr()
    # Without the option, nothing is new or kept.
    assert train("--force", **{"dataset_reader.on_overlap": "first"}) == 0
    assert "; kept" not in capsys.readouterr().err


def test_mistakes_are_one_line_and_leave_no_folder(train, tmp_path, capsys):
    for words, message in (
        (("--from-archive", "missing.tar.gz"), "missing.tar.gz: there is no such file or folder"),
        (("--from-archive", TINY / "news.json"), "this is JSON and no archive of a model"),
        (("--from-archive", TINY), "there is no model in this folder"),
    ):
        assert train(*words) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ") and message in line
        assert not (tmp_path / "out").exists()
    assert train("--from-archive", ARCHIVE, **{"model.num_networks": 2}) == 2
    assert "the model has other layers than the archive" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_overrides_that_are_no_object(tmp_path, capsys):
    words = ["-s", tmp_path / "out", "--from-archive", ARCHIVE, "--overrides", "[1]"]
    assert run_allennlp("train", TINY / "dts.jsonnet", *words) == 2
    assert capsys.readouterr().err == "error: --overrides: this is no JSON object\n"
