"""
A model as an ML backend of Label Studio, by the protocol of label-studio-ml-backend.

`GET /health` and `GET /` say that it is there. `POST /setup` checks a project's labelling
configuration (`schema`), and answers with the `model_version`. `POST /predict` has `tasks` and the
`label_config`, and is answered with one prediction for each task. `POST /webhook` with the action
`START_TRAINING` and a `project`, or, as older releases of Label Studio do it, `POST /train` with
the `annotations` and the `label_config`, starts a training, if there is a `LabelStudioTraining`;
the other webhooks are answered, and nothing is done.
"""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Optional

from dts_ee.corpora.label_studio_config import LabelStudioConfig, parse_label_config
from dts_ee.corpora.label_studio_writer import prediction_of
from dts_ee.document import Document, DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.serving.bodies import BodyReader
from dts_ee.serving.inputs import parse_json
from dts_ee.serving.label_studio_training import LabelStudioTraining
from dts_ee.serving.origins import LOOPBACK_HOSTS, KnownHost, SameOrigin
from dts_ee.serving.request_error import RequestError
from dts_ee.serving.serving_settings import ServingSettings

if TYPE_CHECKING:
    from starlette.applications import Starlette

START_TRAINING = "START_TRAINING"


@dataclass(frozen=True)
class _Served:
    """A predictor, and the version of its model."""

    predictor: DtsPredictor
    version: str


class LabelStudioBackend:
    """
    Predicts tasks of Label Studio, and trains with those that were annotated.

    # Parameters

    predictor : `DtsPredictor`
        The predictor of the model.
    training : `LabelStudioTraining`, optional (default = `None`)
        Trains; without it, nothing is trained.
    """

    def __init__(
        self, predictor: DtsPredictor, training: Optional[LabelStudioTraining] = None
    ) -> None:
        self._lock = threading.Lock()
        self._training = training
        self.serve(predictor)

    @property
    def model_version(self) -> str:
        """The version of the model that predicts."""
        return self._served.version

    def serve(self, predictor: DtsPredictor) -> None:
        """Predicts with another model from now on."""
        self._served = _Served(predictor, f"dts_ee {_digest(predictor)}")

    def health(self) -> dict[str, Any]:
        """The answer to `/health`, with the state of the last training, if there was one."""
        job = None if self._training is None else self._training.job
        return {
            "status": "UP",
            "model_class": "dts_ee",
            "model_version": self.model_version,
            **({} if job is None else {"training": job.to_json()}),
        }

    def setup(self, label_config: Any) -> dict[str, Any]:
        """
        The answer to `/setup`.

        # Raises

        `DocumentError`
            If the model can predict nothing for the labelling configuration, and none is trained
            that can.
        """
        config = _config(label_config, "schema")
        known = self._served.predictor.entity_types
        if self._training is None and not config.entity_types & set(known):
            raise DocumentError(
                f"none of its labels is one of the model's: {', '.join(known)}", "schema"
            )
        return {"model_version": self.model_version}

    def predict(self, body: Any) -> dict[str, Any]:
        """
        The answer to `/predict`, with one prediction for each task.

        # Raises

        `DocumentError`
            If a task has no text, or the labelling configuration cannot be read.
        """
        tasks = _list(body, "tasks")
        config = _config(body.get("label_config"), "label_config")
        texts = [_text(task, config, i) for i, task in enumerate(tasks)]
        served = self._served
        requests = [served.predictor.request({"text": text}) for text in texts]
        with self._lock:
            predicted = served.predictor.predict_sentences(requests)
        results = [
            prediction_of(
                [_in_config(sentence, config) for sentence in sentences],
                config,
                served.version,
                [sentence.start_char or 0 for sentence in sentences],
            )
            for sentences in predicted
        ]
        return {"results": results, "model_version": served.version}

    def train(self, body: Any) -> dict[str, Any]:
        """
        The answer to `/train`, after which a training with the tasks of the request runs.

        # Raises

        `DocumentError`
            If there are no tasks, or the labelling configuration cannot be read.
        """
        tasks = _list(body, "annotations")
        config = _config(body.get("label_config"), "label_config")
        if self._training is None:
            return self._not_trained()
        return self._trained(self._training.start(lambda: tasks, config, self.serve))

    def webhook(self, body: Any) -> dict[str, Any]:
        """
        The answer to `/webhook`: if it asks for a training, that runs afterwards, with the tasks
        that are fetched from Label Studio.

        # Raises

        `DocumentError`
            If it asks for a training, and there is no project, or its labelling configuration
            cannot be read.
        """
        if not isinstance(body, dict) or body.get("action") != START_TRAINING:
            return {"status": "ignored", "model_version": self.model_version}
        if self._training is None:
            return self._not_trained()
        project = body.get("project")
        if not isinstance(project, dict) or not isinstance(project.get("id"), int):
            raise DocumentError("there is no project with an id", "project")
        config = _config(project.get("label_config"), "project.label_config")
        fetch = partial(self._training.client.annotated_tasks, project["id"])
        return self._trained(self._training.start(fetch, config, self.serve))

    def _not_trained(self) -> dict[str, Any]:
        return {
            "status": "ignored: the backend was started without --train",
            "model_version": self.model_version,
        }

    def _trained(self, is_new: bool) -> dict[str, Any]:
        status = "the training was started" if is_new else "a training is running already"
        return {"status": status, "model_version": self.model_version}


def build_backend(
    backend: LabelStudioBackend, settings: ServingSettings, hosts: Sequence[str] = ("*",)
) -> "Starlette":
    """
    The application.

    # Parameters

    backend : `LabelStudioBackend`
        Predicts and trains.
    settings : `ServingSettings`
        The limits of a request's size and time.
    hosts : `Sequence[str]`, optional (default = `("*",)`)
        The values of `Host` that are answered, without ports.
    """
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    bodies = BodyReader(settings)

    async def body_of(request: Request) -> Any:
        async with bodies.read(request, "application/json") as body:
            return parse_json(body)

    async def health(request: Request) -> Response:
        return JSONResponse(backend.health())

    async def setup(request: Request) -> Response:
        body = await body_of(request)
        schema = body.get("schema") if isinstance(body, dict) else None
        return JSONResponse(backend.setup(schema))

    async def predict(request: Request) -> Response:
        body = await body_of(request)
        return JSONResponse(await run_in_threadpool(backend.predict, body))

    async def train(request: Request) -> Response:
        return JSONResponse(backend.train(await body_of(request)))

    async def webhook(request: Request) -> Response:
        return JSONResponse(backend.webhook(await body_of(request)))

    async def invalid(request: Request, error: Exception) -> Response:
        return JSONResponse(RequestError(422, "invalid_input", str(error)).to_json(), 422)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestError)
        return JSONResponse(error.to_json(), error.status, error.headers())

    return Starlette(
        routes=[
            Route("/", health),
            Route("/health", health),
            Route("/setup", setup, methods=["POST"]),
            Route("/predict", predict, methods=["POST"]),
            Route("/train", train, methods=["POST"]),
            Route("/webhook", webhook, methods=["POST"]),
        ],
        middleware=[
            Middleware(KnownHost, hosts=hosts),
            Middleware(SameOrigin, allowed=[host for host in hosts if host not in LOOPBACK_HOSTS]),
        ],
        exception_handlers={DocumentError: invalid, RequestError: refused},
    )


def _list(body: Any, key: str) -> list[Any]:
    tasks = body.get(key) if isinstance(body, dict) else None
    if not isinstance(tasks, list):
        raise DocumentError("there is no list of tasks", key)
    return tasks


def _config(xml: Any, field: str) -> LabelStudioConfig:
    if not isinstance(xml, str):
        raise DocumentError("there is no labelling configuration", field)
    return parse_label_config(xml)


def _text(task: Any, config: LabelStudioConfig, index: int) -> str:
    data = task.get("data") if isinstance(task, dict) else None
    text = data.get(config.text_key) if isinstance(data, dict) else None
    if not isinstance(text, str):
        field = ("tasks", index, "data", config.text_key)
        raise DocumentError("there is no text", field)
    return text


def _in_config(document: Document, config: LabelStudioConfig) -> Document:
    """Without the entities and relations that the labelling configuration does not have."""
    kept = [i for i, e in enumerate(document.entities) if e.type in config.entity_types]
    places = {old: new for new, old in enumerate(kept)}
    relations = [
        replace(relation, head=places[relation.head], tail=places[relation.tail])
        for relation in document.relations
        if relation.head in places
        and relation.tail in places
        and (config.relation_types is None or relation.type in config.relation_types)
    ]
    entities = tuple(document.entities[i] for i in kept)
    return replace(document, entities=entities, relations=tuple(relations))


def _digest(predictor: DtsPredictor) -> str:
    """The first digits of a checksum of the model's weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(predictor._model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]
