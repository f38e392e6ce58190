"""
SIGTERM.
"""

import functools
import signal
from typing import Any

from dts_ee.compat.patching import replace, replace_everywhere


class SigTermReceived(SystemExit):
    """
    Ends the program after SIGTERM. No `except Exception` of a library stops it.
    """

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


class _Signal:
    """What is known of SIGTERM: whether it was received, and whether it waits for a batch's end."""

    is_received = False
    waits = False


def end_by_sigterm() -> None:
    """
    Ends a program after SIGTERM for certain, and a training between two batches.

    AllenNLP (2.10.1, with any torch) raises an `Exception` wherever the program is: one of many
    `except Exception` may catch it, so that the program goes on to its end, and files may be half
    written. Here it is an exit, which is raised again before the next batch if something caught
    it. During a training it is only raised there; a second SIGTERM does not wait.
    """
    from allennlp.common import util
    from allennlp.training.gradient_descent_trainer import GradientDescentTrainer

    original_install = util.install_sigterm_handler
    original_try_train = GradientDescentTrainer._try_train
    original_outputs = GradientDescentTrainer.batch_outputs

    def handle(number: int, frame: Any) -> None:
        is_first = not _Signal.is_received
        _Signal.is_received = True
        if not (is_first and _Signal.waits):
            raise SigTermReceived

    def raise_if_received() -> None:
        if _Signal.is_received:
            raise SigTermReceived

    @functools.wraps(original_install)
    def install_sigterm_handler() -> None:
        signal.signal(signal.SIGTERM, handle)

    @functools.wraps(original_try_train)
    def try_train(self: Any) -> Any:
        _Signal.waits = True
        try:
            trained = original_try_train(self)
        finally:
            _Signal.waits = False
        raise_if_received()
        return trained

    @functools.wraps(original_outputs)
    def batch_outputs(self: Any, batch: Any, for_training: bool) -> Any:
        raise_if_received()
        return original_outputs(self, batch, for_training)

    replace(util, "SigTermReceived", SigTermReceived)
    replace_everywhere("allennlp", original_install, install_sigterm_handler)
    replace(GradientDescentTrainer, "_try_train", try_train)
    replace(GradientDescentTrainer, "batch_outputs", batch_outputs)
