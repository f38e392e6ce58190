import hashlib
import os
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import h5py
import pytest
from filelock import FileLock

from dts_ee.resources import KnownFile, Resource
from dts_ee.resources.source import Source, Workspace
from dts_ee.resources.source_errors import SourceError
from dts_ee.resources.store import ResourceStore

CONTENTS = {"a.txt": b"first", "b.txt": b"second"}


class MemorySource(Source):
    """Gives what it holds; fails with `error` after that."""

    def __init__(self, contents: Dict[str, bytes], error: Any = None, verified: bool = False):
        self.contents = contents
        self.error = error
        self.is_verified = verified
        self.asked: List[List[str]] = []

    @property
    def location(self) -> str:
        return "memory"

    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        self.asked.append([file.name for file in files])
        for file in files:
            if file.name in self.contents:
                path = workspace.folder / file.name
                path.write_bytes(self.contents[file.name])
                yield file, path
        if self.error is not None:
            raise self.error


@pytest.fixture
def root(tmp_path):
    return tmp_path / "resources"


@pytest.fixture
def make(known):
    def make(*sources: Source) -> Resource:
        files = [known(name, content) for name, content in CONTENTS.items()]
        return Resource("example", "An example", "CC0", files, list(sources))

    return make


def contents_of(folder: Path) -> Dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names_of(result) -> List[str]:
    return [file.name for file in result.missing]


def test_fetches_and_cleans_up(root, make):
    result = ResourceStore(root).fetch(make(MemorySource(CONTENTS)))
    assert result.missing == []
    assert result.fetched == {"a.txt": "memory", "b.txt": "memory"}
    assert result.unverified == {}
    assert contents_of(root / "example") == CONTENTS
    assert not (root / ".downloads" / "example").exists()


def test_a_second_time_no_source_is_asked(root, make):
    source = MemorySource(CONTENTS)
    ResourceStore(root).fetch(make(source))
    result = ResourceStore(root).fetch(make(source))
    assert (result.missing, result.fetched) == ([], {})
    assert len(source.asked) == 1


def test_the_mirror_comes_first_and_then_the_sources_in_order(root, make, tmp_path, caplog):
    mirror = tmp_path / "mirror"
    (mirror / "example").mkdir(parents=True)
    (mirror / "example" / "a.txt").write_bytes(CONTENTS["a.txt"])
    broken = MemorySource({}, SourceError("it is broken"))
    source = MemorySource(CONTENTS)
    result = ResourceStore(root, mirror).fetch(make(broken, source))
    assert result.fetched == {"a.txt": str(mirror / "example"), "b.txt": "memory"}
    assert (broken.asked, source.asked) == ([["b.txt"]], [["b.txt"]])
    assert "example: it is broken." in caplog.messages
    assert f"example: {mirror / 'example' / 'b.txt'} does not exist." in caplog.messages
    # It was copied, not moved.
    assert contents_of(mirror / "example") == {"a.txt": CONTENTS["a.txt"]}


def test_what_is_fetched_can_serve_as_a_mirror(root, make, tmp_path):
    ResourceStore(root).fetch(make(MemorySource(CONTENTS)))
    result = ResourceStore(tmp_path / "other", root).fetch(make())
    assert result.missing == []
    assert contents_of(tmp_path / "other" / "example") == CONTENTS


def test_a_wrong_file_is_not_installed(root, make, caplog):
    wrong = MemorySource({**CONTENTS, "b.txt": b"secund"})
    result = ResourceStore(root).fetch(make(wrong))
    assert names_of(result) == ["b.txt"]
    assert contents_of(root / "example") == {"a.txt": CONTENTS["a.txt"]}
    assert "memory has another file: b.txt has the SHA-256" in caplog.text
    # Nor kept elsewhere.
    assert not (root / ".downloads" / "example").exists()


def test_a_wrong_file_does_not_replace_anything(root, make):
    ResourceStore(root).fetch(make(MemorySource(CONTENTS)))
    (root / "example" / "b.txt").write_bytes(b"edited")
    result = ResourceStore(root).fetch(make(MemorySource({"a.txt": b"xxxxx", "b.txt": b"yyyyyy"})))
    assert names_of(result) == ["b.txt"]
    assert contents_of(root / "example") == {"a.txt": b"first", "b.txt": b"edited"}


def test_a_damaged_file_is_replaced_alone(root, make, caplog):
    ResourceStore(root).fetch(make(MemorySource(CONTENTS)))
    (root / "example" / "b.txt").write_bytes(b"secomd")
    source = MemorySource(CONTENTS)
    result = ResourceStore(root).fetch(make(source))
    assert result.fetched == {"b.txt": "memory"}
    assert source.asked == [["b.txt"]]
    assert contents_of(root / "example") == CONTENTS
    assert "b.txt has the SHA-256" in caplog.text


def test_an_interruption_leaves_what_is_complete(root, make):
    interrupted = MemorySource({"a.txt": CONTENTS["a.txt"]}, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        ResourceStore(root).fetch(make(interrupted))
    assert contents_of(root / "example") == {"a.txt": CONTENTS["a.txt"]}
    source = MemorySource(CONTENTS)
    assert ResourceStore(root).fetch(make(source)).missing == []
    assert source.asked == [["b.txt"]]


def test_unfinished_work_is_kept_for_the_next_run(root, make):
    class Unfinished(MemorySource):
        def provide(self, files, workspace):
            (workspace.folder / "archive.zip").write_bytes(b"large")
            yield from super().provide(files, workspace)

    ResourceStore(root).fetch(make(Unfinished({}, SourceError("the rest is missing"))))
    assert contents_of(root / ".downloads" / "example") == {"archive.zip": b"large"}
    ResourceStore(root).fetch(make(MemorySource(CONTENTS)))
    assert not (root / ".downloads" / "example").exists()


def test_a_folder_that_cannot_be_written(tmp_path, make):
    (tmp_path / "resources").write_text("a file")
    with pytest.raises(OSError, match="resources"):
        ResourceStore(tmp_path / "resources").fetch(make(MemorySource(CONTENTS)))


def test_a_second_process_waits(root, make, caplog):
    lock = FileLock(root / ".downloads" / "example.lock")
    (root / ".downloads").mkdir(parents=True)
    source = MemorySource(CONTENTS)
    thread = threading.Thread(target=lambda: ResourceStore(root).fetch(make(source)))
    with lock:
        thread.start()
        thread.join(0.3)
        assert source.asked == []
    thread.join()
    assert contents_of(root / "example") == CONTENTS
    assert caplog.messages == ["Another process is fetching example; waiting for it."]


@pytest.fixture
def elmo(tmp_path) -> Dict[str, bytes]:
    with h5py.File(tmp_path / "weights.hdf5", "w") as file:
        file["weights"] = [1.0, 2.0]
    return {
        "options.json": b'{"lstm": {}}',
        "weights.hdf5": (tmp_path / "weights.hdf5").read_bytes(),
    }


def unknown(source: Source) -> Resource:
    files = [KnownFile("options.json"), KnownFile("weights.hdf5")]
    return Resource("elmo", "Weights", "none", files, [source])


def test_without_a_known_checksum_the_first_one_is_recorded(root, elmo):
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in elmo.items()}
    result = ResourceStore(root).fetch(unknown(MemorySource(elmo)))
    assert result.missing == []
    assert result.unverified == digests
    record = (root / "elmo" / "SHA256SUMS").read_text()
    assert record == "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))

    source = MemorySource({**elmo, "options.json": b"{}"})
    assert ResourceStore(root).fetch(unknown(source)).unverified == {}
    assert source.asked == []


def test_what_differs_from_the_record_is_fetched_again(root, elmo):
    ResourceStore(root).fetch(unknown(MemorySource(elmo)))
    (root / "elmo" / "options.json").write_bytes(b'{"lstm": []}')
    result = ResourceStore(root).fetch(unknown(MemorySource(elmo)))
    assert result.fetched == {"options.json": "memory"}
    assert (root / "elmo" / "options.json").read_bytes() == elmo["options.json"]


def test_what_somebody_put_there_is_recorded(root, elmo):
    (root / "elmo").mkdir(parents=True)
    for name, content in elmo.items():
        (root / "elmo" / name).write_bytes(content)
    source = MemorySource({})
    result = ResourceStore(root).fetch(unknown(source))
    assert (result.missing, result.fetched, source.asked) == ([], {}, [])
    assert sorted(result.unverified) == ["options.json", "weights.hdf5"]
    assert (root / "elmo" / "SHA256SUMS").exists()


def test_files_of_a_verified_archive_count_as_verified(root, elmo):
    result = ResourceStore(root).fetch(unknown(MemorySource(elmo, verified=True)))
    assert result.unverified == {}
    assert (root / "elmo" / "SHA256SUMS").exists()


def test_an_error_page_is_neither_options_nor_weights(root):
    page = b"<html>Please log in</html>"
    result = ResourceStore(root).fetch(
        unknown(MemorySource({"options.json": page, "weights.hdf5": page}))
    )
    assert names_of(result) == ["options.json", "weights.hdf5"]
    assert not (root / "elmo").exists()


def test_state(root, make):
    store = ResourceStore(root)
    resource = make(MemorySource(CONTENTS))
    assert resource.state(root) == "absent"
    assert not root.exists()
    store.fetch(resource)
    assert resource.state(root) == "there"
    os.remove(root / "example" / "a.txt")
    assert resource.state(root) == "1 of 2 files"
    (root / "example" / "b.txt").write_bytes(b"longer than it was")
    assert resource.state(root) == "b.txt has a wrong size"
