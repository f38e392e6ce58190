"""
Common arguments and functions of the subcommands that train several runs.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Callable, List, Optional, TypeVar

from allennlp.common.util import SigTermReceived

from dts_ee.analysis.table import FORMATS, MARKDOWN, Table
from dts_ee.corpora.files import open_atomically
from dts_ee.errors import explain
from dts_ee.runs.summary import Summary
from dts_ee.runs.tables import main_table

T = TypeVar("T")

_LARGEST_SEED = 2**32 - 1
"""The largest seed that numpy accepts."""


def add_run_arguments(subparser: argparse.ArgumentParser, kind: str) -> None:
    """
    Adds the experiment, the folder, and the options of the training.

    # Parameters

    subparser : `argparse.ArgumentParser`
        The parser of the subcommand.
    kind : `str`
        The kind of runs, such as `"seed"` or `"fold"`.
    """
    add_experiment_arguments(
        subparser, f"the folder to write to; if it has {kind}s with other settings, it is an error"
    )
    add_jobs_argument(subparser, kind)
    add_table_format(subparser)


def add_jobs_argument(subparser: argparse.ArgumentParser, kind: str) -> None:
    """Adds how many runs of a kind are trained at once."""
    subparser.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help=f"how many {kind}s are trained at once, each with its share of the cores unless "
        "OMP_NUM_THREADS is set",
    )


def add_experiment_arguments(subparser: argparse.ArgumentParser, folder_help: str) -> None:
    """Adds the experiment, the folder, which has this help, and what to change."""
    subparser.add_argument(
        "config", type=Path, metavar="CONFIG", help="the experiment, a Jsonnet or JSON file"
    )
    subparser.add_argument(
        "-s",
        "--serialization-dir",
        dest="directory",
        type=Path,
        required=True,
        metavar="DIR",
        help=folder_help,
    )
    subparser.add_argument(
        "-o",
        "--overrides",
        type=_json_object,
        default="{}",
        metavar="JSON",
        help="what to change in CONFIG, for example '{\"trainer.num_epochs\": 30}'",
    )


def add_table_format(subparser: argparse.ArgumentParser) -> None:
    """Adds the format of the table that is printed."""
    subparser.add_argument(
        "--table-format",
        choices=FORMATS,
        default=MARKDOWN,
        help="the format of the table on the standard output (default = markdown); all but "
        "Markdown is printed without other text",
    )


def add_seed_arguments(subparser: argparse.ArgumentParser) -> None:
    """Adds the seeds, and the test split that all of them are evaluated on."""
    subparser.add_argument(
        "--seeds",
        type=seeds,
        required=True,
        metavar="N,N,…",
        help="the seeds, whole numbers; each sets random_seed, numpy_seed and pytorch_seed",
    )
    add_test_data_argument(subparser)


def add_test_data_argument(subparser: argparse.ArgumentParser) -> None:
    """Adds the test split."""
    subparser.add_argument(
        "--test-data",
        type=Path,
        metavar="PATH",
        help="the test split (default = CONFIG's test_data_path)",
    )


def do_runs(action: Callable[[], T]) -> T:
    """
    Calls a function that trains, and returns its result.

    If it is interrupted, prints that the command can go on, and exits with the signal's status.

    # Parameters

    action : `Callable[[], T]`
        The function.
    """
    try:
        return action()
    except (KeyboardInterrupt, SigTermReceived) as error:
        print("\nInterrupted. The same command goes on from here.", file=sys.stderr)
        sys.exit(explain(error).status)


def print_table(table: Table, format: str, note: str, output_file: Optional[Path] = None) -> None:
    """
    Prints a table.

    # Parameters

    table : `Table`
        The table.
    format : `str`
        One of `FORMATS`.
    note : `str`
        What is printed below it; beside LaTeX and CSV, to the standard error.
    output_file : `Path`, optional (default = `None`)
        A file that gets the same as the standard output.
    """
    text = table.render(format)
    if format == MARKDOWN:
        text = f"{text}\n\n{note}"
    if output_file is not None:
        with open_atomically(output_file) as file:
            file.write(f"{text}\n")
    print(text)
    if format != MARKDOWN:
        print(f"\n{note}", file=sys.stderr)


def report_runs(summary: Summary, directory: Path, table_format: str) -> None:
    """Prints the results of an experiment's runs, and exits with 1 if one is not finished."""
    print_table(main_table(summary), table_format, f"The tables are in {directory / 'summary.md'}")
    if summary.missing:
        names = ", ".join(map(str, summary.missing))
        print(f"Not finished: {summary.kind} {names}.", file=sys.stderr)
        sys.exit(1)


def seed(text: str) -> int:
    """A command line's seed, or an `argparse.ArgumentTypeError`."""
    if not text.isdecimal() or int(text) > _LARGEST_SEED:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number between 0 and {_LARGEST_SEED}"
        )
    return int(text)


def whole_numbers(text: str) -> List[int]:
    """A command line's list of numbers, without repetition, or an `argparse.ArgumentTypeError`."""
    words = text.split(",")
    if not all(word.isdecimal() for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 1,2,3")
    return list(dict.fromkeys(map(int, words)))


def seeds(text: str) -> List[int]:
    """A command line's list of seeds, or an `argparse.ArgumentTypeError`."""
    return [seed(str(number)) for number in whole_numbers(text)]


def _json_object(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"invalid JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text} is not a JSON object")
    return text


def positive(text: str) -> int:
    """A command line's number above 0, or an `argparse.ArgumentTypeError`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
