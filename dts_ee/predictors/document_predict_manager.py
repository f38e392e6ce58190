"""Predicts an input file or a folder of texts, and prints or writes the documents."""

import io
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Callable, Iterable, Iterator, List, Optional, TextIO

from allennlp.common import logging as common_logging
from allennlp.common.checks import ConfigurationError
from allennlp.common.tqdm import Tqdm
from allennlp.common.util import JsonDict, lazy_groups_of
from allennlp.data import Instance

from dts_ee.corpora.files import open_atomically
from dts_ee.document import DocumentError
from dts_ee.predictors.dts import DtsPredictor
from dts_ee.predictors.input_files import Input, inputs_of, with_input_hint
from dts_ee.predictors.requests import Request

LINES_AT_A_TIME = 256
"""The default of `--batch-size` with the predictor `dts`."""

SENTENCES_AT_A_TIME = 4096
"""A batch of lines ends after this many sentences, as a line may be a long text."""


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
        for request in self.requests():
            batch.append(request)
            num_sentences += len(request.sentences)
            if len(batch) == self._batch_size or num_sentences >= SENTENCES_AT_A_TIME:
                yield batch
                batch, num_sentences = [], 0
        if batch:
            yield batch

    def requests(self) -> Iterator[Request]:
        """
        Reads the inputs.

        # Raises

        `DocumentError`
            If one cannot be read, unless errors are skipped.
        """
        for input in self._inputs():
            try:
                request = self._predictor.request(input.load())
            except DocumentError as error:
                located = input.located(error)
                if not self._skip_errors:
                    raise with_input_hint(located, self._input_file) from None
                self._skipped.append(located)
            else:
                yield request

    def _inputs(self) -> Iterator[Input]:
        if self._text is not None:
            yield Input(partial(dict, text=self._text))
            return
        yield from inputs_of(self._input_file, self._predictor.load_line, self._predictor.load_item)

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


def _is_stream(path: str) -> bool:
    """Whether the path is not a regular file, so that it cannot be replaced."""
    if os.path.abspath(path).startswith(("/dev/", "/proc/")):
        return True
    return os.path.exists(path) and not os.path.isfile(path)
