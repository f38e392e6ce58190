"""The files that the predictor reads: JSON Lines, lists of inputs, and folders of texts."""

import io
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

from allennlp.common.file_utils import cached_path
from allennlp.common.util import JsonDict

from dts_ee.corpora.files import is_hidden, read_text
from dts_ee.corpora.lines import check_utf8
from dts_ee.document import DocumentError
from dts_ee.predictors.requests import is_token_list


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
