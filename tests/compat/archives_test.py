import tarfile
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
