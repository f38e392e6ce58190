"""
Subcommand for ablations of an experiment.
"""

import argparse
import sys
from pathlib import Path

from allennlp.commands import Subcommand

from dts_ee.commands.run_arguments import (
    add_run_arguments,
    add_seed_arguments,
    do_runs,
    print_table,
)
from dts_ee.project_files import project_files
from dts_ee.runs.ablation import ablate

_ABLATIONS = project_files() / "experiments" / "ablations.jsonnet"


@Subcommand.register("ablate")
class Ablate(Subcommand):
    """
    `allennlp ablate CONFIG -s DIR --seeds 1,2,3`: trains an experiment without one part at a time.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Leave out an experiment's parts in turn, and write what that costs."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} Each row of the list of ablations is an experiment that is "
            "run as `allennlp repeat` does, into a folder of DIR. DIR/ablations.md and "
            "DIR/ablations.csv have all rows, with a test of significance; they are written again "
            "with each that is finished. The same command goes on after an interruption.",
            epilog="For example: allennlp ablate experiments/conll04_glove.jsonnet "
            "-s out/ablations --seeds 1,2,3",
            help=description,
        )
        add_run_arguments(subparser, "seed")
        add_seed_arguments(subparser)
        subparser.add_argument(
            "--ablations",
            type=Path,
            default=_ABLATIONS,
            metavar="FILE",
            help="the list: Jsonnet, a function of the experiment (default: the project's "
            "experiments/ablations.jsonnet)",
        )
        subparser.set_defaults(func=ablate_from_args)
        return subparser


def ablate_from_args(args: argparse.Namespace) -> None:
    """Run the command, and exit with 1 if a seed is not finished at the end."""
    # Imported late, as it takes a while.
    from dts_ee.runs.ablation_table import AblationTable

    table = AblationTable(args.directory, args.config)
    results = do_runs(
        lambda: ablate(
            args.config,
            args.directory,
            args.seeds,
            args.ablations,
            args.overrides,
            args.jobs,
            args.test_data,
            args.include_package,
            table.write,
        )
    )
    print_table(table.table(results), args.table_format, f"The table is in {table.file}")
    missing = [result.ablation.name for result in results if result.summary.missing]
    if missing:
        print(f"Not finished: {', '.join(missing)}.", file=sys.stderr)
        sys.exit(1)
