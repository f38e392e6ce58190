"""
Running the server until a signal stops it.
"""

import math
import socket
from collections.abc import Sequence
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING, Callable, Optional

from allennlp.common.checks import ConfigurationError

from dts_ee.serving.app import build_app
from dts_ee.serving.model_process import ModelSource
from dts_ee.serving.prometheus import Metrics
from dts_ee.serving.service import PredictionService
from dts_ee.serving.serving_settings import ServingSettings
from dts_ee.serving.worker import LoadedModel, SentencePredictor

if TYPE_CHECKING:
    import uvicorn

_PACKAGES = ("fastapi", "fastapi_offline", "prometheus_client", "uvicorn")
_MAX_CONNECTIONS = 1024
"""Further connections are answered with 503 by uvicorn itself."""
_BACKLOG = 2048

_GRACE = 0.5
"""For so many seconds after a signal, requests are accepted that were on their way."""


def check_packages() -> None:
    """
    # Raises

    `ConfigurationError`
        If a package that only serving needs is missing; it names the command to install it.
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
        The port; 0 for any free port.

    # Raises

    `OSError`
        If the address is not this machine's, or is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise OSError(f"cannot listen at {host}, port {port}: {error}") from None
    # Connections inherit it; asyncio sets it only for sockets that it creates. uvicorn writes an
    # answer in two pieces: the second would wait 40 ms until the client has acknowledged the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address_of(listener: socket.socket) -> str:
    """The `http://` address of a socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(
    load: Callable[[], LoadedModel],
    listener: socket.socket,
    settings: ServingSettings,
    hosts: Sequence[str] = ("*",),
    prepare: Optional[Callable[[SentencePredictor], None]] = None,
) -> None:
    """
    Serves until a SIGTERM or a SIGINT, and then until all accepted requests are answered.

    New requests get 503 then, half a second after the signal: until then, those that were on their
    way are accepted. A second signal ends it at once.

    # Parameters

    load : `Callable[[], LoadedModel]`
        Loads the model. It is called in another process, while `/health` already answers; see
        `ModelSource`.
    listener : `socket.socket`
        The socket to listen at. It is closed at the end.
    settings : `ServingSettings`
        The limits.
    hosts : `Sequence[str]`, optional (default = `("*",)`)
        The values of `Host` that are answered, without ports.
    prepare : `Callable[[SentencePredictor], None]`, optional (default = `None`)
        Called in the process of each worker.

    # Raises

    `BaseException`
        What `load` raised, or the first prediction.
    `KeyboardInterrupt`
        At the second signal.
    """
    import uvicorn

    from dts_ee.serving.protocol import protocol_with_timeouts

    source = ModelSource(load, prepare, listener)
    metrics = Metrics()
    service = PredictionService(source.workers(settings.workers), settings, metrics)
    config = uvicorn.Config(
        build_app(service, settings, metrics, hosts),
        http=protocol_with_timeouts(settings.read_timeout, settings.timeout),
        ws="none",
        lifespan="on",
        # The application logs by itself, and nothing that a client wrote.
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_graceful_shutdown=math.ceil(settings.timeout),
    )
    server = _draining_server(config, service)
    try:
        server.run(sockets=[listener])
    finally:
        source.close()
    if service.failure is not None:
        raise service.failure
    if server.force_exit:
        raise KeyboardInterrupt


def _draining_server(config: "uvicorn.Config", service: PredictionService) -> "uvicorn.Server":
    import uvicorn

    class DrainingServer(uvicorn.Server):
        """Goes on listening until all accepted requests are answered."""

        def handle_exit(self, sig: int, frame: Optional[FrameType]) -> None:
            # The signal is not passed to uvicorn, which would raise it again at its end.
            if service.state == "stopping":
                self.should_exit = self.force_exit = True
            service.stop_accepting(_GRACE)

        async def on_tick(self, counter: int) -> bool:
            if self.force_exit:
                # Since Python 3.12, the end of a server waits for its connections.
                for connection in list(self.server_state.connections):
                    connection.transport.abort()
            if service.state == "failed" or service.has_ended:
                self.should_exit = True
            return await super().on_tick(counter)

    return DrainingServer(config)
