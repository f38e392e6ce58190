"""
Logging and counting of requests.
"""

import logging
import time
from typing import Any

from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.request_error import RequestError, send_error, where_raised

logger = logging.getLogger(__name__)

_ENDPOINTS = ("/predict", "/", "/types", "/health", "/metrics", "/docs", "/openapi.json")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_POLLED_ENDPOINTS = ("/health", "/metrics")

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a request whose client disconnected before the answer."""


class Monitor:
    """
    ASGI middleware that logs and counts requests, and answers unexpected errors with 500.

    Nothing that a client wrote is logged: only known paths and methods, no queries, no bodies, no
    messages of errors.

    # Parameters

    app : `Any`
        The ASGI application.
    metrics : `Metrics`
        Counts the requests.
    """

    def __init__(self, app: Any, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = None

        async def watched_send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception as error:
            logger.error("A request failed: %s%s", type(error).__name__, where_raised(error))
            if status is None:
                message = "the request failed; the server's log says how"
                await send_error(RequestError(500, "internal_error", message), watched_send)
        finally:
            seconds = time.perf_counter() - start
            self._record(scope, status or CLIENT_CLOSED_REQUEST, seconds)

    def _record(self, scope: Any, status: int, seconds: float) -> None:
        endpoint = scope["path"] if scope["path"] in _ENDPOINTS else "other"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.count_request(endpoint, status, seconds)
        level = logging.DEBUG if endpoint in _POLLED_ENDPOINTS else logging.INFO
        logger.log(level, "%s %s %d, %.0f ms", method, endpoint, status, 1000 * seconds)
