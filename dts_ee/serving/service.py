"""
The service: which inputs wait, and what the workers do next.
"""

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Optional

from allennlp.common import JsonDict

from dts_ee.serving.model_facts import ModelFacts
from dts_ee.serving.model_process import Model, ModelEndedError
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.request_error import RequestError, prediction_failed
from dts_ee.serving.serving_settings import ServingSettings
from dts_ee.serving.turns import (
    Output,
    RequestWork,
    Work,
    has_turn,
    next_pieces,
    next_to_read,
    to_move,
    unread,
)
from dts_ee.serving.worker import Failure, Refusal

logger = logging.getLogger(__name__)

_SECONDS_TO_NEXT_START = 5.0
"""How long other workers go on before one that could not be started is tried again."""


@dataclass(eq=False)
class _Worker:
    """
    A worker, by its number, and the numbers of inputs that it is to forget.
    """

    number: int
    model: Model
    is_ready: bool = False
    forget: list[int] = field(default_factory=list)


class PredictionService:
    """
    Has workers predict the inputs of requests: some sentences of each in turn, so that none waits
    for the end of another.

    A worker reads its share of the inputs that wait, and predicts these. One that has nothing to do
    takes over what others have read and not begun. What a worker had read when it ended, any of
    them reads again.

    All methods are called in the thread of the event loop.

    # Parameters

    models : `Sequence[Model]`
        The workers, which are started here.
    settings : `ServingSettings`
        The limits, and the size of batches.
    metrics : `Metrics`
        Counts the batches.
    """

    def __init__(
        self, models: Sequence[Model], settings: ServingSettings, metrics: Metrics
    ) -> None:
        self._workers = [_Worker(number, model) for number, model in enumerate(models, 1)]
        self._settings = settings
        self._metrics = metrics
        self._requests: deque[RequestWork] = deque()
        self._numbers = itertools.count()
        self._num_pending = 0
        self._changed = asyncio.Event()
        self._refused_from: Optional[float] = None
        self._num_requests = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: Optional[BaseException] = None
        """Why the model cannot be loaded."""
        self.facts: Optional[ModelFacts] = None
        """What is known about the model, once a worker has been ready."""
        metrics.watch(
            lambda: self._num_pending,
            lambda: self.state == "ready",
            lambda: self.num_ready,
            lambda: [worker.model.pid for worker in self._workers],
        )

    @property
    def num_workers(self) -> int:
        """How many workers there are to be."""
        return len(self._workers)

    @property
    def num_ready(self) -> int:
        """How many workers have the model, and have answered."""
        return sum(worker.is_ready for worker in self._workers)

    @property
    def state(self) -> str:
        """`"loading"`, `"ready"` (a worker is), `"stopping"` or `"failed"`."""
        if self.failure is not None:
            return "failed"
        if self._refused_from is not None:
            return "stopping"
        return "ready" if self.num_ready else "loading"

    @property
    def has_ended(self) -> bool:
        """Whether the server stops, and all that was accepted is answered."""
        return (
            self._refused_from is not None
            and time.monotonic() >= self._refused_from
            and not self._num_requests
        )

    @property
    def num_requests(self) -> int:
        """How many requests are being answered."""
        return self._num_requests

    def start(self) -> None:
        """Begins to load the model."""
        self._tasks = [asyncio.ensure_future(self._run(worker)) for worker in self._workers]

    def stop_accepting(self, grace: float = 0) -> None:
        """Admits no more requests, after some seconds; those that are admitted are answered."""
        if self._refused_from is None:
            self._refused_from = time.monotonic() + grace

    async def close(self) -> None:
        """Ends the workers."""
        self.stop_accepting()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers:
            worker.model.end()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """
        A context in which one request is answered.

        # Raises

        `RequestError`
            If the model is not ready, or the server stops (503).
        """
        stopping = self._refused_from is not None and time.monotonic() >= self._refused_from
        if stopping or self.failure is not None or not self.num_ready:
            state = "stopping" if stopping else "loading" if self.failure is None else "failed"
            message = {
                "loading": "the model is being loaded",
                "stopping": "the server is stopping",
                "failed": "the model failed",
            }[state]
            raise RequestError(503, state, message, retry_after=5, close=stopping)
        self._num_requests += 1
        try:
            yield
        finally:
            self._num_requests -= 1

    def submit(
        self, inputs: Sequence[JsonDict], lengths: Sequence[int], deadline: float
    ) -> list["asyncio.Future[Output]"]:
        """
        Adds the inputs of an admitted request, all or none.

        # Parameters

        inputs : `Sequence[JsonDict]`
            The inputs.
        lengths : `Sequence[int]`
            The number of characters in each.
        deadline : `float`
            When they are dropped, by the event loop's clock.

        # Returns

        `list[asyncio.Future[Output]]`
            The output of each input. Who waits no longer for an
            output cancels it: it is not predicted then, and there is room for another one at once.

        # Raises

        `RequestError`
            If there is no room for all of them (429).
        """
        if self._num_pending + len(inputs) > self._settings.queue_size:
            raise _queue_full()
        loop = asyncio.get_running_loop()
        request = RequestWork(deadline)
        for one_input, length in zip(inputs, lengths, strict=True):
            work = Work(next(self._numbers), one_input, length, loop.create_future())
            work.output.add_done_callback(partial(self._done, work))
            request.works.append(work)
        self._num_pending += len(inputs)
        self._requests.append(request)
        self._changed.set()
        return [work.output for work in request.works]

    def _done(self, work: Work, _: "asyncio.Future[Output]") -> None:
        self._num_pending -= 1
        self._let_forget(work)

    def _let_forget(self, work: Work) -> None:
        """The worker that has read an input is to forget it."""
        if work.worker is not None and work.lengths is not None:
            self._workers[work.worker - 1].forget.append(work.number)
            self._changed.set()

    async def _run(self, worker: _Worker) -> None:
        try:
            await self._start(worker)
            while True:
                try:
                    await self._wait_for_work(worker)
                    self._drop()
                    await self._read(worker)
                    await self._predict(worker)
                except ModelEndedError:
                    await self._start_again(worker)
        except Exception as error:
            self.failure = error
            for task in self._tasks:
                if task is not asyncio.current_task():
                    task.cancel()
            for work in self._works():
                _fail(work, RequestError(503, "failed", "the model failed"))

    async def _start(self, worker: _Worker) -> None:
        while True:
            try:
                await worker.model.start(self._changed.set)
                if self.facts is None:
                    self.facts = await worker.model.call("facts")
                break
            except Exception as error:
                if not self.num_ready:
                    raise
                logger.error("Worker %d cannot be started: %s", worker.number, type(error).__name__)
            await asyncio.sleep(_SECONDS_TO_NEXT_START)
        worker.is_ready = True

    async def _start_again(self, worker: _Worker) -> None:
        self._metrics.count_end()
        worker.is_ready = False
        worker.model.end()
        worker.forget = []
        for work in self._works():
            if work.worker == worker.number:
                work.forget()
        # The others have what it had read.
        self._changed.set()
        await self._start(worker)
        logger.warning("Worker %d is ready again", worker.number)

    async def _wait_for_work(self, worker: _Worker) -> None:
        """Waits for inputs, and for others that can be predicted with them."""
        self._drop()
        was_idle = not self._has_work(worker)
        while not self._has_work(worker):
            await self._until_changed()
            if worker.model.has_ended:
                logger.error("Worker %d ended", worker.number)
                raise ModelEndedError
        deadline = time.monotonic() + self._settings.batch_wait_ms / 1000
        while was_idle and len(unread(self._requests)) < self._settings.batch_size:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            try:
                await asyncio.wait_for(self._until_changed(), remaining)
            except TimeoutError:
                return

    def _has_work(self, worker: _Worker) -> bool:
        number = worker.number
        if worker.forget or has_turn(self._requests, number):
            return True
        return bool(to_move(self._requests, number))

    async def _until_changed(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _works(self) -> Iterator[Work]:
        for request in self._requests:
            yield from request.works

    def _drop(self) -> None:
        """Drops the inputs that nobody waits for."""
        now = asyncio.get_running_loop().time()
        remaining: deque[RequestWork] = deque()
        for request in self._requests:
            if request.deadline <= now:
                for work in request.works:
                    _fail(work, _timeout())
            request.works = [work for work in request.works if not work.output.done()]
            if request.works:
                remaining.append(request)
        self._requests = remaining

    async def _read(self, worker: _Worker) -> None:
        """Reads inputs of the next requests that were not read yet."""
        if not has_turn(self._requests, worker.number):
            for work in to_move(self._requests, worker.number):
                self._let_forget(work)
                work.forget()
                # The other worker may have it again before it has forgotten the old number.
                work.number = next(self._numbers)
        works = {work.number: work for work in next_to_read(self._requests, self.num_ready)}
        if not works:
            return
        for work in works.values():
            work.worker = worker.number
        inputs = {number: work.inputs for number, work in works.items()}
        answers = await self._call(worker, list(works.values()), "read", inputs)
        num_tokens = sum(work.num_tokens for work in self._works())
        for number, lengths in answers.items():
            work = works[number]
            if isinstance(lengths, Refusal):
                _fail(work, RequestError(422, "invalid_input", lengths.message, lengths.field))
            elif isinstance(lengths, Failure):
                _fail(work, prediction_failed(lengths.kind, lengths.where))
            else:
                work.lengths = lengths
                if work.output.done():
                    self._let_forget(work)
                elif max(lengths, default=0) > self._settings.max_sentence_tokens:
                    _fail(work, self._sentence_too_long(lengths))
                elif num_tokens and num_tokens + sum(lengths) > self._settings.queue_tokens:
                    _fail(work, _queue_full())
                else:
                    num_tokens += sum(lengths)
        # Those that have nothing to do take over some of it.
        self._changed.set()

    def _sentence_too_long(self, lengths: Sequence[int]) -> RequestError:
        return RequestError(
            422,
            "sentence_too_long",
            f"a sentence has {max(lengths)} tokens; the limit is "
            f"{self._settings.max_sentence_tokens}; a `text` is divided into sentences",
        )

    async def _predict(self, worker: _Worker) -> None:
        self._drop()
        settings = self._settings
        pieces = next_pieces(
            self._requests, worker.number, settings.batch_size, settings.batch_tokens
        )
        forget, worker.forget = worker.forget, []
        if not pieces and not forget:
            return
        start = time.perf_counter()
        works = [work for work, _ in pieces]
        numbers = [piece for _, piece in pieces]
        outputs = await self._call(worker, works, "predict", numbers, forget)
        if pieces:
            self._metrics.count_batch(len(pieces), time.perf_counter() - start)
        for work, piece in pieces:
            output = outputs.get(piece.number)
            if output is None:
                continue
            # The worker has forgotten it already.
            work.worker = None
            if isinstance(output, Failure):
                _fail(work, prediction_failed(output.kind, output.where))
            elif not work.output.done():
                work.output.set_result(output)

    async def _call(
        self, worker: _Worker, works: Sequence[Work], method: str, *arguments: Any
    ) -> Any:
        """
        Calls a method of a worker.

        # Raises

        `ModelEndedError`
            If its process has ended, or did not answer in time and was ended.
        """
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await worker.model.call(method, *arguments)
        except TimeoutError:
            seconds = self._settings.timeout
            logger.error("Worker %d did not answer for %g s: it is ended", worker.number, seconds)
            for work in works:
                _fail(work, _timeout())
            raise ModelEndedError from None
        except ModelEndedError:
            logger.error("Worker %d ended", worker.number)
            for work in works:
                work.num_ends += 1
                if work.num_ends > 1:
                    _fail(work, prediction_failed("ModelEndedError", ""))
            raise


def _fail(work: Work, error: RequestError) -> None:
    if not work.output.done():
        work.output.set_result(error)


def _queue_full() -> RequestError:
    return RequestError(429, "queue_full", "too much waits to be predicted", retry_after=1)


def _timeout() -> RequestError:
    return RequestError(503, "timeout", "the prediction did not come in time", retry_after=1)
