"""
Batches of inputs that arrive one by one.
"""

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Callable, Optional, Sequence

from allennlp.common import JsonDict

Predict = Callable[[list[JsonDict]], list[JsonDict]]
"""Returns the outputs of inputs, in their order, as `Predictor.predict_batch_json` does."""


class QueueFullError(Exception):
    """There is no room for more inputs."""


class QueueClosedError(Exception):
    """The queue accepts no more inputs."""


@dataclass
class _Item:
    inputs: JsonDict
    arrival: float
    future: "Future[JsonDict]" = field(default_factory=Future)


class MicroBatches:
    """
    A queue of inputs, from which one thread takes many at a time.

    Any thread may `submit`. One thread calls `run`, which predicts until the queue is closed and
    empty. Inputs are taken in the order in which they came. If the
    predictor fails on a batch, it is halved until the input that fails is alone.

    # Parameters

    max_batch_size : `int`
        The maximum number of inputs that are predicted together.
    max_wait : `float`
        The maximum number of seconds that an input waits for others while nothing is predicted.
    capacity : `int`
        The maximum number of inputs that wait or are being predicted.
    observe : `Callable[[int, float], None]`
        Is called after each successful batch with its number of inputs and its seconds.
    """

    def __init__(
        self,
        max_batch_size: int,
        max_wait: float,
        capacity: int,
        observe: Callable[[int, float], None],
    ) -> None:
        self._max_batch_size = max_batch_size
        self._max_wait = max_wait
        self._capacity = capacity
        self._observe = observe
        self._waiting: deque[_Item] = deque()
        self._num_pending = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def num_pending(self) -> int:
        """How many inputs are waiting or being predicted."""
        return self._num_pending

    def submit(self, inputs: Sequence[JsonDict]) -> list["Future[JsonDict]"]:
        """
        Adds inputs to the queue, all or none.

        # Returns

        `list[Future[JsonDict]]`
            The future output of each input, or what the predictor raised. An input whose future is
            cancelled before the thread takes it is not predicted.

        # Raises

        `QueueClosedError`
            If the queue is closed.
        `QueueFullError`
            If there is no room for all inputs.
        """
        now = time.monotonic()
        items = [_Item(one_input, now) for one_input in inputs]
        with self._changed:
            if self._closed:
                raise QueueClosedError
            if self._num_pending + len(items) > self._capacity:
                raise QueueFullError
            self._waiting.extend(items)
            self._num_pending += len(items)
            self._changed.notify_all()
        return [item.future for item in items]

    def close(self) -> None:
        """Accepts no more inputs; those in the queue are predicted without waiting for others."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run(self, predict: Predict) -> None:
        """Predicts the inputs in the queue until it is closed and empty."""
        while (batch := self._next_batch()) is not None:
            if batch:
                self._predict(predict, batch)

    def _next_batch(self) -> Optional[list[_Item]]:
        """The next inputs that are not cancelled; `None` when the queue is closed and empty."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if not self._waiting:
                return None
            deadline = self._waiting[0].arrival + self._max_wait
            while len(self._waiting) < self._max_batch_size and not self._closed:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)
            size = min(self._max_batch_size, len(self._waiting))
            taken = [self._waiting.popleft() for _ in range(size)]
            batch = [item for item in taken if item.future.set_running_or_notify_cancel()]
            self._num_pending -= len(taken) - len(batch)
        return batch

    def _predict(self, predict: Predict, batch: list[_Item]) -> None:
        start = time.perf_counter()
        try:
            outputs = predict([item.inputs for item in batch])
            if len(outputs) != len(batch):
                raise RuntimeError(f"the predictor gave {len(outputs)} outputs for {len(batch)}")
        except Exception as error:
            if len(batch) == 1:
                self._done(1)
                batch[0].future.set_exception(error)
                return
            middle = len(batch) // 2
            self._predict(predict, batch[:middle])
            self._predict(predict, batch[middle:])
            return
        self._observe(len(batch), time.perf_counter() - start)
        # Before the results are set: who gets an answer finds room for the next input.
        self._done(len(batch))
        for item, output in zip(batch, outputs, strict=True):
            item.future.set_result(output)

    def _done(self, count: int) -> None:
        with self._changed:
            self._num_pending -= count
