"""
uvicorn's HTTP, with time limits for the heads of requests and for reading answers.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol


def protocol_with_timeouts(head_seconds: float, answer_seconds: float) -> "type[H11Protocol]":
    """
    A protocol that closes a connection whose next request does not begin in time, or whose client
    does not read what is sent.

    uvicorn itself has a limit for connections without any data after an answer.

    # Parameters

    head_seconds : `float`
        How long the head of a request may take from the opening of the connection, or, after an
        answer, from its first byte.
    answer_seconds : `float`
        How long something may wait to be sent.
    """

    # Imported late, as uvicorn comes with the extra `serve`.
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        _timer: Optional[asyncio.TimerHandle] = None
        _answer_timer: Optional[asyncio.TimerHandle] = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            # Writing is paused as long as the system does not take all of it.
            transport.set_write_buffer_limits(0)
            self._timer = self.loop.call_later(head_seconds, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_timer()
            elif self._timer is None:
                self._timer = self.loop.call_later(head_seconds, self.transport.close)

        def connection_lost(self, exc: Optional[Exception]) -> None:
            self._stop_timer()
            self._stop_answer_timer()
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            super().pause_writing()
            # `close` would wait until all is sent.
            self._answer_timer = self.loop.call_later(answer_seconds, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._stop_answer_timer()

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _stop_answer_timer(self) -> None:
            if self._answer_timer is not None:
                self._answer_timer.cancel()
                self._answer_timer = None

    return Protocol
