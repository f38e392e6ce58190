"""
Trainings that are killed, and what they leave after a recovery.
"""

import json
import os
import signal
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import torch

from tests.forked_command import ForkedCommand
from tests.paths import FIXTURES

_OPERATIONS = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
_VARYING = ("duration", "memory_MB", "best_model_filename")
_LOGS = {"out.log", "log.txt", "training_starts.json", "log"}

TRAINERS: Dict[str, Dict[str, Any]] = {
    # Batches of similar length, as in the experiments; stops before the last epoch.
    "dts": {
        "trainer": {
            "type": "dts",
            "patience": 1,
            "validation_metric": "-loss",
            "learning_rate_scheduler": {"type": "slanted_triangular"},
        },
        "data_loader": {
            "batch_sampler": {"type": "repeated_bucket", "batch_size": 4, "min_batches": 4}
        },
    },
    # Both loaders change the order of their instances in each epoch.
    "gradient_descent": {
        "trainer": {
            "type": "gradient_descent",
            "validation_metric": "+mean_f1",
            "moving_average": {"type": "exponential", "decay": 0.5},
            "learning_rate_scheduler": {"type": "cosine", "t_initial": 3},
        },
        "data_loader": {"batch_size": 4, "shuffle": True},
    },
    # An epoch is a part of the data, and the next one goes on from there.
    "part of the data": {
        "trainer": {"type": "gradient_descent"},
        "data_loader": {"batch_size": 4, "shuffle": True, "batches_per_epoch": 2},
        "validation_data_loader": {"batch_size": 4},
    },
    "no development data": {
        "validation_data_path": None,
        "trainer": {"type": "dts"},
        "data_loader": {"batch_sampler": {"type": "bucket", "batch_size": 4}},
    },
}


def settings(kind: str, num_epochs: int = 3, **changes: Any) -> Dict[str, Any]:
    """A tiny training with dropout, one of `TRAINERS`, which is evaluated at its end."""
    data = FIXTURES / "sample"
    gru = {"type": "gru", "hidden_size": 6, "num_layers": 1, "bidirectional": True}
    chosen = {**TRAINERS[kind], **changes}
    result = {
        "dataset_reader": {"type": "spert", "max_instances": 12},
        "train_data_path": str(data / "news_train.json"),
        "validation_data_path": str(data / "news_dev.json"),
        "test_data_path": str(data / "news_test.json"),
        "evaluate_on_test": True,
        "model": {
            "type": "dts",
            "text_field_embedder": {
                "token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 8}}
            },
            "shared_encoder": gru,
            "ner_encoder": gru,
            "dropout": 0.2,
            "relation_threshold": 0.5,
        },
        **chosen,
        "trainer": {
            "num_epochs": num_epochs,
            "optimizer": {"type": "adam", "lr": 0.02},
            "cuda_device": -1,
            **chosen["trainer"],
        },
    }
    return {key: value for key, value in result.items() if value is not None}


def write_settings(path: Path, *arguments: Any, **changes: Any) -> Path:
    """Writes `settings` to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings(*arguments, **changes)))
    return path


def command(
    words: Sequence[object],
    folder: Path,
    kill_before: Optional[int] = None,
    kill_after: Optional[float] = None,
) -> int:
    """
    Runs a command in a process of its own, a copy of this one, so that nothing is imported again.

    # Parameters

    words : `Sequence[object]`
        The command.
    folder : `Path`
        The folder that it writes to. What it prints is added to a log beside it.
    kill_before : `int`, optional (default = `None`)
        The process is killed by SIGKILL before the operation of this number, counted from 0, that
        changes a file in the folder.
    kill_after : `float`, optional (default = `None`)
        The process is killed by SIGKILL after this number of seconds.

    # Returns

    `int`
        The exit status; that of a process which was killed is negative.
    """

    def prepare() -> None:
        if kill_before is not None:
            kill_before_operation(kill_before, folder)
        if kill_after is not None:
            timer = threading.Timer(kill_after, os.kill, (os.getpid(), signal.SIGKILL))
            timer.daemon = True
            timer.start()

    with open(f"{folder}.log", "a") as log:
        status = ForkedCommand(words, log.fileno(), prepare=prepare).wait()
    assert status is not None
    return status


def train(config: Path, folder: Path, *options: str, **killed: Any) -> int:
    """Runs `allennlp train`; see `command`."""
    return command(["train", config, "-s", folder, *options], folder, **killed)


def kill_before_operation(number: int, folder: Path) -> None:
    """Kills this process before the operation of this number that changes a file in a folder."""
    done = 0

    def watch(event: str, arguments: Any) -> None:
        nonlocal done
        if event == "open":
            path, _, flags = arguments
            changes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        else:
            path, changes = arguments[0] if arguments else None, event in _OPERATIONS
        if changes and str(path).startswith(str(folder)) and str(path) != f"{folder}.log":
            if done == number:
                os.kill(os.getpid(), signal.SIGKILL)
            done += 1

    sys.addaudithook(watch)


def recover(config: Path, folder: Path, **killed: Any) -> int:
    """Goes on with a training that was cut off, or begins it if it has not even made its folder."""
    return train(config, folder, *(["--recover"] if folder.is_dir() else []), **killed)


def differences(folder: Path, undisturbed: Path) -> List[str]:
    """What a finished training has that an undisturbed one has not, down to the last bit."""
    found = [
        f"{name} is only in one of the folders"
        for name in sorted(_names(folder) ^ _names(undisturbed))
    ]
    for name in sorted(_names(folder) & _names(undisturbed)):
        one, other = (_content(path / name) for path in (folder, undisturbed))
        if not _equal(one, other):
            found.append(f"{name} differs")
    return found


def _names(folder: Path) -> "set[str]":
    return {path.name for path in folder.iterdir()} - _LOGS


def _content(path: Path) -> Any:
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            files = {name: archive.extractfile(name) for name in archive.getnames()}
            return {name: file.read() if file else None for name, file in files.items()}
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    if path.suffix == ".th":
        return _without_varying(torch.load(path))
    if path.suffix == ".json":
        return _without_varying(json.loads(path.read_text()))
    return path.read_bytes()


def _without_varying(values: Dict[str, Any]) -> Dict[str, Any]:
    return {key: value for key, value in values.items() if not key.endswith(_VARYING)}


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and _bytes(one) == _bytes(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool((one == other) if not hasattr(one, "shape") else (one == other).all())


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().numpy().tobytes()
