"""Reads documents from the files of a data path."""

import os
import re
from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Union

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path

from dts_ee.corpora.context import with_context
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.spert import read_documents
from dts_ee.dataset_readers.held_out import FilePart
from dts_ee.document import Document, DocumentError

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{(\w+)\})")

FileOrPart = Union[PathOrStr, Mapping[str, Any]]
DataPath = Union[FileOrPart, Sequence[FileOrPart]]
"""The type of `train_data_path` and the other data paths in a configuration."""


@dataclass(frozen=True)
class CorpusFile:
    """
    A file of documents, or a part of it.

    # Parameters

    path : `str`
        A file, or a URL, which AllenNLP caches.
    part : `FilePart`, optional (default = `None`)
        The part of the documents to read; `None` for all of them.
    """

    path: str
    part: Optional[FilePart] = None

    def read(self, context_sentences: int = 0) -> List[Document]:
        """
        Reads the documents.

        # Parameters

        context_sentences : `int`, optional (default = `0`)
            The number of neighbours in the file on each side that are a document's context: see
            `with_context`. They may be of another part.

        # Raises

        `DocumentError`
            If the file is missing or cannot be read.
        `ConfigurationError`
            If the file has too few documents to hold out a part.
        """
        documents = with_context(_read(self.path), context_sentences)
        if self.part is None:
            return documents
        try:
            return self.part.of(documents)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.path}: {error.message}") from None

    def __str__(self) -> str:
        return self.path if self.part is None else f"{self.path} ({self.part})"


def corpus_files(data_path: DataPath) -> List[CorpusFile]:
    """
    The files of a data path in a configuration.

    # Parameters

    data_path : `DataPath`
        A path, which may contain environment variables (`$NAME`); an object `{ path: …, part:
        'rest' or 'held_out', held_out: …, seed: … }` (see `FilePart`); or a list of paths and
        objects.

    # Raises

    `ConfigurationError`
        If it is something else, an empty list, or has an environment variable that is not set.
    """
    paths = list(data_path) if isinstance(data_path, (list, tuple)) else [data_path]
    if not paths:
        raise ConfigurationError("there is nothing to read: the list of paths is empty")
    return [_corpus_file(path) for path in paths]


def _corpus_file(value: Any) -> CorpusFile:
    # AllenNLP passes an object as `Params`, which is a mapping.
    if not isinstance(value, Mapping):
        return CorpusFile(_expanded(str(value)))
    settings = {name: value[name] for name in value}
    path = settings.pop("path", None)
    if not isinstance(path, str) or not path:
        raise ConfigurationError("a data path that is an object has a `path`, the name of a file")
    try:
        return CorpusFile(_expanded(path), FilePart.from_settings(settings))
    except ConfigurationError as error:
        raise ConfigurationError(f"the data path of {path}: {error.message}") from None


def _expanded(path: str) -> str:
    for match in _VARIABLE.finditer(path):
        name = match[1] or match[2]
        if not os.environ.get(name):
            raise ConfigurationError(
                f"the data path {path} has the environment variable {name}, which is not set: set "
                "it, or name a file instead"
            )
    return os.path.expandvars(path)


def _read(path: str) -> List[Document]:
    try:
        local_path = cached_path(path)
    except FileNotFoundError:
        raise DocumentError("there is no such file", path=path) from None
    try:
        return read_documents(local_path)
    except DocumentError as error:
        # The message must have the given path, not that of the copy in the cache.
        raise DocumentError(
            error.problem, error.field, error.document_id, path
        ) from error.__cause__
