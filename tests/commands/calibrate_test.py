import json
import logging

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.predictors.calibration import Calibration, at_temperature
from tests.commands.command_line import run_allennlp
from tests.documents import TINY, TINY_NEWS


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    overrides = {
        "train_data_path": str(TINY_NEWS),
        "validation_data_path": str(TINY_NEWS),
        "trainer.num_epochs": 10,
        "trainer.optimizer.lr": 0.02,
    }
    folder = tmp_path_factory.mktemp("training") / "out"
    train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(overrides)), folder)
    return folder / "model.tar.gz"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the command line in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return run_allennlp


def test_a_calibration_is_written_and_taken_back(run, archive, tmp_path, capsys):
    assert run("calibrate", archive, TINY_NEWS, "-o", "out/calibration") == 0
    path = tmp_path / "out" / "calibration" / "calibration.json"
    record = json.loads(path.read_text())
    num_pairs = 0
    predictor = Predictor.from_archive(load_archive(archive))
    plain = predictor.predict_batch_json(
        [{"tokens": list(document.tokens)} for document in read_documents(TINY_NEWS)]
    )
    for output in plain:
        num_pairs += len(output["entities"]) * (len(output["entities"]) - 1)
    num_types = predictor._model.vocab.get_vocab_size("relation_labels")
    assert record["relations"]["candidates"] == num_pairs * num_types > 0
    assert record["entities"]["candidates"] == sum(len(output["entities"]) for output in plain)
    for task in ("entities", "relations"):
        before, after = record[task]["negative_log_likelihood"]
        assert after <= before
    printed = capsys.readouterr().out
    assert f"entities: temperature {record['entities']['temperature']:.3f} from " in printed
    assert path.with_name("reliability.png").read_bytes().startswith(b"\x89PNG")

    calibration = Calibration.from_file(path)
    assert calibration.relation_temperature == record["relations"]["temperature"] != 1.0
    calibrated = Predictor.from_archive(
        load_archive(archive), extra_args={"calibration": str(path)}
    ).predict_batch_json([{"tokens": output["tokens"]} for output in plain])
    compared = 0
    for one, other in zip(calibrated, plain, strict=True):
        for key, temperature in (
            ("entities", calibration.entity_temperature),
            ("relations", calibration.relation_temperature),
        ):
            for item, before in zip(one[key], other[key], strict=True):
                expected = at_temperature(before["probability"], temperature)
                assert item == {**before, "probability": pytest.approx(expected, abs=1e-4)}
                compared += 1
    assert compared > 10


def test_predict_takes_a_calibration(run, archive, tmp_path):
    # Between known entities, so that there are relations in any case.
    write_documents(tmp_path / "known.jsonl", read_documents(TINY_NEWS))
    record = {"entities": {"temperature": 1.0}, "relations": {"temperature": 4.0}}
    (tmp_path / "calibration.json").write_text(json.dumps(record))
    command = ["predict", archive, "known.jsonl", "--silent", "--relation-threshold=0.4"]
    assert run(*command, "--output-file", "plain.jsonl") == 0
    assert run(*command, "--output-file", "warm.jsonl", "--calibration", "calibration.json") == 0
    plain, warm = (
        [
            relation.probability or 0.0
            for document in read_documents(tmp_path / name)
            for relation in document.relations
        ]
        for name in ("plain.jsonl", "warm.jsonl")
    )
    # Less sure of what it finds, and of what it does not find.
    assert len(warm) > len(plain) > 0
    assert min(plain + warm) >= 0.4
    assert max(warm) < max(plain)


def test_a_calibration_that_cannot_be_read(run, archive, capsys):
    command = ["predict", archive, TINY_NEWS, "--use-dataset-reader", "--output-file", "o.jsonl"]
    assert run(*command, "--calibration", "missing.json") == 2
    assert "file missing.json: there is no such file" in capsys.readouterr().err


def test_data_that_cannot_be_read(run, archive, tmp_path, capsys):
    assert run("calibrate", archive, "missing.json", "-o", "out") == 2
    assert "file missing.json: there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_archive_that_is_not_there(run, capsys):
    assert run("calibrate", "missing.tar.gz", TINY_NEWS, "-o", "out") == 2
    assert "missing.tar.gz" in capsys.readouterr().err


def test_the_models_parameters_are_not_logged(run, archive, caplog, monkeypatch):
    # AllenNLP's own test cases turn this logger off for good.
    monkeypatch.setattr(logging.getLogger("allennlp.common.params"), "disabled", False)
    caplog.set_level(logging.INFO)
    assert run("calibrate", archive, TINY_NEWS, "-o", "calibration") == 0
    assert not [record for record in caplog.records if record.name == "allennlp.common.params"]
