import warnings

import torch
from allennlp.training import gradient_descent_trainer


def test_a_batch_enters_autocast_without_a_deprecation():
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        with gradient_descent_trainer.amp.autocast(False):
            assert not torch.is_autocast_enabled()
