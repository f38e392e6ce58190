"""
Subcommand for uploading models to the Hugging Face hub.
"""

import argparse

from allennlp.commands import Subcommand

from dts_ee.commands.model_arguments import add_card_arguments, card_options
from dts_ee.named_models.card import NOT_STATED


@Subcommand.register("push")
class Push(Subcommand):
    """
    `dts-ee push MODEL OWNER/NAME`: uploads a model to the Hugging Face hub.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Upload a model with its card to the Hugging Face hub."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} The repository is made if there is none. The archive and "
            "the card, as README.md, are one commit. `hf auth login`, or the environment variable "
            "HF_TOKEN, has the token; HF_ENDPOINT names another host. Elsewhere, hf://OWNER/NAME "
            "can be given wherever a command takes an archive.",
            epilog="For example: dts-ee push out/sample owner/news-small --licence Apache-2.0",
            help=description,
        )
        add_card_arguments(subparser, with_name=False)
        subparser.add_argument("repository", metavar="OWNER/NAME", help="the repository")
        subparser.add_argument(
            "--private", action="store_true", help="make a new repository private"
        )
        subparser.add_argument(
            "--revision", metavar="BRANCH", help="upload to this branch (default = the main one)"
        )
        subparser.set_defaults(func=push_from_args)
        return subparser


def push_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    # Imported late, as it takes a while.
    from dts_ee.named_models.hub import push_model

    url, card = push_model(
        args.model,
        args.repository,
        args.version,
        args.private,
        args.revision,
        **card_options(args),
    )
    print(f"{url}: {card.summary()}")
    if card.licence == NOT_STATED:
        print("The card states no licence: set it with --licence.")
    if not card.figures:
        print("The card has no figures: give the output of `dts-ee evaluate` with --metrics.")
