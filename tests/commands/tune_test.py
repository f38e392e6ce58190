import csv
import importlib.util
import json
import re
import sys

import pytest

from dts_ee.commands import tune
from dts_ee.runs import training, tuning
from dts_ee.runs.settings import load_settings
from tests.commands.command_line import run_allennlp
from tests.documents import TINY

TRAIN = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
settings = json.loads((folder / "config.json").read_text())
loss = abs(settings["trainer"]["optimizer"]["lr"] - 0.5) + 1 / (1 + settings.get("random_seed", 7))
(folder / "metrics_epoch_0.json").write_text(json.dumps({"validation_loss": loss}))
(folder / "metrics.json").write_text(json.dumps({"best_validation_loss": loss}))
(folder / "model.tar.gz").write_text("")
"""
"""Stands in for a training whose loss is least with a learning rate of 0.5."""

SPACE = {"trainer.optimizer.lr": {"type": "float", "low": 0.1, "high": 0.9}}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Calls the command, with a program of a few lines in place of `train`."""
    monkeypatch.setattr(
        training,
        "train_command",
        lambda folder, packages: [sys.executable, "-I", "-c", TRAIN, str(folder.path)],
    )
    for module in (training, tuning):
        monkeypatch.setattr(module, "_POLL_SECONDS", 0.02)
    (tmp_path / "space.json").write_text(json.dumps(SPACE))

    def run(*words):
        space, out = tmp_path / "space.json", tmp_path / "out"
        return run_allennlp("tune", TINY / "dts.jsonnet", space, "-s", out, *words)

    return run


def test_a_search_ends_with_an_experiment_a_table_and_a_page(run, tmp_path, capsys):
    assert run("--trials", 4, "--seeds", "1,2", "--best", 2, "-o", '{"trainer.num_epochs": 1}') == 0
    printed = capsys.readouterr().out
    header, _, *rows = printed.split("\n\n")[0].splitlines()
    assert header == "| trial | score | seed 1 | seed 2 | mean | trainer.optimizer.lr |"
    best = [cell.strip() for cell in rows[0].strip("|").split("|")]
    rate = load_settings(tmp_path / "out" / "best.jsonnet")["trainer"]["optimizer"]["lr"]
    assert best[5] == f"{rate:.4g}"
    distance = abs(rate - 0.5)
    assert [float(value) for value in best[1:5]] == pytest.approx(
        [-distance - 1 / 8, -distance - 1 / 2, -distance - 1 / 3, -distance - 5 / 12], abs=1e-4
    )
    with open(tmp_path / "out" / "trials.csv", newline="") as file:
        trials = list(csv.DictReader(file))
    assert [row["state"] for row in trials] == ["COMPLETE"] * 4
    distances = [abs(float(row["params_trainer.optimizer.lr"]) - 0.5) for row in trials]
    assert min(distances) == pytest.approx(distance)
    experiment = load_settings(TINY / "dts.jsonnet")
    experiment["trainer"]["num_epochs"] = 1
    experiment["trainer"]["optimizer"]["lr"] = rate
    assert load_settings(tmp_path / "out" / "best.jsonnet") == experiment
    page = (tmp_path / "out" / "study.html").read_text()
    assert "4 complete" in page
    assert len(re.findall('src="data:image/png', page)) >= 2
    # The same command finds everything done.
    before = (tmp_path / "out" / "trial_0" / "metrics.json").stat().st_mtime_ns
    assert run("--trials", 4, "--seeds", "1,2", "--best", 2, "-o", '{"trainer.num_epochs": 1}') == 0
    assert (tmp_path / "out" / "trial_0" / "metrics.json").stat().st_mtime_ns == before
    assert len(list((tmp_path / "out").glob("trial_*"))) == 4


def test_a_search_over_folds_ends_with_a_function_of_the_fold(run, tmp_path, capsys):
    config = tmp_path / "folds.jsonnet"
    config.write_text(f"function(fold=0) (import '{TINY / 'dts.jsonnet'}') {{ random_seed: fold }}")
    space, out = tmp_path / "space.json", tmp_path / "out"
    words = ["tune", config, space, "-s", out, "--trials", 1, "--folds", "1,3"]
    assert run_allennlp(*words) == 0
    row = capsys.readouterr().out.splitlines()[2]
    rate = load_settings(out / "best.jsonnet", fold=3)["trainer"]["optimizer"]["lr"]
    # 1 / (1 + seed) is 1/2 and 1/4.
    assert f"| {-abs(rate - 0.5) - 3 / 8:.4f} |" in row
    assert load_settings(out / "best.jsonnet", fold=3)["random_seed"] == 3
    assert "Sum of the scores by fold" in (out / "study.html").read_text()


def test_without_optuna_it_says_what_to_install(run, monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(tune, "find_spec", lambda name: None if name == "optuna" else found(name))
    assert run("--trials", 1) == 2
    assert "pip install 'dts_ee[tune]'" in capsys.readouterr().err


def test_a_search_whose_trials_fail_ends_with_status_1(run, monkeypatch, capsys):
    monkeypatch.setattr(
        training, "train_command", lambda folder, packages: [sys.executable, "-c", "exit(2)"]
    )
    assert run("--trials", 1) == 1
    assert "error: 3 trials failed one after the other" in capsys.readouterr().err
