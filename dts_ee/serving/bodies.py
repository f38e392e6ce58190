"""
The bodies of requests, as far as they are taken.
"""

import asyncio
from typing import TYPE_CHECKING

from dts_ee.serving.request_error import RequestError

if TYPE_CHECKING:
    from starlette.requests import Request


async def read_body(
    request: "Request", content_type: str, max_bytes: int, deadline: float
) -> bytes:
    """
    The body of a request; no more of it than is taken is kept.

    # Parameters

    request : `Request`
        The request.
    content_type : `str`
        The only content type that is taken. Where that is JSON, a page from elsewhere cannot make a
        browser send it without asking first.
    max_bytes : `int`
        The most bytes that are taken.
    deadline : `float`
        When it must have arrived, by the event loop's clock.

    # Raises

    `RequestError`
        If it is of another type (415), too large (413) or too slow (408).
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != content_type:
        raise RequestError(
            415, "unsupported_media_type", f"the content type must be {content_type}", close=True
        )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    remaining = deadline - asyncio.get_running_loop().time()
    try:
        return await asyncio.wait_for(_read(request, max_bytes), remaining)
    except asyncio.TimeoutError:
        raise RequestError(
            408, "timeout", "the request did not arrive in time", close=True
        ) from None


async def _read(request: "Request", max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _too_large(max_bytes: int) -> RequestError:
    return RequestError(
        413, "body_too_large", f"the limit is {max_bytes} bytes in a request", close=True
    )
