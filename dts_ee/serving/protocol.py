"""
uvicorn's HTTP, with a time limit for the heads of requests.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol


def protocol_with_timeout(seconds: float) -> "type[H11Protocol]":
    """
    A protocol that closes a connection whose next request does not begin in time.

    uvicorn itself has a limit for connections without any data after an answer.

    # Parameters

    seconds : `float`
        How long the head of a request may take from the opening of the connection, or, after an
        answer, from its first byte.
    """

    # Imported late, as uvicorn comes with the extra `serve`.
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        _timer: Optional[asyncio.TimerHandle] = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._timer = self.loop.call_later(seconds, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_timer()
            elif self._timer is None:
                self._timer = self.loop.call_later(seconds, self.transport.close)

        def connection_lost(self, exc: Optional[Exception]) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return Protocol
