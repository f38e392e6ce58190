"""
Errors in the answers of the server.
"""

import json
import logging
import traceback
from typing import Any, Optional

logger = logging.getLogger(__name__)


class RequestError(Exception):
    """
    The error of a request, or of one of its inputs.

    # Parameters

    status : `int`
        The HTTP status.
    type : `str`
        The kind of error, in one word for programs.
    message : `str`
        The message for the user.
    field : `str`, optional (default = `None`)
        Where in the input, for example `tokens[2]`.
    retry_after : `int`, optional (default = `None`)
        After how many seconds to try again.
    close : `bool`, optional (default = `False`)
        Whether to close the connection, for example because the body was not read to its end.
    """

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        field: Optional[str] = None,
        retry_after: Optional[int] = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.field = field
        self.retry_after = retry_after
        self.close = close

    def to_json(self) -> dict[str, Any]:
        """`{"error": {"status": …, "type": …, "message": …}}`, with `field` if it is known."""
        error = {"status": self.status, "type": self.type, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        return {"error": error}

    def headers(self) -> dict[str, str]:
        """`Retry-After` and `Connection`, where they apply."""
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.close:
            headers["Connection"] = "close"
        return headers


async def send_error(error: RequestError, send: Any) -> None:
    """Answers an ASGI request with an error."""
    body = json.dumps(error.to_json()).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **error.headers(),
    }
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def prediction_failed(kind: str, where: str) -> RequestError:
    """
    The error of an input that the model failed on, which is logged.

    # Parameters

    kind : `str`
        The type of what was raised.
    where : `str`
        What `where_raised` says.
    """
    logger.error("A prediction failed: %s%s", kind, where)
    return RequestError(500, "internal_error", "the prediction failed; the server's log says how")


def where_raised(error: BaseException) -> str:
    """
    The lines of code in which an error was raised, for the log.

    The messages of the error and its causes are left out: they may contain what a user wrote.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return "".join(f"\n  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
