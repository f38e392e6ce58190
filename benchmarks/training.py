"""Epochs and steps of training on CoNLL04 with features at hand, against GloVe alone."""

from collections.abc import Mapping, Sequence

from benchmarks.experiments import experiment_params, without_feature
from benchmarks.measure import Row, Settings, Table, Value
from benchmarks.training_turns import Epochs, train_in_turns

_BASELINE = "conll04 without MPNet"


def run(settings: Settings, batch_sizes: Sequence[int] = (8, 16, 32)) -> list[Table]:
    """The experiments are as they are, but for the batch size and the number of epochs."""
    settings.require("conll04", "glove-6b-50d", "minilm", "mpnet")
    tables = []
    for batch_size in batch_sizes:
        complete = experiment_params("conll04", settings)
        experiments = {
            _BASELINE: without_feature(complete, "mpnet"),
            "conll04_minilm": experiment_params("conll04_minilm", settings),
            "conll04": complete,
        }
        trainings = {}
        for name, params in experiments.items():
            params["data_loader"]["batch_sampler"]["batch_size"] = batch_size
            trainings[f"{name}, batch size {batch_size}"] = params
        epochs = train_in_turns(trainings, settings.runs)
        tables.append(
            _table(f"Training on CoNLL04, batch size {batch_size}", epochs, next(iter(trainings)))
        )
    return tables


def _table(title: str, trainings: Mapping[str, Epochs], baseline: str) -> Table:
    table = Table("training", title)
    for name, epochs in trainings.items():
        for what, seconds, unit, note in (
            ("epoch", epochs.seconds, "s", "with validation and a checkpoint"),
            ("epoch, processor time", epochs.cpu_seconds, "s", "of all threads"),
            ("steps", epochs.step_seconds, "steps/s", ""),
        ):
            table.rows.append(
                Row(
                    f"{name}: {what}",
                    seconds,
                    unit,
                    work=epochs.num_steps,
                    baseline=None if name == baseline else f"{baseline}: {what}",
                    note=note,
                )
            )
        table.rows.append(
            Value(
                f"{name}: peak of the process's memory",
                epochs.peak_mib,
                "MiB",
                "all of it, not its growth",
            )
        )
    return table
