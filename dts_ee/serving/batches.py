"""
Inputs that arrive one by one, predicted together.
"""

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Callable, Optional, Sequence

from allennlp.common import JsonDict

Predict = Callable[[list[JsonDict]], list[JsonDict]]
"""Inputs to outputs, in their order, as `Predictor.predict_batch_json`."""


class QueueFullError(Exception):
    """There is no room for more inputs."""


class QueueClosedError(Exception):
    """No more inputs are taken."""


@dataclass
class _Item:
    inputs: JsonDict
    arrival: float
    future: "Future[JsonDict]" = field(default_factory=Future)


class MicroBatches:
    """
    A queue of inputs, from which one thread takes many at a time.

    Any thread may `submit`. One thread calls `run`, which predicts until the queue is closed and
    empty. Inputs are taken in the order in which they came. An input that the predictor fails on is
    found by halving its batch: the others are predicted without it.

    # Parameters

    max_batch_size : `int`
        The most inputs that are predicted together.
    max_wait : `float`
        How many seconds after an input's arrival it waits at most for others, while nothing else is
        predicted.
    capacity : `int`
        The most inputs that are waiting or being predicted.
    observe : `Callable[[int, float], None]`
        Is told how many inputs each successful call of the predictor had, and its seconds.
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
        Puts inputs into the queue, all or none.

        # Returns

        `list[Future[JsonDict]]`
            For each, its output to come, or what the predictor raised. One that is cancelled before
            the thread takes it is not predicted.

        # Raises

        `QueueClosedError`
            If no more are taken.
        `QueueFullError`
            If there is no room for all.
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
        """No more are taken; those in the queue are predicted, without waiting for others."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run(self, predict: Predict) -> None:
        """Predicts what is in the queue and what comes, until it is closed and empty."""
        while (batch := self._next_batch()) is not None:
            if batch:
                self._predict(predict, batch)

    def _next_batch(self) -> Optional[list[_Item]]:
        """Those that nobody has cancelled; nothing at the end of all."""
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
        # Whoever gets an answer finds room for the next input.
        self._done(len(batch))
        for item, output in zip(batch, outputs, strict=True):
            item.future.set_result(output)

    def _done(self, count: int) -> None:
        with self._changed:
            self._num_pending -= count
