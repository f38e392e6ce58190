"""
Subcommand for predicting the entities and relations of many sentences.

`predict` is AllenNLP's own command. With the predictor `dts` it reads many lines at a time, or a
folder of texts, and writes its output file atomically; other predictors are not affected.
"""

import argparse
import json

from allennlp.commands import Subcommand
from allennlp.commands import predict as allennlp_predict
from allennlp.commands.predict import Predict
from allennlp.common import logging as common_logging
from allennlp.common.checks import ConfigurationError

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP, add_onnx_argument, onnx_options
from dts_ee.commands.reading_arguments import add_sentence_arguments, sentence_options
from dts_ee.commands.scale_arguments import (
    add_scale_arguments,
    check_scale_arguments,
    predict_to_folder,
)
from dts_ee.commands.threshold_arguments import add_threshold_arguments, threshold_options
from dts_ee.predictors import DtsPredictor
from dts_ee.predictors.document_predict_manager import LINES_AT_A_TIME, DocumentPredictManager
from dts_ee.quiet_loading import quiet_loading


@Subcommand.register("predict", exist_ok=True)
class PredictDocuments(Predict):
    """
    `allennlp predict ARCHIVE INPUT`: AllenNLP's command with another default for `--batch-size`,
    text on the command line, and options for the output, thresholds and calibrated probabilities.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        subparser = super().add_subparser(parser)
        subparser.description = (
            "Predict with a trained model. On a terminal, the output is readable text; in a pipe "
            "or a file, it is JSON Lines."
        )
        subparser.epilog = (
            "For example: dts-ee predict news-small --text 'Marta Lindqvist lives in Tarnby.'"
        )
        subparser.set_defaults(batch_size=None, func=predict_from_args)
        subparser.add_argument(
            "--text",
            help="a text to predict, instead of an input file (predictor `dts`)",
        )
        subparser.add_argument(
            "--json",
            action="store_true",
            help="print JSON Lines on a terminal too (predictor `dts`)",
        )
        add_sentence_arguments(subparser, None)
        subparser.add_argument(
            "--on-error",
            choices=("fail", "stop", "skip", "record"),
            help="what to do with an input that cannot be read or predicted: fail (or stop), and "
            "write no output file; skip it, and list it at the end; or, with --output-dir, record "
            "the error in its row (default = fail, with --output-dir record; predictor `dts`)",
        )
        add_threshold_arguments(subparser)
        add_onnx_argument(subparser)
        add_trust_argument(subparser)
        subparser.add_argument(
            "--calibration",
            metavar="FILE",
            help="the output of `calibrate` for the model: probabilities are calibrated, and the "
            "thresholds are for calibrated ones (predictor `dts`)",
        )
        add_scale_arguments(subparser)
        for action in subparser._actions:
            if action.dest == "archive_file":
                action.help = MODEL_HELP
            if action.dest == "input_file":
                action.nargs = "?"
                action.required = False
                action.help = (
                    "JSON Lines, plain or gzipped: a path, a URL, or - for standard input; or, "
                    "with the predictor `dts`, a folder of .txt files"
                )
            if action.dest == "batch_size":
                action.help = (
                    "how many lines are read, predicted and written at a time (default = "
                    f"{LINES_AT_A_TIME} with the predictor `dts`; 1 with others and when lines are "
                    "typed)"
                )
        return subparser


def predict_from_args(args: argparse.Namespace) -> None:
    """
    Runs AllenNLP's command, with the further options.

    # Raises

    `ConfigurationError`
        If there is no such model, or options exclude each other.
    """
    _check_input(args)
    options = {**threshold_options(args), **sentence_options(args), **onnx_options(args)}
    if args.calibration is not None:
        options["calibration"] = args.calibration
    predictor_args = {**json.loads(args.predictor_args.strip() or "{}"), **options}
    if args.output_dir is not None:
        predict_to_folder(args, predictor_args)
        return
    args.predictor_args = json.dumps(predictor_args)
    common_logging.FILE_FRIENDLY_LOGGING = args.file_friendly_logging
    with quiet_loading():
        predictor = allennlp_predict._get_predictor(args)
        if isinstance(predictor, DtsPredictor):
            DocumentPredictManager(
                predictor,
                args.input_file or "",
                args.output_file,
                args.batch_size,
                not args.silent,
                args.use_dataset_reader,
                args.multitask_head,
                text=args.text,
                as_json=args.json,
                skip_errors=args.on_error == "skip",
            ).run()
            return
        if args.text is not None:
            raise ConfigurationError(
                f"--text is for the predictor `dts`, not {type(predictor).__name__}"
            )
        allennlp_predict._PredictManager(
            predictor,
            args.input_file,
            args.output_file,
            1 if args.batch_size is None else args.batch_size,
            not args.silent,
            args.use_dataset_reader,
            args.multitask_head,
        ).run()


def _check_input(args: argparse.Namespace) -> None:
    if args.text is None and args.input_file is None:
        raise ConfigurationError("predict needs an input file, a folder of .txt files, or --text")
    if args.text is not None:
        for given, name in (
            (args.input_file is not None, "an input file"),
            (args.use_dataset_reader, "--use-dataset-reader"),
        ):
            if given:
                raise ConfigurationError(f"--text and {name} exclude each other")
    check_scale_arguments(args)
    if args.silent and args.output_file is None and args.output_dir is None:
        raise ConfigurationError("--silent without --output-file has no output")
