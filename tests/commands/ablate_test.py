import json
import re
import sys

import pytest

from dts_ee.runs import training
from tests.commands.command_line import run_allennlp
from tests.forked_command import train_in_forks
from tests.paths import PROJECT

OVERRIDES = {
    "trainer.num_epochs": 1,
    "data_loader.batch_sampler.min_batches": 1,
    "dataset_reader.max_instances": 20,
    "model.shared_encoder.hidden_size": 8,
    "model.ner_encoder.hidden_size": 8,
    "model.relation_encoder.hidden_size": 8,
}

ROWS = """
function(experiment)
local with(tasks) = experiment { model+: { tasks: tasks } };
[
  { name: 'complete', experiment: experiment },
  { name: 'NER alone', only: 'entities', experiment: with('entities') },
  { name: 'RE alone', only: 'relations', experiment: with('relations') },
  { name: 'pipeline', pipeline: ['NER alone', 'RE alone'] },
]
"""


def ablate(directory, ablations, seeds="1", jobs=1, **changes) -> int:
    overrides = json.dumps({**OVERRIDES, **changes})
    words = ["experiments/sample.jsonnet", "-s", directory, "--seeds", seeds, "-o", overrides]
    with pytest.MonkeyPatch.context() as patches:
        patches.chdir(PROJECT)
        return run_allennlp("ablate", *words, "--ablations", ablations, "--jobs", jobs)


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.fixture
def ablations(tmp_path):
    path = tmp_path / "ablations.jsonnet"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_rows_are_trained_compared_and_kept(tmp_path, ablations, monkeypatch, capsys):
    train_in_forks(monkeypatch)
    directory = tmp_path / "out"
    assert ablate(directory, ablations) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert "\n".join(table) in (directory / "ablations.md").read_text(encoding="utf-8")
    complete, entities, relations, pipeline = map(cells, table[2:])
    assert complete[:2] == ["complete", "1"]
    assert "–" not in complete
    assert entities[:2] == ["NER alone", "1"]
    # RE on the development and the test split, and its macro average.
    assert [cell == "–" for cell in entities[2:]] == [False, True, False, True, False, True]
    assert re.fullmatch(r"\S+ \([+-]\d+\.\d, p = (0|1)\S+\)", entities[4])
    assert [cell == "–" for cell in relations[2:]] == [True, False, True, False, True, False]
    # A pipeline's entities are those of its first part; it is evaluated on the test split alone.
    assert [cell == "–" for cell in pipeline[2:]] == [True, True, False, False, False, False]
    assert pipeline[4] == entities[4]
    assert float(pipeline[5].split()[0]) <= float(relations[5].split()[0])

    archive = directory / "NER_alone" / "seed_1" / "model.tar.gz"
    before = archive.stat().st_mtime_ns
    assert ablate(directory, ablations) == 0
    assert archive.stat().st_mtime_ns == before
    output = capsys.readouterr()
    assert [line for line in output.out.splitlines() if line.startswith("|")] == table
    lines = [line for line in output.err.splitlines() if "finished" in line]
    (line,) = [line for line in lines if line.startswith("NER alone, seed 1: finished; ")]
    assert " test F1 NER " in line and "RE" not in line.split("NER", 2)[2]
    assert ablate(directory, ablations, **{"model.dropout": 0.1}) == 2
    assert "model.dropout was" in capsys.readouterr().err


def test_rows_are_trained_at_once(tmp_path, ablations, capsys, monkeypatch):
    # Two wait for each other, and fail; the third has nobody to wait for.
    program = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
(folder / "here").write_text("")
for _ in range(1000):
    if len(list(folder.parent.parent.glob("*/seed_1/here"))) > 1:
        sys.exit("both are here")
    time.sleep(0.02)
"""
    monkeypatch.setattr(
        training,
        "train_command",
        lambda folder, packages: [sys.executable, "-I", "-c", program, str(folder.path)],
    )
    directory = tmp_path / "out"
    assert ablate(directory, ablations, jobs=2) == 1
    output = capsys.readouterr()
    for name in ("complete", "NER alone", "RE alone"):
        assert f"{name}, seed 1: the training ended with exit status 1" in output.err
    assert output.err.count("    both are here") == 3
    assert "Not finished: complete, NER alone, RE alone, pipeline." in output.err
    text = (directory / "ablations.md").read_text(encoding="utf-8")
    assert "- RE alone, seed 1: the training ended with exit status 1" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("function(experiment) []", "no list of ablations"),
        ("function(experiment) [1]", "ablation 1 is not an object"),
        ("function(experiment) [{ name: 'a' }]", "needs a name"),
        (
            "function(experiment) [{ name: 'a', experiment: {}, seeds: 1 }]",
            "has unknown keys: seeds",
        ),
        ("function(experiment) [{ name: 'a', pipeline: ['b'] }]", "two names, not 1"),
        ("function(experiment) [{ name: 'a', pipeline: ['b', 'c'] }]", "no experiment 'b'"),
        ("function(experiment) [{ name: 'a', only: 'all', experiment: {} }]", "only is 'all'"),
        (
            "function(experiment) [{ name: name, experiment: {} } for name in ['a b', 'a-b']]",
            "ablation 2: the name 'a-b'",
        ),
        ("function(experiment) [", "ablations.jsonnet"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path, ablations, text, message, capsys):
    ablations.write_text(text, encoding="utf-8")
    assert ablate(tmp_path / "out", ablations) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
