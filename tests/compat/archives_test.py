import tarfile
import tempfile
from pathlib import Path

import pytest
from allennlp.commands import evaluate, predict
from allennlp.common.checks import ConfigurationError
from allennlp.models import archival
from allennlp.models.archival import archive_model, extracted_archive, load_archive

NUM_BYTES = 100_000


@pytest.fixture
def trained(tmp_path) -> Path:
    """A folder of the files that AllenNLP puts into an archive, the weights well compressible."""
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "labels.txt").write_text("O\n")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "meta.json").write_text("{}")
    (tmp_path / "best.th").write_bytes(bytes(NUM_BYTES))
    return tmp_path


def test_an_archive_is_a_gzipped_tar_and_not_compressed(trained):
    path = Path(archive_model(trained))
    assert path == trained / "model.tar.gz"
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert path.stat().st_size > NUM_BYTES
    with extracted_archive(path) as folder:
        assert (Path(folder) / "weights.th").read_bytes() == bytes(NUM_BYTES)
        assert (Path(folder) / "vocabulary" / "labels.txt").read_text() == "O\n"
    assert not (trained / "model.tar.gz.partial").exists()


def test_compressed_archives_of_before_are_read(trained):
    with tarfile.open(trained / "model.tar.gz", "w:gz") as archive:
        archive.add(trained / "config.json", arcname="config.json")
    with extracted_archive(trained / "model.tar.gz") as folder:
        assert (Path(folder) / "config.json").read_text() == "{}"


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "members",
    [
        [member("../escaped")],
        [member("folder/../../escaped")],
        [member("link", tarfile.SYMTYPE, ".."), member("link/escaped")],
        [member("escaped", tarfile.SYMTYPE, "/etc/passwd")],
        [member("escaped", tarfile.LNKTYPE, "../config.json")],
        [member("escaped", tarfile.CHRTYPE)],
        [member("escaped", tarfile.FIFOTYPE)],
    ],
)
def test_an_archive_writes_nothing_outside_of_its_folder(trained, monkeypatch, members):
    monkeypatch.setattr(tempfile, "tempdir", str(trained / "unpacked"))
    (trained / "unpacked").mkdir()
    with tarfile.open(trained / "evil.tar.gz", "w:gz") as archive:
        archive.add(trained / "config.json", arcname="config.json")
        for info in members:
            archive.addfile(info)
    before = sorted(trained.rglob("*"))
    with pytest.raises(
        ConfigurationError, match=r"evil\.tar\.gz: this is no model.tar.gz"
    ) as error:
        load_archive(str(trained / "evil.tar.gz"))
    assert len(str(error.value).splitlines()) == 1
    assert sorted(trained.rglob("*")) == before


def test_an_archive_in_which_one_bit_changed_is_not_read(trained):
    path = Path(archive_model(trained))
    content = bytearray(path.read_bytes())
    # In the weights, which are zeros and the larger part of the archive.
    content[NUM_BYTES // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"model\.tar\.gz: .*damaged.*CRC"):
        load_archive(str(path))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("the disk is full")])
def test_an_archive_half_written_leaves_the_one_before(trained, monkeypatch, error):
    path = Path(archive_model(trained))
    before = path.read_bytes()
    whole_add = tarfile.TarFile.add

    def interrupted_add(self, name, arcname=None, **options):
        if arcname == "vocabulary":
            raise error
        whole_add(self, name, arcname, **options)

    monkeypatch.setattr(tarfile.TarFile, "add", interrupted_add)
    with pytest.raises(type(error)):
        archive_model(trained)
    assert path.read_bytes() == before
    assert sorted(path.name for path in trained.glob("model*")) == ["model.tar.gz"]


def test_every_way_to_load_an_archive_takes_a_name(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("DTS_EE_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    archive_model(trained, archive_path=tmp_path / "models" / "news.tar.gz")

    class Found(Exception):
        pass

    def refuse(path):
        raise Found(path)

    monkeypatch.setattr(archival, "cached_path", refuse)
    for load in (archival.load_archive, evaluate.load_archive, predict.load_archive):
        with pytest.raises(Found, match=f"^{tmp_path / 'models' / 'news.tar.gz'}$"):
            load("news")


def test_a_folder_without_a_model_is_no_archive(tmp_path):
    with pytest.raises(ConfigurationError, match=r"not the folder of a training \(config\.json"):
        load_archive(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"its first epoch \(best\.th is missing"):
        load_archive(tmp_path)
    with pytest.raises(ConfigurationError, match="nowhere: there is no such file or folder"):
        load_archive(tmp_path / "nowhere")


def test_a_file_that_is_no_archive_is_named(trained, tmp_path):
    (tmp_path / "notes.txt").write_text("Ida Holm works for Nordlys.")
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "notes.txt", "notes.txt")
    content = Path(archive_model(trained)).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(content[: len(content) // 2])
    for name in ("notes.txt", "other.tar.gz", "cut.tar.gz"):
        with pytest.raises(ConfigurationError, match=f"{name}: this is no model.tar.gz"):
            load_archive(tmp_path / name)
