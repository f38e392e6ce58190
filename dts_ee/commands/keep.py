"""
Subcommand for keeping a model under a name.
"""

import argparse
from typing import Any

from allennlp.commands import Subcommand

from dts_ee.commands.model_arguments import add_card_arguments, card_options
from dts_ee.named_models import ModelCard
from dts_ee.named_models.find import kept_archive
from dts_ee.user_folders import MODELS_VARIABLE


@Subcommand.register("keep")
class Keep(Subcommand):
    """
    `dts-ee keep ARCHIVE --name NAME`: copies a model to where it is found by its name.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Keep a copy of a model where it is found by its name, in any folder."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} A model that had the name is replaced. `dts-ee models` "
            "lists what is kept, and where; the environment variable "
            f"{MODELS_VARIABLE} names another folder.",
            epilog="For example: dts-ee keep out/sample --name news-small",
            help=description,
        )
        add_card_arguments(subparser)
        subparser.set_defaults(func=keep_from_args)
        return subparser


def keep_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    card = keep(args.model, version=args.version, **card_options(args))
    print(f"Kept {card.name} {card.version} ({card.summary()}): {kept_archive(card.name)}")


def keep(model: str, name: str, version: str = "1.0.0", **options: Any) -> ModelCard:
    """
    Copy a model's archive to the user's folder of models.

    # Parameters

    model : `str`
        The archive, the folder of its training, or a model's name.
    name, version : `str`
        The name and version of the copy.
    options : `Any`
        Further arguments of `copy_archive`.

    # Raises

    `ConfigurationError`
        As `copy_archive`, or if a model cannot have this name or version.
    `OSError`
        If the folder cannot be written to.
    """
    # Imported late, as it takes a while.
    from dts_ee.named_models.archive_copy import copy_archive
    from dts_ee.named_models.model_wheel import check_name, check_version

    check_name(name)
    return copy_archive(model, kept_archive(name), name, check_version(version), **options)
