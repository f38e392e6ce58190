"""
A program that does what `dts-ee predict` does, and prints where its seconds on the processor went.

`start_up` runs it: `python -m benchmarks.start_up_phases ARCHIVE INPUT`.
"""

import functools
import gc
import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

IMPORTS = {
    "import torch": ["torch"],
    "import transformers": ["transformers", "transformers.modeling_utils"],
    "import SciPy and scikit-learn": ["scipy.stats", "sklearn.metrics"],
    "import spaCy": ["spacy"],
    "import cached_path": ["cached_path"],
    "import torchvision": ["torchvision"],
    "import NLTK": ["nltk"],
    "import AllenNLP": ["allennlp.commands"],
    "import dts_ee": ["dts_ee"],
}
"""Phases of importing, in the order in which one needs the other, and what is imported."""

PLUGINS = "import allennlp-models"
UNPACKING = "unpack the archive"
VOCABULARY = "read the vocabulary"
ENCODER = "load the encoder"
MODEL = "load the rest of the model"
RULES = "prepare spaCy's rules"
SENTENCE = "predict the sentence"
REST = "everything else"

PHASES = (*IMPORTS, PLUGINS, UNPACKING, VOCABULARY, ENCODER, MODEL, RULES, SENTENCE, REST)


class PhaseClock:
    """
    The seconds on the processor that this process has spent in each phase.

    A phase inside another one is not counted in the other.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        self._current = REST
        self._since = 0.0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What is done inside is counted for `name`."""
        before = self._current
        self._enter(name)
        try:
            yield
        finally:
            self._enter(before)

    def timed(self, name: str, function: Callable) -> Callable:
        """The same function, counted for `name`."""

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self.phase(name):
                return function(*args, **kwargs)

        return wrapper

    def _enter(self, name: str) -> None:
        now = time.process_time()
        self.seconds[self._current] += now - self._since
        self._current, self._since = name, now


def import_in_phases(clock: PhaseClock) -> None:
    """Imports what `dts-ee` imports, one package after the other."""
    # As `dts-ee` does, which turns it on again.
    gc.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, modules in IMPORTS.items():
            with clock.phase(name):
                for module in modules:
                    importlib.import_module(module)


def time_predict(clock: PhaseClock) -> None:
    """Makes the parts of AllenNLP's `predict` count for their phases."""
    from allennlp import commands
    from allennlp.data import Vocabulary
    from allennlp.models import Model, archival

    from dts_ee.models import DeeperTaskSpecificity
    from dts_ee.modules.token_embedders import FrozenTransformerEmbedder
    from dts_ee.tokenizers import SpacyRulesTokenizer

    extracted_archive = archival.extracted_archive

    @contextmanager
    def timed_extracted_archive(*args: Any, **kwargs: Any) -> Iterator[str]:
        with ExitStack() as stack:
            with clock.phase(UNPACKING):
                folder = stack.enter_context(extracted_archive(*args, **kwargs))
            yield folder

    def replace(owner: Any, attribute: str, replacement: Callable) -> None:
        setattr(owner, attribute, replacement)

    replace(archival, "extracted_archive", timed_extracted_archive)
    for name, owner, attribute in (
        (PLUGINS, commands, "import_plugins"),
        (VOCABULARY, Vocabulary, "from_files"),
        (ENCODER, FrozenTransformerEmbedder, "__init__"),
        (MODEL, Model, "load"),
        (RULES, SpacyRulesTokenizer, "tokenize"),
        (SENTENCE, DeeperTaskSpecificity, "forward"),
    ):
        replace(owner, attribute, clock.timed(name, getattr(owner, attribute)))


def main(archive: str, sentences: str) -> None:
    """Predicts, and prints the seconds of each phase as the last line."""
    clock = PhaseClock()
    import_in_phases(clock)
    time_predict(clock)
    from dts_ee_command import run

    sys.argv[1:] = ["predict", archive, sentences]
    run()
    with clock.phase(REST):
        print(json.dumps(clock.seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
