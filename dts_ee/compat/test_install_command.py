"""
AllenNLP's command `test-install`.
"""

import functools
import platform
import sys
from argparse import Namespace

from dts_ee.compat.patching import replace
from dts_ee.console import say


def say_what_test_install_found() -> None:
    """
    Makes `test-install` print what it found.

    AllenNLP (2.10.1, with any torch) writes it to the log at the level `INFO`, which the console
    does not show, so that nothing tells a test that passed from one that did nothing.
    """
    from allennlp.commands import test_install

    original = test_install._run_test

    @functools.wraps(original)
    def run_test(args: Namespace) -> None:
        import torch
        import transformers

        from dts_ee.version import VERSION

        original(args)
        say(
            f"dts_ee {VERSION} and all modules of AllenNLP {test_install.VERSION} can be imported, "
            f"with Python {platform.python_version()}, torch {torch.__version__} and transformers "
            f"{transformers.__version__}",
            sys.stdout,
        )
        say(f"GPUs that torch finds: {torch.cuda.device_count()}", sys.stdout)

    replace(test_install, "_run_test", run_test)
