"""
Subcommand for learning curves.
"""

import argparse
import sys
from typing import List

from allennlp.commands import Subcommand

from dts_ee.commands.run_arguments import (
    add_run_arguments,
    add_test_data_argument,
    do_runs,
    print_table,
    seeds,
)
from dts_ee.runs.learning_curve import ALL, learning_curve


@Subcommand.register("learning-curve")
class LearningCurve(Subcommand):
    """
    `allennlp learning-curve CONFIG -s DIR --sizes 10,30,100`: F1 by the number of sentences.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Train an experiment on growing samples, and show whether more data pays."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} For each size, sentences are drawn at random from the "
            "training data, --draws times, and each draw is trained and evaluated as `allennlp "
            "repeat` does, into DIR/size_N/seed_DRAW. DIR gets learning_curve.md, "
            "its table as CSV, and learning_curve.png, which are written again after each size. "
            "The same command goes on after an interruption. Without test data, each draw holds a "
            "fifth of the training file out to test on. The exit status is 0 if every draw is "
            "finished at the end, and 1 otherwise.",
            epilog="For example: TRAIN_DATA=data/all.json allennlp learning-curve "
            "experiments/own.jsonnet -s out/curve --sizes 10,30,all",
            help=description,
        )
        add_run_arguments(subparser, "draw")
        subparser.add_argument(
            "--sizes",
            type=_sizes,
            required=True,
            metavar="N,N,…",
            help=f"how many training sentences; `{ALL}` for all",
        )
        subparser.add_argument(
            "--draws",
            type=seeds,
            default=[1, 2, 3],
            metavar="N,N,…",
            help="the numbers of the draws of each size, which are also their seeds",
        )
        add_test_data_argument(subparser)
        subparser.set_defaults(func=learning_curve_from_args)
        return subparser


def learning_curve_from_args(args: argparse.Namespace) -> None:
    """Run the command, and exit with 1 if a draw is not finished at the end."""
    # Imported late, as it takes a while.
    from dts_ee.runs.learning_curve_report import (
        advice,
        learning_curve_table,
        write_learning_curve,
    )

    points = do_runs(
        lambda: learning_curve(
            args.config,
            args.directory,
            args.sizes,
            args.draws,
            args.overrides,
            args.jobs,
            args.test_data,
            args.include_package,
            lambda points: write_learning_curve(args.directory, points),
        )
    )
    note = f"The table and the picture are in {args.directory / 'learning_curve.md'}"
    print_table(learning_curve_table(points), args.table_format, f"{note}\n\n{advice(points)}")
    missing = [
        f"{point.size} sentences, draw {draw}" for point in points for draw in point.summary.missing
    ]
    if missing:
        print(f"Not finished: {'; '.join(missing)}.", file=sys.stderr)
        sys.exit(1)


def _sizes(text: str) -> List[str]:
    words = text.split(",")
    for word in words:
        if word != ALL and (not word.isdecimal() or int(word) < 1):
            raise argparse.ArgumentTypeError(
                f"{word!r} is not a number of sentences: give a list such as 10,30,100 or "
                f"10,30,{ALL}"
            )
    return list(dict.fromkeys(words))
