"""
Scores with and without overlapping entities.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Optional, Sequence

from dts_ee.corpora.predictions import Prediction, read_predictions
from dts_ee.document import Document
from dts_ee.runs.evaluation import score
from dts_ee.runs.run_folder import FOLD, RunFolder, read_json
from dts_ee.tasks import TASKS, flat_metrics


@dataclass(frozen=True)
class OverlapScores:
    """
    The test split in two: the documents whose gold entities overlap, and the others.

    # Parameters

    num_documents : `int`
        How many documents the test split has; with folds, those of all folds together.
    num_overlapping : `int`
        How many of them have overlapping entities.
    without : `list[dict[str, float]]`
        The metrics of each run over the documents without overlapping entities. A run that has no
        such documents is left out.
    alone : `list[dict[str, float]]`
        The metrics over the documents with overlapping entities: for each seed, or once for all
        folds together, as a fold has only a few such documents.
    """

    num_documents: int
    num_overlapping: int
    without: list[dict[str, float]]
    alone: list[dict[str, float]]

    @classmethod
    def of(cls, folders: Sequence[RunFolder]) -> Optional["OverlapScores"]:
        """
        Computes the scores from the predictions of evaluated runs; `None` if no entities overlap.

        # Parameters

        folders : `Sequence[RunFolder]`
            The folders of all seeds, or of all folds.

        # Raises

        `DocumentError`
            If predictions cannot be read.
        """
        runs = [read_predictions(folder.test_predictions) for folder in folders]
        if not any(has_overlap(prediction.gold) for run in runs for prediction in run):
            return None
        names = set().union(*(read_json(folder.test_metrics) for folder in folders))
        # The documents of all seeds are the same.
        parts = [sum(runs, [])] if folders[0].run.kind == FOLD else runs
        without = [[p for p in run if not has_overlap(p.gold)] for run in runs]
        overlapping = [[p for p in part if has_overlap(p.gold)] for part in parts]
        return cls(
            num_documents=len(parts[0]),
            num_overlapping=len(overlapping[0]),
            without=[_metrics(run, names) for run in without if run],
            alone=[_metrics(part, names) for part in overlapping],
        )


def has_overlap(document: Document) -> bool:
    """Whether two entities of a document share a token."""
    return any(first.overlaps(second) for first, second in combinations(document.entities, 2))


def _metrics(predictions: Sequence[Prediction], names: set[str]) -> dict[str, float]:
    """The metrics among `names`."""
    metrics = flat_metrics(score(predictions, *TASKS.values()))
    return {name: value for name, value in metrics.items() if name in names}
