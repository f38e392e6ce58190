"""
AllenNLP's log on the console and in the log file.
"""

import functools
from typing import Any

from dts_ee.compat.patching import replace_everywhere
from dts_ee.console import keep_log_whole, quiet_console


def keep_log_out_of_console() -> None:
    """
    Keeps AllenNLP's log out of the console, and complete in the log file.

    AllenNLP (2.10.1, with any torch) prints every message at the level `INFO`, thousands of lines
    in a training. `ALLENNLP_LOG_LEVEL` removes them from the training's log file as well.
    """
    from allennlp.common import logging as common_logging

    original = common_logging.prepare_global_logging

    @functools.wraps(original)
    def prepare_global_logging(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        keep_log_whole()
        quiet_console()

    replace_everywhere("allennlp", original, prepare_global_logging)
    # `allennlp` and the processes of a distributed training have set up their logging by now.
    quiet_console()
