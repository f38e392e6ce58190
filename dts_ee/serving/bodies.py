"""
Reading the bodies of requests, with limits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dts_ee.serving.request_error import RequestError
from dts_ee.serving.serving_settings import ServingSettings

if TYPE_CHECKING:
    from starlette.requests import Request

_MAX_BODIES = 64
"""So many bodies of the maximum size are in memory together, or more shorter ones."""


class BodyReader:
    """
    Reads bodies of requests.

    # Parameters

    settings : `ServingSettings`
        The limits.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self._max_bytes = settings.max_body_bytes
        self._timeout = settings.read_timeout
        self._free = _MAX_BODIES * settings.max_body_bytes

    @asynccontextmanager
    async def read(self, request: "Request", content_type: str) -> AsyncIterator[bytes]:
        """
        A context with the body of a request.

        # Parameters

        request : `Request`
            The request.
        content_type : `str`
            The only accepted content type. If it is JSON, pages of other sites cannot make a
            browser send it without a CORS preflight request.

        # Raises

        `RequestError`
            If it is of another type or compressed (415), too large (413) or too slow (408), or
            there is no memory for it (429).
        """
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != content_type:
            raise RequestError(
                415,
                "unsupported_media_type",
                f"the content type must be {content_type}",
                close=True,
            )
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity":
            raise RequestError(
                415,
                "unsupported_media_type",
                "the body must not be compressed: send it without Content-Encoding",
                close=True,
            )
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._max_bytes:
            raise _too_large(self._max_bytes)
        body = bytearray()
        try:
            try:
                async with asyncio.timeout(self._timeout):
                    async for chunk in request.stream():
                        self._free -= len(chunk)
                        body += chunk
                        self._check(len(body))
            except TimeoutError:
                raise RequestError(
                    408, "timeout", "the request did not arrive in time", close=True
                ) from None
            yield bytes(body)
        finally:
            self._free += len(body)

    def _check(self, num_bytes: int) -> None:
        if num_bytes > self._max_bytes:
            raise _too_large(self._max_bytes)
        if self._free < 0:
            raise RequestError(
                429, "queue_full", "too many requests arrive at once", retry_after=1, close=True
            )


def _too_large(max_bytes: int) -> RequestError:
    return RequestError(
        413, "body_too_large", f"the limit is {max_bytes} bytes in a request", close=True
    )
