"""
Subcommand for training an experiment on every fold of a corpus.
"""

import argparse

from allennlp.commands import Subcommand

from dts_ee.commands.run_arguments import (
    add_run_arguments,
    do_runs,
    report_runs,
    seed,
    whole_numbers,
)
from dts_ee.runs.cross_validation import cross_validate

_TEN_FOLDS = "0,1,2,3,4,5,6,7,8,9"


@Subcommand.register("cross-validate")
class CrossValidate(Subcommand):
    """
    `allennlp cross-validate CONFIG -s DIR`: one experiment on every fold of a corpus.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Train an experiment once for each fold, and write mean and deviation."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} CONFIG is a Jsonnet function with a parameter `fold`, such "
            "as function(fold=0) { … }, which selects the data. Each fold is trained by "
            "`allennlp train` in a process of its own, into DIR/fold_N, and evaluated on its own "
            "test split. DIR gets summary.json, summary.md, its tables as CSV, and pictures; they "
            "are written after each fold. The same command goes on after an interruption: folds "
            "that are trained are not trained again, and one that was cut off is recovered. The "
            "exit status is 0 if every fold is finished at the end, and 1 otherwise.",
            epilog="For example: allennlp cross-validate experiments/ade.jsonnet -s out/ade "
            "--folds 0,1,2",
            help=description,
        )
        add_run_arguments(subparser, "fold")
        subparser.add_argument(
            "--folds",
            type=whole_numbers,
            default=_TEN_FOLDS,
            metavar="N,N,…",
            help="the folds: the arguments that CONFIG is called with",
        )
        subparser.add_argument(
            "--seed",
            type=seed,
            metavar="N",
            help="every fold's random_seed, numpy_seed and pytorch_seed (default = those of "
            "CONFIG, or AllenNLP's)",
        )
        subparser.set_defaults(func=cross_validate_from_args)
        return subparser


def cross_validate_from_args(args: argparse.Namespace) -> None:
    """Run the command, and exit with 1 if a fold is not finished at the end."""
    summary = do_runs(
        lambda: cross_validate(
            args.config,
            args.directory,
            args.folds,
            args.overrides,
            args.jobs,
            args.seed,
            args.include_package,
        )
    )
    report_runs(summary, args.directory, args.table_format)
