"""The project's experiments, as the topics need them."""

import logging
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, List

import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.data import DatasetReader, Vocabulary
from allennlp.models import Model

import dts_ee  # noqa: F401  (registers what an experiment names)
from benchmarks.measure import Settings
from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.modules.entity_tagger import EntityTagger, TagScores
from dts_ee.modules.kernels.crf_marginals import TaggedSpans

_EXPERIMENTS = Path(__file__).resolve().parent.parent / "experiments"


def experiment_params(name: str, settings: Settings) -> dict[str, Any]:
    """
    The configuration of an experiment, with `settings.resources` in the place of `resources`, and
    without the test split, which AllenNLP would read before it trains.
    """
    params = Params.from_file(_EXPERIMENTS / f"{name}.jsonnet").as_dict(quiet=True)
    del params["test_data_path"], params["datasets_for_vocab_creation"]
    return _replace_strings(params, lambda text: _in_resources(text, settings.resources))


def with_features(params: dict[str, Any], names: Iterable[str], dim: int = 50) -> dict[str, Any]:
    """
    The same experiment with other inputs: those of its features that are named, and, as `words`,
    word vectors of size `dim` that are learned.
    """
    indexers = params["dataset_reader"]["token_indexers"]
    embedders = params["model"]["text_field_embedder"]["token_embedders"]
    words = {"type": "single_id", "namespace": "words", "lowercase_tokens": True}
    vectors = {"type": "embedding", "vocab_namespace": "words", "embedding_dim": dim}
    chosen = [name for name in names if name != "words"]
    changed = {key: value for key, value in params.items() if key != "vocabulary"}
    changed["dataset_reader"] = {
        **params["dataset_reader"],
        "token_indexers": {"words": words, **{name: indexers[name] for name in chosen}},
    }
    changed["model"] = {
        **params["model"],
        "text_field_embedder": {
            "token_embedders": {"words": vectors, **{name: embedders[name] for name in chosen}}
        },
    }
    return changed


def without_feature(params: dict[str, Any], name: str) -> dict[str, Any]:
    """The same experiment without one of its inputs."""
    changed = deepcopy(params)
    del changed["dataset_reader"]["token_indexers"][name]
    del changed["model"]["text_field_embedder"]["token_embedders"][name]
    return changed


def build(
    params: dict[str, Any], documents: Sequence[Document]
) -> tuple[SpertReader, DeeperTaskSpecificity]:
    """The reader and the untrained model of an experiment, with the vocabulary of documents."""
    # What is built from parameters uses them up.
    own = Params(deepcopy(params))
    reader = DatasetReader.from_params(own["dataset_reader"])
    assert isinstance(reader, SpertReader)
    instances = [reader.text_to_instance(document) for document in documents]
    for instance in instances:
        reader.apply_token_indexers(instance)
    vocabulary = Vocabulary.from_instances(instances)
    model = Model.from_params(own["model"], vocab=vocabulary)
    assert isinstance(model, DeeperTaskSpecificity)
    return reader, model


def trained(experiment: str, settings: Settings, epochs: int) -> Path:
    """The folder of a trained model, which is kept for the next time."""
    folder = settings.output / "models" / f"{experiment}-{epochs}-epochs"
    if not folder.is_dir():
        print(f"  training {experiment} for {epochs} epochs ...", file=sys.stderr, flush=True)
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        params = experiment_params(experiment, settings)
        params["trainer"]["num_epochs"] = epochs
        # In a process of its own, so that nothing of it is left in this one's memory.
        process = multiprocessing.get_context("spawn").Process(
            target=_train, args=(params, partial)
        )
        process.start()
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"the training of {experiment} failed")
        os.replace(partial, folder)
    return folder


def _train(params: dict[str, Any], folder: Path) -> None:
    # What AllenNLP warns of, such as no early stopping, is as it should be.
    logging.disable(logging.WARNING)
    train_model(Params(params), str(folder))


class GivenTags(EntityTagger):
    """
    A tagger that does all that another does, and then finds the tags that it was given.

    So the number of entities is known, and no work is left out.

    # Parameters

    tagger : `EntityTagger`
        The other.
    tags : `List[List[int]]`
        The tags of each sentence.
    """

    def __init__(self, tagger: EntityTagger, tags: List[List[int]]) -> None:
        super().__init__()
        self._tagger = tagger
        self._tags = tags

    def forward(self, encoded: torch.Tensor, mask: torch.BoolTensor) -> TagScores:
        return GivenScores(self._tagger(encoded, mask), self._tags)


class GivenScores(TagScores):
    """Those of `GivenTags`."""

    def __init__(self, scores: TagScores, tags: List[List[int]]) -> None:
        self._scores = scores
        self._tags = tags

    def loss(self, tags: torch.Tensor) -> torch.Tensor:
        return self._scores.loss(tags)

    def mean_with(self, others: Sequence[TagScores]) -> "GivenScores":
        return GivenScores(self._scores.mean_with(others), self._tags)

    def best(self) -> List[List[int]]:
        self._scores.best()
        return self._tags

    def span_probabilities(self, spans: TaggedSpans) -> torch.Tensor:
        return self._scores.span_probabilities(spans)


def first_network(model: DeeperTaskSpecificity, task: str) -> Any:
    """The layers of a task in the first of the model's networks."""
    return model.heads[task].networks[0]


def _in_resources(text: str, resources: Path) -> str:
    folder, separator, rest = text.partition("/")
    return str(resources / rest) if folder == "resources" and separator else text


def _replace_strings(value: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _replace_strings(each, replace) for key, each in value.items()}
    if isinstance(value, list):
        return [_replace_strings(each, replace) for each in value]
    return replace(value) if isinstance(value, str) else value
