"""
The metrics of a server, for Prometheus.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from prometheus_client import Metric

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
        self._ready_workers = Gauge(
            "dts_ee_ready_workers",
            "Workers that have the model and have answered.",
            registry=self._registry,
        )
        self._ends = Counter(
            "dts_ee_worker_ends",
            "Workers that ended, or did not answer and were ended, and were started again.",
            registry=self._registry,
        )

    def watch(
        self,
        num_pending: Callable[[], int],
        is_ready: Callable[[], bool],
        num_ready_workers: Callable[[], int],
        worker_pids: Callable[[], Sequence[Optional[int]]],
    ) -> None:
        """Sets the functions that are called whenever the metrics are read."""
        self._pending.set_function(num_pending)
        self._ready.set_function(is_ready)
        self._ready_workers.set_function(num_ready_workers)
        self._registry.register(_WorkersCollector(worker_pids))

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

    def count_end(self) -> None:
        """Counts the end of a worker."""
        self._ends.inc()

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


class _WorkersCollector:
    """What Prometheus's clients say about their process, for each worker."""

    def __init__(self, pids: Callable[[], Sequence[Optional[int]]]) -> None:
        self._pids = pids

    def collect(self) -> Iterable["Metric"]:
        from prometheus_client import Metric, ProcessCollector

        metrics: dict[str, Metric] = {}
        for number, pid in enumerate(self._pids(), 1):
            # Of a process that does not run it finds nothing.
            process = itertools.repeat(pid or "-").__next__
            found = ProcessCollector("dts_ee_model", process, registry=None)
            for metric in found.collect():
                all_workers = metrics.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type)
                )
                for sample in metric.samples:
                    labels = {**sample.labels, "worker": str(number)}
                    all_workers.add_sample(sample.name, labels, sample.value)
        return metrics.values()
