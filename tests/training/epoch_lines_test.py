import fcntl
import json
import logging
import os
import pty
import re
import struct
import sys
import termios
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from allennlp.training import TrainerCallback

from dts_ee.training import epoch_lines
from tests.commands.command_line import run_allennlp
from tests.paths import PROJECT

CONFIG = "fixtures/tiny/dts.jsonnet"


@TrainerCallback.register("interrupts_in_its_second_epoch", exist_ok=True)
class InterruptsInItsSecondEpoch(TrainerCallback):
    """Interrupts a training where there is a checkpoint of the first epoch alone."""

    def on_epoch(self, trainer: Any, metrics: Any, epoch: int, *args: Any, **kwargs: Any) -> None:
        if epoch == 1 and "INTERRUPTED" not in os.environ:
            os.environ["INTERRUPTED"] = "yes"
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.chdir(PROJECT)
    monkeypatch.delenv("ALLENNLP_LOG_LEVEL", raising=False)
    monkeypatch.delenv("ALLENNLP_DEBUG", raising=False)


def train(folder: Path, *words: object, **overrides: Any) -> int:
    return run_allennlp("train", CONFIG, "-s", folder, "-o", json.dumps(overrides), *words)


FIGURES = r"NER \d+\.\d / RE \d+\.\d"


def test_a_training_prints_few_lines_and_logs_the_rest(tmp_path, capsys):
    assert train(tmp_path / "out", **{"trainer.num_epochs": 3}) == 0
    captured = capsys.readouterr()
    about, parameters, *epochs = captured.err.splitlines()
    documents = json.loads((PROJECT / "fixtures/tiny/news.json").read_text())
    entity_types = {item["type"] for document in documents for item in document["entities"]}
    relation_types = {item["type"] for document in documents for item in document["relations"]}
    assert about == (
        f"training on {len(documents)} sentences, {len(documents)} for development; "
        f"{len(entity_types)} entity types, {len(relation_types)} relation types"
    )
    log = tmp_path / "out" / "out.log"
    assert re.fullmatch(rf"[\d,]+ parameters to train; the log is {log}", parameters)
    metrics = json.loads((tmp_path / "out" / "metrics_epoch_1.json").read_text())
    ner, relations = (100 * metrics[f"validation_{task}_f1"] for task in ("entity", "relation"))
    assert re.fullmatch(
        rf"epoch 2 of 3: loss {metrics['training_loss']:.2f}, "
        rf"development NER {ner:.1f} / RE {relations:.1f}, 0:00:\d\d to go",
        epochs[1],
    )
    assert re.fullmatch(rf"epoch 3 of 3: loss \d+\.\d\d, development {FIGURES}", epochs[2])
    assert len(epochs) == 3
    best, archive = captured.out.splitlines()
    assert re.fullmatch(f"best epoch: [123] of 3, development {FIGURES}", best)
    assert archive == f"the model is {tmp_path / 'out' / 'model.tar.gz'}"
    table = " - INFO - allennlp.training.callbacks.console_logger - ner_loss"
    assert log.read_text().count(table) == 3


def test_copies_of_sentences_are_counted_apart(tmp_path, capsys):
    number = len(json.loads((PROJECT / "fixtures/tiny/news.json").read_text()))
    copies = {"type": "mention_replacement", "max_sentences": 3 * number}
    settings = {f"data_loader.{key}": value for key, value in copies.items()}
    validation = {"batch_sampler": {"type": "bucket", "batch_size": 4}}
    assert train(tmp_path / "out", validation_data_loader=validation, **settings) == 0
    assert capsys.readouterr().err.startswith(
        f"training on {number} sentences, and {2 * number} copies of them with other mentions, "
        f"{number} for development; "
    )


def test_copies_without_another_mention_are_not_said_to_have_one(tmp_path, capsys):
    (tmp_path / "one.json").write_text(
        '[{"tokens": ["Ann", "sleeps"], "entities": [{"type": "Peop", "start": 0, "end": 1}]}]'
    )
    copies = {"type": "mention_replacement", "max_sentences": 3}
    settings = {f"data_loader.{key}": value for key, value in copies.items()}
    data = {"train_data_path": str(tmp_path / "one.json"), "validation_data_path": None}
    assert train(tmp_path / "out", **data, **settings) == 0
    assert capsys.readouterr().err.startswith(
        "training on 1 sentence, and 2 copies of them as they are, since no mention was replaced; "
    )


def test_without_development_data_the_last_epoch_is_kept(tmp_path, capsys):
    assert train(tmp_path / "out", validation_data_path=None) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == (
        "there is no development data to choose by: the last epoch is kept"
    )
    assert not any("development" in line for line in captured.err.splitlines()[2:])


def test_a_training_that_stops_early_says_so(tmp_path, capsys):
    settings = {"trainer.num_epochs": 9, "trainer.patience": 2, "trainer.optimizer.lr": 0.0}
    assert train(tmp_path / "out", **settings) == 0
    lines = capsys.readouterr().err.splitlines()[2:]
    assert [line[:10] for line in lines[:-1]] == ["epoch 1 of", "epoch 2 of", "epoch 3 of"]
    assert "to go" not in lines[2]
    assert lines[-1] == "stopped after epoch 3: no better one for 2 epochs"


def test_a_training_that_goes_on_says_from_where(tmp_path, capsys, monkeypatch):
    # It is put back in the end.
    monkeypatch.setenv("INTERRUPTED", "yes")
    monkeypatch.delenv("INTERRUPTED")
    settings = {
        "trainer.num_epochs": 3,
        "trainer.callbacks": ["interrupts_in_its_second_epoch"],
    }
    assert train(tmp_path / "out", **settings) == 130
    capsys.readouterr()
    assert train(tmp_path / "out", "--recover", **settings) == 0
    lines = capsys.readouterr().err.splitlines()[2:]
    assert lines[0] == "going on after epoch 1 of 3"
    assert [line[:10] for line in lines[1:]] == ["epoch 2 of", "epoch 3 of"]
    assert train(tmp_path / "out", "--recover", **settings) == 0
    assert capsys.readouterr().err.splitlines()[2:] == ["all 3 epochs are trained already"]


def test_a_dry_run_says_what_would_be_trained(tmp_path, capsys):
    assert train(tmp_path / "out", "--dry-run") == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("training on ")
    assert captured.out == "a dry run: nothing was trained\n"


def test_the_test_split_is_shown_where_it_is_evaluated(tmp_path, capsys):
    data = "fixtures/tiny/news.json"
    assert train(tmp_path / "out", test_data_path=data, evaluate_on_test=True) == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    ner, relations = (100 * metrics[f"test_{task}_f1"] for task in ("entity", "relation"))
    assert f"test NER {ner:.1f} / RE {relations:.1f}" in capsys.readouterr().out.splitlines()


def test_the_log_is_shown_where_it_is_wanted(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ALLENNLP_LOG_LEVEL", "INFO")
    # AllenNLP's `evaluate` switches it off for the rest of the process.
    monkeypatch.setattr(logging.getLogger("allennlp.common.params"), "disabled", False)
    assert train(tmp_path / "out") == 0
    captured = capsys.readouterr()
    assert " - INFO - allennlp.common.params - " in captured.out
    assert "100%" in captured.err


def test_file_friendly_logging_has_lines_of_progress(tmp_path, capsys):
    assert train(tmp_path / "out", "--file-friendly-logging") == 0
    lines = capsys.readouterr().err.splitlines()
    assert any("100%" in line and "ner_loss" in line for line in lines)
    assert sum(line.startswith("epoch ") for line in lines) == 2


def test_the_time_to_go_leaves_out_the_first_epoch_once_there_are_more(monkeypatch):
    callback = epoch_lines.EpochLines("out")
    callback._times = [0.0, 100.0]
    assert callback._seconds_per_epoch() == 100
    callback._times = [0.0, 100.0, 102.0, 106.0]
    assert callback._seconds_per_epoch() == 3


def test_on_a_terminal_there_is_one_bar_for_all_epochs(tmp_path, monkeypatch):
    terminal, other_end = pty.openpty()
    fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    text = b""
    with ThreadPoolExecutor() as pool, open(other_end, "w") as stderr:
        read = pool.submit(_read_all, terminal)
        monkeypatch.setattr(sys, "stderr", stderr)
        assert train(tmp_path / "out", **{"data_loader.batch_size": 2}) == 0
        stderr.close()
        text = read.result()
    documents = json.loads((PROJECT / "fixtures/tiny/news.json").read_text())
    num_batches = 2 * -(-len(documents) // 2)
    totals = re.findall(rb"epoch [12] of 2: [^\r]*\d+/(\d+) \[", text)
    assert {int(total) for total in totals} == {num_batches}
    assert b"ner_loss" not in text


def _read_all(terminal: int) -> bytes:
    text = b""
    # Linux raises an error where there is nothing more to come.
    with suppress(OSError):
        while some := os.read(terminal, 4096):
            text += some
    os.close(terminal)
    return text
