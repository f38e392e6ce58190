"""
Hand-made results of runs.
"""

import json
from pathlib import Path
from typing import Any, Optional

from dts_ee.metrics import MetricKey
from dts_ee.runs.machine import Machine
from dts_ee.runs.run_folder import RunFolder, write_json
from dts_ee.runs.summary import RunResult, Summary
from dts_ee.tasks import ENTITIES, RELATIONS
from tests.scores import metrics


def result(seed: int, **changes: Any) -> RunResult:
    """A seed's result whose figures follow from the seed."""
    values: dict[str, Any] = {
        "number": seed,
        "training_seconds": 60.0 * seed,
        "num_epochs": 10,
        "best_epoch": seed + 3,
        "development": metrics({ENTITIES.micro: 0.9 - 0.1 * seed, RELATIONS.micro: 0.5}),
        "test": metrics(
            {
                ENTITIES.micro: 0.8 - 0.1 * seed,
                RELATIONS.micro: 0.4,
                MetricKey("entity", type="Loc"): 0.25,
            }
        ),
    }
    return RunResult(**{**values, **changes})


def summary(
    *results: RunResult, missing: Optional[dict[int, str]] = None, **changes: Any
) -> Summary:
    """A summary of these results."""
    missing = missing or {}
    values: dict[str, Any] = {
        "config": "experiment.jsonnet",
        "overrides": {"trainer.num_epochs": 10},
        "kind": "seed",
        "numbers": [*(result.number for result in results), *missing],
        "test_data": ["test.json"],
        "results": list(results),
        "missing": missing,
        "jobs": 1,
        "threads": 2,
        "machine": Machine("a processor", 2, {"dts_ee": "1.0", "python": "3.11"}),
        "date": "2024-01-01 00:00 UTC",
        "command": "allennlp repeat experiment.jsonnet -s out --seeds 1",
    }
    return Summary(**{**values, **changes})


def write_epochs(folder: RunFolder, durations: list[str]) -> None:
    """Writes AllenNLP's metrics of epochs into a run's folder."""
    for epoch, duration in enumerate(durations):
        record = {"epoch": epoch, "training_duration": duration}
        write_json(folder.path / f"metrics_epoch_{epoch}.json", record)


def write_trained(folder: RunFolder, record: Optional[dict[str, Any]] = None) -> None:
    """Writes what a training leaves at its end."""
    write_json(folder.metrics, record or {})
    folder.archive.write_bytes(b"")


def lines_of(path: Path) -> list[Any]:
    """The objects of a file of JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
