"""
The messages and exit statuses of errors, for every command.

Classes of errors are recognised by their names, not imported, so that commands which import neither
torch nor AllenNLP have the same messages.
"""

import errno
import functools
import io
import json
import logging
import os
import re
import sys
import textwrap
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Callable, Iterator, Optional

from dts_ee.characters import in_one_line
from dts_ee.suggestions import did_you_mean

FAILED = 1
"""The exit status of a failure that is not the user's mistake."""

MISTAKE = 2
"""The exit status of a user's mistake, as in argparse."""

_TERMINATED = "dts_ee.compat.termination.SigTermReceived"

INTERRUPTED = 130
TERMINATED = 143

_MISTAKES = {
    "allennlp.common.checks.ConfigurationError",
    "dts_ee.resources.source_errors.ManifestError",
    "json.decoder.JSONDecodeError",
}

_CAUSED_BY_CONFIGURATION = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What constructors raise for a value of a wrong type or out of range."""

_WRONG_PATH = (
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)

_NO_SPACE = {
    errno.ENOSPC: "there is no space left on the disk",
    errno.EDQUOT: "your quota of the disk is used up",
}

_JSONNET = re.compile(r"(?P<kind>RUNTIME|STATIC) ERROR: ")
_JSONNET_POSITION = re.compile(r"\(?(?P<line>\d+):(?P<column>\d+)")
_UNSET_VARIABLE = re.compile(r"undefined external variable: (\w+)")
_REQUIRED_KEY = re.compile(r'key "(?P<key>.*)" is required(?: at location "(?P<location>.*)\.")?')
_EXPECTED_TYPE = re.compile(r"Expected \S+ to be (a int|a bool|a string|numeric|a Mapping).*\.")
_TYPES = {
    "a int": "a whole number",
    "a bool": "true or false",
    "a string": "a string",
    "numeric": "a number",
    "a Mapping": "an object",
}
_UNREGISTERED_NAME = re.compile(
    r"'(?P<name>.+?)' is not a registered name for '(?P<base>\w+)'"
    r"(?:, did you mean '(?P<near>.+?)'\?)?"
)
_WORKER_ERROR = re.compile(r"ChildProcessError: (\{.*\})\s*$")
_LOST_PROCESS = re.compile(r"Connection (?:closed by peer|reset by peer)(?: \[(?P<address>.+?)\])?")
_MISSING_PATH = re.compile(r"(?:^|file )(\S+): there is no such file(?: or folder)?$")
_MAX_LENGTH = 600


@dataclass(frozen=True)
class Explanation:
    """
    # Parameters

    message : `str`
        The problem and its remedy, in one line.
    status : `int`
        The exit status.
    is_expected : `bool`, optional (default = `True`)
        Whether the message is enough, without a traceback.
    """

    message: str
    status: int
    is_expected: bool = True


def explain(error: BaseException) -> Explanation:
    """
    The message and the exit status of an error.

    # Parameters

    error : `BaseException`
        The exception. If it has an attribute `configuration_key`, the key of a configuration that
        led to it (see `dts_ee.compat`), the message begins with that.
    """
    explanation = _explain(error)
    missing = _MISSING_PATH.search(explanation.message)
    if missing is None:
        return explanation
    # Only few errors need it.
    from dts_ee.resources import command_to_fetch

    command = command_to_fetch(missing[1])
    hint = f"; {command}" if command else _near_file(missing[1])
    return replace(explanation, message=f"{explanation.message}{hint}")


def _near_file(path: str) -> str:
    """The files with almost this name, such as `own.jsonnet` for `own`, as a question."""
    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder or os.curdir)
    except OSError:
        return ""
    # Without extensions, which would make all files of a kind similar.
    near = get_close_matches(_stem(name), set(map(_stem, names)))
    return in_one_line(
        did_you_mean(name, sorted(n for n in names if n != name and _stem(n) in near))
    )


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _explain(error: BaseException) -> Explanation:
    if isinstance(error, KeyboardInterrupt):
        return Explanation("Interrupted.", INTERRUPTED)
    if _is_a(error, {_TERMINATED}):
        return Explanation("Ended by SIGTERM.", TERMINATED)
    if isinstance(error, OSError):
        return _explain_os_error(error)
    key = getattr(error, "configuration_key", None)
    if isinstance(error, RuntimeError) and (_JSONNET.match(str(error)) or _is_unopened(error)):
        return Explanation(_jsonnet_message(str(error)), MISTAKE)
    if _is_a(error, {"dts_ee.document.DocumentError"}):
        return Explanation(one_line(str(error)), MISTAKE)
    if _is_a(error, _MISTAKES):
        return Explanation(_mistake_message(error, key), MISTAKE)
    if _is_a(error, {"_pickle.UnpicklingError"}):
        return Explanation("this is no file of weights such as best.th, or it is damaged", MISTAKE)
    if isinstance(error, UnicodeDecodeError):
        return Explanation(one_line(f"{_at(key)}this is no UTF-8 text: {error}"), MISTAKE)
    if isinstance(error, FloatingPointError):
        return Explanation(one_line(str(error)), FAILED)
    in_worker = _WORKER_ERROR.search(str(error))
    if in_worker:
        return Explanation(**json.loads(in_worker[1]))
    lost = _LOST_PROCESS.search(str(error))
    if isinstance(error, RuntimeError) and lost:
        return Explanation(_lost_process_message(lost["address"]), FAILED)
    if key and isinstance(error, _CAUSED_BY_CONFIGURATION):
        return _explain_value(error, key)
    if isinstance(error, ValueError) and _is_raised_in(error, "allennlp.commands."):
        return Explanation(one_line(str(error)), MISTAKE)
    return Explanation(f"{_at(key)}{_named(error)}", FAILED, is_expected=False)


@contextmanager
def reporting_errors(debug: bool = False) -> Iterator[None]:
    """
    Ends the program with a one-line message if the code inside fails.

    The traceback is written to AllenNLP's log file of a training, if there is one.

    # Parameters

    debug : `bool`, optional (default = `False`)
        Whether to print the traceback too.
    """
    # A log that cannot be written prints no traceback for each message.
    logging.raiseExceptions = debug
    try:
        yield
    except BrokenPipeError:
        # The reader of the output has closed it. Python would print another error at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        if isinstance(error, SystemExit) and not _is_a(error, {_TERMINATED}):
            raise
        explanation = explain(error)
        log = _write_to_log(error)
        if debug:
            traceback.print_exc()
        message = explanation.message
        if not explanation.is_expected and not debug:
            kept = f", and {log} has it" if log is not None else ""
            message = f"{message} (--debug shows the traceback{kept})"
        sys.stdout.flush()
        is_error = explanation.status in (FAILED, MISTAKE)
        print(f"error: {message}" if is_error else f"\n{message}", file=sys.stderr)
        sys.exit(explanation.status)


def report_errors_of(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """
    The function of a command, with its errors reported as by `reporting_errors`.

    # Parameters

    func : `Callable[[argparse.Namespace], Any]`
        The function. If the attribute `debug` of its arguments is true, tracebacks are printed.
    """

    @functools.wraps(func)
    def reporting(args: Any) -> Any:
        with reporting_errors(getattr(args, "debug", False)):
            return func(args)

    return reporting


def _is_a(error: BaseException, names: "set[str]") -> bool:
    return any(f"{base.__module__}.{base.__qualname__}" in names for base in type(error).__mro__)


def _is_raised_in(error: BaseException, package: str) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(package)


def _at(key: Optional[str]) -> str:
    return f"{key}: " if key else ""


def one_line(text: str) -> str:
    """A text of any origin as a part of a message, not too long: see `in_one_line`."""
    return in_one_line(textwrap.shorten(text, _MAX_LENGTH, placeholder=" …"))


def _lost_process_message(address: Optional[str]) -> str:
    where = f" at {address}" if address else ""
    return (
        f"another process of the distributed training{where} has ended, or the network failed: its "
        "log has more, and `train --recover` goes on"
    )


def _named(error: BaseException) -> str:
    """The exception's name and message."""
    return one_line(f"{type(error).__name__}: {error}").removesuffix(":")


def _explain_os_error(error: OSError) -> Explanation:
    status = MISTAKE if isinstance(error, _WRONG_PATH) else FAILED
    if error.errno in _NO_SPACE:
        file = error.filename or _file_being_written(error)
        where = f"{file}: " if file else ""
        return Explanation(f"{where}{_NO_SPACE[error.errno]}: make room, and repeat it", FAILED)
    if error.strerror is None or error.filename is None:
        # AllenNLP's own `FileNotFoundError`, with a sentence.
        missing = re.fullmatch(r"file (.+) not found", str(error))
        if missing:
            return Explanation(f"{missing[1]}: there is no such file", status)
        # This package raises Python's own classes with a sentence.
        is_expected = type(error).__module__ == "builtins"
        return Explanation(one_line(str(error)) or _named(error), status, is_expected)
    problem = error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, FileNotFoundError):
        problem = "there is no such file or folder"
    # The second file name is the target of a move.
    return Explanation(one_line(f"{error.filename2 or error.filename}: {problem}"), status)


def _file_being_written(error: BaseException) -> Optional[str]:
    """The file that the failing code was writing: the system's error for `write` has no name."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        for value in frame.f_locals.values():
            name = getattr(value, "name", None)
            if isinstance(value, io.IOBase) and isinstance(name, str) and name:
                return name
    return None


def _explain_value(error: Exception, key: str) -> Explanation:
    """The error of a value of a wrong type or out of range in a configuration."""
    expected = _EXPECTED_TYPE.fullmatch(str(error.args[-1] if error.args else ""))
    if expected:
        return Explanation(f"{key}: this should be {_TYPES[expected[1]]}", MISTAKE)
    if type(error) is ValueError:
        return Explanation(f"{key}: {one_line(str(error))}", MISTAKE)
    return Explanation(f"{key}: {_named(error)}", MISTAKE, is_expected=False)


def _mistake_message(error: BaseException, key: Optional[str]) -> str:
    jsonnet = _JSONNET.search(str(error))
    if jsonnet:
        return _jsonnet_message(str(error)[jsonnet.start() :])
    message = one_line(str(error))
    required = _REQUIRED_KEY.fullmatch(message)
    if required:
        missing = ".".join(filter(None, (required["location"], required["key"])))
        return f"{missing}: this key is missing, and it has no default"
    if message.startswith("Failed to construct argument"):
        # The causes hold the errors of all types of a union.
        causes = []
        cause = error.__cause__
        while cause is not None:
            text = str(getattr(cause, "message", None) or (cause.args or [cause])[-1])
            causes.append(text.rstrip("."))
            cause = cause.__cause__
        message = one_line("; or ".join(dict.fromkeys(reversed(causes)))) or message
    if message.startswith("Serialization directory ("):
        folder = message[len("Serialization directory (") :].partition(") already exists")[0]
        return (
            f"{folder}: this folder is not empty; --force deletes it first, and `train --recover` "
            "goes on with the training in it"
        )
    if "specified a GPU but none is available" in message:
        return (
            "a GPU is asked for, and there is none: for the CPU, leave --cuda-device out or set "
            "trainer.cuda_device to -1"
        )
    unregistered = _UNREGISTERED_NAME.match(message)
    if unregistered:
        near = f"; did you mean {unregistered['near']}?" if unregistered["near"] else ""
        return f"there is no {unregistered['base']} {unregistered['name']!r}{near}"
    if type(error).__name__ == "JSONDecodeError":
        message = f"invalid JSON: {message}"
    # Some messages begin with the key already.
    return message if key and message.startswith(key) else f"{_at(key)}{message}"


def _is_unopened(error: RuntimeError) -> bool:
    return str(error).startswith("Opening input file: ")


def _jsonnet_message(text: str) -> str:
    """
    Jsonnet's message after the file, line and column; those of an error at run time are of the
    innermost frame in a file.
    """
    head, *frames = text.strip().split("\n\t")
    kind = _JSONNET.match(head)
    head = head[kind.end() :] if kind else head
    if re.match(r"\d+:\d+", head):
        # AllenNLP lets Jsonnet evaluate `--overrides` as a text without a file name.
        head = f"--overrides:{head} (it should be like '{{\"trainer.num_epochs\": 30}}')"
    unset = _UNSET_VARIABLE.match(head)
    if unset:
        head = f"the environment variable {unset[1]} is not set: {unset[1]}=… before the command"
    position = next(filter(None, map(_frame_position, frames)), "")
    return one_line(f"{position}{head}")


def _frame_position(frame: str) -> str:
    path, _, rest = frame.partition(":")
    position = _JSONNET_POSITION.match(rest)
    if position is None or path == "std.jsonnet":
        return ""
    return f"{path}:{position['line']}:{position['column']}: "


def _write_to_log(error: BaseException) -> Optional[str]:
    """Writes the traceback to the log file of a training, and returns the file's path."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            exc_info = (type(error), error, error.__traceback__)
            record = logging.LogRecord(
                __name__, logging.CRITICAL, __file__, 0, "The command failed", (), exc_info
            )
            handler.handle(record)
            return handler.baseFilename
    return None
