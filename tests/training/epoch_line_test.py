import pytest

from dts_ee.tasks import ENTITIES, RELATIONS
from dts_ee.training.epoch_line import duration, epoch_line, figures
from tests.scores import metrics

METRICS = {
    "training_loss": 4.2149,
    **metrics({ENTITIES.micro: 0.8123, RELATIONS.micro: 0.44}, "validation_"),
    "validation_mean_f1": 0.62615,
    **metrics({ENTITIES.micro: 0.9}, "best_validation_"),
}


def test_an_epoch_has_its_loss_and_its_figures_in_per_cent():
    line = epoch_line(3, 20, METRICS, ["mean_f1"])
    assert line == "epoch 3 of 20: loss 4.21, development NER 81.2 / RE 44.0"


@pytest.mark.parametrize(
    ("epoch", "line"),
    [
        ({}, "epoch 1 of 2"),
        ({"training_loss": 0.00312}, "epoch 1 of 2: loss 0.0031"),
        (
            {"training_loss": 1.0, **metrics({ENTITIES.micro: 0.5}, "validation_")},
            "epoch 1 of 2: loss 1.00, development NER 50.0",
        ),
        (
            {"training_loss": 1234.5, "validation_accuracy": 0.931, "validation_loss": 0.2},
            "epoch 1 of 2: loss 1234.50, development accuracy 0.93",
        ),
    ],
)
def test_what_a_model_lacks_is_left_out(epoch, line):
    assert epoch_line(1, 2, epoch, ["accuracy"]) == line


def test_figures_of_the_best_epoch():
    assert figures(METRICS, "best_validation_", []) == "NER 90.0"
    assert figures(METRICS, "test_", []) == ""


def test_durations():
    assert [duration(seconds) for seconds in (0.4, 72, 3 * 3600 + 5)] == [
        "0:00:00",
        "0:01:12",
        "3:00:05",
    ]
