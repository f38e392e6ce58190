"""
The parser of AllenNLP's command line.
"""

import functools
from typing import Any

from dts_ee.compat.patching import replace


def report_errors_in_one_line() -> None:
    """
    Makes AllenNLP's command line use the parser of this package.

    AllenNLP's parser (2.10.1, with any torch) answers a misspelt command or option with a page that
    does not name the right one, and its commands answer a mistake in a configuration with a
    traceback. `dts_ee.argument_parser` prints one line with what to do.
    """
    from allennlp.commands import ArgumentParserWithDefaults

    from dts_ee.argument_parser import CommandLineParser

    # The base, not the class itself: `allennlp` has already created a parser of this class.
    ArgumentParserWithDefaults.__bases__ = (CommandLineParser,)


def require_keys_of_print_results() -> None:
    """
    Makes `print-results` require `--keys`.

    AllenNLP (2.10.1, with any torch) does not require the option, but fails without it.
    """
    from allennlp.commands.print_results import PrintResults

    original = PrintResults.add_subparser

    @functools.wraps(original)
    def add_subparser(self: PrintResults, parser: Any) -> Any:
        subparser = original(self, parser)
        for action in subparser._actions:
            action.required = action.required or action.dest == "keys"
        return subparser

    replace(PrintResults, "add_subparser", add_subparser)
