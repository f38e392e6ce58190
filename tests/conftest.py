"""
What holds for all tests.
"""

import json
import logging
import os

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.documents import TINY, TINY_NEWS

# Also where there is a GPU, everything is computed on the CPU, as torch does not allow forked
# processes to train after that. A variable of the caller's wins.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

# A slow or busy machine is no failure.
settings.register_profile("dts_ee", deadline=None)
# For `make fuzz`.
settings.register_profile("fuzz", deadline=None, max_examples=2000)
settings.load_profile("dts_ee")


@pytest.fixture(autouse=True)
def log_level():
    """Log warnings and above: a training in an earlier test leaves AllenNLP's level, INFO."""
    logging.getLogger().setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def news_training(tmp_path_factory):
    """The folder of a training that has learned the tiny news by heart. No test changes it."""
    from allennlp.commands.train import train_model
    from allennlp.common import Params

    overrides = {
        "train_data_path": str(TINY_NEWS),
        "validation_data_path": str(TINY_NEWS),
        "model.dropout": 0.0,
        "model.relation_dropout": 0.0,
        "trainer.num_epochs": 25,
        "trainer.optimizer.lr": 0.02,
    }
    folder = tmp_path_factory.getbasetemp() / "news_training"
    if "PYTEST_XDIST_WORKER" in os.environ:
        # All workers share it.
        folder = folder.parents[1] / folder.name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(overrides)), folder)
    return folder


@pytest.fixture(scope="session")
def news_archive(news_training):
    """The archive of that training."""
    return news_training / "model.tar.gz"
