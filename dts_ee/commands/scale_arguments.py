"""The arguments of `predict` for an input of any size: `--output-dir`, and what goes with it."""

import argparse
from typing import Any, Dict

from allennlp.common.checks import ConfigurationError

from dts_ee.counted import counted
from dts_ee.predictors.document_predict_manager import LINES_AT_A_TIME

_FOR_FOLDERS = ("engine", "workers", "address", "text_column", "id_column", "keep_columns")
"""The options that need `--output-dir`."""


def add_scale_arguments(subparser: argparse.ArgumentParser) -> None:
    """Adds the arguments, in a group of their own."""
    group = subparser.add_argument_group(
        "input of any size",
        "The input is JSON Lines (.gz, .zst), .txt or Parquet files: a file, a folder, also with "
        "Hive partitions, a pattern such as 'data/**/*.parquet', or an address such as "
        "s3://BUCKET/PATH. See docs/scale.md.",
    )
    group.add_argument(
        "--output-dir",
        metavar="OUT",
        help="write Parquet files into a folder; the same command again continues after an "
        "interruption",
    )
    group.add_argument(
        "--engine",
        choices=("local", "ray"),
        help="processes on this machine, or a Ray cluster (default = local)",
    )
    group.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes or actors that predict (default = as many as there are processors)",
    )
    group.add_argument(
        "--address",
        help="the Ray cluster: auto, or HOST:6379 (default = one on this machine, for this call)",
    )
    group.add_argument(
        "--text-column", metavar="NAME", help="the column or key with the text (default = text)"
    )
    group.add_argument(
        "--id-column",
        metavar="NAME",
        help="the column or key that identifies a row: it is checked to be unique, and written",
    )
    group.add_argument(
        "--keep-columns",
        metavar="NAME,…",
        help="further columns or keys that are written with the predictions",
    )


def check_scale_arguments(args: argparse.Namespace) -> None:
    """
    Checks which options are given together.

    # Raises

    `ConfigurationError`
        If options exclude each other, or need `--output-dir`.
    """
    if args.output_dir is None:
        for name in _FOR_FOLDERS:
            if getattr(args, name) is not None:
                raise ConfigurationError(f"--{name.replace('_', '-')} needs --output-dir")
        if args.on_error == "record":
            raise ConfigurationError("--on-error record needs --output-dir")
        return
    for given, name in (
        (args.output_file is not None, "--output-file"),
        (args.text is not None, "--text"),
        (args.use_dataset_reader, "--use-dataset-reader"),
        (args.input_file == "-", "standard input"),
        (args.on_error == "skip", "--on-error skip"),
        (args.predictor not in (None, "dts"), "--predictor"),
        (args.address is not None and args.engine != "ray", "--address without --engine ray"),
    ):
        if given:
            raise ConfigurationError(f"--output-dir and {name} exclude each other")
    for name in ("workers", "batch_size"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ConfigurationError(f"--{name.replace('_', '-')} is {value}, less than 1")


def predict_to_folder(args: argparse.Namespace, predictor_args: Dict[str, Any]) -> None:
    """
    Predicts an input into a folder.

    # Parameters

    args : `argparse.Namespace`
        The arguments.
    predictor_args : `Dict[str, Any]`
        Arguments of the predictor.

    # Raises

    `ConfigurationError`
        If a package is missing, and as `Task.run`.
    """
    # Imported late: pyarrow is not a requirement.
    from dts_ee.scale.extras import require_packages

    engine = args.engine or "local"
    require_packages(engine)
    from dts_ee.scale.model_source import ModelSource
    from dts_ee.scale.row_columns import RowColumns
    from dts_ee.scale.run import Task

    kept = (args.keep_columns or "").split(",")
    columns = RowColumns(
        args.text_column or "text", args.id_column, tuple(filter(None, map(str.strip, kept)))
    )
    model = ModelSource(
        args.archive_file,
        predictor_args,
        args.overrides,
        args.weights_file,
        args.cuda_device,
        args.trust_archive,
    )
    task = Task(
        model,
        args.input_file,
        args.output_dir,
        columns,
        engine,
        args.workers,
        args.address,
        args.batch_size or LINES_AT_A_TIME,
        args.on_error in ("fail", "stop"),
        args.silent,
    )
    manifest = task.run()
    if not args.silent:
        print(_summary(args.output_dir, manifest))


def _summary(output: str, manifest: Dict[str, Any]) -> str:
    counts = ", ".join(
        counted(manifest[plural], singular, plural)
        for singular, plural in (
            ("row", "rows"),
            ("sentence", "sentences"),
            ("entity", "entities"),
            ("relation", "relations"),
        )
    )
    call = manifest["last_call"]
    rate = f"{call['sentences_per_second']:,} sentences/s" if call["rows"] else "already complete"
    errors = manifest["errors"]
    hint = f"; {counted(errors, 'row')} with an error, in the column `error`" if errors else ""
    return f"{output}: {counts} ({rate}){hint}"
