"""
Subcommand for training an experiment with several seeds.
"""

import argparse

from allennlp.commands import Subcommand

from dts_ee.commands.run_arguments import (
    add_run_arguments,
    add_seed_arguments,
    do_runs,
    report_runs,
)
from dts_ee.runs.repeat import repeat


@Subcommand.register("repeat")
class Repeat(Subcommand):
    """
    `allennlp repeat CONFIG -s DIR --seeds 1,2,3`: one experiment with several seeds.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Train an experiment once for each seed, and write mean and deviation."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} Each seed is trained by `allennlp train` in a process of "
            "its own, into DIR/seed_N, and evaluated on the test split. DIR gets summary.json, "
            "summary.md, its tables as CSV, and pictures; they are written after each seed. The "
            "same command goes on after an interruption: seeds that are trained are not trained "
            "again, and one that was cut off is recovered. The exit status is 0 if every seed is "
            "finished at the end, and 1 otherwise.",
            epilog="For example: allennlp repeat experiments/sample.jsonnet -s out/sample "
            "--seeds 1,2,3",
            help=description,
        )
        add_run_arguments(subparser, "seed")
        add_seed_arguments(subparser)
        subparser.set_defaults(func=repeat_from_args)
        return subparser


def repeat_from_args(args: argparse.Namespace) -> None:
    """Run the command, and exit with 1 if a seed is not finished at the end."""
    summary = do_runs(
        lambda: repeat(
            args.config,
            args.directory,
            args.seeds,
            args.overrides,
            args.jobs,
            args.test_data,
            args.include_package,
        )
    )
    report_runs(summary, args.directory, args.table_format)
