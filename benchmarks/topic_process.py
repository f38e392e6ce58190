"""Runs a topic in a process of its own."""

import importlib
import multiprocessing
import signal
import time
import traceback
from multiprocessing.connection import Connection
from typing import Optional

from benchmarks.environment import Environment
from benchmarks.measure import MissingResourceError, Settings, Table
from benchmarks.results import TopicResult


def run_topic(topic: str, settings: Settings) -> TopicResult:
    """Runs a topic; its memory and its threads are its own."""
    environment = Environment.current()
    start = time.monotonic()
    # Nothing is inherited from this process but what is passed.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run_here, args=(topic, settings, sender))
    process.start()
    sender.close()
    tables: list[Table] = []
    problem: Optional[str]
    try:
        tables, problem = receiver.recv()
    except EOFError:
        process.join()
        problem = f"its process ended with status {process.exitcode}"
    except KeyboardInterrupt:
        process.terminate()
        raise
    finally:
        process.join()
    return TopicResult(topic, environment, time.monotonic() - start, tables, problem)


def _run_here(topic: str, settings: Settings, sender: Connection) -> None:
    # However it ends, what the topic has begun is cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        tables = importlib.import_module(f"benchmarks.{topic}").run(settings)
    except MissingResourceError as error:
        sender.send(([], str(error)))
    except KeyboardInterrupt:
        # The parent is interrupted too, and says so.
        raise SystemExit(130) from None
    except Exception as error:
        traceback.print_exc()
        sender.send(([], f"{type(error).__name__}: {error}"))
    else:
        sender.send((tables, None))
