import json
import tarfile

import pytest
from allennlp.common import Params, file_utils
from allennlp.common.checks import ConfigurationError
from allennlp.training import util

from tests.paths import FIXTURES

ARCHIVE = FIXTURES / "archives" / "joint.tar.gz"
SETTINGS = {"dataset_reader": {"type": "spert"}, "model": {"type": "simple_tagger"}, "trainer": {}}


@pytest.fixture
def config(tmp_path):
    def write(**settings):
        path = tmp_path / "config.json"
        path.write_text(json.dumps({**SETTINGS, **settings}))
        return path

    return write


@pytest.mark.parametrize("overrides", ["", '{"model.size": 3}', {"model.size": 3}])
def test_other_configurations_are_read_as_before(config, overrides):
    read = Params.from_file(config(), overrides).as_dict(quiet=True)
    size = {"size": 3} if overrides else {}
    assert read == {**SETTINGS, "model": {"type": "simple_tagger", **size}}
    with pytest.raises(ConfigurationError, match="--overrides: this is no JSON object"):
        Params.from_file(config(), '["from_archive"]')


@pytest.mark.parametrize(
    ("in_file", "overrides"),
    [
        (str(ARCHIVE), ""),
        (None, {"from_archive": str(ARCHIVE)}),
        ("other.tar.gz", json.dumps({"from_archive": str(ARCHIVE)})),
    ],
)
def test_the_archive_is_replaced_by_its_settings(config, in_file, overrides):
    read = Params.from_file(config(from_archive=in_file), overrides).as_dict(quiet=True)
    assert read.keys() == {"dataset_reader", "model", "trainer", "vocabulary"}
    assert (read["model"]["type"], read["model"]["pretrained_file"]) == ("dts", str(ARCHIVE))
    assert read["dataset_reader"]["type"] == "conll04"


def test_null_is_no_archive(config):
    assert Params.from_file(config(from_archive=None)).as_dict(quiet=True) == SETTINGS
    overrides = {"from_archive": None, "trainer.num_epochs": 3}
    read = Params.from_file(config(from_archive=str(ARCHIVE)), overrides).as_dict(quiet=True)
    assert read == {**SETTINGS, "trainer": {"num_epochs": 3}}


def test_a_missing_archive_is_named(config):
    with pytest.raises(ConfigurationError, match=r"missing\.tar\.gz: there is no such file"):
        Params.from_file(config(from_archive="missing.tar.gz"))


@pytest.fixture
def changed(tmp_path):
    """Writes an archive with other settings than that of the tests."""
    folder = tmp_path / "former"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    settings = json.loads((folder / "config.json").read_text())

    def write(**changes):
        (folder / "config.json").write_text(json.dumps({**settings, **changes}))
        path = tmp_path / "changed.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, arcname=".")
        return path

    return write


CALLED: list[tuple] = []


def call(*args, **kwargs):
    CALLED.append(args)


PATH = f"{__name__}.call"


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset_reader": {"type": "conll04", "token_indexers": {"words": PATH}}},
        {"model": PATH},
        {"model": {"type": "dts", "text_field_embedder": PATH}},
        {"trainer": {"type": PATH}},
    ],
)
def test_an_archive_that_names_a_class_by_its_path_is_refused(config, changed, changes):
    archive = changed(**changes)
    with pytest.raises(ConfigurationError) as raised:
        Params.from_file(config(from_archive=str(archive)))
    assert str(raised.value.message).startswith(f"{archive}: ")
    assert "--trust-archive allows it" in raised.value.message
    assert CALLED == []


def test_a_file_that_is_no_archive_is_refused(config, tmp_path):
    (tmp_path / "model.tar.gz").write_text("Ida Holm works for Nordlys.")
    with pytest.raises(ConfigurationError, match=r"model\.tar\.gz: this is no model\.tar\.gz as a"):
        Params.from_file(config(from_archive=str(tmp_path / "model.tar.gz")))


def test_the_encoders_of_the_archive_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(file_utils, "CACHE_DIRECTORY", str(tmp_path / "cache"))
    encoder = tmp_path / "former" / "vocabulary" / ".encoders" / "tiny-0a1b"
    encoder.mkdir(parents=True)
    (encoder / "config.json").write_text("{}")
    model = {"type": "dts", "pretrained_file": str(tmp_path / "former")}
    for name, settings in (
        ("out", {"model": model}),
        ("tagger", {"model": {**model, "type": "simple_tagger"}}),
        ("workers", {"model": model, "distributed": {"cuda_devices": [0, 1]}}),
        ("named", {"model": "dts"}),
    ):
        folder = tmp_path / name
        util.create_serialization_dir(Params(settings), folder, recover=False, force=False)
        kept = folder / "vocabulary" / ".encoders" / "tiny-0a1b" / "config.json"
        assert kept.exists() == (name == "out")


def test_a_training_does_not_delete_its_archive(tmp_path):
    (tmp_path / "out").mkdir()
    archive = tmp_path / "out" / "model.tar.gz"
    archive.touch()
    params = Params({"model": {"type": "dts", "pretrained_file": str(archive)}})
    with pytest.raises(
        ConfigurationError, match=r"model\.tar\.gz is in .*out, which --force deletes"
    ):
        util.create_serialization_dir(params, tmp_path / "out", recover=False, force=True)
    assert archive.exists()
