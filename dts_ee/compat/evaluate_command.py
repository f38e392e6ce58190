"""
The command `evaluate`.
"""

from dts_ee.compat.patching import replace


def print_table_of_evaluate() -> None:
    """
    Makes `evaluate` print a table of scores.

    AllenNLP (2.10.1, with any torch) prints its log alone, and writes the metrics only to a file.
    """
    from allennlp.evaluation import Evaluator

    replace(Evaluator, "default_implementation", "documents")
