"""
Whether an archive's configuration may name a class by its path, which imports any module.
"""

import argparse
import functools
import os
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Callable, Iterator

OPTION = "--trust-archive"

_VARIABLE = "DTS_EE_TRUST_ARCHIVE"
"""The environment variable that passes the option on to other processes."""

_trusts: ContextVar[bool] = ContextVar("trusts", default=False)
_builds_from_archive: ContextVar[bool] = ContextVar("builds_from_archive", default=False)


def add_trust_argument(parser: argparse.ArgumentParser) -> None:
    """Adds `--trust-archive` to a command that loads an archive."""
    parser.add_argument(
        OPTION,
        action="store_true",
        help="let the archive's configuration name classes by their paths, which can run any code: "
        "only for archives of people whom you trust",
    )


@contextmanager
def trusting_archives(trusts: bool = True) -> Iterator[None]:
    """Trusts the archives that are loaded inside, if `trusts` is true."""
    token = _trusts.set(trusts or _trusts.get())
    try:
        yield
    finally:
        _trusts.reset(token)


@contextmanager
def trusting_archives_everywhere() -> Iterator[None]:
    """Trusts the archives that this process, its threads and new processes load inside."""
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before


def trust_as_asked(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function of a command, which trusts archives if its arguments have `--trust-archive`."""

    @functools.wraps(func)
    def trusting(args: Any) -> Any:
        trusted = getattr(args, "trust_archive", False)
        with trusting_archives_everywhere() if trusted else nullcontext():
            return func(args)

    return trusting


def trusts_archives() -> bool:
    """Whether archives are trusted here."""
    return _trusts.get() or os.environ.get(_VARIABLE) == "1"


@contextmanager
def only_registered_types() -> Iterator[None]:
    """Builds objects from an archive's configuration inside: see `refuses_class_paths`."""
    token = _builds_from_archive.set(True)
    try:
        yield
    finally:
        _builds_from_archive.reset(token)


def refuses_class_paths() -> bool:
    """Whether a configuration is an archive's, and that is not trusted."""
    return _builds_from_archive.get() and not trusts_archives()
