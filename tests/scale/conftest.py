import json

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params

from dts_ee.scale import shards
from dts_ee.scale.model_source import ModelSource
from tests.documents import TINY, TINY_NEWS


@pytest.fixture(scope="package")
def archive(tmp_path_factory):
    data = {"train_data_path": str(TINY_NEWS), "validation_data_path": str(TINY_NEWS)}
    # It finds entities, and with the threshold below, relations.
    changes = {**data, "trainer.num_epochs": 8, "trainer.optimizer.lr": 0.05}
    folder = tmp_path_factory.mktemp("training") / "out"
    train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(changes)), folder)
    return str(folder / "model.tar.gz")


@pytest.fixture(scope="package")
def model(archive):
    return ModelSource(archive, {"relation_threshold": 0})


@pytest.fixture(scope="package")
def predictor(model):
    return model.load()


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of two rows."""
    monkeypatch.setattr(shards, "_ROWS_OF_SHARD", (2, 2))
