"""
Subcommand for combining trained models.
"""

import argparse
from pathlib import Path

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP
from dts_ee.counted import counted


@Subcommand.register("ensemble")
class CombineModels(Subcommand):
    """
    `dts-ee ensemble ARCHIVE ARCHIVE… -o FILE`: combines trained models in one archive.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Combine trained models in one archive, which predicts with all of them."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} They were trained on the same data with other seeds, "
            "layers or inputs. FILE is used like the archive of one model; it has the mean of "
            "their scores, and the thresholds of the first. A frozen encoder that several of them "
            "have is in FILE once, and runs once.",
            epilog="For example: dts-ee ensemble out/conll04/seed_1 out/conll04/seed_2 "
            "out/conll04/seed_3 -o out/ensemble.tar.gz",
            help=description,
        )
        subparser.add_argument("archives", nargs="+", metavar="ARCHIVE", help=MODEL_HELP)
        add_trust_argument(subparser)
        subparser.add_argument(
            "-o",
            "--output-file",
            type=Path,
            required=True,
            metavar="FILE",
            help="a new file, such as ensemble.tar.gz",
        )
        subparser.set_defaults(func=ensemble_from_args)
        return subparser


def ensemble_from_args(args: argparse.Namespace) -> None:
    """
    Run the command.

    # Raises

    `ConfigurationError`
        If there is only one archive, or they do not fit together.
    """
    if len(args.archives) < 2:
        raise ConfigurationError("an ensemble has at least two models: name another archive")
    # Imported late: only this command needs it.
    from dts_ee.training.ensemble_archive import write_ensemble

    write_ensemble(args.archives, args.output_file)
    print(f"{args.output_file}: {counted(len(args.archives), 'model')}")
