"""
The metrics of a server, for Prometheus.
"""

from typing import Callable, Optional

_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """
    Counters and histograms of one server, and of its processes.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "dts_ee_requests",
            "Requests that were answered.",
            ("endpoint", "status"),
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            "dts_ee_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._inputs = Counter(
            "dts_ee_inputs",
            "Inputs that were predicted, refused, or failed.",
            ("outcome",),
            registry=self._registry,
        )
        self._batch_inputs = Histogram(
            "dts_ee_batch_inputs",
            "Inputs of which sentences went through the model together.",
            buckets=_BATCH_SIZES,
            registry=self._registry,
        )
        self._batch_seconds = Histogram(
            "dts_ee_batch_seconds",
            "Seconds that the model took for a batch.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._pending = Gauge(
            "dts_ee_pending_inputs",
            "Inputs that wait or are being predicted.",
            registry=self._registry,
        )
        self._ready = Gauge(
            "dts_ee_ready",
            "1 while the model is loaded and requests are taken, else 0.",
            registry=self._registry,
        )

    def watch(
        self,
        num_pending: Callable[[], int],
        is_ready: Callable[[], bool],
        model_pid: Callable[[], Optional[int]],
    ) -> None:
        """Sets the functions that are called whenever the metrics are read."""
        from prometheus_client import ProcessCollector

        self._pending.set_function(num_pending)
        self._ready.set_function(is_ready)
        # Of a process that does not run it finds nothing.
        ProcessCollector("dts_ee_model", lambda: model_pid() or "-", registry=self._registry)

    def count_request(self, endpoint: str, status: int, seconds: float) -> None:
        """Counts a request; `endpoint` is one of a few values."""
        self._requests.labels(endpoint, str(status)).inc()
        self._request_seconds.labels(endpoint).observe(seconds)

    def count_inputs(self, outcome: str, count: int) -> None:
        """Counts inputs, all of which were `"predicted"`, `"refused"` or `"failed"`."""
        self._inputs.labels(outcome).inc(count)

    def count_batch(self, size: int, seconds: float) -> None:
        """Counts a call of the model."""
        self._batch_inputs.observe(size)
        self._batch_seconds.observe(seconds)

    def exposition(self, accept: Optional[str]) -> tuple[bytes, str]:
        """
        The metrics in Prometheus's text format.

        # Parameters

        accept : `Optional[str]`
            The request's `Accept` header, which chooses the format.

        # Returns

        `tuple[bytes, str]`
            The text and its content type.
        """
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept or "")
        return encode(self._registry), content_type
