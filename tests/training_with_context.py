import json
from pathlib import Path

from allennlp.commands.train import train_model
from allennlp.common import Params

from tests.paths import FIXTURES
from tests.tiny_transformer import build_tiny_transformer


def train_with_context(folder: Path) -> Path:
    """
    Trains a tiny model whose encoder reads a neighbouring sentence on each side, and returns the
    folder of the training.
    """
    encoder = str(build_tiny_transformer(folder / "encoder"))
    indexers = {"pieces": {"type": "word_pieces", "model_name": encoder}}
    overrides = {
        "dataset_reader": {"type": "spert", "token_indexers": indexers, "context_sentences": 1},
        "model.text_field_embedder.token_embedders": {
            "pieces": {"type": "frozen_transformer", "model_name": encoder, "layer_mix": "mean"}
        },
        "trainer.num_epochs": 1,
    }
    params = Params.from_file(FIXTURES / "tiny" / "dts.jsonnet", json.dumps(overrides))
    train_model(params, folder / "run")
    return folder / "run"
