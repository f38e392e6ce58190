"""
Archives of models: writing them, finding them by name, reading them as data, and errors about them.
"""

import os
import types
from contextlib import AbstractContextManager
from os import PathLike
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

from dts_ee.archives.archive_settings import class_path_problem
from dts_ee.archives.checksums import other_versions
from dts_ee.archives.extraction import extracted
from dts_ee.archives.opening import opened_archive
from dts_ee.archives.size_limit import check_sizes, folder_size, limited_parameters
from dts_ee.archives.state_dict import SAFETENSORS_NAME, check_numbers, read_weights
from dts_ee.archives.trust import only_registered_types, refuses_class_paths
from dts_ee.archives.writer import open_archive_writer
from dts_ee.compat.patching import replace, replace_everywhere


def write_archives_with_checksums() -> None:
    """
    Writes the archive of a model atomically, with checksums, and with weights as safetensors.

    AllenNLP (2.10.1, with any torch) writes `model.tar.gz` directly: killed while it writes, it
    leaves an archive that cannot be read. Its weights are a pickle, and nothing tells a damaged
    file from a whole one. It also compresses at the highest level, which saves a twelfth of the
    weights of an encoder and takes longer than reading and predicting.
    """
    from allennlp.models import archival

    def open_tar(name: Union[str, PathLike], mode: str) -> AbstractContextManager:
        # `load_archive` and `extracted_archive`, which read, are replaced.
        assert mode == "w:gz"
        return open_archive_writer(name)

    replace(archival, "tarfile", types.SimpleNamespace(open=open_tar))


def read_archives_as_data() -> None:
    """
    Makes an archive something that can be loaded without trusting who made it.

    AllenNLP (2.10.1, with any torch) extracts every member of an archive, wherever its path or link
    leads, before Python 3.14, and stops before gzip's checksum, which comes last. It evaluates the
    configuration as Jsonnet, which can read any file; imports and calls whatever a `type` with a
    full stop names; and unpickles weights, with torch before 2.6. Its errors name a temporary
    folder, or do not name the archive. It builds a model of any size before it reads the weights.
    Names of models (see `dts-ee models`) are accepted here wherever an archive is.
    """
    from allennlp.common import Params, Registrable
    from allennlp.common.checks import ConfigurationError
    from allennlp.common.meta import META_NAME, Meta
    from allennlp.common.params import parse_overrides, with_overrides
    from allennlp.common.util import SigTermReceived
    from allennlp.models import archival
    from allennlp.nn import util

    original_load_archive = archival.load_archive
    original_weights_path = archival.get_weights_path
    original_read_state_dict = util.read_state_dict
    original_resolve = Registrable.resolve_class_name.__func__  # type: ignore[attr-defined]

    def load_folder(
        folder: Path,
        settings: Dict[str, Any],
        cuda_device: int,
        overrides: Union[str, Dict[str, Any]],
        weights_file: Optional[str],
    ) -> archival.Archive:
        if isinstance(overrides, str):
            overrides = parse_overrides(overrides)
        config = Params(with_overrides(settings, overrides) if overrides else settings)
        # Each consumes its configuration.
        readers = archival._load_dataset_readers(config.duplicate(), str(folder))
        weights = weights_file or archival.get_weights_path(folder)
        num_bytes = folder_size(folder, weights)
        check_sizes(config.params, num_bytes)
        with limited_parameters(num_bytes):
            model = archival._load_model(config.duplicate(), weights, str(folder), cuda_device)
        check_numbers(model.state_dict(), os.path.basename(weights))
        meta = None
        if (folder / META_NAME).exists():
            try:
                meta = Meta.from_path(folder / META_NAME)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{META_NAME} is damaged: {error}") from None
        return archival.Archive(model, config, readers[0], readers[1], meta)

    def load_archive(
        archive_file: Union[str, PathLike],
        cuda_device: int = -1,
        overrides: Union[str, Dict[str, Any]] = "",
        weights_file: Optional[str] = None,
    ) -> archival.Archive:
        # Imported late: both need AllenNLP.
        from dts_ee.errors import explain, one_line
        from dts_ee.named_models import find_model

        path = archival.cached_path(find_model(archive_file))
        with (
            opened_archive(archive_file, path, weights_file) as (folder, settings),
            only_registered_types(),
        ):
            versions = "" if os.path.isdir(path) else other_versions(folder)
            try:
                archive = load_folder(folder, settings, cuda_device, overrides, weights_file)
                if archive.meta is not None:
                    archival._check_version_compatibility(archive_file, archive.meta)
                return archive
            except SigTermReceived:
                raise
            except Exception as error:
                problem = str(error) if type(error) is ValueError else explain(error).message
                problem = one_line(problem.replace(f"{folder}{os.sep}", ""))
                raise ConfigurationError(f"{archive_file}: {problem}{versions}") from error

    def get_weights_path(folder: Union[str, PathLike]) -> str:
        path = os.path.join(folder, SAFETENSORS_NAME)
        return path if os.path.exists(path) else original_weights_path(folder)

    def read_state_dict(path: Any, *args: Any, **kwargs: Any) -> Any:
        # `Model.load` gives no other arguments.
        if not args and kwargs.keys() <= {"cuda_device"}:
            return read_weights(path, **kwargs)
        return original_read_state_dict(path, *args, **kwargs)

    def resolve_class_name(cls: Any, name: str) -> Tuple[Any, Optional[str]]:
        if refuses_class_paths() and "." in name and name not in Registrable._registry[cls]:
            raise ConfigurationError(class_path_problem(name))
        return original_resolve(cls, name)

    replace_everywhere("allennlp", archival.extracted_archive, extracted)
    replace_everywhere("allennlp", original_load_archive, load_archive)
    replace_everywhere("allennlp", original_weights_path, get_weights_path)
    replace(util, "read_state_dict", read_state_dict)
    replace(Registrable, "resolve_class_name", classmethod(resolve_class_name))
