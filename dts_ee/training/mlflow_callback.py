"""
Trainings in MLflow.
"""

import logging
import os
import re
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.training import TrainerCallback
from allennlp.training.gradient_descent_trainer import GradientDescentTrainer

from dts_ee.metrics.counts import Score
from dts_ee.metrics.flat_names import metrics_of
from dts_ee.tasks import TASKS, flat_metrics
from dts_ee.training.tracked_run import tracked_run

logger = logging.getLogger(__name__)

_TRAINING, _VALIDATION, _BEST = "training_", "validation_", "best_validation_"

_MAX_BATCH = 100
"""The most parameters that MLflow takes at once."""

_MAX_VALUE = 500
"""The longest value of a parameter that every release of MLflow's server takes."""


@TrainerCallback.register("mlflow")
class MlflowCallback(TrainerCallback):
    """
    Logs a training to [MLflow](https://mlflow.org): the configuration's parameters, and after each
    epoch the losses, the strict micro and macro averages of the tasks, and the metrics that the
    epoch is chosen by; at the end those of the best epoch. Their names are those of
    `metrics_epoch_N.json`, and the step is N.

    The run is called as its folder. Its tags are `archive`, the path of the archive that the
    training writes, and in `repeat`, `cross-validate` and `tune` also `group` and `seed`, `fold` or
    `trial`. A training that is recovered goes on with its run. If the server cannot be reached
    during the training, there is a warning, and the metrics are sent after a later epoch.

    Registered as a `TrainerCallback` with name `"mlflow"`. It needs the package `mlflow` or
    `mlflow-skinny`.

    # Parameters

    serialization_dir : `str`
        The folder of the training.
    experiment : `str`, optional (default = `None`)
        The name of MLflow's experiment, which is made if there is none; `None` for that in the
        environment variable `MLFLOW_EXPERIMENT_NAME` or, without it, `"Default"`.
    tracking_uri : `str`, optional (default = `None`)
        The server, such as `"http://localhost:5000"`; `None` for MLflow's default, which is in the
        environment variable `MLFLOW_TRACKING_URI`.
    run_name : `str`, optional (default = `None`)
        The name of the run, or of the group of runs, instead of the folder.

    # Raises

    `ConfigurationError`
        If MLflow is not installed or, at the start of the training, if it refuses the run or cannot
        be reached.
    """

    def __init__(
        self,
        serialization_dir: str,
        experiment: Optional[str] = None,
        tracking_uri: Optional[str] = None,
        run_name: Optional[str] = None,
    ) -> None:
        super().__init__(serialization_dir)
        if find_spec("mlflow") is None:
            raise ConfigurationError(
                "the callback `mlflow` needs MLflow's client: pip install mlflow-skinny"
            )
        self._experiment = experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME", "Default")
        self._tracking_uri = tracking_uri
        self._run_name = run_name
        self._run_id: Optional[str] = None
        self._client: Any = None
        self._unsent: List[Any] = []
        self._validation_metrics: List[str] = []

    def on_start(
        self, trainer: GradientDescentTrainer, is_primary: bool = True, **kwargs: Any
    ) -> None:
        super().on_start(trainer, is_primary, **kwargs)
        if not is_primary:
            return
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        # By default a call waits for minutes; what it could not send is sent later anyway.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        self._validation_metrics = [name for _, name in trainer._metric_tracker.tracked_metrics]
        try:
            self._client = MlflowClient(self._tracking_uri)
            if self._run_id is None:
                self._run_id = self._new_run()
            else:
                self._client.update_run(self._run_id, status="RUNNING")
        except MlflowException as error:
            raise ConfigurationError(f"the callback `mlflow`: {error}") from error

    def on_epoch(
        self,
        trainer: GradientDescentTrainer,
        metrics: Dict[str, Any],
        epoch: int,
        is_primary: bool = True,
        **kwargs: Any,
    ) -> None:
        if not is_primary:
            return
        # AllenNLP repeats the validation metrics of an earlier epoch.
        prefixes = [_TRAINING, *([_VALIDATION] if trainer._should_validate_this_epoch else [])]
        self._send(chosen_metrics(metrics, prefixes, self._validation_metrics), epoch)

    def on_end(
        self,
        trainer: GradientDescentTrainer,
        metrics: Optional[Dict[str, Any]] = None,
        epoch: Optional[int] = None,
        is_primary: bool = True,
        **kwargs: Any,
    ) -> None:
        if not is_primary:
            return
        if metrics is None:
            failed = isinstance(sys.exc_info()[1], Exception)
            self._send({}, 0, "FAILED" if failed else "KILLED")
        elif "best_epoch" in metrics:
            best = chosen_metrics(metrics, [_BEST], self._validation_metrics)
            best_epoch = metrics["best_epoch"]
            self._send({"best_epoch": best_epoch, **best}, best_epoch, "FINISHED")
        else:
            self._send({}, 0, "FINISHED")

    def state_dict(self) -> Dict[str, Any]:
        return {"mlflow_run_id": self._run_id}

    def load_state_dict(self, state_dict: Dict[str, Any]) -> None:
        # That of another callback, if the configuration had none of this kind.
        self._run_id = state_dict.get("mlflow_run_id")

    def _new_run(self) -> str:
        from mlflow.entities import Param

        run = tracked_run(self.serialization_dir, self._run_name)
        tags = {"archive": os.path.abspath(os.path.join(self.serialization_dir, "model.tar.gz"))}
        if run.group is not None:
            tags.update({"group": run.group, str(run.kind): str(run.number)})
        created = self._client.create_run(self._experiment_id(), run_name=run.name, tags=tags)
        config = Params.from_file(Path(self.serialization_dir) / "config.json").as_flat_dict()
        params = [
            # Other characters are refused.
            Param(re.sub(r"[^\w.\- :/]", "_", name), str(value)[:_MAX_VALUE])
            for name, value in config.items()
        ]
        for start in range(0, len(params), _MAX_BATCH):
            self._client.log_batch(created.info.run_id, params=params[start : start + _MAX_BATCH])
        return str(created.info.run_id)

    def _experiment_id(self) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(self._experiment)
        if found is None:
            try:
                return str(self._client.create_experiment(self._experiment))
            except MlflowException:
                # Another training may have made it just now.
                found = self._client.get_experiment_by_name(self._experiment)
                if found is None:
                    raise
        return str(found.experiment_id)

    def _send(
        self, metrics: Mapping[str, float], step: int, end_status: Optional[str] = None
    ) -> None:
        """Sends metrics, and what an earlier call could not send; then ends the run, if asked."""
        from mlflow.entities import Metric
        from mlflow.exceptions import MlflowException

        now = int(1000 * time.time())
        self._unsent += [Metric(name, value, now, step) for name, value in metrics.items()]
        try:
            while self._unsent:
                self._client.log_batch(self._run_id, metrics=self._unsent[:_MAX_BATCH])
                del self._unsent[:_MAX_BATCH]
            if end_status is not None:
                self._client.set_terminated(self._run_id, end_status)
        except MlflowException as error:
            lost = f"{len(self._unsent)} metrics are not sent: " if self._unsent else ""
            logger.warning("the callback `mlflow`: %s%s", lost, error)


def chosen_metrics(
    metrics: Mapping[str, Any], prefixes: Sequence[str], validation_metrics: Sequence[str]
) -> Dict[str, float]:
    """
    The metrics that are worth a curve: losses, the strict micro and macro averages of each task,
    and what the epoch is chosen by.

    # Parameters

    metrics : `Mapping[str, Any]`
        AllenNLP's metrics.
    prefixes : `Sequence[str]`
        The prefixes of the splits, such as `"validation_"`.
    validation_metrics : `Sequence[str]`
        The names of the metrics that the epoch is chosen by.
    """
    averages = flat_metrics(
        {key: Score(0, 0, 0) for task in TASKS.values() for key in (task.micro, task.macro)}
    )
    wanted = {*averages, *validation_metrics}
    return {
        f"{prefix}{name}": float(value)
        for prefix in prefixes
        for name, value in metrics_of(metrics, prefix).items()
        if name in wanted or name.endswith("loss")
    }
