"""
Listening at an address until told to stop.
"""

import math
import socket
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING, Callable, Optional

from allennlp.common.checks import ConfigurationError

from dts_ee.serving.app import build_app
from dts_ee.serving.batches import Predict
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.service import PredictionService
from dts_ee.serving.serving_settings import ServingSettings

if TYPE_CHECKING:
    import uvicorn

_PACKAGES = ("fastapi", "fastapi_offline", "prometheus_client", "uvicorn")
_MAX_CONNECTIONS = 1024
"""More are answered with 503 by uvicorn, which does not ask the application."""
_BACKLOG = 2048


def check_packages() -> None:
    """
    # Raises

    `ConfigurationError`
        If a package that only serving needs is missing; it says how to get it.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"serving needs {', '.join(missing)}: pip install 'dts_ee[serve]'")


def listen(host: str, port: int) -> socket.socket:
    """
    A socket at an address.

    # Parameters

    host : `str`
        A name or an address of this machine.
    port : `int`
        The port; 0 is any that is free.

    # Raises

    `OSError`
        If the address is not this machine's, or is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise OSError(f"cannot listen at {host}, port {port}: {error}") from None
    # Connections inherit it. uvicorn writes an answer in two pieces, and asyncio, which sets this
    # for sockets of its own, does not for this one: the client would get the second only once it
    # has acknowledged the first, which takes it 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address_of(listener: socket.socket) -> str:
    """The `http://` address of a socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(load: Callable[[], Predict], listener: socket.socket, settings: ServingSettings) -> None:
    """
    Serves until a SIGTERM or a SIGINT, and then until what was accepted is answered.

    While that is being answered, new requests get 503. A second signal ends it at once.

    # Parameters

    load : `Callable[[], Predict]`
        Loads the model, and returns what predicts. It is called in another thread, while `/health`
        already answers.
    listener : `socket.socket`
        Where to listen. It is closed at the end.
    settings : `ServingSettings`
        The limits.

    # Raises

    `BaseException`
        What `load` raised, or the first prediction.
    `KeyboardInterrupt`
        At the second signal.
    """
    import uvicorn

    metrics = Metrics()
    service = PredictionService(load, settings, metrics)
    config = uvicorn.Config(
        build_app(service, settings, metrics),
        http="h11",
        ws="none",
        lifespan="on",
        # The application logs what may be logged, and where the command's log goes.
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_graceful_shutdown=math.ceil(settings.timeout),
    )
    server = _draining_server(config, service)
    server.run(sockets=[listener])
    if service.failure is not None:
        raise service.failure
    if server.force_exit:
        raise KeyboardInterrupt


def _draining_server(config: "uvicorn.Config", service: PredictionService) -> "uvicorn.Server":
    import uvicorn

    class DrainingServer(uvicorn.Server):
        """Goes on listening until all that was accepted is answered."""

        def handle_exit(self, sig: int, frame: Optional[FrameType]) -> None:
            # uvicorn would raise the signals that it keeps again, once it has stopped.
            if service.state == "stopping":
                self.should_exit = self.force_exit = True
            service.stop_accepting()

        async def on_tick(self, counter: int) -> bool:
            if service.state == "failed" or (
                service.state == "stopping" and service.num_requests == 0
            ):
                self.should_exit = True
            return await super().on_tick(counter)

    return DrainingServer(config)
