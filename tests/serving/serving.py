"""A predictor that finds a capitalised word a person, and says what it was given and when."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Callable, Optional

import httpx
from fastapi import FastAPI

from dts_ee.document import DocumentError
from dts_ee.serving import ServingSettings
from dts_ee.serving.app import build_app
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.service import PredictionService

FORM = "application/x-www-form-urlencoded"


class StubPredictor:
    """
    In place of a model: `predict_batch_json` as the predictor's, of words divided by spaces
    and sentences divided by line ends.

    While it is held, whoever calls it waits. `batches` are the inputs of each call.
    """

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.called = threading.Semaphore(0)
        self._free = threading.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]

    def predict_batch_json(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.batches.append(list(inputs))
        self.called.release()
        assert self._free.wait(60)
        return [self._output(item) for item in inputs]

    def _output(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if "text" in inputs:
            sentences = [self._output({"sentence": line}) for line in inputs["text"].split("\n")]
            return {"text": inputs["text"], "sentences": sentences}
        tokens = inputs.get("tokens", inputs.get("sentence", "").split())
        if not tokens:
            raise DocumentError("there are no words in the sentence", "sentence")
        if "Fail" in tokens:
            raise RuntimeError(f"cannot predict {tokens}")
        people = [i for i, token in enumerate(tokens) if token[0].isupper()]
        return {
            "sentence": " ".join(tokens),
            "tokens": tokens,
            "entities": [
                {"type": "Peop", "start": i, "end": i + 1, "probability": 0.9} for i in people
            ],
            "relations": [
                {"type": "Kill", "head": 0, "tail": i, "probability": 0.8}
                for i in range(1, len(people))
            ],
        }


class Served:
    """A running application, and ways to ask it."""

    def __init__(
        self,
        app: FastAPI,
        client: httpx.AsyncClient,
        service: PredictionService,
        stub: StubPredictor,
    ) -> None:
        self.app = app
        self.client = client
        self.service = service
        self.stub = stub

    async def predict(self, value: Any) -> httpx.Response:
        return await self.client.post("/predict", json=value)

    def begin(self, value: Any) -> "asyncio.Task[httpx.Response]":
        return asyncio.ensure_future(self.predict(value))

    async def begin_held(self, value: Any) -> "asyncio.Task[httpx.Response]":
        """A request that the model is held at."""
        self.stub.hold()
        task = self.begin(value)
        assert await asyncio.to_thread(self.stub.called.acquire, timeout=60)
        return task

    async def until_pending(self, count: int) -> None:
        await self._until(lambda: self.service._batches.num_pending == count)

    async def until_state(self, state: str) -> None:
        await self._until(lambda: self.service.state == state)

    async def _until(self, holds: Any) -> None:
        async def wait() -> None:
            while not holds():
                await asyncio.sleep(0.001)

        await asyncio.wait_for(wait(), 60)

    async def metrics(self) -> dict[str, float]:
        lines = (await self.client.get("/metrics")).text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}


@asynccontextmanager
async def serving(load: Optional[Callable[[], Any]] = None, **limits: Any) -> AsyncIterator[Served]:
    """
    An application whose model is loaded, unless it is told how; inputs do not wait for others.
    """
    settings = ServingSettings(**{"batch_wait_ms": 0, **limits})
    stub = StubPredictor()
    metrics = Metrics()
    service = PredictionService(load or (lambda: stub.predict_batch_json), settings, metrics)
    app = build_app(service, settings, metrics)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client,
    ):
        served = Served(app, client, service, stub)
        try:
            if load is None:
                await served.until_state("ready")
                # The first prediction is the service's own.
                assert stub.called.acquire(timeout=60)
                assert len(stub.batches.pop()) == 1
            yield served
        finally:
            stub.release()
