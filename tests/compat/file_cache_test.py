import tarfile

import pytest
from allennlp.common import file_utils, params


def test_a_local_file_needs_no_folder_for_downloads(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    cache = tmp_path / "file" / "cache"
    monkeypatch.setattr(file_utils, "CACHE_DIRECTORY", str(cache))
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in (tmp_path, tmp_path / "file", str(tmp_path / "file")):
        assert file_utils.cached_path(path) == str(path)
    assert file_utils.cached_path("~/file") == str(tmp_path / "file")
    assert params.cached_path is file_utils.cached_path
    with pytest.raises(FileNotFoundError, match=f"^file {tmp_path}/missing not found$"):
        file_utils.cached_path(tmp_path / "missing")


def test_an_archive_is_still_extracted_into_the_cache(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a.txt", "a.txt")
    archive_path, cache = tmp_path / "a.tar.gz", tmp_path / "cache"
    path = file_utils.cached_path(f"{archive_path}!a.txt", cache, extract_archive=True)
    assert path.startswith(str(cache))
    with open(path) as file:
        assert file.read() == "a"
