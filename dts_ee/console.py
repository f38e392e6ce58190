"""
The output of commands on standard error: progress, and warnings in one line.

AllenNLP's commands print their whole log. Here it goes to the log file of a training, and to the
terminal only with `--verbose` or `ALLENNLP_LOG_LEVEL`.
"""

import logging
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Optional, Set, TextIO, Type, Union

from tqdm import tqdm

from dts_ee.characters import in_one_line

LEVEL_VARIABLE = "ALLENNLP_LOG_LEVEL"
"""AllenNLP's variable for the log level, which child processes inherit."""

_ALLENNLP_FORMAT = "%(asctime)s - %(levelname)s - %(name)s - %(message)s"

_PROGRAMS = ("allennlp", "dts-ee", "dts_ee")
"""The names of the commands, and of the packages that are run with `python -m`."""

_USELESS = re.compile(
    # Early stopping is optional.
    r"You provided a validation dataset but patience was set to None"
    # That is the purpose of the underscore.
    r'|Metrics with names beginning with "_" will not be logged'
    # Normal for all workers in every epoch.
    r"|Worker \d+ completed its entire epoch"
    # One that has handed over all of its batches, and takes long to end.
    r"|terminating worker \d+"
    # AllenNLP's `train` itself passes it twice.
    r"|Parameter local_rank for class .* was found in both"
    # It has the files of encoders, and after a recovery the same vocabulary.
    r"|vocabulary serialization directory .* is not empty"
    # The loss is one number for the whole batch.
    r"|Encountered the loss key in the model's return dictionary"
)
"""AllenNLP's warnings that appear in correct trainings and predictions."""

_LIBRARIES = re.compile(r"[/\\]site-packages[/\\](torch|torchvision|transformers|spacy|thinc)[/\\]")
"""Libraries whose Python warnings are for developers."""


def console_level() -> int:
    """The log level of the terminal from the environment; by default that of warnings."""
    if os.environ.get("ALLENNLP_DEBUG"):
        return logging.DEBUG
    level = logging.getLevelName(os.environ.get(LEVEL_VARIABLE, ""))
    return level if isinstance(level, int) else logging.WARNING


def shows_log() -> bool:
    """Whether the terminal shows the whole log, with AllenNLP's own progress bars."""
    return console_level() <= logging.INFO


def say(text: str, file: Optional[TextIO] = None) -> None:
    """
    Prints a text immediately, above the progress bar if there is one.

    # Parameters

    text : `str`
        One or more lines.
    file : `TextIO`, optional (default = `sys.stderr`)
        The stream. Results are printed to `sys.stdout`.
    """
    file = file or sys.stderr
    tqdm.write(text, file=file)
    file.flush()


class ConsoleHandler(logging.Handler):
    """
    Prints each warning and error once, in one line without time and module, above the progress bar.
    It leaves out useless warnings of AllenNLP.
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
            line = f"{kind}: {in_one_line(message)}"
            if record.exc_info:
                line += f"\n{logging.Formatter().formatException(record.exc_info)}"
            if line not in self._shown:
                self._shown.add(line)
                say(line)
        except Exception:
            self.handleError(record)


def quiet_console() -> None:
    """
    Replaces the log handlers of AllenNLP's command line by a `ConsoleHandler`, which also shows
    Python's warnings.

    Nothing is changed if the whole log is shown, and in other programs that import this package.
    """
    if shows_log() or not _is_command_line():
        return
    root = logging.getLogger()
    replaced = [handler for handler in root.handlers if _is_allennlp_handler(handler)]
    for handler in replaced:
        root.removeHandler(handler)
    if replaced and not any(isinstance(handler, ConsoleHandler) for handler in root.handlers):
        root.addHandler(ConsoleHandler())
    warnings.showwarning = _log_warning


def keep_log_whole(log_level: int = logging.INFO) -> None:
    """Lowers the level of the root logger and its log files, if it is higher."""
    root = logging.getLogger()
    root.setLevel(min(root.level, log_level))
    for handler in root.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.setLevel(min(handler.level, log_level))


def _is_allennlp_handler(handler: logging.Handler) -> bool:
    if type(handler) is not logging.StreamHandler or handler.formatter is None:
        return False
    # In distributed training, the format begins with the worker's number.
    return str(handler.formatter._fmt).endswith(_ALLENNLP_FORMAT)


def _is_command_line() -> bool:
    # Child processes of a command have its `sys.argv`.
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
    """Replaces `warnings.showwarning`."""
    developers = (DeprecationWarning, FutureWarning, PendingDeprecationWarning)
    for_developers = issubclass(category, developers) or _LIBRARIES.search(filename)
    level = logging.INFO if for_developers else logging.WARNING
    logging.getLogger("py.warnings").log(level, "%s", message)
