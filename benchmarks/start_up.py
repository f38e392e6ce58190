"""Commands in a new process, and where the time to the first prediction goes; CPU seconds."""

import functools
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import start_up_phases
from benchmarks.experiments import trained
from benchmarks.measure import Row, Settings, Table, time_interleaved
from dts_ee.corpora.files import open_atomically

_PROJECT = Path(__file__).resolve().parent.parent

_DTS_EE = ("-c", "from dts_ee_command import run; run()")
_ALLENNLP = ("-m", "allennlp")
_WITH_PLUGIN = ("--include-package", "dts_ee")
_BASELINE = "import of AllenNLP alone"
_SENTENCE = "Marta Lindqvist, who lives in Tarnby, writes for the Harbour Gazette."
_EPOCHS = 3
"""Those of the models that other topics train; how well they predict is of no account here."""

_OWNERS = {
    "import torch": "torch",
    "import transformers": "transformers; needed by AllenNLP, and for encoders",
    "import SciPy and scikit-learn": "needed by AllenNLP's metrics and by transformers",
    "import spaCy": "needed by AllenNLP, and for sentences that are not split",
    "import cached_path": "needed by AllenNLP: clients of Google's and Amazon's storage",
    "import torchvision": "needed by AllenNLP's models of images",
    "import NLTK": "needed by AllenNLP's metrics",
    "import AllenNLP": "AllenNLP, with all its modules",
    "import dts_ee": "ours",
    start_up_phases.PLUGINS: "a default plugin of AllenNLP",
    start_up_phases.UNPACKING: "AllenNLP; nothing for a folder",
    start_up_phases.VOCABULARY: "AllenNLP",
    start_up_phases.ENCODER: "ours and transformers",
    start_up_phases.MODEL: "ours and AllenNLP",
    start_up_phases.RULES: "spaCy; nothing for sentences that are split",
    start_up_phases.SENTENCE: "ours and transformers",
    start_up_phases.REST: "Python's own start, reading the configuration, leaving",
}


def run(
    settings: Settings,
    experiments: Sequence[str] = ("conll04_minilm", "conll04"),
    epochs: int = _EPOCHS,
) -> list[Table]:
    """
    # Raises

    `RuntimeError`
        If a command fails.
    """
    settings.require("conll04", "glove-6b-50d", "minilm", "mpnet")
    models = {name: trained(name, settings, epochs) for name in experiments}
    sentences = settings.output / "start_up" / "sentence.jsonl"
    with open_atomically(sentences) as file:
        file.write(json.dumps({"sentence": _SENTENCE}) + "\n")
    tables = [_commands(settings, models, sentences)]
    for name, folder in models.items():
        tables.append(_phases(settings, name, folder / "model.tar.gz", sentences))
    return tables


def _commands(settings: Settings, models: dict[str, Path], sentences: Path) -> Table:
    page = sentences.with_suffix(".html")
    documents = _PROJECT / "fixtures" / "tiny" / "news.json"
    commands: dict[str, Sequence[str]] = {
        _BASELINE: ("-c", "import allennlp.commands"),
        "import of dts_ee": ("-c", "import dts_ee"),
        "dts-ee --version": (*_DTS_EE, "--version"),
        "dts-ee --help": (*_DTS_EE, "--help"),
        "dts-ee fetch --list": (*_DTS_EE, "fetch", "--list"),
        "dts-ee render": (*_DTS_EE, "render", str(documents), str(page)),
    }
    for name, folder in models.items():
        archive = str(folder / "model.tar.gz")
        predict = ("predict", archive, str(sentences))
        commands[f"dts-ee predict, {name}, archive"] = (*_DTS_EE, *predict)
        commands[f"allennlp predict, {name}, archive"] = (*_ALLENNLP, *predict, *_WITH_PLUGIN)
        from_folder = ("predict", str(folder), str(sentences))
        commands[f"dts-ee predict, {name}, folder of the training"] = (*_DTS_EE, *from_folder)
    calls: dict[str, Callable[[], str]] = {
        name: functools.partial(_run_python, arguments) for name, arguments in commands.items()
    }
    # Once beforehand, so that what is read from disk is in memory.
    seconds = time_interleaved(calls, settings.runs, warm_up=1, clock=_children_seconds)
    title = "Commands in a new process, one thread: CPU seconds"
    table = Table("start_up", title)
    for name in commands:
        baseline = None if name == _BASELINE else _BASELINE
        table.rows.append(Row(name, seconds[name], "s", baseline=baseline))
    return table


def _phases(settings: Settings, name: str, archive: Path, sentences: Path) -> Table:
    arguments = ("-m", start_up_phases.__name__, str(archive), str(sentences))
    # As above.
    _run_python(arguments)
    runs = [json.loads(_run_python(arguments).splitlines()[-1]) for _ in range(settings.runs)]
    title = f"`dts-ee predict` on one sentence, {name}, in a new process, one thread: CPU seconds"
    table = Table("start_up", title)
    whole = Row(f"{name}: all", [sum(seconds.values()) for seconds in runs])
    table.rows.append(whole)
    for phase in start_up_phases.PHASES:
        seconds = [run[phase] for run in runs]
        table.rows.append(Row(f"{name}: {phase}", seconds, note=_OWNERS[phase]))
    return table


def _run_python(arguments: Sequence[str]) -> str:
    """What a new interpreter prints."""
    completed = subprocess.run(
        [sys.executable, *arguments],
        cwd=_PROJECT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if completed.returncode != 0:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{completed.stderr[-2000:]}")
    return completed.stdout


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
