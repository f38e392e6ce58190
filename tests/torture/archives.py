"""A model that is trained in seconds."""

import json
from pathlib import Path

from allennlp.commands.train import train_model
from allennlp.common import Params

from tests.documents import TINY, TINY_NEWS


def small_archive(folder: Path) -> Path:
    """Trains a model in a folder, and returns its archive."""
    data = {
        "train_data_path": str(TINY_NEWS),
        "validation_data_path": str(TINY_NEWS),
        "trainer.num_epochs": 30,
    }
    train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(data)), folder / "out")
    return folder / "out" / "model.tar.gz"
