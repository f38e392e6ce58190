"""With MLflow's own client and its files, where `mlflow` or `mlflow-skinny` is installed."""

import json

import pytest

from tests.commands.command_line import run_allennlp
from tests.paths import PROJECT

mlflow = pytest.importorskip("mlflow")


def test_a_training_is_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "runs").as_uri()
    folder = tmp_path / "out"
    callback = {"type": "mlflow", "experiment": "tiny", "tracking_uri": uri, "run_name": "first"}
    overrides = json.dumps({"trainer.callbacks": [callback]})
    assert run_allennlp("train", "fixtures/tiny/dts.jsonnet", "-s", folder, "-o", overrides) == 0
    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name("tiny")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    assert run.data.params["trainer.optimizer.lr"] == "0.01"
    losses = [
        (metric.step, metric.value)
        for metric in client.get_metric_history(run.info.run_id, "validation_loss")
    ]
    assert losses == [
        (step, json.loads((folder / f"metrics_epoch_{step}.json").read_text())["validation_loss"])
        for step in range(2)
    ]
