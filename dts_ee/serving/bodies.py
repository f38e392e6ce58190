"""
Reading the bodies of requests, with limits.
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
    Reads the body of a request, up to the limit.

    # Parameters

    request : `Request`
        The request.
    content_type : `str`
        The only accepted content type. If it is JSON, pages of other sites cannot make a browser
        send it without a CORS preflight request.
    max_bytes : `int`
        The maximum number of bytes.
    deadline : `float`
        The time by which it must have arrived, by the event loop's clock.

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
    except TimeoutError:
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
