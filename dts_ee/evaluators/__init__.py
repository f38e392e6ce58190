"""The evaluator, which prints a table of scores for each file."""

from dts_ee.evaluators.document_evaluator import DocumentEvaluator

__all__ = ["DocumentEvaluator"]
