"""
Subcommand for predicting the entities and relations of many sentences.

`predict` is AllenNLP's own command. With the predictor `dts` it reads many lines at a time, or a
folder of texts, and writes its output file atomically; other predictors are not affected.
"""

import argparse
import io
import json
import os
import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, List, Optional, TextIO, Tuple

from allennlp.commands import Subcommand
from allennlp.commands import predict as allennlp_predict
from allennlp.commands.predict import Predict
from allennlp.common import logging as common_logging
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.common.tqdm import Tqdm
from allennlp.common.util import JsonDict, lazy_groups_of
from allennlp.data import Instance

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP
from dts_ee.commands.reading_arguments import add_sentence_arguments, sentence_options
from dts_ee.commands.threshold_arguments import add_threshold_arguments, threshold_options
from dts_ee.corpora.files import is_hidden, open_atomically, read_text
from dts_ee.corpora.lines import check_utf8, numbered_lines
from dts_ee.corpora.recognition import with_hint
from dts_ee.corpora.spert import SPERT_FORMATS
from dts_ee.document import DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.predictors.requests import Request, is_token_list
from dts_ee.quiet_loading import quiet_loading

LINES_AT_A_TIME = 256
"""The default of `--batch-size` with the predictor `dts`."""

_KNOWN_KINDS = (*SPERT_FORMATS, "texts", "text", "pdf", "zip")
"""The kinds of files that are predicted, or of which the errors say what to do."""

SENTENCES_AT_A_TIME = 4096
"""A batch of lines ends after this many sentences, as a line may be a long text."""


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
            choices=("stop", "skip"),
            default="stop",
            help="what to do with an input that cannot be read: stop, and write nothing, or leave "
            "it out and list it at the end (default = %(default)s; predictor `dts`)",
        )
        add_threshold_arguments(subparser)
        add_trust_argument(subparser)
        subparser.add_argument(
            "--calibration",
            metavar="FILE",
            help="the output of `calibrate` for the model: probabilities are calibrated, and the "
            "thresholds are for calibrated ones (predictor `dts`)",
        )
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
    options = {**threshold_options(args), **sentence_options(args)}
    if args.calibration is not None:
        options["calibration"] = args.calibration
    if options:
        predictor_args = json.loads(args.predictor_args.strip() or "{}")
        args.predictor_args = json.dumps({**predictor_args, **options})
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
    if args.silent and args.output_file is None:
        raise ConfigurationError("--silent without --output-file has no output")


class DocumentPredictManager:
    """
    Reads sentences or texts, predicts their documents, and prints or writes them: as readable text
    on a terminal, otherwise as JSON Lines.

    # Parameters

    predictor : `DtsPredictor`
        The predictor.
    input_file : `str`
        A path or URL of JSON Lines, plain or gzipped, or `"-"` for standard input; a folder, whose
        `.txt` files are read recursively, hidden ones left out; or, if `has_dataset_reader`, a file
        for the predictor's dataset reader.
    output_file : `str`, optional
        The file to write, atomically unless it is a device or a pipe. If it ends in `.gz`, it is
        compressed.
    batch_size : `int`, optional
        How many lines are read at a time; `None` is 256, or 1 where lines are typed at a
        terminal.
    print_to_console : `bool`
        Whether to print predictions if there is no output file.
    has_dataset_reader : `bool`
        Whether the dataset reader reads the input.
    multitask_head : `str`, optional (default = `None`)
        Must be `None`: AllenNLP uses it for dataset readers of several tasks.
    text : `str`, optional (default = `None`)
        A text to predict; the input file is ignored then.
    as_json : `bool`, optional (default = `False`)
        Whether to print JSON on a terminal, too.
    skip_errors : `bool`, optional (default = `False`)
        Whether to leave out inputs that cannot be read, and to list them at the end.

    # Raises

    `ConfigurationError`
        If `batch_size` is less than 1, there is a `multitask_head`, or a dataset reader is to read
        standard input.
    """

    def __init__(
        self,
        predictor: DtsPredictor,
        input_file: str,
        output_file: Optional[str],
        batch_size: Optional[int],
        print_to_console: bool,
        has_dataset_reader: bool,
        multitask_head: Optional[str] = None,
        text: Optional[str] = None,
        as_json: bool = False,
        skip_errors: bool = False,
    ) -> None:
        if batch_size is None:
            typed = input_file == "-" and sys.stdin.isatty()
            batch_size = 1 if typed else LINES_AT_A_TIME
        if batch_size < 1:
            raise ConfigurationError(f"--batch-size is {batch_size}, less than 1.")
        if multitask_head is not None:
            raise ConfigurationError("--multitask-head is not for the predictor `dts`")
        if has_dataset_reader and skip_errors:
            raise ConfigurationError("--use-dataset-reader and --on-error skip exclude each other")
        if has_dataset_reader and input_file == "-":
            raise ConfigurationError("--use-dataset-reader cannot read standard input")
        self._predictor = predictor
        self._input_file = input_file
        self._output_path = output_file
        self._batch_size = batch_size
        self._has_dataset_reader = has_dataset_reader
        self._text = text
        self._skip_errors = skip_errors
        self._skipped: List[DocumentError] = []
        self._print: Optional[Callable[[JsonDict], None]] = None
        if print_to_console and output_file is None:
            readable = sys.stdout.isatty() and not as_json
            self._print = _print_readable(predictor) if readable else self._print_json

    def run(self) -> None:
        """
        Predicts everything.

        # Raises

        `DocumentError`
            If an input cannot be read; it names the file, the document and its line, and the field.
        `OSError`
            If the output cannot be written.
        """
        with self._open_output() as output_file, self._progress() as progress:
            for outputs in self._predicted():
                for output in outputs:
                    if output_file is not None:
                        output_file.write(self._predictor.dump_line(output))
                    if self._print is not None:
                        self._print(output)
                # A reader of the output gets this batch before the next input is waited for.
                sys.stdout.flush()
                progress.update(len(outputs))
        if self._skipped:
            print(f"{len(self._skipped)} inputs were skipped:", file=sys.stderr)
            for error in self._skipped:
                print(f"  {error}", file=sys.stderr)

    def _print_json(self, output: JsonDict) -> None:
        sys.stdout.write(self._predictor.dump_line(output))

    def _predicted(self) -> Iterator[List[JsonDict]]:
        """The outputs, a batch at a time."""
        if self._has_dataset_reader:
            read: Iterable[Instance] = self._predictor._dataset_reader.read(self._input_file)
            for instances in lazy_groups_of(read, self._batch_size):
                yield self._predictor.predict_batch_instance(instances)
            return
        for requests in self._batches():
            yield self._predictor.predict_requests(requests)

    def _batches(self) -> Iterator[List[Request]]:
        batch: List[Request] = []
        num_sentences = 0
        for request in self._requests():
            batch.append(request)
            num_sentences += len(request.sentences)
            if len(batch) == self._batch_size or num_sentences >= SENTENCES_AT_A_TIME:
                yield batch
                batch, num_sentences = [], 0
        if batch:
            yield batch

    def _requests(self) -> Iterator[Request]:
        for load, document, path in self._inputs():
            try:
                request = self._predictor.request(load())
            except DocumentError as error:
                if document is not None and error.document_id not in (None, document):
                    document = f"{error.document_id} ({document})"
                located = DocumentError(
                    error.problem, error.field, document or error.document_id, error.path or path
                )
                if not self._skip_errors:
                    raise self._with_hint(located) from None
                self._skipped.append(located)
            else:
                yield request

    def _with_hint(self, error: DocumentError) -> DocumentError:
        if error.path is None or os.path.isdir(self._input_file):
            return error
        return with_hint(error, error.path, _KNOWN_KINDS)

    def _inputs(self) -> Iterator[Tuple[Callable[[], JsonDict], Optional[str], Optional[str]]]:
        """Functions that load the inputs, with the names of their documents and files in errors."""
        if self._text is not None:
            yield partial(dict, text=self._text), None, None
            return
        if os.path.isdir(self._input_file):
            folder = Path(self._input_file)
            for path in _text_files(folder):
                yield partial(_read_input, path, folder), None, str(path)
            return
        with _open_input(self._input_file) as (file, name):
            try:
                yield from self._inputs_of_lines(file, name)
            except DocumentError as error:
                raise self._with_hint(error) from error.__cause__

    def _inputs_of_lines(
        self, file: io.BufferedReader, name: str
    ) -> Iterator[Tuple[Callable[[], JsonDict], Optional[str], Optional[str]]]:
        lines = numbered_lines(file, name, "surrogateescape")
        first = next(lines, None)
        if first is None:
            return
        values = _list_of_inputs(first, lines, name)
        if values is not None:
            for number, value in enumerate(values, start=1):
                yield partial(self._predictor.load_item, value, number), f"#{number}", name
            return
        for number, line in chain([first], lines):
            yield partial(self._load_line, line, number), f"line {number}", name

    def _load_line(self, line: str, number: int) -> JsonDict:
        # Every line is counted, also one that is not UTF-8.
        inputs = self._predictor.load_line(line)
        check_utf8(line, number)
        return inputs

    def _open_output(self) -> AbstractContextManager[Optional[TextIO]]:
        if self._output_path is None:
            return nullcontext()
        if _is_stream(self._output_path):
            return open(self._output_path, "w", buffering=1, encoding="utf-8")
        # A symbolic link is not replaced.
        return open_atomically(os.path.realpath(self._output_path))

    def _progress(self) -> Any:
        shown = self._output_path is not None and (
            common_logging.FILE_FRIENDLY_LOGGING or sys.stderr.isatty()
        )
        unit = " texts" if os.path.isdir(self._input_file) else " lines"
        return Tqdm.tqdm(unit=unit, disable=not shown)


def _print_readable(predictor: DtsPredictor) -> Callable[[JsonDict], None]:
    """A function that prints readable outputs, with a blank line between two."""
    # Imported late: only needed on a terminal.
    from rich.console import Console

    from dts_ee.predictors.readable import ReadableOutput

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    readable = ReadableOutput(predictor.entity_types, sys.stdout.encoding)
    console = Console(
        file=sys.stdout,
        # By default, rich would still write bold and faint.
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        soft_wrap=True,
    )
    separate = False

    def print_readable(output: JsonDict) -> None:
        nonlocal separate
        if separate:
            console.print()
        separate = True
        console.print(readable(output))

    return print_readable


def _text_files(folder: Path) -> List[Path]:
    """The `.txt` files in a folder and its subfolders, without hidden ones."""
    paths = sorted(
        path
        for path in folder.rglob("*.txt")
        if path.is_file() and not is_hidden(path.relative_to(folder))
    )
    if not paths:
        raise DocumentError("there are no .txt files in the folder", path=str(folder))
    return paths


def _read_input(path: Path, folder: Path) -> JsonDict:
    name = path.relative_to(folder).as_posix().removesuffix(".txt")
    return {"text": read_text(path), "orig_id": name}


def _list_of_inputs(
    first: Tuple[int, str], others: Iterator[Tuple[int, str]], path: str
) -> Optional[List[Any]]:
    """
    The values of a file that is one list, as SpERT's prediction data is, or `None` for JSON Lines,
    in which a line may be a list of tokens.
    """
    if not first[1].lstrip().startswith("["):
        return None
    try:
        values = json.loads(first[1])
    except json.JSONDecodeError:
        lines = [first, *others]
        _check_list(lines, path)
        try:
            return json.loads("\n".join(line for _, line in lines))
        except (ValueError, RecursionError) as error:
            raise DocumentError(f"the list of inputs is invalid JSON: {error}", path=path) from None
    except (ValueError, RecursionError):
        return None
    if is_token_list(values):
        return None
    for number, _ in others:
        raise DocumentError("a list of inputs is the whole file", None, f"line {number}", path)
    _check_list([first], path)
    return values


def _check_list(lines: List[Tuple[int, str]], path: str) -> None:
    """Checks the lines of a list, which can only be read as a whole."""
    try:
        for number, line in lines:
            check_utf8(line, number)
    except DocumentError as error:
        raise error.located(None, path) from error.__cause__


@contextmanager
def _open_input(path: str) -> Iterator[Tuple[io.BufferedReader, str]]:
    """The file, opened for reading bytes, and its name in errors."""
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
    """Whether the path is not a regular file, so that it cannot be replaced."""
    if os.path.abspath(path).startswith(("/dev/", "/proc/")):
        return True
    return os.path.exists(path) and not os.path.isfile(path)
