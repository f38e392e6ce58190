"""
The commands that need neither torch nor AllenNLP, so that they answer at once.

Each is a module of this package with two functions, `add_arguments(parser)` and `run(args)`. Such a
module imports nothing that takes long.
"""

import argparse
from importlib import import_module
from typing import Any

LIGHT_COMMANDS = {
    "fetch": "Fetch data and weights, and verify them against their checksums.",
    "init": "Start a project of your own in a new folder.",
    "install-requirements": "Install AllenNLP, torch and the other requirements.",
    "models": "List the models that have names, or show the card of one.",
}
"""The names of the commands, with their descriptions."""


def add_light_command(subparsers: Any, name: str) -> argparse.ArgumentParser:
    """
    Adds the parser of a light command, with the function to call as the default of `func`.

    # Parameters

    subparsers : `argparse._SubParsersAction`
        The result of `add_subparsers` of the program's parser.
    name : `str`
        One of `LIGHT_COMMANDS`.
    """
    module = import_module(f"dts_ee.commands.{name.replace('-', '_')}")
    description = LIGHT_COMMANDS[name]
    parser = subparsers.add_parser(name, description=description, help=description)
    module.add_arguments(parser)
    parser.set_defaults(func=module.run)
    return parser
