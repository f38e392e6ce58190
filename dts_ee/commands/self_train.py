"""
Subcommand for training on annotated sentences and on others.
"""

import argparse
import sys
from pathlib import Path

from allennlp.commands import Subcommand

from dts_ee.argument_parser import share
from dts_ee.commands.run_arguments import (
    add_experiment_arguments,
    add_jobs_argument,
    do_runs,
    positive,
    seeds,
)
from dts_ee.runs.self_training import self_train


@Subcommand.register("self-train")
class SelfTrain(Subcommand):
    """
    `dts-ee self-train CONFIG UNANNOTATED -s DIR`: a student of several teachers.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Train a model on annotated sentences and on others without annotation."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} Teachers are trained on the annotated sentences of CONFIG, "
            "one for each seed, into DIR/teacher_N. Together (DIR/teachers_1_2_3.tar.gz) they "
            "predict UNANNOTATED, which should be text of the same kind. The student, DIR/student, "
            "is trained on both, and learns from the teachers' probabilities too. The same command "
            "goes on after an interruption. The exit status is 0 if the student is trained, and 1 "
            "otherwise.",
            epilog="For example: TRAIN_DATA=data/all.json dts-ee self-train own.jsonnet texts/ "
            "-s out/self",
            help=description,
        )
        add_experiment_arguments(
            subparser, "the folder to write to; if it has other trainings, it is an error"
        )
        subparser.add_argument(
            "unannotated",
            type=Path,
            metavar="UNANNOTATED",
            help="text without annotation, as for predict: JSON Lines, or a folder of .txt files",
        )
        add_jobs_argument(subparser, "teacher")
        subparser.add_argument(
            "--seeds",
            type=seeds,
            default=[1, 2, 3],
            metavar="N,N,…",
            help="the teachers' seeds (default = 1,2,3); the student has the first",
        )
        subparser.add_argument(
            "--weight",
            type=share,
            default=0.7,
            metavar="SHARE",
            help="the weight of the teachers' probabilities among the student's targets, above 0 "
            "and at most 1; the annotation, and the predictions, have the rest (default = 0.7)",
        )
        subparser.add_argument(
            "--epochs",
            type=positive,
            metavar="N",
            help="the student's number of epochs, as it has more sentences than the teachers "
            "(default = that of CONFIG)",
        )
        subparser.set_defaults(func=self_train_from_args)
        return subparser


def self_train_from_args(args: argparse.Namespace) -> None:
    """Run the command, and exit with 1 if the student is not trained at the end."""
    student = do_runs(
        lambda: self_train(
            args.config,
            args.unannotated,
            args.directory,
            args.seeds,
            args.weight,
            args.epochs,
            args.overrides,
            args.jobs,
            args.include_package,
        )
    )
    if student is None:
        sys.exit(1)
    print(f"The model is {student.path}")
