"""
Subcommand for comparing repeated or cross-validated experiments.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError


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
        subparser.add_argument(
            "--output-file",
            type=Path,
            metavar="FILE",
            help="also write the table there, as Markdown",
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
    print(compare(args.directories, args.output_file, args.flips, args.num_shuffles))


def compare(
    directories: Sequence[Path],
    output_file: Optional[Path] = None,
    flips_file: Optional[Path] = None,
    num_shuffles: int = 10_000,
) -> str:
    """
    # Returns

    `str`
        A Markdown table, and how many sentences flipped.

    # Raises

    `ConfigurationError`
        If there are fewer than two directories, one has no predictions, they have different
        documents, or `num_shuffles` is less than 1.
    `DocumentError`
        If predictions cannot be read.
    `OSError`
        If a file cannot be read or written.
    """
    # Imported late: only this command needs it.
    from dts_ee.corpora.files import open_atomically
    from dts_ee.runs.comparison import flips, read_experiments
    from dts_ee.runs.comparison_report import comparison_table, flip_counts, write_flips

    if num_shuffles < 1:
        raise ConfigurationError(f"--num-shuffles is {num_shuffles}, less than 1")
    first, *others = experiments = read_experiments(directories)
    parts = [comparison_table(experiments, num_shuffles)]
    parts += [flip_counts(first, other, flips(first, other)) for other in others]
    report = "\n\n".join(parts)
    if output_file is not None:
        with open_atomically(output_file) as file:
            file.write(report + "\n")
    if flips_file is not None:
        write_flips(flips_file, experiments)
    return report
