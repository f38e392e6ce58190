"""
The command `predict`.
"""

import functools
import sys
import types
from typing import Any, Callable, Dict, Optional

from dts_ee.compat.patching import replace
from dts_ee.errors import report_errors_of

_MANAGERS: Dict[type, Callable[..., Any]] = {}


def register_predict_manager(predictor_class: type, manager: Callable[..., Any]) -> None:
    """
    Makes `allennlp predict` use another manager for the predictors of a class.

    # Parameters

    predictor_class : `Type[Predictor]`
        The class; its subclasses use the manager, too.
    manager : `Callable`
        Takes the arguments of AllenNLP's `_PredictManager`, with `None` as the batch size if the
        command line sets none, and returns an object with a method `run`.
    """
    _MANAGERS[predictor_class] = manager


def use_registered_predict_managers() -> None:
    """
    Lets packages register how `predict` reads the input and writes the output of a predictor.

    AllenNLP (2.10.1, with any torch) has one way for all predictors: a line at a time, into a file
    that is incomplete if something fails. `allennlp predict` parses the command line before it
    loads plugins, so it is too late to change the function that it calls and the default of
    `--batch-size`, 1. Only `_PredictManager`, which that function looks up, can still be replaced,
    and only `sys.argv` shows whether a batch size of 1 was given.
    """
    from allennlp.commands import predict

    original = predict._PredictManager

    @functools.wraps(original, updated=())
    def predict_manager(
        predictor: Any,
        input_file: str,
        output_file: Optional[str],
        batch_size: int,
        *args: Any,
    ) -> Any:
        managers = (_MANAGERS.get(base) for base in type(predictor).__mro__)
        manager = next(filter(None, managers), None)
        if manager is None:
            return original(predictor, input_file, output_file, batch_size, *args)
        # argparse accepts prefixes of options, and no other option begins with --b.
        is_given = batch_size != 1 or any(word.startswith("--b") for word in sys.argv)
        given_batch_size = batch_size if is_given else None
        # The command's own function does not report errors: its parser was built before plugins.
        run = report_errors_of(
            lambda _: manager(predictor, input_file, output_file, given_batch_size, *args).run()
        )
        return types.SimpleNamespace(run=functools.partial(run, None))

    replace(predict, "_PredictManager", predict_manager)
