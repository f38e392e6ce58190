"""Counts of correct, predicted and gold items, and their precision, recall and F1."""

from collections import Counter
from dataclasses import dataclass, field
from typing import AbstractSet, Any, Dict, Iterable, Tuple

Item = Tuple[Any, ...]
"""A predicted or gold item: its type, then everything that must agree for it to be correct."""


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1. A score with a division by 0 is 0."""

    precision: float
    recall: float
    f1: float

    @staticmethod
    def from_counts(correct: int, predicted: int, gold: int) -> "Score":
        """Computes the score from numbers of items."""
        return Score(
            precision=correct / predicted if predicted else 0.0,
            recall=correct / gold if gold else 0.0,
            f1=2 * correct / (predicted + gold) if predicted + gold else 0.0,
        )

    @staticmethod
    def mean(scores: Iterable["Score"]) -> "Score":
        """
        The means of precision, recall and F1; 0 without scores. The F1 is the mean of the F1s, not
        the F1 of the mean precision and recall.
        """
        score_list = list(scores)
        count = max(len(score_list), 1)
        return Score(
            precision=sum(score.precision for score in score_list) / count,
            recall=sum(score.recall for score in score_list) / count,
            f1=sum(score.f1 for score in score_list) / count,
        )


@dataclass
class TypedCounts:
    """The numbers of correct, predicted and gold items of each type."""

    correct: "Counter[str]" = field(default_factory=Counter)
    predicted: "Counter[str]" = field(default_factory=Counter)
    gold: "Counter[str]" = field(default_factory=Counter)

    def count(self, predicted: AbstractSet[Item], gold: AbstractSet[Item]) -> None:
        """Counts the items of one document."""
        self.correct.update(item[0] for item in predicted & gold)
        self.predicted.update(item[0] for item in predicted)
        self.gold.update(item[0] for item in gold)

    def add(self, other: "TypedCounts") -> None:
        """Adds other counts."""
        self.correct.update(other.correct)
        self.predicted.update(other.predicted)
        self.gold.update(other.gold)

    def micro(self) -> Score:
        """The micro average: the score of the counts of all types together."""
        return Score.from_counts(
            sum(self.correct.values()), sum(self.predicted.values()), sum(self.gold.values())
        )

    def macro(self) -> Score:
        """The macro average: the mean over the types that occur in gold or predicted items."""
        return Score.mean(self.by_type().values())

    def by_type(self) -> Dict[str, Score]:
        """The score of each type that occurs, in alphabetical order."""
        return {
            type: Score.from_counts(self.correct[type], self.predicted[type], self.gold[type])
            for type in sorted(self.predicted.keys() | self.gold.keys())
        }
