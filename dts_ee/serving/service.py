"""
The service: which inputs wait, and what the model does next.
"""

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Optional

from allennlp.common import JsonDict

from dts_ee.serving.model_process import Model, ModelEndedError
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.request_error import RequestError, prediction_failed
from dts_ee.serving.serving_settings import ServingSettings
from dts_ee.serving.turns import Output, RequestWork, Work, next_pieces, next_to_read
from dts_ee.serving.worker import Failure, Refusal

logger = logging.getLogger(__name__)


class PredictionService:
    """
    Has a model predict the inputs of requests: some sentences of each in turn, so that none waits
    for the end of another.

    All methods are called in the thread of the event loop.

    # Parameters

    model : `Model`
        The model, which is started here.
    settings : `ServingSettings`
        The limits, and the size of batches.
    metrics : `Metrics`
        Counts the batches.
    """

    def __init__(self, model: Model, settings: ServingSettings, metrics: Metrics) -> None:
        self._model = model
        self._settings = settings
        self._metrics = metrics
        self._requests: deque[RequestWork] = deque()
        self._forget: list[int] = []
        self._numbers = itertools.count()
        self._num_pending = 0
        self._changed = asyncio.Event()
        self._loaded = False
        self._refused_from: Optional[float] = None
        self._num_requests = 0
        self._task: Optional[asyncio.Task[None]] = None
        self.failure: Optional[BaseException] = None
        """Why the model cannot be loaded."""
        metrics.watch(lambda: self._num_pending, lambda: self.state == "ready", lambda: model.pid)

    @property
    def state(self) -> str:
        """`"loading"`, `"ready"`, `"stopping"` or `"failed"`."""
        if self.failure is not None:
            return "failed"
        if self._refused_from is not None:
            return "stopping"
        return "ready" if self._loaded else "loading"

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
        self._task = asyncio.ensure_future(self._run())

    def stop_accepting(self, grace: float = 0) -> None:
        """Admits no more requests, after some seconds; those that are admitted are answered."""
        if self._refused_from is None:
            self._refused_from = time.monotonic() + grace

    async def close(self) -> None:
        """Ends the model."""
        self.stop_accepting()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._model.end()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """
        A context in which one request is answered.

        # Raises

        `RequestError`
            If the model is not ready, or the server stops (503).
        """
        stopping = self._refused_from is not None and time.monotonic() >= self._refused_from
        if stopping or self.failure is not None or not self._loaded:
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
        if work.lengths is not None:
            self._forget.append(work.number)

    async def _run(self) -> None:
        try:
            await self._model.start()
            self._loaded = True
            while True:
                await self._wait_for_others()
                self._drop()
                try:
                    await self._read()
                    await self._predict()
                except ModelEndedError:
                    await self._start_again()
        except Exception as error:
            self.failure = error
            for work in self._works():
                _fail(work, RequestError(503, "failed", "the model failed"))

    async def _wait_for_others(self) -> None:
        """Waits for inputs, and for others that can be predicted with them."""
        was_idle = not self._requests
        while not self._requests:
            self._changed.clear()
            await self._changed.wait()
        deadline = time.monotonic() + self._settings.batch_wait_ms / 1000
        while was_idle and self._num_pending < self._settings.batch_size:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), remaining)
            except TimeoutError:
                return

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

    async def _read(self) -> None:
        """Reads inputs of the next requests that were not read yet."""
        unread = {work.number: work for work in next_to_read(self._requests)}
        if not unread:
            return
        inputs = {number: work.inputs for number, work in unread.items()}
        num_tokens = sum(work.num_tokens for work in self._works())
        answers = await self._call(list(unread.values()), "read", inputs)
        for number, lengths in answers.items():
            work = unread[number]
            if isinstance(lengths, Refusal):
                _fail(work, RequestError(422, "invalid_input", lengths.message, lengths.field))
            elif isinstance(lengths, Failure):
                _fail(work, prediction_failed(lengths.kind, lengths.where))
            elif work.output.done():
                self._forget.append(number)
            elif num_tokens and num_tokens + sum(lengths) > self._settings.queue_tokens:
                self._forget.append(number)
                _fail(work, _queue_full())
            else:
                work.lengths = lengths
                num_tokens += sum(lengths)

    async def _predict(self) -> None:
        self._drop()
        settings = self._settings
        pieces = next_pieces(self._requests, settings.batch_size, settings.batch_tokens)
        forget, self._forget = self._forget, []
        if not pieces and not forget:
            return
        start = time.perf_counter()
        works = [work for work, _ in pieces]
        outputs = await self._call(works, "predict", [piece for _, piece in pieces], forget)
        if pieces:
            self._metrics.count_batch(len(pieces), time.perf_counter() - start)
        for work, piece in pieces:
            output = outputs.get(piece.number)
            if isinstance(output, Failure):
                _fail(work, prediction_failed(output.kind, output.where))
            elif output is not None and not work.output.done():
                work.output.set_result(output)

    async def _call(self, works: Sequence[Work], method: str, *arguments: Any) -> Any:
        """
        Calls a method of the model's worker.

        # Raises

        `ModelEndedError`
            If its process has ended, or did not answer in time and was ended.
        """
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._model.call(method, *arguments)
        except TimeoutError:
            logger.error("The model did not answer for %g s: it is ended", self._settings.timeout)
            for work in works:
                _fail(work, _timeout())
            raise ModelEndedError from None
        except ModelEndedError:
            logger.error("The process of the model ended")
            for work in works:
                work.num_ends += 1
                if work.num_ends > 1:
                    _fail(work, prediction_failed("ModelEndedError", ""))
            raise

    async def _start_again(self) -> None:
        self._loaded = False
        self._model.end()
        self._forget = []
        for work in self._works():
            work.forget()
        await self._model.start()
        logger.warning("The model is loaded again")
        self._loaded = True


def _fail(work: Work, error: RequestError) -> None:
    if not work.output.done():
        work.output.set_result(error)


def _queue_full() -> RequestError:
    return RequestError(429, "queue_full", "too much waits to be predicted", retry_after=1)


def _timeout() -> RequestError:
    return RequestError(503, "timeout", "the prediction did not come in time", retry_after=1)
