"""Processes that are forked from this one, and end with it."""

import multiprocessing
import os
import pickle
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Callable, Optional, Tuple

import torch

from dts_ee.parent_process import end_with_parent

_CONTEXT = multiprocessing.get_context("fork")


class EndedError(Exception):
    """The process has ended by itself."""


class ForkedProcess:
    """
    A process that calls a function again and again.

    What this process has in memory is shared with it, as long as neither changes it.

    # Parameters

    prepare : `Callable[[], Callable[[Any], Any]]`
        Returns the function; it is called in the new process.
    """

    def __init__(self, prepare: Callable[[], Callable[[Any], Any]]) -> None:
        self.connection, other = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_serve, args=(prepare, other, self.connection, os.getpid()), daemon=True
        )
        self._process.start()
        other.close()

    def send(self, argument: Any) -> None:
        """Has the function called; `receive` returns what it returns."""
        # That it has ended is what `receive` says.
        with suppress(OSError):
            self.connection.send(argument)

    def receive(self) -> Any:
        """
        Waits for what the function returns.

        # Raises

        `EndedError`
            If the process has ended.
        `Exception`
            What the function, or preparing it, raised.
        """
        try:
            result, error = self.connection.recv()
        except (EOFError, OSError):
            raise EndedError(self._why_ended()) from None
        if error is not None:
            raise error
        return result

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _why_ended(self) -> str:
        self._process.join()
        code = self._process.exitcode or 0
        if code == -signal.SIGKILL:
            return "it was killed, perhaps for lack of memory"
        return f"it was ended by signal {-code}" if code < 0 else f"its exit status is {code}"


def call_in_fork(function: Callable[[], Any]) -> Any:
    """
    What a function returns in a forked process.

    # Raises

    `Exception`
        What it raises.
    """
    process = ForkedProcess(lambda: lambda _: function())
    try:
        process.send(None)
        return process.receive()
    finally:
        process.end()


def _serve(
    prepare: Callable[[], Callable[[Any], Any]],
    connection: Connection,
    parents: Connection,
    parent: int,
) -> None:
    parents.close()
    # Ctrl+C is sent to all processes; the parent ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(parent)
    # OpenMP's threads do not survive a fork.
    torch.set_num_threads(1)
    function: Optional[Callable[[Any], Any]] = None
    while True:
        try:
            argument = connection.recv()
        except EOFError:
            return
        try:
            function = prepare() if function is None else function
            answer: Tuple[Any, Optional[Exception]] = (function(argument), None)
        except Exception as error:
            answer = (None, _sendable(error))
        connection.send(answer)


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
