"""
The callback `wandb`.
"""

import functools
import secrets
import sys
from importlib.util import find_spec
from typing import Any, Dict

from dts_ee.compat.patching import replace


def track_with_current_wandb() -> None:
    """
    Lets AllenNLP's callback `wandb` run with current releases of Weights & Biases.

    AllenNLP (2.10.1) makes the run's id with a function that wandb removed (it is absent in 0.31),
    and passes `anonymous`, which wandb deprecated. It marks every run as successful, whatever ended
    the training, and gives it a random name and no group, so that the trainings of `repeat` cannot
    be told apart. Here the id is made without wandb, a training that was cut off has failed until
    it is recovered, and names and groups are those of `dts_ee.training.tracked_run`.
    """
    from allennlp.common.checks import ConfigurationError
    from allennlp.training.callbacks.log_writer import LogWriterCallback
    from allennlp.training.callbacks.wandb import WandBCallback

    original_init = WandBCallback.__init__
    original_on_start = WandBCallback.on_start
    original_load_state_dict = WandBCallback.load_state_dict

    @functools.wraps(original_init)
    def init(self: Any, serialization_dir: str, *args: Any, **kwargs: Any) -> None:
        # Imported late, when all patches are applied.
        from dts_ee.training.tracked_run import tracked_run

        if find_spec("wandb") is None:
            raise ConfigurationError("the callback `wandb` needs wandb: pip install wandb")
        original_init(self, serialization_dir, *args, **kwargs)
        options: Dict[str, Any] = self._wandb_kwargs
        del options["anonymous"]
        run = tracked_run(serialization_dir, options["name"])
        options["name"] = run.name
        if run.group is not None:
            options["group"] = options["group"] or run.group
            options.setdefault("job_type", run.kind)

    @functools.wraps(original_on_start)
    def on_start(self: Any, *args: Any, **kwargs: Any) -> None:
        if self._run_id is None:
            self._run_id = secrets.token_hex(4)
        original_on_start(self, *args, **kwargs)

    def close(self: Any) -> None:
        LogWriterCallback.close(self)
        self.wandb.finish(exit_code=0 if sys.exc_info()[0] is None else 1)

    @functools.wraps(original_load_state_dict)
    def load_state_dict(self: Any, state_dict: Dict[str, Any]) -> None:
        original_load_state_dict(self, state_dict)
        # "auto" is for the last run on this machine, whichever that was.
        self._wandb_kwargs["resume"] = "allow"

    replace(WandBCallback, "__init__", init)
    replace(WandBCallback, "on_start", on_start)
    replace(WandBCallback, "close", close)
    replace(WandBCallback, "load_state_dict", load_state_dict)
