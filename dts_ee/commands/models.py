"""
Lists the models that have names: `dts-ee models`.
"""

import argparse
import sys
from typing import List, NoReturn

from tqdm import tqdm

from dts_ee.named_models import NamedModel, named_models
from dts_ee.named_models.find import unknown_name
from dts_ee.user_folders import MODELS_VARIABLE, models_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the model to show, and the model to remove."""
    parser.description = (
        f"{parser.description} A name can be given wherever a command takes an archive. "
        "`dts-ee keep` keeps models in the user's folder, which the environment variable "
        f"{MODELS_VARIABLE} can name; `dts-ee package` makes packages of them."
    )
    parser.epilog = "For example: dts-ee models news-small"
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("name", nargs="?", metavar="NAME", help="show the card of this model")
    choice.add_argument("--remove", metavar="NAME", help="delete a model that is kept")


def run(args: argparse.Namespace) -> None:
    """Run the command, and exit with 2 if there is no such model."""
    models = named_models()
    if args.remove is not None:
        _remove(args.remove, models)
    elif args.name is not None:
        _show(args.name, models)
    elif models:
        print(table_of_models(models))
    else:
        print(
            "No model has a name yet. `dts-ee keep ARCHIVE --name NAME` gives it one; models are "
            f"kept in {models_folder()}"
        )


def table_of_models(models: List[NamedModel]) -> str:
    """A table of models: name, version, source, size, licence and task."""
    rows = [("NAME", "VERSION", "FROM", "SIZE", "LICENCE", "WHAT")]
    for model in models:
        source = f"package {model.package}" if model.package else str(model.archive)
        if not model.archive.is_file():
            rows.append((model.name, "?", source, "?", "?", f"{model.archive} is missing"))
            continue
        size = f"{tqdm.format_sizeof(model.archive.stat().st_size)}B"
        card = model.card
        if card is None:
            rows.append((model.name, "?", source, size, "?", "an archive without a card"))
        else:
            rows.append((model.name, card.version, source, size, card.licence, card.summary()))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]])
        for row in rows
    )


def _show(name: str, models: List[NamedModel]) -> None:
    for model in models:
        if model.name == name:
            card = model.card
            print(f"{model.archive} has no card\n" if card is None else card.to_markdown(), end="")
            return
    _refuse(f"{name}: {unknown_name(name, models)}")


def _remove(name: str, models: List[NamedModel]) -> None:
    named = [model for model in models if model.name == name]
    for model in named:
        if model.package is None:
            model.archive.unlink()
            print(f"Removed {model.archive}")
            return
    if named:
        _refuse(f"{name} is a package that is installed: `pip uninstall {name}` removes it")
    _refuse(f"{name}: {unknown_name(name, models)}")


def _refuse(problem: str) -> NoReturn:
    print(problem, file=sys.stderr)
    sys.exit(2)
