"""
The evaluator of the command `evaluate`.
"""

import json
import logging
import sys
from os import PathLike
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union, cast

from allennlp.data import DataLoader
from allennlp.data.fields import MetadataField
from allennlp.evaluation import Evaluator
from allennlp.evaluation.evaluator import SimpleEvaluator
from allennlp.models import Model

from dts_ee.analysis.training_data import count_types, warn_of_unseen_types
from dts_ee.console import say, shows_log
from dts_ee.document import Document
from dts_ee.evaluators.score_table import score_table
from dts_ee.metrics import RelationF1, TypedCounts, UnrelatedSentences
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.tasks import TASKS

logger = logging.getLogger(__name__)


@Evaluator.register("documents")
class DocumentEvaluator(SimpleEvaluator):
    """
    AllenNLP's evaluator, which also prints the results: a table for the model `dts`, and all
    metrics as JSON for other models.

    Registered as an `Evaluator` with name `"documents"`; it is the default.
    """

    def __call__(
        self,
        model: Model,
        data_loader: DataLoader,
        batch_weight_key: str = "",
        metrics_output_file: Optional[Union[str, PathLike]] = None,
        predictions_output_file: Optional[Union[str, PathLike]] = None,
    ) -> Dict[str, Any]:
        documents: List[Document] = []
        counts: List[Tuple[str, TypedCounts]] = []
        unrelated: List[UnrelatedSentences] = []
        if isinstance(model, DeeperTaskSpecificity):
            documents = _documents(data_loader)
            _warn_of_data(model, documents)
            # AllenNLP resets the metrics at the end.
            model.get_metrics(reset=True)
            counts = [
                (TASKS[metric.name].title, metric.counts) for metric in model.document_metrics
            ]
            unrelated = [
                metric.unrelated
                for metric in model.document_metrics
                if isinstance(metric, RelationF1)
            ]
        files: Any = (metrics_output_file, predictions_output_file)
        metrics = super().__call__(model, data_loader, batch_weight_key, *files)
        if counts:
            data = getattr(data_loader, "data_path", "data")
            say(f"{data} (sentences: {len(documents):,}), strict, in per cent", sys.stdout)
            say(score_table(counts), sys.stdout)
            for sentences in unrelated:
                if sentences.number:
                    say(str(sentences), sys.stdout)
        elif not (shows_log() and metrics_output_file):
            say(f"Metrics: {json.dumps(metrics, indent=2)}", sys.stdout)
        for name, file in (
            ("metrics", metrics_output_file),
            ("predictions", predictions_output_file),
        ):
            if file is not None:
                say(f"The {name} are in {file}", sys.stdout)
        return metrics


def _documents(data_loader: DataLoader) -> List[Document]:
    instances = data_loader.iter_instances()
    return [cast(MetadataField, instance["metadata"])["document"] for instance in instances]


def _warn_of_data(model: DeeperTaskSpecificity, documents: Sequence[Document]) -> None:
    """Warns about data that leads to a score of 0."""
    gold = count_types(documents)
    for metric in model.document_metrics:
        if not gold[metric.name]:
            logger.warning(
                "the data has no gold %s: the %s figures mean nothing",
                TASKS[metric.name].plural,
                TASKS[metric.name].title,
            )
    known = {name: model.types.get(name, []) for name in TASKS}
    for warning in warn_of_unseen_types(known, documents, "data"):
        logger.warning("%s", warning)
