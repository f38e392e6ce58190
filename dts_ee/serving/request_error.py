"""
Errors in the answers of the server.
"""

import logging
import traceback
from typing import Any, Optional

from dts_ee.document import DocumentError

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


def error_of_prediction(error: BaseException) -> RequestError:
    """The error of an input that the predictor refused, or failed on."""
    if isinstance(error, DocumentError):
        field = None if error.field is None else str(error.field)
        return RequestError(422, "invalid_input", str(error), field)
    log_failure("A prediction failed", error)
    return RequestError(500, "internal_error", "the prediction failed; the server's log says how")


def log_failure(what: str, error: BaseException) -> None:
    """
    Logs the type of an error, and where it was raised.

    The messages of the error and its causes are left out: they may contain what a user wrote.
    """
    frames = traceback.extract_tb(error.__traceback__)
    lines = "".join(f"\n  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    logger.error("%s: %s%s", what, type(error).__name__, lines)
