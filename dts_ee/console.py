"""
What a command shows beside its results: progress, and warnings in one line each.

AllenNLP's commands show their whole log. Here it goes to the log file of a training, and to the
terminal only where it is asked for, by `--verbose` or `ALLENNLP_LOG_LEVEL`.
"""

import logging
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Optional, Set, TextIO, Type, Union

from tqdm import tqdm

LEVEL_VARIABLE = "ALLENNLP_LOG_LEVEL"
"""AllenNLP's variable, which processes that a command starts inherit."""

_ALLENNLP_FORMAT = "%(asctime)s - %(levelname)s - %(name)s - %(message)s"

_PROGRAMS = ("allennlp", "dts-ee", "dts_ee")
"""The commands, and the packages that Python runs with `-m`."""

_USELESS = re.compile(
    # Early stopping is a choice, which the configuration shows.
    r"You provided a validation dataset but patience was set to None"
    # That is what the underscore is for.
    r'|Metrics with names beginning with "_" will not be logged'
    # All workers do so in every epoch.
    r"|Worker \d+ completed its entire epoch"
    # It is AllenNLP's `train` that puts it into both.
    r"|Parameter local_rank for class .* was found in both"
    # The files of an encoder may be there, and after a recovery the same vocabulary is.
    r"|vocabulary serialization directory .* is not empty"
    # A loss is one number for the whole batch.
    r"|Encountered the loss key in the model's return dictionary"
)
"""The warnings of AllenNLP's that come with trainings and predictions where nothing is wrong."""

_LIBRARIES = re.compile(r"[/\\]site-packages[/\\](torch|torchvision|transformers|spacy|thinc)[/\\]")
"""Their Python warnings are for who calls them."""


def console_level() -> int:
    """From which level on log messages are shown: warnings, unless the environment says else."""
    if os.environ.get("ALLENNLP_DEBUG"):
        return logging.DEBUG
    level = logging.getLevelName(os.environ.get(LEVEL_VARIABLE, ""))
    return level if isinstance(level, int) else logging.WARNING


def shows_log() -> bool:
    """Whether the whole log is wanted on the terminal, with AllenNLP's own progress bars."""
    return console_level() <= logging.INFO


def say(text: str, file: Optional[TextIO] = None) -> None:
    """
    Prints something at once, above the progress bar if there is one.

    # Parameters

    text : `str`
        One or more lines.
    file : `TextIO`, optional (default = `sys.stderr`)
        Where to; results go to `sys.stdout`.
    """
    file = file or sys.stderr
    tqdm.write(text, file=file)
    file.flush()


class ConsoleHandler(logging.Handler):
    """
    Shows each warning and each error once, in one line without a time or a module's name, above the
    progress bar. Those of AllenNLP's that tell nothing are left out.
    """

    def __init__(self) -> None:
        super().__init__(console_level())
        self._shown: Set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
            if _USELESS.match(message):
                return
            kind = "warning" if record.levelno < logging.ERROR else "error"
            line = f"{kind}: {' '.join(message.split())}"
            if record.exc_info:
                line += f"\n{logging.Formatter().formatException(record.exc_info)}"
            if line not in self._shown:
                self._shown.add(line)
                say(line)
        except Exception:
            self.handleError(record)


def quiet_console() -> None:
    """
    Puts a `ConsoleHandler` in the place of what AllenNLP's command line logs to the terminal with,
    and sends Python's warnings there too; both only where the log is not wanted there.

    What another program that imports this package logs with is left alone.
    """
    if shows_log() or not _is_command_line():
        return
    root = logging.getLogger()
    shown = [handler for handler in root.handlers if _is_allennlps(handler)]
    for handler in shown:
        root.removeHandler(handler)
    if shown and not any(isinstance(handler, ConsoleHandler) for handler in root.handlers):
        root.addHandler(ConsoleHandler())
    warnings.showwarning = _log_warning


def keep_log_whole(log_level: int = logging.INFO) -> None:
    """Makes what the root logger writes to files begin at a level, if it begins above it."""
    root = logging.getLogger()
    root.setLevel(min(root.level, log_level))
    for handler in root.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.setLevel(min(handler.level, log_level))


def _is_allennlps(handler: logging.Handler) -> bool:
    if type(handler) is not logging.StreamHandler or handler.formatter is None:
        return False
    # In distributed training, the worker's number stands before it.
    return str(handler.formatter._fmt).endswith(_ALLENNLP_FORMAT)


def _is_command_line() -> bool:
    # The processes that a command starts have its arguments, too.
    program = Path(sys.argv[0])
    return (program.parent.name if program.name == "__main__.py" else program.stem) in _PROGRAMS


def _log_warning(
    message: Union[Warning, str],
    category: Type[Warning],
    filename: str,
    lineno: int,
    file: Optional[TextIO] = None,
    line: Optional[str] = None,
) -> None:
    """In place of `warnings.showwarning`."""
    developers = (DeprecationWarning, FutureWarning, PendingDeprecationWarning)
    for_developers = issubclass(category, developers) or _LIBRARIES.search(filename)
    level = logging.INFO if for_developers else logging.WARNING
    logging.getLogger("py.warnings").log(level, "%s", message)
