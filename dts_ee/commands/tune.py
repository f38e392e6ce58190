"""
Subcommand for searching the settings of an experiment.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import List

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError
from allennlp.common.params import parse_overrides

from dts_ee.commands.run_arguments import (
    add_experiment_arguments,
    add_table_format,
    do_runs,
    positive,
    print_table,
    seeds,
    whole_numbers,
)
from dts_ee.corpora.files import open_atomically
from dts_ee.runs.search_space import read_space
from dts_ee.runs.settings import load_settings
from dts_ee.runs.tuning import (
    PRUNERS,
    Candidate,
    Search,
    TrialFailed,
    best_trials,
    check_study,
    open_study,
    run_trials,
    train_with_seeds,
)
from dts_ee.runs.tuning_report import candidates_table, write_best

_NUM_SHOWN = 5


@Subcommand.register("tune")
class Tune(Subcommand):
    """
    `allennlp tune CONFIG SPACE -s DIR --trials N`: searches the settings of an experiment.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Search for the settings that are best on the development data."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} Each trial is trained by `allennlp train` in a process of "
            "its own, into DIR/trial_N; Optuna chooses its settings from SPACE. The test split is "
            "never read. Several processes, also on several machines, can take part in one study: "
            "call the same command in each. The same command goes on after an interruption, and a "
            "trial whose process was killed is taken up again. DIR gets best.jsonnet, trials.csv "
            "and study.html. The exit status is 0 if the trials are finished at the end, and 1 "
            "otherwise.",
            epilog="For example: allennlp tune experiments/sample.jsonnet space.jsonnet "
            "-s out/tune --trials 20 --seeds 1,2,3",
            help=description,
        )
        add_experiment_arguments(
            subparser, "the folder to write to; processes on one machine share it"
        )
        add_table_format(subparser)
        subparser.add_argument(
            "space",
            type=Path,
            metavar="SPACE",
            help="what to search, a Jsonnet object such as {'trainer.optimizer.lr': "
            "{type: 'float', low: 1e-4, high: 1e-2, log: true}}; other types are 'int' and "
            "'categorical'",
        )
        subparser.add_argument(
            "--trials",
            type=positive,
            required=True,
            metavar="N",
            help="how many trials the study has at the end, those of other processes included",
        )
        subparser.add_argument(
            "--folds",
            type=whole_numbers,
            default=[],
            metavar="N,N,…",
            help="train each of these folds in a trial, whose score is their mean: the arguments "
            "that CONFIG is called with, as in `cross-validate`",
        )
        subparser.add_argument(
            "--study", metavar="NAME", help="the name of the study (default = the name of DIR)"
        )
        subparser.add_argument(
            "--storage",
            metavar="URL",
            help="where the study is: sqlite:///FILE, journal:FILE or postgresql://HOST/NAME "
            "(default = DIR/study.db, in SQLite)",
        )
        subparser.add_argument(
            "--pruner",
            choices=PRUNERS,
            default=PRUNERS[0],
            help="which trainings are ended early (default = %(default)s: those that are below the "
            "median of the trials before, at the same epoch or, with --folds, after as many folds; "
            "a third of them are trained in any case)",
        )
        subparser.add_argument(
            "--seeds",
            type=seeds,
            default=[],
            metavar="N,N,…",
            help="train the best settings again with these seeds, and rank them by their means",
        )
        subparser.add_argument(
            "--best",
            type=positive,
            default=3,
            metavar="N",
            help="with --seeds, how many settings are trained again (default = %(default)s)",
        )
        subparser.set_defaults(func=tune_from_args)
        return subparser


def tune_from_args(args: argparse.Namespace) -> None:
    """
    Runs the command.

    # Raises

    `ConfigurationError`
        If Optuna is not installed, or an argument is wrong.
    """
    if find_spec("optuna") is None:
        raise ConfigurationError("`tune` needs Optuna: pip install 'dts_ee[tune]'")
    folds = {fold: load_settings(args.config, args.overrides, fold) for fold in args.folds}
    settings = folds[args.folds[0]] if folds else load_settings(args.config, args.overrides)
    directory: Path = args.directory
    search = Search(
        settings, read_space(args.space, settings), directory, tuple(args.include_package), folds
    )
    directory.mkdir(parents=True, exist_ok=True)
    storage = args.storage or f"sqlite:///{(directory / 'study.db').absolute()}"
    study = open_study(
        args.study or directory.absolute().name, storage, args.pruner, search.warmup_steps
    )
    check_study(study, search)

    def run() -> List[Candidate]:
        run_trials(search, study, args.trials)
        if not args.seeds:
            return best_trials(search, study, _NUM_SHOWN)
        return train_with_seeds(search, best_trials(search, study, args.best), args.seeds)

    try:
        candidates = do_runs(run)
    except TrialFailed as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    if not candidates:
        print("error: no trial is complete: all were pruned", file=sys.stderr)
        sys.exit(1)
    # Imported late, as it takes a while.
    from dts_ee.pages.study_page import render_study

    table = candidates_table(candidates)
    changes = {**parse_overrides(args.overrides), **candidates[0].values}
    write_best(directory / "best.jsonnet", args.config, changes, args.folds)
    with open_atomically(directory / "trials.csv") as file:
        file.write(study.trials_dataframe().to_csv(index=False))
    with open_atomically(directory / "study.html") as file:
        file.write(render_study(study, table, bool(folds)))
    print_table(
        table,
        args.table_format,
        f"The best settings are in {directory / 'best.jsonnet'}, all trials in "
        f"{directory / 'trials.csv'}, pictures in {directory / 'study.html'}",
    )
