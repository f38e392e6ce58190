"""The argument parser of the command line."""

import argparse
import sys
from typing import Any, Dict, Iterator, List, NoReturn, Optional, Sequence

from dts_ee.archives.trust import trust_as_asked
from dts_ee.errors import MISTAKE, report_errors_of
from dts_ee.suggestions import did_you_mean


class CommandLineParser(argparse.ArgumentParser):
    """
    A parser with one-line errors that suggest the nearest command or option. Errors of the commands
    are one line too; `--debug` shows their tracebacks.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._words: List[str] = []
        for option, meaning in (
            ("--debug", "show the traceback of an error"),
            # `dts_ee_command` does it: the log begins before the arguments are parsed.
            ("--verbose", "show the whole log"),
        ):
            self.add_argument(
                option,
                action="store_true",
                # A subcommand's default would overwrite an option before the subcommand.
                default=argparse.SUPPRESS,
                help=meaning,
            )

    def add_argument(self, *args: Any, **kwargs: Any) -> Any:
        # AllenNLP's parser appends the default to the help, also where it is already there.
        appended = f" (default = {kwargs.get('default')})"
        text = str(kwargs.get("help")).removesuffix(appended)
        if "(default = " in text:
            kwargs["help"] = text
        return super().add_argument(*args, **kwargs)

    def set_defaults(self, **kwargs: Any) -> None:
        if "func" in kwargs:
            kwargs["func"] = report_errors_of(trust_as_asked(kwargs["func"]))
        super().set_defaults(**kwargs)

    def parse_known_args(  # type: ignore[override]
        self, args: Optional[Sequence[str]] = None, namespace: Any = None
    ) -> Any:
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        parser: CommandLineParser = self
        commands = self._commands()
        command = next((word for word in self._words if not word.startswith("-")), None)
        if commands and command is not None:
            if command not in commands:
                self._fail(f"there is no command {command!r}{did_you_mean(command, commands)}")
            parser = commands[command]
        for option in parser._unknown_options(self._words):
            near = did_you_mean(option, parser._option_string_actions)
            parser._fail(f"there is no option {option}{near}")
        parser._fail(message)

    def _fail(self, problem: str) -> NoReturn:
        self.exit(MISTAKE, f"error: {problem} (more: {self.prog} --help)\n")

    def _commands(self) -> Dict[str, Any]:
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                return dict(action.choices)
        return {}

    def _unknown_options(self, words: Sequence[str]) -> Iterator[str]:
        known = self._option_string_actions
        for word in words:
            if word == "--":
                return
            option = word.partition("=")[0]
            if option.startswith("--") and not any(name.startswith(option) for name in known):
                yield option


def share(text: str) -> float:
    """A command line's number above 0 and at most 1, or an `argparse.ArgumentTypeError`."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and at most 1")
    return number
