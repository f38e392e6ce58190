import json
from typing import Any

import pytest

from tests.paths import PROJECT

EXPERIMENT = "fixtures/tiny/dts.jsonnet"
TINY = {
    "train_data_path": "fixtures/tiny/news.json",
    "validation_data_path": "fixtures/tiny/news.json",
    "test_data_path": "fixtures/tiny/news.json",
    "trainer.num_epochs": 1,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "own-data": {"EXPERIMENT": EXPERIMENT, "EPOCHS": 1},
    "error-analysis": {},
    "results-table": {
        "EXPERIMENT": EXPERIMENT,
        "SEEDS": (1,),
        "OVERRIDES": TINY,
    },
}
"""The notebooks, and the variables of their first cell that have other values here."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("experiments", "fixtures"):
        (tmp_path / name).symlink_to(PROJECT / name)
    monkeypatch.setattr("sys.argv", ["dts-ee"])
    return tmp_path


def cells(name: str) -> list[dict[str, Any]]:
    text = (PROJECT / "docs" / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def run(name: str) -> dict[str, Any]:
    """Runs the cells of a notebook in their order, and returns their variables."""
    variables: dict[str, Any] = {"__name__": name}
    for number, cell in enumerate(cells(name)):
        exec(compile("".join(cell["source"]), f"{name}, cell {number}", "exec"), variables)
        if number == 0:
            assert SETTINGS[name].keys() <= variables.keys()
            variables.update(SETTINGS[name])
    return variables


def test_the_notebooks_are_those_that_are_run_and_hold_no_output():
    notebooks = {path.stem for path in (PROJECT / "docs" / "notebooks").glob("*.ipynb")}
    assert notebooks == SETTINGS.keys()
    assert not [cell for name in notebooks for cell in cells(name) if cell["outputs"]]


def test_own_data(folder):
    variables = run("own-data")
    assert (folder / "out" / "notebook-own-data" / "model" / "model.tar.gz").is_file()
    assert [sentence.text for sentence in variables["predicted"]] == [
        "Ada lives in Rome.",
        "Ada flew to Oslo.",
    ]


def test_error_analysis():
    variables = run("error-analysis")
    f1, from_gold = (
        metric.counts.micro().f1 for metric in (variables["metric"], variables["from_gold"])
    )
    assert 0 < f1 <= from_gold
    # A lower threshold finds no fewer relations.
    recalls = [score.recall for score in variables["scores"]]
    assert recalls == sorted(recalls, reverse=True)


def test_results_table():
    summary = run("results-table")["summary"]
    assert "NER micro F1 mean (%)" in summary.columns
    assert len(summary) == 2
