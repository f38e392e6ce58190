"""
The endpoints of the server.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Union

from allennlp.common import JsonDict

from dts_ee.predictors.requests import is_token_list
from dts_ee.serving.answers import Answerer
from dts_ee.serving.bodies import BodyReader
from dts_ee.serving.form_page import FormFields, content_security_policy, read_form, render_form
from dts_ee.serving.inputs import parse_json
from dts_ee.serving.monitor import CLIENT_CLOSED_REQUEST, Monitor
from dts_ee.serving.origins import LOOPBACK_HOSTS, KnownHost, SameOrigin
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.request_error import RequestError
from dts_ee.serving.schema import (
    HEALTH_RESPONSES,
    PREDICT_REQUEST,
    TITLE,
    TYPES_RESPONSES,
    predict_responses,
)
from dts_ee.serving.service import PredictionService
from dts_ee.serving.serving_settings import ServingSettings
from dts_ee.version import VERSION

if TYPE_CHECKING:
    from fastapi import FastAPI

_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def build_app(
    service: PredictionService,
    settings: ServingSettings,
    metrics: Metrics,
    hosts: Sequence[str] = ("*",),
) -> "FastAPI":
    """
    The application, which starts the service at its start, and closes it at its end.

    # Parameters

    service : `PredictionService`
        Predicts.
    settings : `ServingSettings`
        The limits.
    metrics : `Metrics`
        What `/metrics` shows.
    hosts : `Sequence[str]`, optional (default = `("*",)`)
        The values of `Host` that are answered, without ports.
    """
    from fastapi import Request, Response
    from fastapi.responses import HTMLResponse, JSONResponse
    from fastapi_offline import FastAPIOffline
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect

    answerer = Answerer(service, settings, metrics)
    bodies = BodyReader(settings)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        service.start()
        yield
        await service.close()

    # Swagger UI from a package: FastAPI's own page would load it from the internet.
    app = FastAPIOffline(
        docs_url="/docs", redoc_url=None, title=TITLE, version=VERSION, lifespan=lifespan
    )
    # The last one is the first to see a request.
    app.add_middleware(SameOrigin, allowed=[host for host in hosts if host not in LOOPBACK_HOSTS])
    app.add_middleware(KnownHost, hosts=hosts)
    app.add_middleware(Monitor, metrics=metrics)

    def error_response(error: RequestError) -> Response:
        return JSONResponse(error.to_json(), error.status, {**_PRIVATE, **error.headers()})

    @app.exception_handler(RequestError)
    async def refused(request: Request, error: RequestError) -> Response:
        return error_response(error)

    @app.exception_handler(HTTPException)
    async def not_served(request: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase.lower()
        response = error_response(RequestError(error.status_code, phrase.replace(" ", "_"), phrase))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(ClientDisconnect)
    async def disconnected(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=CLIENT_CLOSED_REQUEST)

    @app.post(
        "/predict",
        openapi_extra=PREDICT_REQUEST,
        responses=predict_responses(),
        response_class=JSONResponse,
    )
    async def predict(request: Request) -> Response:
        """Predicts one input, or a list of inputs, each of which may have its own error."""
        deadline = asyncio.get_running_loop().time() + settings.timeout
        with service.admit():
            async with bodies.read(request, "application/json") as body:
                value = parse_json(body)
                is_list = isinstance(value, list) and not is_token_list(value)
                inputs = value if is_list else [value]
                answers = await answerer.answer(request, inputs, deadline)
        if not is_list and isinstance(answers[0], RequestError):
            raise answers[0]
        content = [
            json.dumps(answer.to_json()) if isinstance(answer, RequestError) else answer
            for answer in answers
        ]
        text = f"[{','.join(content)}]" if is_list else content[0]
        return Response(text, headers=_PRIVATE, media_type="application/json")

    @app.get(
        "/types",
        summary="Types and thresholds",
        responses=TYPES_RESPONSES,
        response_class=JSONResponse,
    )
    async def show_types() -> Response:
        """Which model it is, and the types that it knows."""
        with service.admit():
            assert service.facts is not None
            return JSONResponse(service.facts.to_json(), headers=_PRIVATE)

    @app.get(
        "/health", summary="Readiness", responses=HEALTH_RESPONSES, response_class=JSONResponse
    )
    async def health() -> Response:
        """200 once a worker has the model and has answered; 503 before, and at the end."""
        state = service.state
        content = {"status": state, "workers": service.num_workers, "ready": service.num_ready}
        return JSONResponse(content, 200 if state == "ready" else 503, _PRIVATE)

    @app.get("/metrics", summary="Metrics", response_class=Response)
    async def show_metrics(request: Request) -> Response:
        """Counts and times for Prometheus."""
        text, content_type = metrics.exposition(request.headers.get("accept"))
        return Response(text, headers={"Content-Type": content_type})

    def page_response(fields: FormFields, answer: Any = None) -> Response:
        failed = isinstance(answer, RequestError)
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(
            render_form(fields, answer, service.facts, settings.max_text_length, nonce),
            answer.status if failed else 200,
            {
                **_PRIVATE,
                **(answer.headers() if failed else {}),
                "Content-Security-Policy": content_security_policy(nonce),
            },
        )

    @app.get("/", include_in_schema=False)
    async def show_page() -> Response:
        return page_response(FormFields())

    @app.post("/", include_in_schema=False)
    async def show_prediction(request: Request) -> Response:
        deadline = asyncio.get_running_loop().time() + settings.timeout
        fields = FormFields()
        answer: Union[JsonDict, RequestError]
        try:
            with service.admit():
                async with bodies.read(request, "application/x-www-form-urlencoded") as body:
                    fields = read_form(body)
                    [output] = await answerer.answer(request, [fields.inputs()], deadline)
            answer = output if isinstance(output, RequestError) else json.loads(output)
        except RequestError as error:
            answer = error
        return page_response(fields, answer)

    return app
