"""
Subcommand for predicting the entities and relations of many sentences.

`predict` is AllenNLP's own. With the predictor `dts` it reads many lines at a time, or a folder of
texts, and its output file appears whole or not at all; with any other predictor it is what it was.
"""

import argparse
import io
import json
import os
import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Iterator, List, Optional, TextIO, Tuple

from allennlp.commands import Subcommand
from allennlp.commands import predict as allennlp_predict
from allennlp.commands.predict import Predict, _PredictManager
from allennlp.common import logging as common_logging
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.common.tqdm import Tqdm
from allennlp.common.util import JsonDict, lazy_groups_of
from allennlp.predictors import Predictor

from dts_ee.corpora.files import open_atomically, read_text
from dts_ee.corpora.lines import numbered_lines
from dts_ee.document import DocumentError
from dts_ee.errors import reporting_errors
from dts_ee.predictors import DtsPredictor
from dts_ee.predictors.requests import Request
from dts_ee.quiet_loading import quiet_loading

LINES_AT_A_TIME = 256
"""The default of `--batch-size` with the predictor `dts`."""

SENTENCES_AT_A_TIME = 4096
"""When so many sentences have been read, they are predicted: lines may hold long texts."""


@Subcommand.register("predict", exist_ok=True)
class PredictDocuments(Predict):
    """
    `allennlp predict ARCHIVE INPUT`: AllenNLP's command with another default for `--batch-size`,
    and options for the relations' threshold and for calibrated probabilities.

    It is in place where the plugin is loaded before the command line is parsed, as by `dts-ee`.
    `allennlp predict` parses first: there, `predict_manager` chooses the same default, and the
    other two are set with `--predictor-args`.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        subparser = super().add_subparser(parser)
        subparser.set_defaults(batch_size=None, func=predict_from_args)
        subparser.add_argument(
            "--relation-threshold",
            type=float,
            metavar="P",
            help="the probability from which on a relation is predicted, in place of that which "
            "the model was trained with (predictor `dts`)",
        )
        subparser.add_argument(
            "--calibration",
            metavar="FILE",
            help="what `calibrate` wrote for the model: probabilities are changed by it, and the "
            "threshold is meant for what they are then (predictor `dts`)",
        )
        for action in subparser._actions:
            if action.dest == "input_file":
                action.help = (
                    "JSON Lines, plain or gzipped: a path, a URL, or - for standard input; or, "
                    "with the predictor `dts`, a folder of .txt files"
                )
            if action.dest == "batch_size":
                action.help = (
                    "how many lines are read, predicted and written at a time (default = "
                    f"{LINES_AT_A_TIME} with the predictor `dts`, which puts "
                    "sentences of about the same length together; 1 with others and when lines "
                    "are typed)"
                )
        return subparser


def predict_from_args(args: argparse.Namespace) -> None:
    """AllenNLP's function, which takes our options as arguments of the predictor."""
    options = {
        name: getattr(args, name)
        for name in ("relation_threshold", "calibration")
        if getattr(args, name) is not None
    }
    if options:
        predictor_args = json.loads(args.predictor_args.strip() or "{}")
        args.predictor_args = json.dumps({**predictor_args, **options})
    with quiet_loading():
        allennlp_predict._predict(args)


class DocumentPredictManager(_PredictManager):
    """
    Reads sentences or texts, predicts their documents, and prints or writes them, one JSON object a
    line for each.

    # Parameters

    predictor : `DtsPredictor`
        The predictor.
    input_file : `str`
        A path or URL of JSON Lines, plain or gzipped, or `"-"` for standard input; a folder, of
        which all `.txt` files are read, in the folders in it too; or, if `has_dataset_reader`, what
        the predictor's dataset reader reads.
    output_file : `str`, optional
        The file to write. It takes its name when everything has been written, unless it is a device
        or a pipe. One that ends in `.gz` is compressed.
    batch_size : `int`, optional
        How many lines are read at a time; `None` is 256, or 1 where lines are typed at a
        terminal.
    print_to_console : `bool`
        Whether to print inputs and predictions.
    has_dataset_reader : `bool`
        Whether the dataset reader reads the input.
    multitask_head : `str`, optional (default = `None`)
        Of no use here; AllenNLP says so if it is given.

    # Raises

    `ConfigurationError`
        If `batch_size` is less than 1, or there is a `multitask_head`.
    """

    _predictor: DtsPredictor

    def __init__(
        self,
        predictor: DtsPredictor,
        input_file: str,
        output_file: Optional[str],
        batch_size: Optional[int],
        print_to_console: bool,
        has_dataset_reader: bool,
        multitask_head: Optional[str] = None,
    ) -> None:
        if batch_size is None:
            typed = input_file == "-" and sys.stdin.isatty()
            batch_size = 1 if typed else LINES_AT_A_TIME
        if batch_size < 1:
            raise ConfigurationError(f"--batch-size is {batch_size}, less than 1.")
        # Not with the output file, which AllenNLP would empty here.
        super().__init__(
            predictor,
            input_file,
            None,
            batch_size,
            print_to_console,
            has_dataset_reader,
            multitask_head,
        )
        self._output_path = output_file

    def run(self) -> None:
        """Predicts everything; ends the program where that fails."""
        # Here and not for the command alone: `allennlp predict` knows only this class.
        with reporting_errors("--debug" in sys.argv):
            self.predict()

    def predict(self) -> None:
        """
        # Raises

        `DocumentError`
            If an input cannot be read; it names the file, the document and its line, and the field.
        `OSError`
            If the output cannot be written.
        """
        with self._open_output() as output_file, self._progress() as progress:
            self._output_file = output_file  # type: ignore[assignment]
            index = 0
            for batch, outputs in self._predicted():
                for shown, output in zip(batch, outputs, strict=True):
                    line = self._predictor.dump_line(output)
                    self._maybe_print_to_console_and_file(index, line, shown)
                    index += 1
                # Whoever reads along has this batch's answers before the next is waited for.
                sys.stdout.flush()
                progress.update(len(batch))

    def _predicted(self) -> Iterator[Tuple[List[str], List[JsonDict]]]:
        """What is shown of some inputs, and their outputs."""
        if self._dataset_reader is not None:
            for instances in lazy_groups_of(self._get_instance_data(), self._batch_size):
                shown = [str(each) if self._print_to_console else "" for each in instances]
                yield shown, self._predictor.predict_batch_instance(instances)
            return
        for batch in self._batches():
            outputs = self._predictor.predict_requests([request for _, request in batch])
            yield [shown for shown, _ in batch], outputs

    def _batches(self) -> Iterator[List[Tuple[str, Request]]]:
        batch: List[Tuple[str, Request]] = []
        num_sentences = 0
        for shown, request in self._inputs():
            batch.append((shown, request))
            num_sentences += len(request.sentences)
            if len(batch) == self._batch_size or num_sentences >= SENTENCES_AT_A_TIME:
                yield batch
                batch, num_sentences = [], 0
        if batch:
            yield batch

    def _inputs(self) -> Iterator[Tuple[str, Request]]:
        """What is shown of each input, and the request that it is."""
        if os.path.isdir(self._input_file):
            for path, inputs in _texts(Path(self._input_file)):
                try:
                    request = self._predictor.request(inputs)
                except DocumentError as error:
                    raise error.located(None, str(path)) from None
                yield json.dumps(inputs) if self._print_to_console else "", request
            return
        with _open_input(self._input_file) as (file, name):
            for number, line in numbered_lines(file, name):
                try:
                    inputs = self._predictor.load_line(line)
                    request = self._predictor.request(inputs)
                except DocumentError as error:
                    place = f"line {number}"
                    if error.document_id is not None:
                        place = f"{error.document_id} ({place})"
                    raise DocumentError(error.problem, error.field, place, name) from None
                yield json.dumps(inputs) if self._print_to_console else "", request

    def _open_output(self) -> AbstractContextManager[Optional[TextIO]]:
        if self._output_path is None:
            return nullcontext()
        if _is_stream(self._output_path):
            return open(self._output_path, "w", buffering=1, encoding="utf-8")
        # A link stays a link.
        return open_atomically(os.path.realpath(self._output_path))

    def _progress(self) -> Any:
        shown = self._output_path is not None and (
            common_logging.FILE_FRIENDLY_LOGGING
            # Predictions that are printed would tear the bar apart.
            or (sys.stderr.isatty() and not (self._print_to_console and sys.stdout.isatty()))
        )
        unit = " texts" if os.path.isdir(self._input_file) else " lines"
        return Tqdm.tqdm(unit=unit, disable=not shown)


def predict_manager(
    predictor: Predictor,
    input_file: str,
    output_file: Optional[str],
    batch_size: Optional[int],
    *args: Any,
) -> _PredictManager:
    """
    What AllenNLP's `predict` runs, in place of its own manager: that one for other predictors, and
    a `DocumentPredictManager` for `dts`.

    `allennlp predict` parses the command line before it loads plugins, with 1 as the default of
    `--batch-size`: only the command line tells whether 1 was asked for.
    """
    if not isinstance(predictor, DtsPredictor):
        return _PredictManager(
            predictor, input_file, output_file, 1 if batch_size is None else batch_size, *args
        )
    # No other option begins like this, and argparse takes any beginning for the whole.
    if batch_size == 1 and not any(argument.startswith("--b") for argument in sys.argv):
        batch_size = None
    return DocumentPredictManager(predictor, input_file, output_file, batch_size, *args)


allennlp_predict._PredictManager = predict_manager  # type: ignore[assignment, misc]


def _texts(folder: Path) -> Iterator[Tuple[Path, JsonDict]]:
    """
    The `.txt` files of a folder, and the input that each is; its identifier is its name in the
    folder, without `.txt`.
    """
    paths = sorted(path for path in folder.rglob("*.txt") if path.is_file())
    if not paths:
        raise DocumentError("there are no .txt files in the folder", path=str(folder))
    for path in paths:
        name = path.relative_to(folder).as_posix().removesuffix(".txt")
        yield path, {"text": read_text(path), "orig_id": name}


@contextmanager
def _open_input(path: str) -> Iterator[Tuple[io.BufferedReader, str]]:
    """The file, opened for reading bytes, and what errors call it."""
    if path == "-":
        with open(sys.stdin.fileno(), "rb", closefd=False) as file:
            yield file, "<stdin>"
        return
    try:
        local_path = cached_path(path)
    except FileNotFoundError:
        raise DocumentError("there is no such file", path=path) from None
    with open(local_path, "rb") as file:
        yield file, path


def _is_stream(path: str) -> bool:
    """Whether the path names no regular file, so that nothing can take its place."""
    if os.path.abspath(path).startswith(("/dev/", "/proc/")):
        return True
    return os.path.exists(path) and not os.path.isfile(path)
