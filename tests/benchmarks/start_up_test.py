import json

import pytest

from benchmarks import start_up, start_up_phases
from benchmarks.experiments import trained
from benchmarks.measure import Row
from benchmarks.start_up_phases import PHASES, PhaseClock


def test_a_phase_inside_another_is_not_counted_in_it(monkeypatch):
    ticks = iter([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    monkeypatch.setattr(start_up_phases.time, "process_time", lambda: next(ticks))
    clock = PhaseClock()
    inner = clock.timed(start_up_phases.VOCABULARY, lambda value: value)
    with clock.phase(start_up_phases.MODEL):
        assert inner(3) == 3
    with clock.phase(start_up_phases.REST):
        pass
    assert {name: seconds for name, seconds in clock.seconds.items() if seconds} == {
        # Before the model, between it and the second time, and then.
        "everything else": 1.0 + 8.0 + 16.0,
        "load the rest of the model": 1.0 + 4.0,
        "read the vocabulary": 2.0,
    }


def test_the_phases_of_a_prediction(settings):
    archive = trained("conll04_minilm", settings, 1) / "model.tar.gz"
    sentences = settings.output / "sentence.jsonl"
    sentences.write_text('{"sentence": "Ida Holm lives in Oslo."}\n')
    arguments = ("-m", "benchmarks.start_up_phases", str(archive), str(sentences))
    lines = start_up._run_python(arguments).splitlines()
    assert any("Ida Holm" in line for line in lines[:-1])
    seconds = json.loads(lines[-1])
    assert list(seconds) == list(PHASES)
    assert all(each > 0 for each in seconds.values())


def test_start_up(settings, monkeypatch):
    commands = []

    def run_python(arguments):
        commands.append(arguments)
        return json.dumps(dict.fromkeys(PHASES, 0.5))

    monkeypatch.setattr(start_up, "trained", lambda name, settings, epochs: settings.output / name)
    monkeypatch.setattr(start_up, "_run_python", run_python)
    monkeypatch.setattr(start_up, "_children_seconds", lambda: len(commands) ** 2)
    tables = start_up.run(settings, experiments=["conll04_minilm"])
    rows = {row.name: row for table in tables for row in table.rows if isinstance(row, Row)}
    assert rows["conll04_minilm: all"].seconds == [0.5 * len(PHASES)]
    assert all(rows[f"conll04_minilm: {phase}"].seconds == [0.5] for phase in PHASES)
    assert rows["import of dts_ee"].baseline == "import of AllenNLP alone"
    assert rows["import of dts_ee"].ratio_to(rows["import of AllenNLP alone"]) > 1
    folder = str(settings.output / "conll04_minilm")
    sentences = settings.output / "start_up" / "sentence.jsonl"
    assert (*start_up._DTS_EE, "predict", folder, str(sentences)) in commands
    assert json.loads(sentences.read_text())["sentence"]


def test_a_command_that_fails_is_an_error():
    assert start_up._run_python(["-c", "print(2)"]) == "2\n"
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        start_up._run_python(["-c", "1 / 0"])


def test_the_seconds_are_those_of_the_children():
    before = start_up._children_seconds()
    start_up._run_python(["-c", "for _ in range(10 ** 6): pass"])
    assert start_up._children_seconds() > before
