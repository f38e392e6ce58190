"""
What an error says to whoever typed the command, and the exit status that it leads to.

This is the one place that decides it, for every command. Nothing is imported here: the classes of
errors are known by their names, so that commands which import neither torch nor AllenNLP have the
same words.
"""

import functools
import logging
import os
import re
import sys
import textwrap
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterator, Optional

FAILED = 1
"""The exit status of what failed although the user made no mistake."""

MISTAKE = 2
"""The exit status of a user's mistake, as argparse has it."""

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
"""What a constructor raises that is given a value of a wrong type or out of range."""

_WRONG_PATH = (
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)

_JSONNET = re.compile(r"(?P<kind>RUNTIME|STATIC) ERROR: ")
_JSONNET_PLACE = re.compile(r"\(?(?P<line>\d+):(?P<column>\d+)")
_UNSET_VARIABLE = re.compile(r"undefined external variable: (\w+)")
_REQUIRED_KEY = re.compile(r'key "(?P<key>.*)" is required(?: at location "(?P<place>.*)\.")?')
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
_MISSING_PATH = re.compile(r"(?:^|file )(\S+): there is no such file(?: or folder)?$")
_LONGEST = 600


@dataclass(frozen=True)
class Explanation:
    """
    # Parameters

    message : `str`
        What is wrong and what to do, in one line.
    status : `int`
        The exit status.
    is_expected : `bool`, optional (default = `True`)
        Whether the message says enough, so that nobody needs a traceback.
    """

    message: str
    status: int
    is_expected: bool = True


def explain(error: BaseException) -> Explanation:
    """
    What to say about an error, and how to end.

    # Parameters

    error : `BaseException`
        What was raised. Where its attribute `configuration_key` says which key of a configuration
        led to it (see `dts_ee.compat`), that is said first.
    """
    explanation = _explain(error)
    missing = _MISSING_PATH.search(explanation.message)
    if missing is None:
        return explanation
    # Light, but of no use to most.
    from dts_ee.resources import command_to_fetch

    command = command_to_fetch(missing[1])
    return replace(explanation, message="; ".join(filter(None, (explanation.message, command))))


def _explain(error: BaseException) -> Explanation:
    if isinstance(error, KeyboardInterrupt):
        return Explanation("Interrupted.", INTERRUPTED)
    if _is_a(error, {"allennlp.common.util.SigTermReceived"}):
        return Explanation("Ended by SIGTERM.", TERMINATED)
    if isinstance(error, OSError):
        return _explain_os_error(error)
    place = getattr(error, "configuration_key", None)
    if isinstance(error, RuntimeError) and (_JSONNET.match(str(error)) or _is_unopened(error)):
        return Explanation(_jsonnet_message(str(error)), MISTAKE)
    if _is_a(error, {"dts_ee.document.DocumentError"}):
        return Explanation(_one_line(str(error)), MISTAKE)
    if _is_a(error, _MISTAKES):
        return Explanation(_mistake_message(error, place), MISTAKE)
    if _is_a(error, {"_pickle.UnpicklingError"}):
        return Explanation("this is no file of weights such as best.th, or it is damaged", MISTAKE)
    if isinstance(error, UnicodeDecodeError):
        return Explanation(f"{_at(place)}this is no UTF-8 text: {error}", MISTAKE)
    if place and isinstance(error, _CAUSED_BY_CONFIGURATION):
        return _explain_value(error, place)
    if isinstance(error, ValueError) and _is_raised_in(error, "allennlp.commands."):
        return Explanation(_one_line(str(error)), MISTAKE)
    return Explanation(f"{_at(place)}{_named(error)}", FAILED, is_expected=False)


@contextmanager
def reporting_errors(debug: bool = False) -> Iterator[None]:
    """
    Ends the program, where what is done inside fails, with one line that says why and what to do.

    The traceback is written to the log file that AllenNLP keeps of a training, if there is one.

    # Parameters

    debug : `bool`, optional (default = `False`)
        Whether to print the traceback too.
    """
    try:
        yield
    except BrokenPipeError:
        # Whoever read the output has read enough. Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except (Exception, KeyboardInterrupt) as error:
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
        What the command does with its arguments, of which `debug` says whether to print tracebacks.
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


def _at(place: Optional[str]) -> str:
    return f"{place}: " if place else ""


def _one_line(text: str) -> str:
    return textwrap.shorten(text, _LONGEST, placeholder=" …")


def _named(error: BaseException) -> str:
    """The exception's message, and its name, without which most messages say little."""
    return _one_line(f"{type(error).__name__}: {error}").removesuffix(":")


def _explain_os_error(error: OSError) -> Explanation:
    status = MISTAKE if isinstance(error, _WRONG_PATH) else FAILED
    if error.strerror is None or error.filename is None:
        # AllenNLP's own: a `FileNotFoundError` with a sentence.
        missing = re.fullmatch(r"file (.+) not found", str(error))
        if missing:
            return Explanation(f"{missing[1]}: there is no such file", status)
        # Python's own classes are raised with a sentence where this package raises them.
        is_expected = type(error).__module__ == "builtins"
        return Explanation(_one_line(str(error)) or _named(error), status, is_expected)
    problem = error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, FileNotFoundError):
        problem = "there is no such file or folder"
    # The second is where something should have been moved to.
    return Explanation(f"{error.filename2 or error.filename}: {problem}", status)


def _explain_value(error: Exception, place: str) -> Explanation:
    """What a value of a wrong type or out of range led to, where an object was built from it."""
    expected = _EXPECTED_TYPE.fullmatch(str(error.args[-1] if error.args else ""))
    if expected:
        return Explanation(f"{place}: this should be {_TYPES[expected[1]]}", MISTAKE)
    if type(error) is ValueError:
        return Explanation(f"{place}: {_one_line(str(error))}", MISTAKE)
    return Explanation(f"{place}: {_named(error)}", MISTAKE, is_expected=False)


def _mistake_message(error: BaseException, place: Optional[str]) -> str:
    jsonnet = _JSONNET.search(str(error))
    if jsonnet:
        return _jsonnet_message(str(error)[jsonnet.start() :])
    message = _one_line(str(error))
    required = _REQUIRED_KEY.fullmatch(message)
    if required:
        key = ".".join(filter(None, (required["place"], required["key"])))
        return f"{key}: this key is missing, and it has no default"
    if message.startswith("Failed to construct argument"):
        # What was tried for each type of a union is in the causes.
        causes = []
        cause = error.__cause__
        while cause is not None:
            text = str(getattr(cause, "message", None) or (cause.args or [cause])[-1])
            causes.append(text.rstrip("."))
            cause = cause.__cause__
        message = _one_line("; or ".join(dict.fromkeys(reversed(causes)))) or message
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
    # Some messages begin with the key themselves, for those who read a traceback.
    return message if place and message.startswith(place) else f"{_at(place)}{message}"


def _is_unopened(error: RuntimeError) -> bool:
    return str(error).startswith("Opening input file: ")


def _jsonnet_message(text: str) -> str:
    """
    Jsonnet's message after the file, line and column, which of an error at run time are those of
    the innermost frame that is in a file.
    """
    head, *frames = text.strip().split("\n\t")
    kind = _JSONNET.match(head)
    head = head[kind.end() :] if kind else head
    if re.match(r"\d+:\d+", head):
        # AllenNLP has `--overrides` evaluated as a text without a name.
        head = f"--overrides:{head} (it should be like '{{\"trainer.num_epochs\": 30}}')"
    unset = _UNSET_VARIABLE.match(head)
    if unset:
        head = f"the environment variable {unset[1]} is not set: {unset[1]}=… before the command"
    place = next((place for place in map(_frame_place, frames) if place), "")
    return _one_line(f"{place}{head}")


def _frame_place(frame: str) -> str:
    path, _, rest = frame.partition(":")
    place = _JSONNET_PLACE.match(rest)
    if place is None or path == "std.jsonnet":
        return ""
    return f"{path}:{place['line']}:{place['column']}: "


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
