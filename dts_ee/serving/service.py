"""
A model that is loaded once and then answers, with what it takes and when.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Callable, Optional

from allennlp.common import JsonDict

from dts_ee.document import DocumentError
from dts_ee.serving.batches import MicroBatches, Predict, QueueClosedError, QueueFullError
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.request_error import RequestError
from dts_ee.serving.serving_settings import ServingSettings

_WARM_UP: JsonDict = {"tokens": ["Nobody", "came", "."]}


class PredictionService:
    """
    Loads a model in a thread of its own, which then predicts what is submitted.

    All but that thread's work is called from one thread, the event loop's.

    # Parameters

    load : `Callable[[], Predict]`
        Loads the model, and returns what predicts.
    settings : `ServingSettings`
        How much is taken, and how it is put together.
    metrics : `Metrics`
        Counts what is done.
    """

    def __init__(
        self, load: Callable[[], Predict], settings: ServingSettings, metrics: Metrics
    ) -> None:
        self._load = load
        self._queue_size = settings.queue_size
        self._timeout = settings.timeout
        self._batches = MicroBatches(
            settings.batch_size,
            settings.batch_wait_ms / 1000,
            settings.queue_size,
            metrics.count_batch,
        )
        self._loaded = threading.Event()
        self._stopping = False
        self._num_requests = 0
        # A model that hangs does not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self.failure: Optional[BaseException] = None
        """What was raised in the model's thread: nothing can be predicted any more."""
        metrics.watch(lambda: self._batches.num_pending, lambda: self.state == "ready")

    @property
    def state(self) -> str:
        """`"loading"`, `"ready"`, `"stopping"` or `"failed"`."""
        if self.failure is not None:
            return "failed"
        if self._stopping:
            return "stopping"
        return "ready" if self._loaded.is_set() else "loading"

    @property
    def num_requests(self) -> int:
        """How many requests are being answered."""
        return self._num_requests

    def start(self) -> None:
        """Begins to load the model."""
        self._thread.start()

    def stop_accepting(self) -> None:
        """From now on no request is admitted; those that are will be answered."""
        self._stopping = True

    def close(self) -> None:
        """
        Ends the thread when it has predicted what it was given, and waits for that; if it hangs, no
        longer than a request may take.
        """
        self.stop_accepting()
        self._batches.close()
        self._thread.join(self._timeout)

    @contextmanager
    def admit(self) -> Iterator[None]:
        """
        What is done inside is the answering of one request.

        # Raises

        `RequestError`
            If the model is not ready (503), or as many requests as fit into the queue
            are being answered (429).
        """
        if self.state != "ready":
            what = {
                "loading": "the model is being loaded",
                "stopping": "the server is stopping",
                "failed": "the model failed",
            }[self.state]
            raise RequestError(503, self.state, what, retry_after=5, close=self._stopping)
        if self._num_requests >= self._queue_size:
            raise _queue_full()
        self._num_requests += 1
        try:
            yield
        finally:
            self._num_requests -= 1

    def submit(self, inputs: Sequence[JsonDict]) -> list["Future[JsonDict]"]:
        """
        The outputs to come of inputs of a request that was admitted; see `MicroBatches.submit`.

        # Raises

        `RequestError`
            If there is no room for them (429), or the model's thread has ended (503).
        """
        try:
            return self._batches.submit(inputs)
        except QueueFullError:
            raise _queue_full() from None
        except QueueClosedError:
            raise RequestError(503, "stopping", "the server is stopping", close=True) from None

    def _run(self) -> None:
        try:
            predict = self._load()
            # A model that finds relations alone answers that it needs entities.
            with suppress(DocumentError):
                predict([_WARM_UP])
            self._loaded.set()
            self._batches.run(predict)
        except BaseException as error:
            self.failure = error
        finally:
            self._batches.close()


def _queue_full() -> RequestError:
    return RequestError(429, "queue_full", "too much waits to be predicted", retry_after=1)
