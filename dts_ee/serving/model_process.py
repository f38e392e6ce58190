"""
The process of the model.

The server's process never runs the model, so that it answers at once whatever the model does, and
can end a model that does not answer. It forks a process at its start, before it has threads, open
connections or a GPU. From that one the model's process is forked, also in place of one that ended:
all packages are imported already.
"""

import asyncio
import os
import pickle
import signal
import socket
import struct
from contextlib import suppress
from typing import Any, Callable, Optional, Protocol

from dts_ee.serving.worker import SentencePredictor, Worker

_HEAD = struct.Struct("!Q")
"""The length of a message, before it."""


class ModelEndedError(Exception):
    """The model's process has ended by itself."""


class Model(Protocol):
    """Where the model is, and its `Worker`."""

    @property
    def pid(self) -> Optional[int]:
        """Its process, if it runs."""

    async def start(self) -> None:
        """Loads the model; raises what loading it raised."""

    async def call(self, method: str, *arguments: Any) -> Any:
        """Calls a method of the worker."""

    def end(self) -> None:
        """Ends the process, whatever it does."""


class ModelProcess:
    """
    A process with a model, which can be started again.

    # Parameters

    load : `Callable[[], SentencePredictor]`
        Loads the model, in its process.
    listener : `socket.socket`
        The socket of the server, which is closed in the other processes.
    """

    def __init__(
        self, load: Callable[[], SentencePredictor], listener: Optional[socket.socket] = None
    ) -> None:
        self._parent, child = socket.socketpair()
        if os.fork() == 0:
            self._parent.close()
            if listener is not None:
                listener.close()
            _run(_fork_workers, load, child)
        child.close()
        self._streams: Optional[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = None
        self.pid: Optional[int] = None

    async def start(self) -> None:
        """
        Starts the process, and loads the model.

        # Raises

        `Exception`
            What loading the model raised, or predicting a first sentence.
        `ModelEndedError`
            If the process ended meanwhile.
        """
        mine, other = socket.socketpair()
        with other:
            socket.send_fds(self._parent, [b"."], [other.fileno()])
        self._streams = await asyncio.open_connection(sock=mine, limit=1 << 20)
        self.pid = await self._receive()
        error = await self._receive()
        if error is not None:
            self.end()
            raise error

    async def call(self, method: str, *arguments: Any) -> Any:
        """
        Calls a method of the `Worker`.

        # Raises

        `ModelEndedError`
            If the process ended meanwhile.
        """
        assert self._streams is not None
        message = pickle.dumps((method, arguments), pickle.HIGHEST_PROTOCOL)
        try:
            self._streams[1].write(_HEAD.pack(len(message)) + message)
            await self._streams[1].drain()
        except ConnectionError:
            raise ModelEndedError from None
        return await self._receive()

    def end(self) -> None:
        """Ends the process, whatever it does."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid = None
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    def close(self) -> None:
        """Ends also the process that starts it; the event loop may have ended."""
        self._streams = None
        self.end()
        self._parent.close()

    async def _receive(self) -> Any:
        assert self._streams is not None
        reader = self._streams[0]
        try:
            (length,) = _HEAD.unpack(await reader.readexactly(_HEAD.size))
            return pickle.loads(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise ModelEndedError from None


def _run(function: Callable[..., None], *arguments: Any) -> None:
    """Calls a function in a process that was forked, and ends it."""
    try:
        function(*arguments)
    finally:
        # What belongs to the server's process is not to be ended here.
        os._exit(0)


def _fork_workers(load: Callable[[], SentencePredictor], requests: socket.socket) -> None:
    """Starts a process for each connection that arrives, until the server has ended."""
    # Ctrl+C, and some supervisors, send these to all processes; the server ends this one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # No process is waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 1, 1)
        if not message:
            return
        with socket.socket(fileno=descriptors[0]) as connection:
            if os.fork() == 0:
                requests.close()
                # The model may have processes of its own.
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _run(_work, load, connection)


def _work(load: Callable[[], SentencePredictor], connection: socket.socket) -> None:
    with connection.makefile("rwb") as stream:

        def send(value: Any) -> None:
            message = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
            stream.write(_HEAD.pack(len(message)) + message)
            stream.flush()

        send(os.getpid())
        try:
            worker = Worker(load())
        except BaseException as error:
            send(_sendable(error))
            return
        send(None)
        # The server has ended when nothing more comes.
        while head := stream.read(_HEAD.size):
            method, arguments = pickle.loads(stream.read(_HEAD.unpack(head)[0]))
            send(getattr(worker, method)(*arguments))


def _sendable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
