import sys

import pytest
from allennlp.commands import main


def run_allennlp(*words: object) -> int:
    """Runs AllenNLP's command line in this process, and returns its exit status."""
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(sys, "argv", ["allennlp", *map(str, words)])
        try:
            main(prog="allennlp")
        except SystemExit as exit:
            return int(exit.code or 0)
    return 0
