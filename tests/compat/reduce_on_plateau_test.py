import torch
from allennlp.common import Params
from allennlp.training.learning_rate_schedulers import LearningRateScheduler


def test_reduce_on_plateau_is_built_reduces_and_says_so(caplog, capsys):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = LearningRateScheduler.from_params(
        Params({"type": "reduce_on_plateau", "patience": 0, "factor": 0.5, "verbose": True}),
        optimizer=optimizer,
    )
    caplog.clear()
    with caplog.at_level("INFO"):
        scheduler.step(1.0)
        assert optimizer.param_groups[0]["lr"] == 1.0
        assert "educ" not in caplog.text
        scheduler.step(2.0)
    assert optimizer.param_groups[0]["lr"] == 0.5
    # torch < 2.2 prints it itself.
    assert "educ" in caplog.text + capsys.readouterr().out
