"""
Scores as a table for a terminal.
"""

import unicodedata
from typing import List, Optional, Sequence, Tuple

from dts_ee.characters import in_one_line
from dts_ee.metrics.counts import Score, TypedCounts

_HEADER = ["", "", "precision", "recall", "F1", "gold", "predicted", "right"]


def score_table(counts_by_task: Sequence[Tuple[str, TypedCounts]]) -> str:
    """
    Precision, recall and F1 in per cent: micro and macro average and all types, with the counts.

    # Parameters

    counts_by_task : `Sequence[Tuple[str, TypedCounts]]`
        The title of each task, and its counts.

    # Returns

    `str`
        Aligned lines of plain text, without a line break at the end. The first two columns are the
        task and the average or type.
    """
    rows = [_HEADER]
    for task, counts in counts_by_task:
        by_type = (counts.gold, counts.predicted, counts.correct)
        all_counts = [sum(type_counts.values()) for type_counts in by_type]
        rows.append([task, "micro", *_numbers(counts.micro(), all_counts)])
        rows.append([task, "macro", *_numbers(counts.macro(), None)])
        for type, score in counts.by_type().items():
            type_counts = [counts.gold[type], counts.predicted[type], counts.correct[type]]
            rows.append([task, in_one_line(type), *_numbers(score, type_counts)])
    widths = [max(_width(row[i]) for row in rows) for i in range(len(_HEADER))]
    return "\n".join(_aligned(row, widths) for row in rows)


def _numbers(score: Score, counts: Optional[Sequence[int]]) -> List[str]:
    scores = [f"{100 * value:.1f}" for value in (score.precision, score.recall, score.f1)]
    return scores + (["", "", ""] if counts is None else [str(count) for count in counts])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = []
    for i, (cell, width) in enumerate(zip(row, widths)):
        padding = " " * (width - _width(cell))
        cells.append(cell + padding if i < 2 else padding + cell)
    return "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    wide = sum(unicodedata.east_asian_width(character) in "FW" for character in text)
    combining = sum(unicodedata.combining(character) > 0 for character in text)
    return len(text) + wide - combining
