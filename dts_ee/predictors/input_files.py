"""The files that the predictor reads: JSON Lines, lists of inputs, and folders of texts."""

import io
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Tuple

from allennlp.common.file_utils import cached_path
from allennlp.common.util import JsonDict

from dts_ee.corpora.files import is_hidden, read_text
from dts_ee.corpora.lines import check_utf8, numbered_lines
from dts_ee.corpora.recognition import with_hint
from dts_ee.corpora.spert import SPERT_FORMATS
from dts_ee.document import DocumentError
from dts_ee.predictors.requests import is_token_list

_KNOWN_KINDS = (*SPERT_FORMATS, "texts", "text", "pdf", "zip")
"""The kinds of files that are predicted, or of which the errors say what to do."""


@dataclass(frozen=True)
class Input:
    """
    One input of the predictor.

    # Parameters

    load : `Callable[[], JsonDict]`
        Reads it, or raises a `DocumentError`.
    document, path : `str`, optional (default = `None`)
        What errors name it: its line, its number in a list, or its file.
    """

    load: Callable[[], JsonDict]
    document: Optional[str] = None
    path: Optional[str] = None

    def located(self, error: DocumentError) -> DocumentError:
        """An error in the input, with the names of its document and file."""
        document = self.document
        if document is not None and error.document_id not in (None, document):
            document = f"{error.document_id} ({document})"
        return DocumentError(
            error.problem, error.field, document or error.document_id, error.path or self.path
        )


def with_input_hint(error: DocumentError, input_file: str) -> DocumentError:
    """The error, which says what to do if the file is one of another kind."""
    if error.path is None or os.path.isdir(input_file):
        return error
    return with_hint(error, error.path, _KNOWN_KINDS)


def inputs_of(
    input_file: str,
    load_line: Callable[[str], JsonDict],
    load_item: Callable[[Any, int], JsonDict],
) -> Iterator[Input]:
    """
    The inputs in a file or a folder.

    # Parameters

    input_file : `str`
        See `DocumentPredictManager`.
    load_line, load_item : `Callable`
        They read a line of JSON Lines, and an item of a list with its number from 1.

    # Raises

    `DocumentError`
        If the file or the folder cannot be read.
    """
    if os.path.isdir(input_file):
        folder = Path(input_file)
        for path in text_files(folder):
            yield Input(partial(read_input, path, folder), None, str(path))
        return
    with open_input(input_file) as (file, name):
        try:
            yield from _inputs_of_lines(file, name, load_line, load_item)
        except DocumentError as error:
            raise with_input_hint(error, input_file) from error.__cause__


def _inputs_of_lines(
    file: io.BufferedReader,
    name: str,
    load_line: Callable[[str], JsonDict],
    load_item: Callable[[Any, int], JsonDict],
) -> Iterator[Input]:
    lines = numbered_lines(file, name, "surrogateescape")
    first = next(lines, None)
    if first is None:
        return
    values = list_of_inputs(first, lines, name)
    if values is not None:
        for number, value in enumerate(values, start=1):
            yield Input(partial(load_item, value, number), f"#{number}", name)
        return
    for number, line in chain([first], lines):
        yield Input(partial(_load_line, load_line, line, number), f"line {number}", name)


def _load_line(load_line: Callable[[str], JsonDict], line: str, number: int) -> JsonDict:
    # Every line is counted, also one that is not UTF-8.
    inputs = load_line(line)
    check_utf8(line, number)
    return inputs


def text_files(folder: Path) -> List[Path]:
    """The `.txt` files in a folder and its subfolders, without hidden ones."""
    paths = sorted(
        path
        for path in folder.rglob("*.txt")
        if path.is_file() and not is_hidden(path.relative_to(folder))
    )
    if not paths:
        raise DocumentError("there are no .txt files in the folder", path=str(folder))
    return paths


def read_input(path: Path, folder: Path) -> JsonDict:
    """The input of a `.txt` file, whose `orig_id` is its path in the folder without `.txt`."""
    name = path.relative_to(folder).as_posix().removesuffix(".txt")
    return {"text": read_text(path), "orig_id": name}


def list_of_inputs(
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
def open_input(path: str) -> Iterator[Tuple[io.BufferedReader, str]]:
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
