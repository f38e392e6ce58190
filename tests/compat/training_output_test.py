from allennlp.training import gradient_descent_trainer


def test_every_trainer_shows_its_epochs():
    names = [callback.__name__ for callback in gradient_descent_trainer.DEFAULT_CALLBACKS]
    assert names == ["ConsoleLoggerCallback", "EpochLines"]
