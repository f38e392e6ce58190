"""Trains several models in turns, an epoch of each, and times the epochs."""

import logging
import multiprocessing
import tempfile
import time
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.training import TrainerCallback

import dts_ee  # noqa: F401  (registers what an experiment names)
from benchmarks.measure import peak_of_process_mib


@dataclass
class Epoch:
    """
    # Parameters

    seconds, cpu_seconds : `float`
        With validation and a checkpoint: wall time, and the time of all threads on the processor.
    step_seconds : `float`
        The training steps alone, wall time.
    num_steps : `int`
        How many there were.
    peak_mib : `float`
        The most memory that the process has had resident so far.
    """

    seconds: float
    cpu_seconds: float
    step_seconds: float
    num_steps: int
    peak_mib: float


@dataclass
class Epochs:
    """Those of one training, but for the first, which encodes sentences or reads their features."""

    all: list[Epoch] = field(default_factory=list)

    @property
    def seconds(self) -> list[float]:
        return [epoch.seconds for epoch in self.all]

    @property
    def cpu_seconds(self) -> list[float]:
        return [epoch.cpu_seconds for epoch in self.all]

    @property
    def step_seconds(self) -> list[float]:
        return [epoch.step_seconds for epoch in self.all]

    @property
    def num_steps(self) -> int:
        return self.all[0].num_steps

    @property
    def peak_mib(self) -> float:
        return self.all[-1].peak_mib


def train_in_turns(trainings: Mapping[str, dict[str, Any]], num_epochs: int) -> dict[str, Epochs]:
    """
    Trains models, each in a process of its own: an epoch of each, then the next of each.

    # Parameters

    trainings : `Mapping[str, dict[str, Any]]`
        The configuration of each, as `allennlp train` takes it.
    num_epochs : `int`
        How many epochs are timed, after one that is not.

    # Raises

    `RuntimeError`
        If one of them failed.
    """
    results = {name: Epochs() for name in trainings}
    with ExitStack() as stack:
        ends = {
            name: _start_training(stack, params, num_epochs + 1)
            for name, params in trainings.items()
        }
        for turn in range(num_epochs + 1):
            for name, end in ends.items():
                end.send("go on")
                try:
                    epoch = end.recv()
                except EOFError:
                    epoch = "its process was killed"
                if isinstance(epoch, str):
                    raise RuntimeError(f"the training of {name} failed: {epoch}")
                if turn > 0:
                    results[name].all.append(epoch)
    return results


def _start_training(stack: ExitStack, params: dict[str, Any], num_epochs: int) -> Connection:
    # Nothing is inherited from this process, not even the threads that it computes with.
    context = multiprocessing.get_context("spawn")
    own = deepcopy(params)
    own["trainer"].update(num_epochs=num_epochs, callbacks=["epoch_clock"])
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    end, other_end = context.Pipe()
    process = context.Process(target=_train, args=(own, folder, other_end))
    process.start()
    other_end.close()
    # However this ends, no process is left behind.
    stack.callback(_stop, process, end)
    return end


def _stop(process: SpawnProcess, end: Connection) -> None:
    # It ends by itself when it waits and nobody is there any more.
    end.close()
    process.join(timeout=10)
    process.terminate()
    process.join()


def _train(params: dict[str, Any], folder: str, turns: Connection) -> None:
    EpochClock.turns = turns
    # What AllenNLP warns of, such as no early stopping, is as it should be.
    logging.disable(logging.WARNING)
    try:
        TrainModel.from_params(Params(params), serialization_dir=folder, local_rank=0).run()
    except KeyboardInterrupt:
        # The parent is interrupted too, and says so.
        raise SystemExit(130) from None
    except Exception as error:
        traceback.print_exc()
        turns.send(f"{type(error).__name__}: {error}")


@TrainerCallback.register("epoch_clock")
class EpochClock(TrainerCallback):
    """
    Times each epoch, tells so, and waits for its turn before the next.

    # Parameters

    serialization_dir : `str`
        Where the training keeps its files.
    """

    turns: Connection
    """Where a message comes when an epoch may begin, and an `Epoch` goes when it is over."""

    def __init__(self, serialization_dir: str) -> None:
        super().__init__(serialization_dir)
        self._start = self._cpu_start = self._last_step = 0.0
        self._num_steps = 0

    def on_start(self, trainer: Any, is_primary: bool = True, **kwargs: Any) -> None:
        super().on_start(trainer, is_primary, **kwargs)
        self._wait()

    def on_batch(  # type: ignore[override]
        self, *args: Any, is_training: bool, **kwargs: Any
    ) -> None:
        if is_training:
            self._num_steps += 1
            self._last_step = time.perf_counter()

    def on_epoch(
        self,
        trainer: Any,
        metrics: dict[str, Any],
        epoch: int,
        is_primary: bool = True,
        **kwargs: Any,
    ) -> None:
        self.turns.send(
            Epoch(
                seconds=time.perf_counter() - self._start,
                cpu_seconds=time.process_time() - self._cpu_start,
                step_seconds=self._last_step - self._start,
                num_steps=self._num_steps,
                peak_mib=peak_of_process_mib(),
            )
        )
        # What is left of this epoch, its checkpoint, is counted with the next.
        self._wait()

    def _wait(self) -> None:
        try:
            self.turns.recv()
        except EOFError:
            raise SystemExit from None
        self._num_steps = 0
        self._start, self._cpu_start = time.perf_counter(), time.process_time()
