"""
The commands that need neither torch nor AllenNLP, so that they answer at once.

Each is a module of this package with two functions: `add_arguments(parser)`, and `run(args)`, which
does what the command line says. Such a module imports nothing heavy when it is imported.
"""

import argparse
from importlib import import_module
from typing import Any

LIGHT_COMMANDS = {
    "fetch": "Fetch data and weights, and verify them against their checksums.",
    "init": "Start a project of your own in a new folder.",
    "install-requirements": "Install AllenNLP, torch and what else is required.",
    "models": "List the models that have names, or show what is known about one.",
}
"""Each command's name, and what it does."""


def add_light_command(subparsers: Any, name: str) -> argparse.ArgumentParser:
    """
    Adds the parser of a light command, whose arguments then have the function to call as `func`.

    # Parameters

    subparsers : `argparse._SubParsersAction`
        What `add_subparsers` of the program's parser has returned.
    name : `str`
        One of `LIGHT_COMMANDS`.
    """
    module = import_module(f"dts_ee.commands.{name.replace('-', '_')}")
    description = LIGHT_COMMANDS[name]
    parser = subparsers.add_parser(name, description=description, help=description)
    module.add_arguments(parser)
    parser.set_defaults(func=module.run)
    return parser
