import torch

from dts_ee.metrics.mean_loss import MeanLoss


def test_losses_are_averaged_until_a_reset():
    loss = MeanLoss()
    assert loss.get_metric() == 0.0
    loss(torch.tensor(1.0))
    loss(2.5)
    assert loss.get_metric() == 1.75
    # Reading the mean keeps the losses: (1 + 2.5 + 4) / 3.
    loss(torch.tensor(4.0))
    assert loss.get_metric(reset=True) == 2.5
    assert loss.get_metric() == 0.0
    loss(0.5)
    assert loss.get_metric() == 0.5
