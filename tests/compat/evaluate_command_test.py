from allennlp.common import Params
from allennlp.evaluation import Evaluator


def test_evaluators_print_a_table_unless_another_is_named():
    assert type(Evaluator.from_params(Params({}))).__name__ == "DocumentEvaluator"
    assert type(Evaluator.from_params(Params({"type": "simple"}))).__name__ == "SimpleEvaluator"
