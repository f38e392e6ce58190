"""
The service: a model that is loaded once and predicts in a thread of its own.
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
    Loads a model in a thread of its own, which then predicts the submitted inputs.

    All methods are called in the thread of the event loop.

    # Parameters

    load : `Callable[[], Predict]`
        Loads the model, and returns the function that predicts.
    settings : `ServingSettings`
        The limits, and the size of batches.
    metrics : `Metrics`
        Counts the batches.
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
        # A daemon, so that a model that hangs does not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self.failure: Optional[BaseException] = None
        """What was raised in the model's thread, which has ended then."""
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
        """Admits no more requests; those that are admitted will be answered."""
        self._stopping = True

    def close(self) -> None:
        """
        Lets the thread predict what is in the queue, and waits for its end, but no longer than a
        request may take.
        """
        self.stop_accepting()
        self._batches.close()
        self._thread.join(self._timeout)

    @contextmanager
    def admit(self) -> Iterator[None]:
        """
        A context in which one request is answered.

        # Raises

        `RequestError`
            If the model is not ready (503), or too many requests are being answered (429).
        """
        if self.state != "ready":
            message = {
                "loading": "the model is being loaded",
                "stopping": "the server is stopping",
                "failed": "the model failed",
            }[self.state]
            raise RequestError(503, self.state, message, retry_after=5, close=self._stopping)
        if self._num_requests >= self._queue_size:
            raise _queue_full()
        self._num_requests += 1
        try:
            yield
        finally:
            self._num_requests -= 1

    def submit(self, inputs: Sequence[JsonDict]) -> list["Future[JsonDict]"]:
        """
        The future outputs of inputs of an admitted request; see `MicroBatches.submit`.

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
            # A model that only extracts relations needs entities.
            with suppress(DocumentError):
                predict([_WARM_UP])
            self._loaded.set()
            self._batches.run(predict)
        except BaseException as error:
            self.failure = error
        finally:
            self._batches.close()


def _queue_full() -> RequestError:
    return RequestError(429, "queue_full", "too many inputs wait to be predicted", retry_after=1)
