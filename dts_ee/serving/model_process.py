"""
The processes of the model.

The server's process never runs the model, so that it answers at once whatever the model does, and
can end a model that does not answer. It forks a process at its start, before it has threads, open
connections or a GPU: all packages are imported already. From that one, a process is forked that
loads the model, and from this one the workers, which share the memory of the model. A worker that
ended is replaced without loading; the process that loads, if it ended, is replaced too.
"""

import asyncio
import gc
import os
import pickle
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn, Optional, Protocol

from dts_ee.serving.worker import LoadedModel, SentencePredictor, Worker

_HEAD = struct.Struct("!Q")
"""The length of a message, before it."""

_END = object()
"""In place of a message, after the last one."""


class ModelEndedError(Exception):
    """A process of the model has ended by itself."""

    def __str__(self) -> str:
        return "a process of the model ended by itself, as it does without enough memory"


class Model(Protocol):
    """Where a `Worker` is."""

    @property
    def pid(self) -> Optional[int]:
        """Its process, if it runs."""

    @property
    def has_ended(self) -> bool:
        """Whether it does not run any more."""

    async def start(self, when_ended: Callable[[], None]) -> None:
        """Starts it; raises what loading the model raised. The function is called at its end."""

    async def call(self, method: str, *arguments: Any) -> Any:
        """Calls a method of the worker."""

    def end(self) -> None:
        """Ends the process, whatever it does."""


class ModelSource:
    """
    A process in which the model is loaded once, and from which workers are forked.

    # Parameters

    load : `Callable[[], LoadedModel]`
        Loads the model. It must not start threads, which a fork does not have, nor use a GPU.
    prepare : `Callable[[SentencePredictor], None]`, optional (default = `None`)
        Called in the process of each worker, for example to set the number of threads.
    listener : `socket.socket`, optional (default = `None`)
        The socket of the server, which is closed in the other processes.
    """

    def __init__(
        self,
        load: Callable[[], LoadedModel],
        prepare: Optional[Callable[[SentencePredictor], None]] = None,
        listener: Optional[socket.socket] = None,
    ) -> None:
        self._starter, child = socket.socketpair()
        if os.fork() == 0:
            self._starter.close()
            if listener is not None:
                listener.close()
            # Ctrl+C, and some supervisors, send these to all processes; the server ends them.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            _run(_fork_for_each, partial(_load, load, prepare), child)
        child.close()
        self._lock = asyncio.Lock()
        self._loader: Optional[_Process] = None
        self._workers: list[ModelProcess] = []

    def workers(self, number: int) -> list["ModelProcess"]:
        """So many further workers, which are not started yet."""
        added = [ModelProcess(self) for _ in range(number)]
        self._workers += added
        return added

    async def loader(self) -> "_Process":
        """
        The process with the model, which is loaded if it was not or if that process ended.

        # Raises

        `Exception`
            What loading the model raised.
        `ModelEndedError`
            If the process ended meanwhile.
        """
        async with self._lock:
            if self._loader is None or self._loader.has_ended:
                loader = self._loader = _Process()
                try:
                    await loader.start(partial(_send_descriptor, self._starter))
                except Exception:
                    loader.end()
                    raise
            return self._loader

    def close(self) -> None:
        """Ends all processes; the event loop may have ended."""
        for worker in self._workers:
            worker.kill()
        if self._loader is not None:
            self._loader.kill()
        self._starter.close()


class ModelProcess:
    """
    A worker in a process, which can be started again.

    # Parameters

    source : `ModelSource`
        Where it is forked from.
    """

    def __init__(self, source: ModelSource) -> None:
        self._source = source
        self._process: Optional[_Process] = None

    @property
    def pid(self) -> Optional[int]:
        """Its process, if it runs."""
        return None if self._process is None else self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it does not run any more."""
        return self._process is None or self._process.has_ended

    async def start(self, when_ended: Callable[[], None]) -> None:
        """
        Starts the process, in which a first sentence is predicted.

        # Parameters

        when_ended : `Callable[[], None]`
            Called when the process has ended, also if that is by `end`.

        # Raises

        `Exception`
            What loading the model raised, or predicting a first sentence.
        `ModelEndedError`
            If the process ended meanwhile.
        """
        while True:
            loader = await self._source.loader()
            self._process = _Process(when_ended)
            try:
                await self._process.start(loader.hand_over)
                return
            except ModelEndedError:
                self.end()
                if not loader.has_ended:
                    raise
            except Exception:
                self.end()
                raise

    async def call(self, method: str, *arguments: Any) -> Any:
        """
        Calls a method of the `Worker`.

        # Raises

        `ModelEndedError`
            If the process ended meanwhile.
        """
        assert self._process is not None
        self._process.send((method, arguments))
        return await self._process.receive()

    def end(self) -> None:
        """Ends the process, whatever it does."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def kill(self) -> None:
        """Ends the process; the event loop may have ended."""
        if self._process is not None:
            self._process.kill()


class _Process(asyncio.Protocol):
    """A process that was forked, as the server's process sees it: a connection with messages."""

    def __init__(self, when_ended: Callable[[], None] = lambda: None) -> None:
        self.pid: Optional[int] = None
        self.has_ended = False
        self._when_ended = when_ended
        self._socket: Optional[socket.socket] = None
        self._transport: Optional[asyncio.Transport] = None
        self._received = bytearray()
        self._messages: asyncio.Queue[Any] = asyncio.Queue()

    async def start(self, hand_over: Callable[[socket.socket], None]) -> None:
        """Gives a connection to a process that forks, and waits until the new one is ready."""
        self._socket, other = socket.socketpair()
        with other:
            hand_over(other)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, sock=self._socket)
        self.pid = await self.receive()
        error = await self.receive()
        if error is not None:
            raise error

    def hand_over(self, connection: socket.socket) -> None:
        """Has this process fork another one, with a connection."""
        assert self._socket is not None
        try:
            _send_descriptor(self._socket, connection)
        except ModelEndedError:
            self.has_ended = True
            raise

    def send(self, message: Any) -> None:
        assert self._transport is not None
        # A process that has ended is noticed by `receive`.
        self._transport.write(_packed(message))

    async def receive(self) -> Any:
        message = await self._messages.get()
        if message is _END:
            raise ModelEndedError
        return message

    def end(self) -> None:
        self.kill()
        self.has_ended = True
        if self._transport is not None:
            self._transport.abort()
        elif self._socket is not None:
            self._socket.close()

    def kill(self) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _HEAD.size:
            end = _HEAD.size + _HEAD.unpack_from(self._received)[0]
            if len(self._received) < end:
                return
            self._messages.put_nowait(pickle.loads(self._received[_HEAD.size : end]))
            del self._received[:end]

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self.has_ended = True
        self.pid = None
        self._messages.put_nowait(_END)
        self._when_ended()


def _send_descriptor(parent: socket.socket, connection: socket.socket) -> None:
    try:
        socket.send_fds(parent, [b"."], [connection.fileno()])
    except ConnectionError:
        raise ModelEndedError from None


def _packed(message: Any) -> bytes:
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _HEAD.pack(len(data)) + data


def _run(function: Callable[..., None], *arguments: Any) -> NoReturn:
    """Calls a function in a process that was forked, and ends it."""
    try:
        function(*arguments)
    finally:
        # What belongs to the server's process is not to be ended here.
        os._exit(0)


def _fork_for_each(function: Callable[[socket.socket], None], requests: socket.socket) -> None:
    """Starts a process for each connection that arrives, until the server has ended."""
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
                _run(function, connection)


def _load(
    load: Callable[[], LoadedModel],
    prepare: Optional[Callable[[SentencePredictor], None]],
    connection: socket.socket,
) -> None:
    connection.sendall(_packed(os.getpid()))
    try:
        model = load()
    except BaseException as error:
        connection.sendall(_packed(_sendable(error)))
        return
    # A collection would write to every object, which copies its memory in each worker.
    gc.collect()
    gc.freeze()
    connection.sendall(_packed(None))
    _fork_for_each(partial(_work, model, prepare), connection)


def _work(
    model: LoadedModel,
    prepare: Optional[Callable[[SentencePredictor], None]],
    connection: socket.socket,
) -> None:
    connection.sendall(_packed(os.getpid()))
    try:
        predictor, facts = model
        if prepare is not None:
            prepare(predictor)
        worker = Worker(predictor, facts)
    except BaseException as error:
        connection.sendall(_packed(_sendable(error)))
        return
    connection.sendall(_packed(None))
    with connection.makefile("rb") as stream:
        # The server has ended when nothing more comes.
        while head := stream.read(_HEAD.size):
            method, arguments = pickle.loads(stream.read(_HEAD.unpack(head)[0]))
            connection.sendall(_packed(getattr(worker, method)(*arguments)))


def _sendable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
