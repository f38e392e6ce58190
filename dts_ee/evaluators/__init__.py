from dts_ee.evaluators.document_evaluator import DocumentEvaluator

__all__ = ["DocumentEvaluator"]
