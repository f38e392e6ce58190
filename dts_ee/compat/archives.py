"""
Archives of models: writing them, finding them by name, and errors about them.
"""

import functools
import gzip
import os
import shutil
import tarfile
import tempfile
import types
import zlib
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from os import PathLike
from typing import Any, Dict, Iterator, Union

from dts_ee.compat.patching import replace, replace_everywhere

_BYTES_AT_A_TIME = 1 << 20


def write_archives_atomically() -> None:
    """
    Writes the archive of a model atomically and uncompressed.

    AllenNLP (2.10.1, with any torch) writes `model.tar.gz` directly: killed while it writes, it
    leaves an archive that cannot be read. It also compresses at the highest level, which saves a
    twelfth of the weights of an encoder and takes longer than reading and predicting. Here the file
    is still a gzipped tar, but its content is not compressed.
    """
    from allennlp.models import archival

    @contextmanager
    def write_tar(name: Union[str, PathLike]) -> Iterator[tarfile.TarFile]:
        partial = f"{name}.partial"
        try:
            with (
                open(partial, "wb") as file,
                tarfile.open(name, "w:gz", fileobj=file, compresslevel=0) as archive,
            ):
                yield archive
            os.replace(partial, name)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(partial)

    def open_tar(name: Union[str, PathLike], mode: Any) -> AbstractContextManager:
        return write_tar(name) if mode == "w:gz" else tarfile.open(name, mode)

    replace(archival, "tarfile", types.SimpleNamespace(open=open_tar))


def extract_archives_as_data() -> None:
    """
    Extracts nothing outside of the folder, checks the content, and leaves nothing after a failure.

    AllenNLP (2.10.1, with any torch) extracts every member of an archive, wherever its path or link
    leads, before Python 3.14. It stops before gzip's checksum, which comes last, so that damaged
    weights are loaded. After a failure, the temporary folder stays.
    """
    from allennlp.models import archival

    original = archival.extracted_archive

    @functools.wraps(original)
    @contextmanager
    def extracted_archive(archive_file: Union[str, PathLike], cleanup: bool = True) -> Iterator:
        with ExitStack() as removal:
            folder = tempfile.mkdtemp()
            removal.callback(shutil.rmtree, folder, ignore_errors=True)
            with gzip.open(archive_file) as content:
                with tarfile.open(fileobj=content, mode="r:") as archive:
                    archive.extractall(folder, filter="data")
                while content.read(_BYTES_AT_A_TIME):
                    pass
            if not cleanup:
                removal.pop_all()
            yield folder

    replace_everywhere("allennlp", original, extracted_archive)


def explain_broken_archives() -> None:
    """
    Makes `load_archive` name the file or folder that holds no model, and what is wrong with it.

    AllenNLP (2.10.1, with any torch) names a temporary folder, or does not name the archive.
    """
    from allennlp.common.checks import ConfigurationError
    from allennlp.models import archival

    original = archival.load_archive

    @functools.wraps(original)
    def load_archive(
        archive_file: Union[str, PathLike],
        cuda_device: int = -1,
        overrides: Union[str, Dict[str, Any]] = "",
        weights_file: Any = None,
    ) -> Any:
        if os.path.isdir(archive_file):
            weights = weights_file or archival.get_weights_path(archive_file)
            for path, reason in (
                (
                    os.path.join(archive_file, archival.CONFIG_NAME),
                    "it is not the folder of a training",
                ),
                (weights, "the training has not finished its first epoch"),
            ):
                if not os.path.exists(path):
                    raise ConfigurationError(
                        f"{archive_file}: there is no model in this folder: {reason} "
                        f"({os.path.basename(path)} is missing)"
                    )
        try:
            return original(archive_file, cuda_device, overrides, weights_file)
        except (gzip.BadGzipFile, tarfile.TarError, zlib.error, EOFError) as error:
            problem = str(error)
            cause: Exception = error
        except FileNotFoundError as error:
            if not os.path.isfile(archive_file) or archival.CONFIG_NAME not in str(error):
                raise
            problem, cause = f"it holds no {archival.CONFIG_NAME}", error
        raise ConfigurationError(
            f"{archive_file}: this is no model.tar.gz as a training writes it, or it is damaged "
            f"({problem})"
        ) from cause

    replace_everywhere("allennlp", original, load_archive)


def load_archives_by_name() -> None:
    """
    Makes `load_archive` accept the name of a model.

    AllenNLP (2.10.1, with any torch) accepts paths and URLs. With this patch its own commands, such
    as `evaluate`, accept names as those of this package do.
    """
    from allennlp.models import archival

    from dts_ee.named_models import find_model

    original = archival.load_archive

    @functools.wraps(original)
    def load_archive(
        archive_file: Union[str, PathLike], *args: Any, **kwargs: Any
    ) -> archival.Archive:
        return original(find_model(archive_file), *args, **kwargs)

    replace_everywhere("allennlp", original, load_archive)
