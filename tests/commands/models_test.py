"""The commands `keep`, `models` and `package`."""

import json
import subprocess
import sys

import pytest

from dts_ee.named_models import find_model
from tests.commands.command_line import run_allennlp
from tests.documents import TINY_NEWS
from tests.paths import PROJECT


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """The folder of the models, and an empty working folder."""
    monkeypatch.setenv("DTS_EE_MODELS", str(tmp_path / "models"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "models"


def test_a_kept_model_is_used_by_its_name_and_listed_and_removed(news_training, models, capsys):
    assert run_allennlp("models") == 0
    assert f"are kept in {models}" in capsys.readouterr().out
    assert run_allennlp("keep", news_training, "--name", "news", "--licence", "CC0") == 0
    assert capsys.readouterr().out.strip().endswith(f": {models / 'news.tar.gz'}")
    assert find_model("news") == str(models / "news.tar.gz")

    assert run_allennlp("predict", "news", "--text", "Nobody came.") == 0
    assert json.loads(capsys.readouterr().out)["text"] == "Nobody came."
    assert run_allennlp("evaluate", "news", TINY_NEWS, "--output-file", "metrics.json") == 0
    assert run_allennlp("report", "news", TINY_NEWS, "-o", "report.html") == 0
    assert run_allennlp("calibrate", "news", TINY_NEWS, "-o", "calibration") == 0
    capsys.readouterr()

    options = ["--version", "2.0", "--licence", "MIT", "--metrics", "metrics.json"]
    assert run_allennlp("keep", "news", "--name", "news", *options) == 0
    capsys.readouterr()
    assert run_allennlp("models") == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "VERSION", "FROM", "SIZE", "LICENCE", "WHAT"]
    assert row.split()[:3] == ["news", "2.0", str(models / "news.tar.gz")]
    assert "MIT" in row and "(test)" in row
    assert run_allennlp("models", "news") == 0
    assert capsys.readouterr().out.startswith("# news 2.0\n")

    assert run_allennlp("models", "--remove", "news") == 0
    assert list(models.iterdir()) == []
    assert run_allennlp("models", "news") == 2
    assert "news: no model has this name" in capsys.readouterr().err
    assert run_allennlp("models", "--remove", "news") == 2


def test_an_archive_without_a_card_is_listed(news_training, models, capsys):
    models.mkdir()
    (models / "own.tar.gz").write_bytes((news_training / "model.tar.gz").read_bytes())
    assert run_allennlp("models") == 0
    assert "an archive without a card" in capsys.readouterr().out
    assert run_allennlp("models", "own") == 0
    assert "has no card" in capsys.readouterr().out


def test_package_says_what_the_card_lacks(news_training, tmp_path, capsys):
    archive = tmp_path / "moved.tar.gz"
    archive.write_bytes((news_training / "model.tar.gz").read_bytes())
    assert run_allennlp("package", archive, "--name", "news") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("dist/news-1.0.0-py3-none-any.whl: ")
    assert lines[1:] == [
        "The card states no licence: set it with --licence.",
        "The card has no figures: give the output of `dts-ee evaluate` with --metrics.",
        "Install it with: pip install dist/news-1.0.0-py3-none-any.whl",
    ]


def test_models_are_listed_without_importing_anything_heavy(models):
    program = (
        "import sys; sys.argv[1:] = ['models']; from dts_ee_command import run; run(); "
        "print({'allennlp', 'torch', 'transformers', 'spacy'} & sys.modules.keys())"
    )
    completed = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert completed.stdout.splitlines()[-1] == "set()"
