"""
What overlapping entities do to the figures.
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
        How many documents the test split has; all folds' together, where the runs are folds.
    num_overlapping : `int`
        How many of them have overlapping entities.
    without : `list[dict[str, float]]`
        The metrics of each run over the documents without; a run that has none is left out.
    alone : `list[dict[str, float]]`
        Those over the documents with overlapping entities: of each seed, or, as a fold has but a
        few of them, of all folds' together.
    """

    num_documents: int
    num_overlapping: int
    without: list[dict[str, float]]
    alone: list[dict[str, float]]

    @classmethod
    def of(cls, folders: Sequence[RunFolder]) -> Optional["OverlapScores"]:
        """
        From what evaluated runs have predicted; `None` where no entities overlap.

        # Parameters

        folders : `Sequence[RunFolder]`
            Those of seeds, or those of folds.

        # Raises

        `DocumentError`
            If predictions cannot be read.
        """
        runs = [read_predictions(folder.test_predictions) for folder in folders]
        if not any(has_overlap(each.gold) for run in runs for each in run):
            return None
        names = set().union(*(read_json(folder.test_metrics) for folder in folders))
        # The documents of all seeds are the same.
        parts = [sum(runs, [])] if folders[0].run.kind == FOLD else runs
        rests = [[each for each in run if not has_overlap(each.gold)] for run in runs]
        overlapping = [[each for each in part if has_overlap(each.gold)] for part in parts]
        return cls(
            num_documents=len(parts[0]),
            num_overlapping=len(overlapping[0]),
            without=[_metrics(rest, names) for rest in rests if rest],
            alone=[_metrics(part, names) for part in overlapping],
        )


def has_overlap(document: Document) -> bool:
    """Whether two entities of a document share a token."""
    return any(one.overlaps(other) for one, other in combinations(document.entities, 2))


def _metrics(predictions: Sequence[Prediction], names: set[str]) -> dict[str, float]:
    """Those of the metrics that the model has over the whole split."""
    metrics = flat_metrics(score(predictions, *TASKS.values()))
    return {name: value for name, value in metrics.items() if name in names}
