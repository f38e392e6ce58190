"""
Subcommand for training a model.

`train` is AllenNLP's own command, with an option to train a model further.
"""

import argparse
import json

from allennlp.commands import Subcommand
from allennlp.commands.train import Train, train_model_from_args
from allennlp.common.checks import ConfigurationError
from allennlp.common.params import parse_overrides

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP


@Subcommand.register("train", exist_ok=True)
class TrainFromArchive(Train):
    """
    `allennlp train CONFIG -s DIR --from-archive ARCHIVE`: AllenNLP's command, with an archive whose
    model is trained further.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        subparser = super().add_subparser(parser)
        subparser.add_argument(
            "--from-archive",
            metavar="ARCHIVE",
            help=f"train this model further, on the data of the experiment: {MODEL_HELP}; the "
            "settings of the model and the dataset reader are the archive's",
        )
        add_trust_argument(subparser)
        subparser.set_defaults(func=train_from_args)
        return subparser


def train_from_args(args: argparse.Namespace) -> None:
    """
    Runs AllenNLP's command, with the archive as one of the overrides.

    # Raises

    `ConfigurationError`
        If the overrides are not an object, and as AllenNLP's command.
    """
    if args.from_archive is not None:
        overrides = parse_overrides(args.overrides)
        if not isinstance(overrides, dict):
            raise ConfigurationError("--overrides: this is no JSON object")
        args.overrides = json.dumps({**overrides, "from_archive": args.from_archive})
    train_model_from_args(args)
