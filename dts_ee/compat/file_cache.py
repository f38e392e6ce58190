"""
The cache of downloads.
"""

import functools
import os
from pathlib import Path
from typing import Any, Union

from dts_ee.compat.patching import replace_everywhere


def read_local_files_without_cache() -> None:
    """
    Returns the path of a local file without making the cache's folder in the home directory.

    AllenNLP (2.10.1, with any torch) makes it for every file, so that a command whose home
    directory is read-only or not there, as in a container, could read none.
    """
    from allennlp.common import file_utils

    original = file_utils.cached_path

    @functools.wraps(original)
    def cached_path(
        url_or_filename: Union[str, os.PathLike],
        cache_dir: Any = None,
        extract_archive: bool = False,
        force_extract: bool = False,
    ) -> str:
        if extract_archive or "://" in os.fspath(url_or_filename):
            return original(url_or_filename, cache_dir, extract_archive, force_extract)
        path = Path(url_or_filename).expanduser()
        if not path.exists():
            raise FileNotFoundError(f"file {path} not found")
        return str(path)

    replace_everywhere("allennlp", original, cached_path)
