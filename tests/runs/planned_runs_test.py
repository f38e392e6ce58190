from dts_ee.runs.planned_runs import Plan, PlannedRuns
from dts_ee.runs.run_folder import SEED, Run
from dts_ee.runs.settings import load_settings
from tests.paths import PROJECT


def test_the_command_is_that_of_the_beginning(tmp_path, monkeypatch):
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("TEST_DATA", "fixtures/sample/news test.json")
    config = tmp_path / "experiment.jsonnet"
    config.write_text(
        f"(import '{PROJECT}/experiments/sample.jsonnet')"
        " + { test_data_path: std.strReplace(std.extVar('TEST_DATA'), ' ', '_') }"
    )
    runs = {Run(SEED, 1): load_settings(config)}
    command = ["allennlp", "repeat", str(config), "-s", "out", "--seeds", "1"]
    planned = PlannedRuns(Plan(config, tmp_path / "out", runs, command), 2, ["mine"])
    # A training takes hours, and its user goes on with the file.
    config.write_text("{ unfinished")
    monkeypatch.delenv("TEST_DATA")
    assert planned.summary().command == (
        "TEST_DATA='fixtures/sample/news test.json' "
        f"allennlp repeat {config} -s out --seeds 1 --jobs 2 --include-package mine"
    )
