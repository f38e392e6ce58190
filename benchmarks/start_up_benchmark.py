"""Commands in a new process, and where the time of their imports goes."""

import json
import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.experiments import PROJECT, Folders, trained
from benchmarks.timing import Timer

_PACKAGES = (
    *("torch", "sympy", "transformers", "huggingface_hub", "spacy", "cached_path"),
    *("allennlp", "allennlp_models", "dts_ee"),
)
_DTS_EE = ("-c", "from dts_ee_command import run; run()")
_SENTENCE = "Marta Lindqvist, who lives in Tarnby, writes for the Harbour Gazette."


def measure_start_up(timer: Timer, folders: Folders, tmp_path: Path) -> None:
    folders.require("conll04", "glove-6b-50d", "minilm", "mpnet")
    sentences = tmp_path / "sentence.jsonl"
    sentences.write_text(json.dumps({"sentence": _SENTENCE}) + "\n", encoding="utf-8")
    commands = {
        "import of torch alone": ("-c", "import torch"),
        "import of AllenNLP and dts_ee": ("-c", "import dts_ee"),
        "dts-ee --version": (*_DTS_EE, "--version"),
    }
    for name in ("conll04_minilm", "conll04"):
        folder = trained(name, folders)
        predict = ("predict", str(folder / "model.tar.gz"), str(sentences))
        commands[f"dts-ee predict, {name}, archive"] = (*_DTS_EE, *predict)
        plugin = ("--include-package", "dts_ee")
        commands[f"allennlp predict, {name}, archive"] = ("-m", "allennlp", *predict, *plugin)
        predict = ("predict", str(folder), str(sentences))
        commands[f"dts-ee predict, {name}, folder of the training"] = (*_DTS_EE, *predict)
    timer.time_in_turns(
        "Commands in a new process, one thread: seconds on the processor",
        {name: partial(run_python, *arguments) for name, arguments in commands.items()},
        baseline="import of torch alone",
        clock=_children_seconds,
    )
    imports = [
        import_seconds(run_python("-X", "importtime", *_DTS_EE, *predict).stderr)
        for _ in range(timer.rounds)
    ]
    seconds = {name: [own[name] for own in imports] for name in (*_PACKAGES, "others")}
    timer.add(
        "Imports in dts-ee predict, by package",
        {name: own for name, own in seconds.items() if max(own) > 0},
    )


def run_python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a new interpreter, and returns what it printed."""
    completed = subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if completed.returncode != 0:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{completed.stderr[-2000:]}")
    return completed


def import_seconds(report: str) -> dict[str, float]:
    """
    The seconds of each package, from what `python -X importtime` prints: a line for each module,
    below those that it imports, which are two spaces further to the right. A module of no package
    in `_PACKAGES` is counted for the one that imports it.
    """
    seconds = dict.fromkeys((*_PACKAGES, "others"), 0.0)
    importers: list[str] = []
    for line in reversed(report.splitlines()):
        own, *_, module = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and own.strip().isdigit():
            package = module.strip().partition(".")[0]
            depth = (len(module) - len(module.lstrip()) - 1) // 2
            if package not in seconds:
                package = importers[depth - 1] if depth > 0 else "others"
            importers[depth:] = [package]
            seconds[package] += int(own) / 1e6
    return seconds


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
