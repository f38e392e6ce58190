"""Untrained models of a tiny configuration, for the tests of their parts."""

import torch
from allennlp.common import Params
from allennlp.data import Batch, Vocabulary
from allennlp.data.dataset_readers import DatasetReader
from allennlp.models import Model

import dts_ee  # noqa: F401
from tests.paths import FIXTURES

CONFIG = FIXTURES / "tiny" / "dts.jsonnet"
NEWS = FIXTURES / "tiny" / "news.json"


def tiny_params(overrides=None):
    params = Params.from_file(CONFIG).as_dict()
    for section, values in (overrides or {}).items():
        params[section].update(values)
    for key in ("train_data_path", "validation_data_path"):
        params[key] = str(FIXTURES.parent / params[key])
    return params


def model_and_batch(overrides=None, documents=None, drop=(), reader=None):
    """A model with its first weights from seed 0, and a batch of news or of documents."""
    params = tiny_params({"model": overrides or {}, "dataset_reader": reader or {}})
    for key in drop:
        del params["model"][key]
    reader = DatasetReader.from_params(Params(params["dataset_reader"]))
    instances = (
        list(reader.read(NEWS))
        if documents is None
        else [reader.text_to_instance(document) for document in documents]
    )
    for instance in instances:
        reader.apply_token_indexers(instance)
    vocabulary = Vocabulary.from_instances(instances)
    torch.manual_seed(0)
    model = Model.from_params(Params(params["model"]), vocab=vocabulary)
    batch = Batch(instances)
    batch.index_instances(vocabulary)
    return model, batch.as_tensor_dict()


def only_network(model, task):
    """The layers of a task, in a model of one network."""
    (network,) = model.heads[task].networks
    return network
