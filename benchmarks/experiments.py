"""The project's experiments, as the benchmarks need them."""

import json
import os
import shutil
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.data import DatasetReader, Vocabulary
from allennlp.models import Model

import dts_ee  # noqa: F401  (registers what an experiment names)
from benchmarks.processes import call_in_new_process
from dts_ee.corpora import read_documents
from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document

PROJECT = Path(__file__).resolve().parent.parent


@dataclass
class Folders:
    """What `dts-ee fetch` fills, and where benchmarks may keep what they need again."""

    resources: Path
    output: Path

    def require(self, *names: str) -> None:
        """Skips the benchmark if one of the resources is missing."""
        missing = [name for name in names if not (self.resources / name).is_dir()]
        if missing:
            pytest.skip(f"not in {self.resources}: run dts-ee fetch {' '.join(missing)}")

    def conll04(self, part: str) -> list[Document]:
        """The documents of a split of CoNLL04."""
        self.require("conll04")
        return read_documents(self.resources / "conll04" / f"conll04_{part}.json")


def experiment_params(name: str, folders: Folders) -> dict[str, Any]:
    """
    The configuration of an experiment, with the folder of resources in the place of `resources`,
    and without the test split, which AllenNLP would read before it trains.
    """
    params = Params.from_file(PROJECT / "experiments" / f"{name}.jsonnet").as_dict(quiet=True)
    del params["test_data_path"], params["datasets_for_vocab_creation"]
    prefix = json.dumps(f"{folders.resources}/")[:-1]
    return json.loads(json.dumps(params).replace('"resources/', prefix))


def with_features(params: dict[str, Any], *names: str) -> dict[str, Any]:
    """
    The same experiment with other inputs: those of its features that are named, and word vectors of
    size 50 that are learned.
    """
    changed = deepcopy(params)
    changed.pop("vocabulary", None)
    reader, embedder = changed["dataset_reader"], changed["model"]["text_field_embedder"]
    reader["token_indexers"] = {
        "words": {"type": "single_id", "namespace": "words", "lowercase_tokens": True},
        **{name: reader["token_indexers"][name] for name in names},
    }
    embedder["token_embedders"] = {
        "words": {"type": "embedding", "vocab_namespace": "words", "embedding_dim": 50},
        **{name: embedder["token_embedders"][name] for name in names},
    }
    return changed


def build(params: dict[str, Any], documents: Sequence[Document]) -> tuple[SpertReader, Model]:
    """The reader and the untrained model of an experiment, with the vocabulary of documents."""
    # What is built from parameters uses them up.
    own = Params(deepcopy(params))
    reader = DatasetReader.from_params(own["dataset_reader"])
    assert isinstance(reader, SpertReader)
    instances = [reader.text_to_instance(document) for document in documents]
    for instance in instances:
        reader.apply_token_indexers(instance)
    return reader, Model.from_params(own["model"], vocab=Vocabulary.from_instances(instances))


def trained(experiment: str, folders: Folders) -> Path:
    """The folder of a trained model, which is kept for the next time."""
    folder = folders.output / "models" / experiment
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        params = experiment_params(experiment, folders)
        # Enough for a model that finds about as many entities as there are.
        params["trainer"]["num_epochs"] = 3
        call_in_new_process(_train, params, partial)
        os.replace(partial, folder)
    return folder


def _train(params: dict[str, Any], folder: Path) -> None:
    train_model(Params(params), str(folder))
