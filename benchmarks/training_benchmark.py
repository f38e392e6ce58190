"""Epochs of training on CoNLL04 with features at hand, against the same without its encoder."""

import multiprocessing
import time
from collections.abc import Mapping
from contextlib import ExitStack
from copy import deepcopy
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.training import TrainerCallback

import dts_ee  # noqa: F401  (registers what an experiment names)
from benchmarks.experiments import Folders, experiment_params
from benchmarks.processes import peak_mib
from benchmarks.timing import Timer


@pytest.mark.parametrize("batch_size", [8, 16, 32])
def measure_training(timer: Timer, folders: Folders, tmp_path: Path, batch_size: int) -> None:
    """The experiments are as they are, but for the batch size and the number of epochs."""
    folders.require("conll04", "glove-6b-50d", "minilm", "mpnet")
    complete = experiment_params("conll04", folders)
    without = deepcopy(complete)
    del without["dataset_reader"]["token_indexers"]["mpnet"]
    del without["model"]["text_field_embedder"]["token_embedders"]["mpnet"]
    trainings = {
        "conll04 without MPNet": without,
        "conll04_minilm": experiment_params("conll04_minilm", folders),
        "conll04": complete,
    }
    for params in trainings.values():
        params["data_loader"]["batch_sampler"]["batch_size"] = batch_size
    epochs = train_in_turns(trainings, timer.rounds, tmp_path)
    rows = timer.add(
        f"An epoch on CoNLL04 with validation and a checkpoint, batches of {batch_size}",
        {name: [epoch.seconds for epoch in own] for name, own in epochs.items()},
        baseline="conll04 without MPNet",
    )
    for name, row in rows.items():
        row.extra["seconds of its steps"] = median(epoch.step_seconds for epoch in epochs[name])
        row.extra["MiB of memory of the process"] = epochs[name][-1].peak_mib


class Epoch(NamedTuple):
    """The seconds of an epoch and of its steps alone, and the most memory of its process so far."""

    seconds: float
    step_seconds: float
    peak_mib: float


def train_in_turns(
    trainings: Mapping[str, dict[str, Any]], num_epochs: int, folder: Path
) -> dict[str, list[Epoch]]:
    """
    Trains models, each in a process of its own: an epoch of each, then the next of each. The first,
    which encodes sentences or reads their features, is left out.
    """
    # Nothing is inherited from this process, not even the threads that it computes with.
    context = multiprocessing.get_context("spawn")
    epochs: dict[str, list[Epoch]] = {name: [] for name in trainings}
    turns = {}
    with ExitStack() as stack:
        for name, params in trainings.items():
            own = deepcopy(params)
            own["trainer"].update(num_epochs=num_epochs + 1, callbacks=["epoch_clock"])
            turns[name], other_end = context.Pipe()
            process = context.Process(target=_train, args=(own, folder / name, other_end))
            process.start()
            other_end.close()
            # However this ends, no process is left behind.
            stack.callback(process.join)
            stack.callback(process.terminate)
        for _ in range(num_epochs + 1):
            for name, end in turns.items():
                try:
                    end.send("go on")
                    epochs[name].append(end.recv())
                except (EOFError, OSError):
                    raise RuntimeError(f"the training of {name} failed") from None
    return {name: own[1:] for name, own in epochs.items()}


def _train(params: dict[str, Any], folder: Path, turns: Connection) -> None:
    EpochClock.turns = turns
    train_model(Params(params), str(folder))


@TrainerCallback.register("epoch_clock")
class EpochClock(TrainerCallback):
    """Sends an `Epoch` when one is over, and waits for a message before the next."""

    turns: Connection

    def on_start(self, *args: Any, **kwargs: Any) -> None:
        super().on_start(*args, **kwargs)
        self._wait()

    def on_batch(self, *args: Any, is_training: bool, **kwargs: Any) -> None:  # type: ignore[override]
        if is_training:
            self._last_step = time.perf_counter()

    def on_epoch(self, *args: Any, **kwargs: Any) -> None:
        steps = self._last_step - self._start
        self.turns.send(Epoch(time.perf_counter() - self._start, steps, peak_mib()))
        # What is left of this epoch, its checkpoint, is counted with the next.
        self._wait()

    def _wait(self) -> None:
        self.turns.recv()
        self._start = time.perf_counter()
