"""
How many items are right, predicted and gold, and the scores that follow.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import AbstractSet, Any, Dict, Iterable, Tuple

Item = Tuple[Any, ...]
"""What is predicted and compared: its type, then all that must agree for it to be right."""


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1, their harmonic mean; each is 0 where it would divide by 0."""

    precision: float
    recall: float
    f1: float

    @staticmethod
    def from_counts(correct: int, predicted: int, gold: int) -> "Score":
        """The score of `correct` right items among `predicted`, where there are `gold`."""
        return Score(
            precision=correct / predicted if predicted else 0.0,
            recall=correct / gold if gold else 0.0,
            f1=2 * correct / (predicted + gold) if predicted + gold else 0.0,
        )

    @staticmethod
    def mean(scores: Iterable["Score"]) -> "Score":
        """The mean of each number: its F1 is the mean of the F1s; 0 where there are no scores."""
        listed = list(scores)
        count = max(len(listed), 1)
        return Score(
            precision=sum(score.precision for score in listed) / count,
            recall=sum(score.recall for score in listed) / count,
            f1=sum(score.f1 for score in listed) / count,
        )


@dataclass
class TypedCounts:
    """How many items of each type are right, predicted and gold."""

    correct: "Counter[str]" = field(default_factory=Counter)
    predicted: "Counter[str]" = field(default_factory=Counter)
    gold: "Counter[str]" = field(default_factory=Counter)

    def count(self, predicted: AbstractSet[Item], gold: AbstractSet[Item]) -> None:
        """Adds the items of one document."""
        self.correct.update(item[0] for item in predicted & gold)
        self.predicted.update(item[0] for item in predicted)
        self.gold.update(item[0] for item in gold)

    def add(self, other: "TypedCounts") -> None:
        """Adds the counts of other documents."""
        self.correct.update(other.correct)
        self.predicted.update(other.predicted)
        self.gold.update(other.gold)

    def micro(self) -> Score:
        """The score of all types' counts together."""
        return Score.from_counts(
            sum(self.correct.values()), sum(self.predicted.values()), sum(self.gold.values())
        )

    def macro(self) -> Score:
        """The unweighted mean over the types that occur in the gold items or the predicted ones."""
        return Score.mean(self.by_type().values())

    def by_type(self) -> Dict[str, Score]:
        """The score of each type that occurs, by its name, in alphabetical order."""
        return {
            type: Score.from_counts(self.correct[type], self.predicted[type], self.gold[type])
            for type in sorted(self.predicted.keys() | self.gold.keys())
        }
