"""
What the tests of models by name have in common.
"""

import json
import shutil

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params

from dts_ee.modules.frozen_encoders import left_out_encoders
from dts_ee.named_models import description
from dts_ee.resources import KnownFile, Resource
from dts_ee.resources.known_file import sha256_of
from tests.documents import TINY, TINY_NEWS
from tests.tiny_transformer import build_tiny_transformer


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user's folder of data, and an empty working folder."""
    for name in ("DTS_EE_MODELS", "DTS_EE_RESOURCES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "data" / "dts_ee"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a training with a small encoder, and the encoder's own folder."""
    folder = tmp_path_factory.mktemp("trained")
    encoder = build_tiny_transformer(folder / "tiny", max_length=64)
    feature = {"model_name": str(encoder)}
    overrides = {
        "train_data_path": str(TINY_NEWS),
        "validation_data_path": str(TINY_NEWS),
        "dataset_reader.token_indexers.tiny": {"type": "word_pieces", **feature},
        "model.text_field_embedder.token_embedders.tiny": {
            "type": "frozen_transformer",
            **feature,
        },
    }
    train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(overrides)), folder / "out")
    return folder / "out", encoder


@pytest.fixture
def training(trained):
    return trained[0]


@pytest.fixture
def known_encoder(trained, home, monkeypatch):
    """
    Makes the encoder one that can be fetched, and moves it to the user's folder of resources, which
    is returned.
    """
    encoder = trained[1]
    files = [
        KnownFile(file.name, file.stat().st_size, sha256_of(file))
        for file in sorted(encoder.iterdir())
    ]
    manifest = {"tiny": Resource("tiny", "a small encoder", "CC0", files, [])}
    for module in (left_out_encoders, description):
        monkeypatch.setattr(module, "load_manifest", lambda: manifest)
    resources = home / "resources"
    shutil.copytree(encoder, resources / "tiny")
    moved = encoder.rename(encoder.with_name("elsewhere"))
    yield resources
    moved.rename(encoder)
