"""
The answers to the inputs of a request.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dts_ee.serving.inputs import length_of, read_input
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.request_error import RequestError
from dts_ee.serving.service import PredictionService
from dts_ee.serving.serving_settings import ServingSettings
from dts_ee.serving.turns import Output

if TYPE_CHECKING:
    from starlette.requests import Request


class Answerer:
    """
    Answers requests that were admitted.

    # Parameters

    service : `PredictionService`
        Predicts.
    settings : `ServingSettings`
        The limits.
    metrics : `Metrics`
        Counts the inputs.
    """

    def __init__(
        self, service: PredictionService, settings: ServingSettings, metrics: Metrics
    ) -> None:
        self._service = service
        self._settings = settings
        self._metrics = metrics

    async def answer(
        self, request: "Request", inputs: Sequence[Any], deadline: float
    ) -> list[Output]:
        """
        The answer to each input: a prediction, or an error.

        # Parameters

        request : `Request`
            The request, whose body has been read. If the client disconnects, its inputs are
            dropped.
        inputs : `Sequence[Any]`
            The inputs in it.
        deadline : `float`
            The time until which to wait for predictions, by the event loop's clock.

        # Raises

        `RequestError`
            If there are too many inputs (422), there is no room for them (429), or they are not
            predicted in time (503).
        `ClientDisconnect`
            If the client disconnected.
        """
        if len(inputs) > self._settings.max_items:
            raise RequestError(
                422,
                "too_many_items",
                f"there are {len(inputs)} inputs; the limit is {self._settings.max_items}",
            )
        read = [read_input(value, self._settings) for value in inputs]
        valid = [value for value in read if not isinstance(value, RequestError)]
        futures = self._service.submit(valid, [length_of(value) for value in valid], deadline)
        outputs = iter(await _wait(request, futures, deadline))
        answers = [value if isinstance(value, RequestError) else next(outputs) for value in read]
        for outcome in map(_outcome, answers):
            self._metrics.count_inputs(outcome, 1)
        return answers


async def _wait(
    request: "Request", futures: Sequence["asyncio.Future[Output]"], deadline: float
) -> list[Output]:
    from starlette.requests import ClientDisconnect

    if not futures:
        return []
    outputs = asyncio.ensure_future(asyncio.wait(futures))
    disconnection = asyncio.ensure_future(_disconnection(request))
    waiting: set[asyncio.Future[Any]] = {outputs, disconnection}
    remaining = deadline - asyncio.get_running_loop().time()
    try:
        await asyncio.wait(waiting, timeout=remaining, return_when=asyncio.FIRST_COMPLETED)
        if outputs.done():
            return [future.result() for future in futures]
        if disconnection.done():
            raise ClientDisconnect
        raise RequestError(503, "timeout", "the prediction did not come in time", retry_after=1)
    finally:
        for task in (*futures, *waiting):
            task.cancel()


async def _disconnection(request: "Request") -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _outcome(answer: Output) -> str:
    if not isinstance(answer, RequestError):
        return "predicted"
    return "refused" if answer.status < 500 else "failed"
