"""
The command `evaluate`.
"""

from dts_ee.compat.patching import replace


def print_table_of_evaluate() -> None:
    """
    Makes `evaluate` print a table of what it finds.

    AllenNLP (2.10.1, with any torch) writes the metrics to a file where it is given one, and prints
    nothing but its log.
    """
    from allennlp.evaluation import Evaluator

    replace(Evaluator, "default_implementation", "documents")
