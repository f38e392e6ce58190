"""
With a client that keeps what it gets, in place of MLflow's own (see `mlflow_itself_test.py`).
"""

import json
import sys
import types
from collections import namedtuple
from importlib.machinery import ModuleSpec

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.training import TrainerCallback

from dts_ee.training.mlflow_callback import MlflowCallback, chosen_metrics
from dts_ee.training.tracked_run import RUN_VARIABLE
from tests.commands.command_line import run_allennlp
from tests.paths import PROJECT

CONFIG = "fixtures/tiny/dts.jsonnet"
RUN_ID = "a1"

Param = namedtuple("Param", "key value")
Metric = namedtuple("Metric", "key value timestamp step")


class MlflowException(Exception):
    pass


class Client:
    """Keeps its calls; the class has those of all its instances."""

    calls: list = []
    experiments: dict = {}
    failures = 0

    def __init__(self, tracking_uri=None):
        self.calls.append(("client", tracking_uri))

    def get_experiment_by_name(self, name):
        number = self.experiments.get(name)
        return number and types.SimpleNamespace(experiment_id=number)

    def create_experiment(self, name):
        self.experiments[name] = str(len(self.experiments) + 1)
        return self.experiments[name]

    def create_run(self, experiment_id, run_name, tags):
        self.calls.append(("create_run", experiment_id, run_name, tags))
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id=RUN_ID))

    def update_run(self, run_id, status):
        self.calls.append(("update_run", run_id, status))

    def log_batch(self, run_id, metrics=(), params=()):
        assert run_id == RUN_ID
        assert 0 < len(metrics) + len(params) <= 100
        if Client.failures:
            Client.failures -= 1
            raise MlflowException("the server is away")
        self.calls.append(("log_batch", list(metrics), list(params)))

    def set_terminated(self, run_id, status):
        self.calls.append(("set_terminated", run_id, status))

    @classmethod
    def named(cls, name):
        return [call[1:] for call in cls.calls if call[0] == name]

    @classmethod
    def metrics(cls):
        return [metric for metrics, _ in cls.named("log_batch") for metric in metrics]


@pytest.fixture(autouse=True)
def _mlflow(monkeypatch):
    modules: dict[str, dict] = {
        "mlflow": {"MlflowClient": Client},
        "mlflow.entities": {"Param": Param, "Metric": Metric},
        "mlflow.exceptions": {"MlflowException": MlflowException},
    }
    for name, content in modules.items():
        module = types.ModuleType(name)
        vars(module).update({**content, "__spec__": ModuleSpec(name, None)})
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(Client, "calls", [])
    monkeypatch.setattr(Client, "experiments", {})
    monkeypatch.setattr(Client, "failures", 0)
    for variable in (RUN_VARIABLE, "MLFLOW_EXPERIMENT_NAME", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    # The callback sets it.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    monkeypatch.chdir(PROJECT)


@TrainerCallback.register("stops_its_second_epoch_once", exist_ok=True)
class StopsItsSecondEpochOnce(TrainerCallback):
    """Interrupts a training where there is a checkpoint of the first epoch alone."""

    error: list = []

    def on_epoch(self, trainer, metrics, epoch, *args, **kwargs):
        if epoch == 1 and self.error:
            raise self.error.pop()


def train(folder, callback, *words, **overrides):
    callbacks = ["stops_its_second_epoch_once", {"type": "mlflow", **callback}]
    settings = {"trainer.num_epochs": 3, "trainer.callbacks": callbacks, **overrides}
    return run_allennlp("train", CONFIG, "-s", folder, "-o", json.dumps(settings), *words)


def test_a_training_that_is_recovered_is_one_run(tmp_path, monkeypatch):
    monkeypatch.setattr(StopsItsSecondEpochOnce, "error", [KeyboardInterrupt()])
    folder = tmp_path / "out"
    callback = {"experiment": "news", "tracking_uri": "http://localhost:5"}
    assert train(folder, callback) == 130
    assert Client.named("set_terminated") == [(RUN_ID, "KILLED")]
    assert {metric.step for metric in Client.metrics()} == {0}

    assert train(folder, callback, "--recover") == 0
    assert Client.named("client") == 2 * [("http://localhost:5",)]
    archive = str(folder / "model.tar.gz")
    assert Client.named("create_run") == [("1", str(folder), {"archive": archive})]
    assert Client.named("update_run") == [(RUN_ID, "RUNNING")]
    assert Client.named("set_terminated")[1:] == [(RUN_ID, "FINISHED")]

    params = [param for _, params in Client.named("log_batch") for param in params]
    assert ("trainer.optimizer.lr", "0.01") in params
    assert ("model.shared_encoder.hidden_size", "6") in params
    assert len(params) == len({param.key for param in params})

    for step in range(3):
        written = json.loads((folder / f"metrics_epoch_{step}.json").read_text())
        logged = {
            metric.key: metric.value
            for metric in Client.metrics()
            if metric.step == step and not metric.key.startswith("best_")
        }
        assert logged.keys() >= {
            "training_loss",
            "validation_loss",
            "validation_entity_f1",
            "validation__entity_macro_f1",
            "validation__relation_recall",
        }
        assert logged.items() <= written.items()
        assert not any("Peop" in name or "boundaries" in name for name in logged)
    final = json.loads((folder / "metrics.json").read_text())
    best = {metric.key: metric for metric in Client.metrics() if metric.key.startswith("best_")}
    assert best["best_epoch"].value == final["best_epoch"]
    assert best["best_validation_relation_f1"].value == final["best_validation_relation_f1"]
    assert {metric.step for metric in best.values()} == {final["best_epoch"]}


def test_what_could_not_be_sent_is_sent_later(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(RUN_VARIABLE, "seed 7")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "other")
    folder = tmp_path / "seed_7"
    original = MlflowCallback.on_epoch

    def on_epoch(self, trainer, metrics, epoch, *args, **kwargs):
        Client.failures = int(epoch == 1)
        original(self, trainer, metrics, epoch, *args, **kwargs)

    monkeypatch.setattr(MlflowCallback, "on_epoch", on_epoch)
    assert train(folder, {}, **{"trainer.validation_metric": "+mean_f1"}) == 0
    assert list(Client.experiments) == ["other"]
    ((_, name, tags),) = Client.named("create_run")
    assert (name, tags["group"], tags["seed"]) == (str(folder), str(tmp_path), "7")
    steps = [metric.step for metric in Client.metrics() if metric.key == "validation_mean_f1"]
    assert steps == [0, 1, 2]
    assert "not sent: the server is away" in capsys.readouterr().err


def test_a_failed_training_is_a_failed_run(tmp_path, monkeypatch):
    monkeypatch.setattr(StopsItsSecondEpochOnce, "error", [FloatingPointError("no number")])
    assert train(tmp_path / "out", {}) == 1
    assert Client.named("set_terminated") == [(RUN_ID, "FAILED")]


def test_a_server_that_refuses_the_run_ends_the_training_at_its_start(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(Client, "failures", 1)
    assert train(tmp_path / "out", {}) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == "error: the callback `mlflow`: the server is away"


def test_without_mlflow_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("dts_ee.training.mlflow_callback.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="pip install mlflow-skinny"):
        MlflowCallback(str(tmp_path))


def test_an_experiment_that_another_training_makes_at_the_same_time_is_used(tmp_path, monkeypatch):
    def create_experiment(self, name):
        self.experiments[name] = "9"
        raise MlflowException("it exists")

    callback = MlflowCallback(str(tmp_path), "new")
    callback._client = Client()
    monkeypatch.setattr(Client, "create_experiment", create_experiment)
    assert callback._experiment_id() == "9"


def test_the_metrics_of_other_models_are_losses_and_the_one_that_is_chosen_by():
    metrics = {
        "training_loss": 1,
        "training_accuracy": 0.5,
        "validation_loss": 2.0,
        "validation_accuracy": 0.25,
        "validation_accuracy3": 0.75,
        "epoch": 3,
    }
    chosen = chosen_metrics(metrics, ["validation_", "training_"], ["accuracy"])
    assert chosen == {
        "training_loss": 1.0,
        "training_accuracy": 0.5,
        "validation_loss": 2.0,
        "validation_accuracy": 0.25,
    }
