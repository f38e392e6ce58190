"""A predictor that finds a capitalised word a person, and says what it was given and when."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Callable, Optional

import httpx
from fastapi import FastAPI

from dts_ee.corpora.spert import prediction_to_json
from dts_ee.document import Document, DocumentError, Entity, Relation
from dts_ee.predictors.requests import Request
from dts_ee.serving import ServingSettings
from dts_ee.serving.app import build_app
from dts_ee.serving.model_facts import ModelFacts
from dts_ee.serving.model_process import ModelEndedError
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.service import PredictionService
from dts_ee.serving.worker import Worker

FORM = "application/x-www-form-urlencoded"

FACTS = ModelFacts(
    "capitals",
    "1.2",
    entity_types=["Peop"],
    relation_types=["Kill"],
    entity_threshold={"Peop": 0.0},
    relation_threshold={"Kill": 0.5},
)


class StubPredictor:
    """
    In place of a predictor, of words divided by spaces and sentences divided by line ends.

    While it is held, whoever has it predict waits. `batches` are the sentences of each call.
    """

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.inputs: list[dict[str, Any]] = []
        self.called = threading.Semaphore(0)
        self._free = threading.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]

    def request(self, inputs: dict[str, Any]) -> Request:
        self.inputs.append(inputs)
        if "text" in inputs:
            if not inputs["text"]:
                raise DocumentError("there are no words in the text", "text")
            lines = inputs["text"].split("\n")
            return Request([Document(tuple(line.split())) for line in lines], text=inputs["text"])
        tokens = inputs.get("tokens", inputs.get("sentence", "").split())
        if not tokens:
            raise DocumentError("there are no words in the sentence", "sentence")
        return Request([Document(tuple(tokens))])

    def predict_sentences(self, requests: Any) -> list[list[Document]]:
        sentences = [sentence for request in requests for sentence in request.sentences]
        self.batches.append([" ".join(sentence.tokens) for sentence in sentences])
        self.called.release()
        assert self._free.wait(60)
        return [[_predicted(sentence) for sentence in request.sentences] for request in requests]

    def output(self, request: Request, sentences: list[Document]) -> dict[str, Any]:
        outputs = [prediction_to_json(sentence) for sentence in sentences]
        if request.text is not None:
            return {"text": request.text, "sentences": outputs}
        return outputs[0]


def _predicted(sentence: Document) -> Document:
    if "Fail" in sentence.tokens:
        raise RuntimeError(f"cannot predict {sentence.tokens}")
    people = [i for i, token in enumerate(sentence.tokens) if token[0].isupper()]
    return Document(
        sentence.tokens,
        tuple(Entity("Peop", i, i + 1, probability=0.9) for i in people),
        tuple(Relation("Kill", 0, i, probability=0.8) for i in range(1, len(people))),
    )


class ThreadModel:
    """
    A model in a thread, in place of a process: it can be held, and looked at.

    It ends as often as `ends` says, instead of answering, and while it waits if `end_idle` is
    called.
    """

    def __init__(self, load: Callable[[], Any]) -> None:
        self.pid: Optional[int] = None
        self.has_ended = False
        self.num_starts = 0
        self.ends: list[str] = []
        self._load = load
        self._worker: Optional[Worker] = None
        self._executor = ThreadPoolExecutor(1)

    async def start(self, when_ended: Callable[[], None]) -> None:
        self.num_starts += 1
        self.has_ended = False
        self._when_ended = when_ended
        self._executor = ThreadPoolExecutor(1)
        self._worker = await self._run(lambda: Worker(self._load(), FACTS))

    async def call(self, method: str, *arguments: Any) -> Any:
        if self.ends[:1] == [method]:
            self.ends.pop(0)
            raise ModelEndedError
        return await self._run(getattr(self._worker, method), *arguments)

    def end(self) -> None:
        self._executor.shutdown(wait=False)

    def end_idle(self) -> None:
        self.has_ended = True
        self._when_ended()

    async def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, function, *arguments
        )


class Served:
    """A running application, and ways to ask it."""

    def __init__(
        self,
        app: FastAPI,
        client: httpx.AsyncClient,
        service: PredictionService,
        stub: StubPredictor,
        models: list[ThreadModel],
    ) -> None:
        self.app = app
        self.client = client
        self.service = service
        self.stub = stub
        self.models = models

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
        await self._until(lambda: self.service._num_pending == count)

    async def until_state(self, state: str) -> None:
        await self._until(lambda: self.service.state == state)

    async def until_ready(self, count: int) -> None:
        await self._until(lambda: self.service.num_ready == count)

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
async def serving(
    load: Optional[Callable[[], Any]] = None, hosts: tuple[str, ...] = ("*",), **limits: Any
) -> AsyncIterator[Served]:
    """
    An application whose model is loaded, unless it is told how; inputs do not wait for others.
    """
    settings = ServingSettings(**{"batch_wait_ms": 0, **limits})
    stub = StubPredictor()
    metrics = Metrics()
    models = [ThreadModel(load or (lambda: stub)) for _ in range(settings.workers)]
    service = PredictionService(models, settings, metrics)
    app = build_app(service, settings, metrics, hosts)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client,
    ):
        served = Served(app, client, service, stub, models)
        try:
            if load is None:
                await served.until_ready(settings.workers)
                # The first prediction of each is its own.
                for _ in models:
                    assert stub.called.acquire(timeout=60)
                    assert len(stub.batches.pop()) == 1
            yield served
        finally:
            stub.release()
