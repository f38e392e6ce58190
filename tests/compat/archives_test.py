import gzip
import json
import math
import shutil
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path

import pytest
import torch
from allennlp.commands import evaluate, predict
from allennlp.common.checks import ConfigurationError
from allennlp.models import archival
from allennlp.models.archival import archive_model, extracted_archive, load_archive
from safetensors.torch import load_file

from dts_ee.archives import extraction, size_limit
from dts_ee.archives.size_limit import limited_parameters
from dts_ee.archives.trust import only_registered_types, trusting_archives
from tests.archive_members import read_members, write_members
from tests.paths import FIXTURES

NUM_BYTES = 100_000

JOINT = FIXTURES / "archives" / "joint.tar.gz"
"""An archive of before there were manifests."""


@pytest.fixture
def trained(tmp_path) -> Path:
    """A folder of the files that AllenNLP puts into an archive, the weights well compressible."""
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "labels.txt").write_text("O\n")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "meta.json").write_text("{}")
    torch.save({"weight": torch.zeros(NUM_BYTES // 4)}, tmp_path / "best.th")
    return tmp_path


@pytest.fixture
def model(tmp_path) -> Path:
    """A folder as of a training, made from an old archive."""
    folder = tmp_path / "model"
    with tarfile.open(JOINT) as archive:
        archive.extractall(folder, filter="data")
    shutil.copy(folder / "weights.th", folder / "best.th")
    return folder


def changed(folder: Path, **settings) -> str:
    """An archive of the folder, with changes of its configuration."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for name, value in settings.items():
        if isinstance(value, dict):
            config[name] = {**config.get(name, {}), **value}
        else:
            config[name] = value
    path.write_text(json.dumps(config))
    return archive_model(folder)


def message(archive) -> str:
    """The error for an archive, which is one line that names the archive."""
    with pytest.raises(ConfigurationError) as error:
        load_archive(archive)
    text = str(error.value)
    assert text.startswith(f"{archive}: ")
    assert len(text.splitlines()) == 1
    return text


def test_an_archive_is_a_gzipped_tar_and_not_compressed(trained):
    path = Path(archive_model(trained))
    assert path == trained / "model.tar.gz"
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert path.stat().st_size > NUM_BYTES
    with extracted_archive(path) as folder:
        weights = load_file(Path(folder) / "weights.safetensors")
        assert weights["weight"].tolist() == [0.0] * (NUM_BYTES // 4)
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
        [member("escaped", tarfile.LNKTYPE, "/etc/passwd")],
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
    assert "this is no model.tar.gz" in message(str(trained / "evil.tar.gz"))
    assert sorted(trained.rglob("*")) == before


def test_an_absolute_path_is_written_into_the_folder(trained):
    escaped = trained / "escaped"
    with tarfile.open(trained / "evil.tar.gz", "w:gz") as archive:
        archive.addfile(member(str(escaped)))
    with extracted_archive(trained / "evil.tar.gz") as folder:
        assert Path(f"{folder}{escaped}").is_file()
    assert not escaped.exists()


class Called(Exception):
    """What a configuration was not allowed to do has happened."""


def call(*args, **kwargs):
    raise Called


LAYERS = {"hidden_dims": 8, "num_layers": 1}
PATH = f"{__name__}.call"


@pytest.mark.parametrize(
    "settings, key",
    [
        ({"dataset_reader": {"type": PATH}}, "dataset_reader.type"),
        ({"dataset_reader": {"type": "subprocess.Popen", "args": "true"}}, "dataset_reader.type"),
        ({"validation_dataset_reader": {"type": PATH}}, "validation_dataset_reader.type"),
        ({"vocabulary": {"type": PATH}}, "vocabulary.type"),
        ({"model": {"type": PATH}}, "model.type"),
        ({"model": {"span_extractor": PATH}}, "model.span_extractor"),
        ({"model": {"relation_scorer": {"pair_features": [PATH]}}}, "relation_scorer"),
        (
            {
                "model": {
                    "entity_tagger": {
                        "feedforward": {"activations": PATH, "hidden_dims": 8, "num_layers": 1}
                    }
                }
            },
            "entity_tagger.feedforward",
        ),
        ({"model": {"span_extractor": {"type": PATH}}}, "model.span_extractor.type"),
        # Nothing builds these, but `evaluate` and `train --from-archive` would.
        ({"evaluation": {"type": PATH}}, "evaluation.type"),
        ({"data_loader": {"batch_sampler": {"type": PATH}}}, "data_loader.batch_sampler.type"),
        ({"trainer": {"callbacks": [{"type": PATH}]}}, "trainer.callbacks.0.type"),
    ],
)
def test_a_configuration_calls_nothing_by_its_path(model, settings, key):
    text = message(changed(model, **settings))
    assert key in text
    assert "--trust-archive allows it" in text


def test_a_trusted_configuration_can_name_a_class_by_its_path(model):
    path = "allennlp.modules.span_extractors.EndpointSpanExtractor"
    archive = changed(model, model={"span_extractor": {"type": path, "input_dim": 1}})
    assert "--trust-archive" in message(archive)
    archive = changed(model, dataset_reader={"type": PATH})
    with trusting_archives(), pytest.raises(ConfigurationError) as error:
        load_archive(archive)
    assert isinstance(error.value.__cause__, Called)


def test_a_configuration_does_not_let_a_library_run_downloaded_code(model):
    embedder = {
        "type": "pretrained_transformer",
        "model_name": "x/y",
        "transformer_kwargs": {"trust_remote_code": True},
    }
    text = message(changed(model, model={"text_field_embedder": {"token_embedders": embedder}}))
    assert "transformer_kwargs.trust_remote_code: this runs code" in text


@pytest.mark.parametrize(
    "content",
    [
        "local f(x) = f(x + 1); f(0)",
        "{ secret: importstr '/etc/passwd' }",
        "[]",
        "[" * 100_000,
        '{"a": ' + "9" * 10_000 + "}",
        b"\xff\xfe",
        " " * (1 << 25),
    ],
)
def test_a_configuration_is_json_and_not_evaluated(model, content):
    data = content if isinstance(content, bytes) else content.encode()
    (model / "config.json").write_bytes(data)
    assert "config.json " in message(archive_model(model))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"model": None}, "config.json has no model: its key `model` should be an object"),
        ({"model": {"type": "nothing"}}, "there is no Model 'nothing'"),
    ],
)
def test_the_model_is_missing_or_of_another_package(model, settings, problem):
    assert problem in message(changed(model, **settings))


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        ("ner_encoder.num_layers", 10**7, "GRU is too large, or there are too many layers"),
        ("ner_encoder.hidden_size", 5_000, "GRU is too large, or there are too many layers"),
        ("num_networks", 10**6, "is too large, or there are too many layers"),
        ("label_embedding_dim", 10**6, "Embedding is too large"),
        ("text_field_embedder.token_embedders.words.embedding_dim", 10**6, "Embedding is too la"),
        # AllenNLP makes a list of this length first, of 8 GB.
        ("entity_tagger.feedforward.num_layers", 10**9, "model.entity_tagger.feedforward.num_la"),
        ("entity_tagger.feedforward.num_layers", "1000000000", "model.entity_tagger.feedforward"),
        ("relation_scorer.pair_features.3.num_buckets", 10**9, "model.relation_scorer.pair_feat"),
    ],
)
def test_a_model_is_not_larger_than_its_weights(model, keys, value, problem):
    config = json.loads((model / "config.json").read_text())
    settings = config["model"]
    *outer, last = keys.split(".")
    for key in outer:
        settings = settings[int(key) if key.isdigit() else key]
    settings[last] = value
    (model / "config.json").write_text(json.dumps(config))
    assert problem in message(archive_model(model))


def test_a_trusted_archive_can_ask_for_any_size(model, monkeypatch):
    monkeypatch.setattr(size_limit, "_ALWAYS_ALLOWED", 0)
    monkeypatch.setattr(size_limit, "_VALUES_PER_BYTE", 0)
    archive = archive_model(model)
    assert "is too large" in message(archive)
    with trusting_archives():
        assert load_archive(archive).model
    # Training does not load an archive.
    torch.nn.Linear(10, 10)


def test_parameters_are_counted_in_the_innermost_limit():
    with only_registered_types(), limited_parameters(0):
        with limited_parameters(10_000_000):
            # 12,000,000 values and two tensors, of the 20,000,000 and 2**20.
            torch.nn.Linear(11_999_999 // 2, 2, device="cpu")
            with pytest.raises(ValueError, match="Linear is too large"):
                torch.nn.Linear(10_000_000, 1)
        torch.nn.Linear(1_000_000, 1)
        with pytest.raises(ValueError, match="Linear is too large"):
            torch.nn.Linear(100_000, 1)
    torch.nn.Linear(2_000_000, 1)


def test_an_archive_that_grows_too_much_is_not_extracted(trained, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(trained / "unpacked"))
    (trained / "unpacked").mkdir()
    monkeypatch.setattr(extraction, "MIN_LIMIT", 1 << 24)
    size = 1 << 26
    for kind in (tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        info = member("zeros", kind)
        info.size = size
        with gzip.open(trained / "bomb.tar.gz", "wb", compresslevel=1) as file:
            file.write(info.tobuf())
            for _ in range(size >> 20):
                file.write(bytes(1 << 20))
        assert "it has more than 16 MiB of content" in message(str(trained / "bomb.tar.gz"))
        assert list((trained / "unpacked").iterdir()) == []


def test_an_archive_has_a_limited_number_of_members(trained, monkeypatch):
    monkeypatch.setattr(extraction, "MAX_MEMBERS", 100)
    with tarfile.open(trained / "many.tar.gz", "w:gz", compresslevel=1) as archive:
        for number in range(101):
            archive.addfile(member(str(number)))
    assert "more than 100 members" in message(str(trained / "many.tar.gz"))


def test_weights_that_are_no_numbers(model):
    state = torch.load(model / "best.th", weights_only=True)
    name = next(name for name, value in state.items() if value.is_floating_point())
    state[name].view(-1)[0] = math.nan
    torch.save(state, model / "best.th")
    assert f"weights.safetensors: {name} has values that are no" in message(archive_model(model))


class Pickled:
    def __reduce__(self):
        return call, ()


def test_old_weights_run_no_code(model):
    torch.save({"weight": Pickled()}, model / "weights.th")
    with tarfile.open(model / "evil.tar.gz", "w:gz") as archive:
        for name in ("config.json", "vocabulary", "weights.th"):
            archive.add(model / name, name)
    assert "weights.th is no file of weights" in message(str(model / "evil.tar.gz"))
    assert "weights.th is no file of weights" in message(str(model))


def rewritten(archive: str, target: Path, change) -> str:
    """A copy of an archive with other members: `change` maps their contents by name."""
    write_members(target, change(read_members(Path(archive))))
    return str(target)


@pytest.mark.parametrize(
    "change, problem",
    [
        (
            lambda contents: {
                **contents,
                "vocabulary/words.txt": contents["vocabulary/words.txt"].upper(),
            },
            "vocabulary/words.txt was changed: its SHA-256 is another one",
        ),
        (
            lambda contents: {
                name: content for name, content in contents.items() if name != "meta.json"
            },
            "meta.json is missing",
        ),
        (lambda contents: {**contents, "vocabulary/new.txt": b"x"}, "new.txt is not in manifest"),
        (lambda contents: {**contents, "manifest.json": b"{"}, "manifest.json cannot be read"),
        (lambda contents: {**contents, "manifest.json": b"[]"}, "manifest.json is no object"),
        (lambda contents: {**contents, "manifest.json": b"{}"}, "manifest.json has no checksums"),
    ],
)
def test_members_are_compared_with_the_manifest(model, change, problem):
    archive = archive_model(model)
    load_archive(archive)
    assert problem in message(rewritten(archive, model / "changed.tar.gz", change))


def test_the_error_of_a_model_says_which_other_versions_wrote_it(model):
    config = json.loads((model / "config.json").read_text())
    config["model"]["later_option"] = 1
    (model / "config.json").write_text(json.dumps(config))
    archive = archive_model(model)
    assert "it was written with" not in message(archive)

    def of_later(contents):
        manifest = json.loads(contents["manifest.json"])
        manifest["versions"]["torch"] = "99.1"
        return {**contents, "manifest.json": json.dumps(manifest).encode()}

    text = message(rewritten(archive, model / "later.tar.gz", of_later))
    assert "model.later_option: there is no such key" in text
    assert f"it was written with torch 99.1, and this is torch {metadata.version('torch')}" in text


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

    def interrupted_add(self, name, arcname=None, *args, **options):
        if arcname == "vocabulary":
            raise error
        whole_add(self, name, arcname, *args, **options)

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
    for name in ("notes.txt", "cut.tar.gz"):
        assert "this is no model.tar.gz" in message(tmp_path / name)
    assert message(tmp_path / "other.tar.gz").endswith(
        "this is no archive of a model: it has no config.json"
    )


@pytest.mark.parametrize("content", ['[{"tokens": ["Ann"]}]', '\ufeff\n{"text": "Ann left."}\n'])
def test_data_in_the_place_of_an_archive_is_recognised(tmp_path, content):
    (tmp_path / "data.jsonl").write_text(content)
    assert message(tmp_path / "data.jsonl").endswith(
        "this is JSON and no archive of a model: are model and data swapped?"
    )
