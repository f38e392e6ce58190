import pytest

from dts_ee.training.epoch_choice import EpochChoice


def chosen(choice: EpochChoice, *scores: float) -> list[bool]:
    """Whether each epoch was the best when it ended."""
    kept = []
    for score in scores:
        choice.add_metrics({"f1": score, "loss": 1.0})
        kept.append(choice.is_best_so_far())
    return kept


def test_the_later_of_equal_epochs_is_kept():
    choice = EpochChoice("+f1")
    assert chosen(choice, 0.0, 0.0, 0.4, 0.3, 0.4) == [True, True, True, False, True]
    assert choice.best_epoch == 4


def test_a_metric_that_should_be_small():
    choice = EpochChoice("-f1")
    assert chosen(choice, 0.5, 0.4, 0.4, 0.6) == [True, True, True, False]
    assert choice.best_epoch == 2


def test_an_equal_epoch_is_no_improvement_that_patience_waits_for():
    choice = EpochChoice("+f1", patience=2)
    chosen(choice, 0.4, 0.4)
    assert not choice.should_stop_early()
    chosen(choice, 0.4)
    assert choice.should_stop_early()


def test_the_last_epoch_is_taken_whatever_the_metric_says():
    choice = EpochChoice("+f1", patience=1, take_last=True)
    assert chosen(choice, 0.9, 0.1, 0.0) == [True, True, True]
    assert choice.best_epoch == 2
    assert not choice.should_stop_early()


@pytest.mark.parametrize("take_last", [False, True])
def test_its_state_goes_on_after_an_interruption(take_last):
    first = EpochChoice("+f1", take_last=take_last)
    chosen(first, 0.2, 0.5)
    second = EpochChoice("+f1", take_last=take_last)
    second.load_state_dict(first.state_dict())
    assert chosen(second, 0.5, 0.1) == [True, take_last]
    assert second.best_epoch == (3 if take_last else 2)
