"""Sentences per CPU-second of `predict`'s engines, and what an engine costs without a model."""

import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Optional

import dts_ee  # noqa: F401  (registers what an archive names)
from benchmarks.experiments import Folders, trained
from benchmarks.processes import call_in_new_process
from benchmarks.timing import Timer
from dts_ee.document import Document, Entity, Relation
from dts_ee.predictors import DtsPredictor
from dts_ee.predictors.document_predict_manager import DocumentPredictManager
from dts_ee.predictors.requests import Request
from dts_ee.scale.local import predict_shards
from dts_ee.scale.model_source import ModelSource
from dts_ee.scale.row_columns import RowColumns
from dts_ee.scale.run import Task
from dts_ee.scale.shard_work import Job
from dts_ee.scale.shards import make_plan

_ENGINES = {
    "local, 1 worker": ("local", 1),
    "local, 2 workers": ("local", 2),
    "ray, 1 actor": ("ray", 1),
}


@dataclass
class Spent:
    """The seconds of a call: on all processors together, and on the clock."""

    cpu: float
    wall: float


def measure_engines(
    timer: Timer, folders: Folders, tmp_path: Path, num_sentences: int = 2560
) -> None:
    """The same file of sentences of CoNLL04; models are loaded before."""
    folders.require("conll04", "glove-6b-50d", "minilm")
    model = _model(trained("conll04_minilm", folders))
    split = folders.conll04("test")
    texts = [" ".join(split[i % len(split)].tokens) for i in range(num_sentences)]
    source = _write(tmp_path / "in.jsonl", texts)
    calls: dict[str, tuple[Callable[..., Any], Sequence[Any]]] = {"predict": (_predict, ())}
    for name, (engine, workers) in _ENGINES.items():
        if engine == "ray" and find_spec("ray") is None:
            timer.notes.append(f"{name}: left out, as Ray is not installed")
        else:
            calls[name] = (_predict_to_folder, (engine, workers))
    spent: dict[str, list[Spent]] = {name: [] for name in calls}
    for number in range(timer.rounds):
        for name, (function, arguments) in calls.items():
            output = tmp_path / f"{name}-{number}"
            spent[name].append(
                call_in_new_process(function, model, str(source), str(output), *arguments)
            )
    for clock in ("cpu", "wall"):
        seconds = {name: [getattr(own, clock) for own in rounds] for name, rounds in spent.items()}
        group = f"{num_sentences} texts of one sentence, MiniLM: {clock} seconds"
        timer.add(group, seconds, baseline="predict", pieces=num_sentences, rate="texts")


def measure_own_cost(timer: Timer, tmp_path: Path, num_rows: int = 100_000) -> None:
    """Everything but the model: lines are read, and tokens with two entities are written."""
    text = "Marta Lindqvist , who lives in Tarnby , writes for the Harbour Gazette ."
    source = _write(tmp_path / "in.jsonl", [text] * num_rows)
    seconds = []
    for number in range(timer.rounds):
        start = _cpu_seconds()
        plan = make_plan(str(source), RowColumns())
        job = Job(plan, str(tmp_path / f"out-{number}"), {}, 256, False)
        for _ in predict_shards(job, plan.shards, _NoModel, 1):  # type: ignore[arg-type]
            pass
        seconds.append(_cpu_seconds() - start)
    name = "reading, checks of documents, Arrow and Parquet"
    group = "local, 1 worker, without a model: cpu seconds for a row"
    (row,) = timer.add(group, {name: seconds}, pieces=num_rows).values()
    row.extra["seconds for a million rows"] = 1e6 * median(row.figures())


class _NoModel:
    """In the place of a predictor."""

    def request(self, inputs: dict[str, Any]) -> Request:
        entities = (Entity("Peop", 0, 2, 0.9), Entity("Loc", 6, 7, 0.9))
        relations = (Relation("Live_In", 0, 1, 0.8),)
        return Request([Document(tuple(inputs["text"].split(" ")), entities, relations)])

    def predict_sentences(self, requests: Sequence[Request]) -> list[list[Document]]:
        return [request.sentences for request in requests]


def _model(archive: Path) -> ModelSource:
    # What was encoded once is to be encoded again.
    overrides = {"model.text_field_embedder.token_embedders.minilm.cache_dir": None}
    return ModelSource(str(archive), overrides=json.dumps(overrides))


def _write(path: Path, texts: Sequence[str]) -> Path:
    lines = [json.dumps({"text": text, "id": str(i)}) + "\n" for i, text in enumerate(texts)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _predict(model: ModelSource, source: str, output: str) -> Spent:
    predictor = model.load()
    start, wall = _cpu_seconds(), time.perf_counter()
    DocumentPredictManager(predictor, source, output, None, False, False).run()
    return Spent(_cpu_seconds() - start, time.perf_counter() - wall)


def _predict_to_folder(
    model: ModelSource, source: str, output: str, engine: str, workers: int
) -> Spent:
    if engine == "local":
        model = _LoadedModel(model.model, overrides=model.overrides, predictor=model.load())
    task = Task(
        model, source, output, RowColumns(id="id"), engine=engine, workers=workers, silent=True
    )
    start, wall = _cpu_seconds(), time.perf_counter()
    manifest = task.run()
    # Ray's processes are not this one's children, and load the model: what their steps took.
    cpu = _cpu_seconds() - start if engine == "local" else manifest["cpu_seconds"]
    return Spent(cpu, time.perf_counter() - wall)


@dataclass(frozen=True)
class _LoadedModel(ModelSource):
    """A model that is loaded already."""

    predictor: Optional[DtsPredictor] = None

    def load(self) -> DtsPredictor:
        assert self.predictor is not None
        return self.predictor


def _cpu_seconds() -> float:
    """Those of this process, and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
