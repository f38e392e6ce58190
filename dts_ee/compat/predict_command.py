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
        The class, of which subclasses are instances too.
    manager : `Callable`
        Takes the arguments of AllenNLP's `_PredictManager`, with `None` as the batch size where the
        command line has none, and returns an object with a method `run`.
    """
    _MANAGERS[predictor_class] = manager


def use_registered_predict_managers() -> None:
    """
    Lets a predictor's package say how `predict` reads its input and writes its output.

    AllenNLP (2.10.1, with any torch) has one way for all predictors: a line at a time, into a file
    that is half-written where something fails. `allennlp predict` parses the command line before it
    loads plugins, so the function that it calls and the default of `--batch-size`, 1, are settled
    by then. Only `_PredictManager`, which that function looks up, can still be replaced, and only
    `sys.argv` tells whether a batch size of 1 was asked for.
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
        # No other option begins like this, and argparse accepts every prefix of an option.
        is_given = batch_size != 1 or any(word.startswith("--b") for word in sys.argv)
        asked = batch_size if is_given else None
        # The command's own function does not report errors: its parser was built before plugins.
        run = report_errors_of(
            lambda _: manager(predictor, input_file, output_file, asked, *args).run()
        )
        return types.SimpleNamespace(run=functools.partial(run, None))

    replace(predict, "_PredictManager", predict_manager)
