"""
The command `evaluate`.
"""

import functools
from typing import Any

from dts_ee.archives.trust import add_trust_argument, only_registered_types
from dts_ee.compat.patching import replace, replace_everywhere


def print_table_of_evaluate() -> None:
    """
    Makes `evaluate` print a table of scores.

    AllenNLP (2.10.1, with any torch) prints its log alone, and writes the metrics only to a file.
    """
    from allennlp.evaluation import Evaluator

    replace(Evaluator, "default_implementation", "documents")


def evaluate_with_registered_types() -> None:
    """
    Builds the evaluator and the data loader of `evaluate` from registered types only.

    They are in the archive's configuration, like the model: see `read_archives_as_data`.
    """
    from allennlp.commands import evaluate

    original_add_subparser = evaluate.Evaluate.add_subparser
    original_evaluate = evaluate.evaluate_from_archive

    @functools.wraps(original_add_subparser)
    def add_subparser(self: evaluate.Evaluate, parser: Any) -> Any:
        subparser = original_add_subparser(self, parser)
        add_trust_argument(subparser)
        return subparser

    @functools.wraps(original_evaluate)
    def evaluate_from_archive(*args: Any, **kwargs: Any) -> Any:
        with only_registered_types():
            return original_evaluate(*args, **kwargs)

    replace(evaluate.Evaluate, "add_subparser", add_subparser)
    replace_everywhere("allennlp", original_evaluate, evaluate_from_archive)


def require_data_loader_of_evaluate() -> None:
    """
    Makes `evaluate` say that an archive has no data loader.

    Archives of AllenNLP before 1.0 have an `iterator` in its place. AllenNLP (2.10.1, with any
    torch) fails with an `AttributeError`.
    """
    from allennlp.commands import evaluate
    from allennlp.common.checks import ConfigurationError

    original = evaluate.load_archive

    @functools.wraps(original)
    def load_archive(archive_file: Any, *args: Any, **kwargs: Any) -> Any:
        archive = original(archive_file, *args, **kwargs)
        if "data_loader" not in archive.config and "validation_data_loader" not in archive.config:
            raise ConfigurationError(
                f"{archive_file}: its configuration has no data_loader; add one: "
                """-o '{"data_loader": {"batch_size": 32}}'"""
            )
        return archive

    replace(evaluate, "load_archive", load_archive)
