"""
Subcommand for comparing repeated or cross-validated experiments.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError

from dts_ee.analysis.table import Table
from dts_ee.commands.run_arguments import add_table_format, print_table


@Subcommand.register("compare")
class Compare(Subcommand):
    """
    `allennlp compare DIR DIR …`: compares repeated or cross-validated experiments.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Compare experiments that were repeated or cross-validated, with a test of "
            "significance."
        )
        subparser = parser.add_parser(
            self.name,
            description=f"{description} Each is compared with the first: the difference in F1, its "
            "p-value (paired approximate randomisation over sentences), and the sentences that "
            "flipped, that is, are right for most seeds of only one of them. Only folds that all "
            "have are compared, with their sentences together.",
            epilog="For example: allennlp compare out/one out/other --flips flips.jsonl",
            help=description,
        )
        subparser.add_argument(
            "directories",
            nargs="+",
            type=Path,
            metavar="DIR",
            help="the -s of `allennlp repeat` or `cross-validate`; at least two",
        )
        add_table_format(subparser)
        subparser.add_argument(
            "--output-file",
            type=Path,
            metavar="FILE",
            help="also write there what is printed",
        )
        subparser.add_argument(
            "--flips",
            type=Path,
            metavar="FILE",
            help="write the sentences that flipped there, as JSON Lines",
        )
        subparser.add_argument(
            "--num-shuffles",
            type=int,
            default=10_000,
            metavar="N",
            help="how many times the test shuffles; the default is 10,000",
        )
        subparser.set_defaults(func=compare_from_args)
        return subparser


def compare_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    table, note = compare(args.directories, args.flips, args.num_shuffles)
    print_table(table, args.table_format, note, args.output_file)


def compare(
    directories: Sequence[Path], flips_file: Optional[Path] = None, num_shuffles: int = 10_000
) -> tuple[Table, str]:
    """
    # Returns

    `tuple[Table, str]`
        A table, and what its p-values are and how many sentences flipped.

    # Raises

    `ConfigurationError`
        If there are fewer than two directories, one has no predictions, they have different
        documents, or `num_shuffles` is less than 1.
    `DocumentError`
        If predictions cannot be read.
    `OSError`
        If the file cannot be written.
    """
    # Imported late: only this command needs it.
    from dts_ee.runs.comparison import read_experiments
    from dts_ee.runs.comparison_report import comparison_note, comparison_table, write_flips

    if num_shuffles < 1:
        raise ConfigurationError(f"--num-shuffles is {num_shuffles}, less than 1")
    experiments = read_experiments(directories)
    if flips_file is not None:
        write_flips(flips_file, experiments)
    return comparison_table(experiments, num_shuffles), comparison_note(experiments, num_shuffles)
