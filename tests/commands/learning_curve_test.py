import json

import pytest

from tests.commands.command_line import run_allennlp
from tests.commands.repeat_test import OVERRIDES, SAMPLE, TEST_DATA
from tests.forked_command import train_in_forks
from tests.paths import PROJECT


@pytest.fixture
def run(monkeypatch):
    monkeypatch.chdir(PROJECT)

    def run(directory, *words) -> int:
        # The draws are from the whole training data.
        overrides = {**OVERRIDES, "dataset_reader.max_instances": None, "trainer.num_epochs": 1}
        return run_allennlp(
            *("learning-curve", SAMPLE, "-s", directory, "--overrides", json.dumps(overrides)),
            *words,
        )

    return run


def test_sizes_are_trained_and_told_apart(run, tmp_path, monkeypatch, capsys):
    train_in_forks(monkeypatch)
    words = ["--sizes", "8,4", "--draws", "3", "--jobs", "2", "--test-data", TEST_DATA]
    assert run(tmp_path / "out", *words) == 0
    shown = capsys.readouterr().out
    rows = [line.split(" | ")[:2] for line in shown.splitlines() if line.startswith("| ")]
    assert rows[2:] == [["| 4", "1"], ["| 8", "1"]]
    assert "from 4 to 8 sentences" in shown.splitlines()[-1]
    for size in (4, 8):
        log = (tmp_path / "out" / f"size_{size}" / "seed_3" / "out.log").read_text()
        assert f"a sample of {size} of " in log
    # Nothing is trained again.
    assert run(tmp_path / "out", *words) == 0
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("sizes", ["ten", "0", "10,,30", "-5", ""])
def test_sizes_that_are_none(run, tmp_path, capsys, sizes):
    assert run(tmp_path / "out", f"--sizes={sizes}") == 2
    assert "is not a number of sentences" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
