"""
Subcommand for building packages of models.
"""

import argparse
from pathlib import Path

from allennlp.commands import Subcommand

from dts_ee.commands.model_arguments import add_card_arguments, card_options
from dts_ee.named_models.card import NOT_STATED


@Subcommand.register("package")
class Package(Subcommand):
    """
    `dts-ee package ARCHIVE --name NAME`: builds a wheel of a model.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Build a wheel of a model, which is used by its name where it is installed."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} It has a card with what the model finds, what it was "
            "trained on, how good it is, its limits and its licence.",
            epilog="For example: dts-ee package out/sample --name news-small --licence Apache-2.0",
            help=description,
        )
        add_card_arguments(subparser)
        subparser.add_argument(
            "--output-dir",
            type=Path,
            default=Path("dist"),
            metavar="DIR",
            help="the folder for the wheel",
        )
        subparser.set_defaults(func=package_from_args)
        return subparser


def package_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    # Imported late, as it takes a while.
    from dts_ee.named_models.model_wheel import build_wheel

    wheel, card = build_wheel(
        args.model, args.output_dir, version=args.version, **card_options(args)
    )
    print(f"{wheel}: {card.summary()}")
    if card.licence == NOT_STATED:
        print("The card states no licence: set it with --licence.")
    if not card.figures:
        print("The card has no figures: give the output of `dts-ee evaluate` with --metrics.")
    print(f"Install it with: pip install {wheel}")
