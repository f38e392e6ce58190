import os
from pathlib import Path

import httpx
import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from huggingface_hub.utils import RepositoryNotFoundError

from dts_ee.modules.frozen_encoders import encoder_files
from dts_ee.modules.frozen_encoders.encoder_files import (
    elmo_name,
    find_elmo,
    find_transformer,
    keep_files,
    kept_folder,
    transformer_files,
    weight_files,
)
from tests.tiny_elmo import build_tiny_elmo
from tests.tiny_transformer import build_tiny_transformer


@pytest.fixture
def encoder(tmp_path):
    return build_tiny_transformer(tmp_path / "encoders" / "tiny")


def _no_network(*args, **kwargs):
    raise AssertionError("the hub was asked")


def test_files_are_kept_without_a_second_copy(encoder, tmp_path):
    keep_files("tiny", transformer_files(encoder), tmp_path / "run")
    kept = kept_folder("tiny", tmp_path / "run")
    assert {file.name for file in kept.iterdir()} >= {"config.json", "model.safetensors"}
    for file in kept.iterdir():
        assert os.path.samefile(file, encoder / file.name)


def test_files_are_copied_where_links_are_impossible(encoder, tmp_path, monkeypatch):
    def fail(source, target):
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", fail)
    keep_files("tiny", transformer_files(encoder), tmp_path / "run")
    for file in kept_folder("tiny", tmp_path / "run").iterdir():
        assert not os.path.samefile(file, encoder / file.name)
        assert file.read_bytes() == (encoder / file.name).read_bytes()


def test_a_failure_in_between_leaves_nothing(encoder, tmp_path):
    files = {**transformer_files(encoder), "missing": encoder / "missing"}
    with pytest.raises(FileNotFoundError):
        keep_files("tiny", files, tmp_path / "run")
    assert not kept_folder("tiny", tmp_path / "run").exists()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["vocabulary"]


def test_another_process_may_be_first(encoder, tmp_path, monkeypatch):
    link = os.link

    def be_slow(source, target):
        folder = kept_folder("tiny", tmp_path / "run")
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text("by another process")
        link(source, target)

    monkeypatch.setattr(os, "link", be_slow)
    keep_files("tiny", transformer_files(encoder), tmp_path / "run")
    assert [f.name for f in kept_folder("tiny", tmp_path / "run").iterdir()] == ["config.json"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["vocabulary"]


def test_the_vocabulary_can_be_saved_and_loaded_beside_them(encoder, tmp_path):
    keep_files("tiny", transformer_files(encoder), tmp_path / "run")
    vocabulary = Vocabulary(counter={"labels": {"Peop": 1, "Loc": 1}})
    vocabulary.save_to_files(str(tmp_path / "run" / "vocabulary"))
    loaded = Vocabulary.from_files(str(tmp_path / "run" / "vocabulary"))
    assert loaded.get_namespaces() == {"labels"}


def test_two_paths_that_end_alike_have_two_folders(tmp_path):
    assert kept_folder("a/model", tmp_path) != kept_folder("b/model", tmp_path)


def test_the_kept_files_come_first(encoder, tmp_path):
    keep_files(str(encoder), transformer_files(encoder), tmp_path / "run")
    assert find_transformer(str(encoder)) == encoder
    assert find_transformer(str(encoder), tmp_path / "run") == kept_folder(
        str(encoder), tmp_path / "run"
    )


def test_a_missing_folder_is_an_error_that_names_both_places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(encoder_files, "snapshot_download", _no_network)
    with pytest.raises(ConfigurationError) as error:
        find_transformer("resources/minilm", tmp_path / "run")
    message = str(error.value)
    assert str(kept_folder("resources/minilm", tmp_path / "run")) in message
    assert str(Path("resources/minilm").absolute()) in message
    assert "dts-ee fetch" in message


@pytest.mark.parametrize(
    "name", ["bert-base-cased", "some-group/some-model.v2", "hf://some-group/some-model"]
)
def test_the_hub_is_asked_for_what_is_no_folder(encoder, name, tmp_path, monkeypatch):
    asked = []

    def download(repo_id, allow_patterns):
        asked.append(repo_id)
        assert "model.safetensors" in allow_patterns
        assert not [pattern for pattern in allow_patterns if pattern.endswith(".bin")]
        return str(encoder)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(encoder_files, "snapshot_download", download)
    assert find_transformer(name) == encoder
    assert asked == [name.removeprefix("hf://")]


def test_pytorchs_weights_are_downloaded_where_there_are_no_others(encoder, monkeypatch):
    def download(repo_id, allow_patterns):
        if "pytorch_model.bin" in allow_patterns:
            (encoder / "pytorch_model.bin").write_bytes(b"weights")
        return str(encoder)

    (encoder / "model.safetensors").unlink()
    monkeypatch.setattr(encoder_files, "snapshot_download", download)
    assert find_transformer("some-group/some-model") == encoder
    assert weight_files(encoder) == [encoder / "pytorch_model.bin"]


@pytest.mark.parametrize(
    "name",
    ["resources/minilm", "models/tiny", "models", "./models", "/models", "a/b/c", "../models", ""],
)
def test_the_hub_is_not_asked_for_a_path(name, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(encoder_files, "snapshot_download", _no_network)
    with pytest.raises(ConfigurationError, match="was not found"):
        find_transformer(name)


def test_without_a_network_one_line_says_what_to_do(tmp_path, monkeypatch):
    def download(repo_id, allow_patterns):
        raise ConnectionError("no route to host\nand much more")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(encoder_files, "snapshot_download", download)
    with pytest.raises(ConfigurationError) as error:
        find_transformer("some-group/some-model")
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert "`hf download some-group/some-model --local-dir some-model`" in message
    assert "no route to host" in message


def test_a_model_that_is_not_on_the_hub_is_no_question_of_the_network(tmp_path, monkeypatch):
    def download(repo_id, allow_patterns):
        request = httpx.Request("GET", "https://hub.example")
        raise RepositoryNotFoundError("404", response=httpx.Response(404, request=request))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(encoder_files, "snapshot_download", download)
    with pytest.raises(
        ConfigurationError, match="'bert-bsae' is neither a folder here nor a public"
    ):
        find_transformer("bert-bsae")


def test_elmo_is_found_kept_first(tmp_path):
    elmo = build_tiny_elmo(tmp_path / "elmo")
    options, weights = str(elmo / "options.json"), str(elmo / "weights.hdf5")
    found = find_elmo(options, weights, tmp_path / "run")
    assert found == {"options.json": Path(options), "weights.hdf5": Path(weights)}
    keep_files(elmo_name(options, weights), found, tmp_path / "run")
    kept = kept_folder(elmo_name(options, weights), tmp_path / "run")
    assert set(find_elmo(options, weights, tmp_path / "run").values()) == set(kept.iterdir())


def test_a_missing_elmo_is_an_error_that_names_the_file(tmp_path):
    elmo = build_tiny_elmo(tmp_path / "elmo")
    with pytest.raises(ConfigurationError, match=r"nowhere/weights\.hdf5.*dts-ee fetch"):
        find_elmo(str(elmo / "options.json"), "nowhere/weights.hdf5", tmp_path / "run")
