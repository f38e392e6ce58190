import json
import math

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.metrics import MetricKey
from dts_ee.runs import learning_curve as learning_curve_module
from dts_ee.runs.learning_curve import CurvePoint, Gain, learning_curve
from dts_ee.runs.learning_curve_report import (
    advice,
    learning_curve_table,
    write_learning_curve,
)
from dts_ee.runs.run_folder import SEED, Run
from dts_ee.tasks import ENTITIES, RELATIONS
from tests.paths import FIXTURES, PROJECT
from tests.runs.examples import result, summary
from tests.scores import metrics

SAMPLE = PROJECT / "experiments" / "sample.jsonnet"
NEWS_TRAIN = FIXTURES / "sample" / "news_train.json"


def point(size: int, directory, *scores: tuple[float, float], missing=None) -> CurvePoint:
    """A size whose draws have these F1 of entities and relations."""
    results = [
        result(
            draw,
            training_seconds=60.0,
            test=metrics({ENTITIES.micro: ner, RELATIONS.micro: re}),
        )
        for draw, (ner, re) in enumerate(scores, start=1)
    ]
    return CurvePoint(size, directory, summary(*results, missing=missing or {}))


@pytest.fixture
def planned(monkeypatch):
    """The plans, in place of their trainings."""
    plans = []

    def keep(planned, jobs, packages, on_finished):
        plans.extend(planned)
        for number in range(len(planned)):
            on_finished(number, summary(result(1)))

    monkeypatch.setattr(learning_curve_module, "train_and_evaluate", keep)
    monkeypatch.chdir(PROJECT)
    return plans


def test_each_draw_is_a_sample_for_training_alone(planned, tmp_path):
    points = learning_curve(SAMPLE, tmp_path, ["all", "30", "10"], [4, 7])
    number = len(json.loads(NEWS_TRAIN.read_text()))
    assert [point.size for point in points] == [10, 30, number]
    assert [plan.directory.name for plan in planned] == ["size_10", "size_30", f"size_{number}"]
    settings = planned[0].settings[Run(SEED, 7)]
    assert settings["dataset_reader"]["max_documents"] == 10
    assert settings["dataset_reader"]["sampling_seed"] == settings["random_seed"] == 7
    assert "max_documents" not in settings["validation_dataset_reader"]
    assert "max_documents" not in planned[2].settings[Run(SEED, 7)]["dataset_reader"]


def test_without_test_data_each_draw_holds_some_out(planned, tmp_path):
    data = tmp_path / "train.json"
    data.write_text(NEWS_TRAIN.read_text())
    config = tmp_path / "own.jsonnet"
    config.write_text(f"(import '{SAMPLE}') {{ train_data_path: '{data}', test_data_path: null }}")
    learning_curve(config, tmp_path / "out", ["all"], [1, 2])
    number = len(json.loads(NEWS_TRAIN.read_text()))
    (plan,) = planned
    # A fifth is held out.
    assert plan.directory.name == f"size_{number - round(number / 5)}"
    for draw in (1, 2):
        settings = plan.settings[Run(SEED, draw)]
        shared = {"path": str(data), "held_out": 0.2, "seed": draw}
        assert settings["train_data_path"] == {**shared, "part": "rest"}
        assert settings["test_data_path"] == {**shared, "part": "held_out"}


def test_a_size_that_there_is_not_is_an_error(planned, tmp_path):
    with pytest.raises(ConfigurationError, match="fewer than 10000: choose smaller --sizes"):
        learning_curve(SAMPLE, tmp_path, ["10000"], [1])
    assert planned == []


def test_gain_for_a_doubling(tmp_path):
    # From 10 to 80 are three doublings, from 0.2 to 0.5 on the average. Each point's sample
    # variance is 0.02, of two draws, so that the difference has one of 0.01 + 0.01.
    small = point(10, tmp_path, (0.1, 0.0), (0.3, 0.0))
    large = point(80, tmp_path, (0.4, 0.0), (0.6, 0.0))
    gain = Gain.between(small, large, ENTITIES.micro)
    assert gain is not None
    assert gain.for_doubling == pytest.approx(0.1)
    assert gain.error == pytest.approx(math.sqrt(0.02) / 3)
    assert Gain.between(small, large, MetricKey("entity", type="X")) is None
    single = Gain.between(point(10, tmp_path, (0.1, 0.0)), large, ENTITIES.micro)
    assert single is not None and single.error is None


@pytest.mark.parametrize(
    "small, large, beginning",
    [
        # Two draws that differ by d have a standard error of d / 2.
        (
            [(0.40, 0.20), (0.42, 0.22)],
            [(0.50, 0.40), (0.52, 0.42)],
            "More annotation pays, for NER and RE: from 10 to 20",
        ),
        (
            [(0.40, 0.20), (0.42, 0.22)],
            [(0.50, 0.20), (0.52, 0.22)],
            "More annotation pays, for NER: ",
        ),
        (
            [(0.40, 0.20), (0.42, 0.22)],
            [(0.42, 0.20), (0.44, 0.22)],
            "Whether more annotation pays is not clear yet",
        ),
        (
            [(0.400, 0.200), (0.402, 0.202)],
            [(0.402, 0.200), (0.404, 0.202)],
            "More annotation hardly pays",
        ),
    ],
)
def test_advice(tmp_path, small, large, beginning):
    points = [point(10, tmp_path, *small), point(20, tmp_path, *large)]
    assert advice(points).startswith(beginning)


def test_advice_with_too_little_to_go_by(tmp_path):
    assert advice([point(10, tmp_path)]).startswith("No draw is finished")
    assert advice([point(10, tmp_path, (0.1, 0.1))]).startswith("A single size")
    one_draw = [point(10, tmp_path, (0.1, 0.1)), point(20, tmp_path, (0.5, 0.5))]
    assert advice(one_draw).startswith("Whether more annotation pays is not clear yet")


def test_what_is_written(tmp_path):
    points = [
        point(10, tmp_path, (0.1, 0.0), (0.3, 0.0)),
        point(20, tmp_path, (0.5, 0.25), missing={2: "the training failed"}),
    ]
    assert learning_curve_table(points).render().splitlines()[2:] == [
        "| 10 | 2 | 20.0 ± 14.1 | 0.0 ± 0.0 | 1.0 |",
        "| 20 | 1 | 50.0 | 25.0 | 1.0 |",
    ]
    write_learning_curve(tmp_path, points)
    text = (tmp_path / "learning_curve.md").read_text()
    assert learning_curve_table(points).render() in text
    assert "- 20 sentences, draw 2: the training failed" in text
    assert text.rstrip().endswith(advice(points))
    assert (tmp_path / "learning_curve.csv").read_text() == (
        "sentences,draws,NER F1 mean (%),NER F1 standard deviation (%),RE strict F1 mean (%),"
        "RE strict F1 standard deviation (%),minutes a draw\n"
        "10,2,20,14.1421,0,0,1\n"
        "20,1,50,,25,,1\n"
    )
    assert (tmp_path / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
