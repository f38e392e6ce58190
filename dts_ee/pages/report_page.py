"""
The report page on a model's predictions: scores, charts, and sentences.
"""

import base64
import hashlib
import json
from importlib import resources
from typing import Any, Mapping, Optional, Sequence

from markupsafe import Markup

from dts_ee.analysis.candidates import (
    ReliabilityBin,
    average_precision,
    expected_calibration_error,
)
from dts_ee.analysis.confusion import NONE
from dts_ee.analysis.matching import RIGHT, Match, matching_of
from dts_ee.analysis.predictions_analysis import (
    LEAST_PROBABILITY,
    PredictionsAnalysis,
    TaskAnalysis,
)
from dts_ee.document import Document
from dts_ee.metrics.flat_names import metrics_of
from dts_ee.pages.charts import Chart, Line, draw_chart, whole_ticks
from dts_ee.pages.colours import type_colours
from dts_ee.pages.templates import TEMPLATES
from dts_ee.tasks import ENTITIES, RELATIONS, TASKS, protocol_title, scores_in

_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

_DRAWN = (ENTITIES.name, RELATIONS.name)
"""The tasks whose items are drawn in the sentence; those of others are listed below it."""


def render_report(
    analysis: PredictionsAnalysis,
    title: str,
    facts: Mapping[str, str],
    epochs: Sequence[Mapping[str, Any]] = (),
) -> str:
    """
    An HTML page with the scores of predictions, and with the predictions and gold annotation.

    It is a single file that loads no other files. It holds the sentences as data, and its only
    script, which a Content-Security-Policy allows by its hash, draws the chosen ones.

    # Parameters

    analysis : `PredictionsAnalysis`
        The analysis.
    title : `str`
        The page's title and heading.
    facts : `Mapping[str, str]`
        How the scores were made, by name, for the head of the page.
    epochs : `Sequence[Mapping[str, Any]]`, optional (default = `()`)
        AllenNLP's metrics of each epoch of the training, for learning curves.
    """
    tasks = analysis.tasks
    script = Markup(resources.files("dts_ee.pages").joinpath("report.js").read_text("utf-8"))
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return TEMPLATES.get_template("report.html").render(
        title=title,
        facts=facts,
        analysis=analysis,
        tasks=tasks,
        names={name: TASKS[name].plural.capitalize() for name in tasks},
        protocol_title=protocol_title,
        errors={name: matching_of(TASKS[name]).errors for name in tasks},
        cell=_cell,
        calibration_error=expected_calibration_error,
        average_precision=average_precision(analysis.curve),
        least_probability=LEAST_PROBABILITY,
        learning_charts=[draw_chart(chart) for chart in _learning_charts(epochs)],
        threshold_charts=[draw_chart(chart) for chart in _threshold_charts(analysis)],
        draw_reliability=lambda name, bins: draw_chart(_reliability_chart(name, bins)),
        data=_script_json(_data(analysis)),
        script=script,
        script_hash=base64.b64encode(digest).decode("ascii"),
    )


def _script_json(value: Any) -> Markup:
    """JSON for a `<script>` element, which nothing in it can close."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _cell(task: str, analysis: TaskAnalysis, row: int, column: int) -> str:
    """The filter of the script for a cell of a confusion matrix."""
    types, others = analysis.confusion.types, analysis.confusion.others

    def type_at(index: int) -> Optional[str]:
        return types[index] if index < len(types) else None

    apart = [
        others[index - len(types)]
        for index in (row, column)
        if index >= len(types) and others[index - len(types)] != NONE
    ]
    return json.dumps([task, type_at(row), type_at(column), apart[0] if apart else None])


def _data(analysis: PredictionsAnalysis) -> dict[str, Any]:
    """The data of the script. Spans count the Unicode code points of the text."""
    tasks = analysis.tasks
    others = [name for name in tasks if name not in _DRAWN]
    documents = []
    for i, prediction in enumerate(analysis.predictions):
        document = prediction.gold
        text = " ".join(document.tokens) if document.text is None else document.text
        documents.append(
            {
                "id": document.id or str(i + 1),
                "text": text,
                "gold": _annotation(prediction.gold, others),
                "predicted": _annotation(prediction.predicted, others),
                "items": _items({name: task.matches[i] for name, task in tasks.items()}),
            }
        )
    return {
        "right": RIGHT,
        "keys": {name: TASKS[name].plural for name in (*_DRAWN, *others)},
        "others": others,
        "apart": {
            name: [other for other in task.confusion.others if other != NONE]
            for name, task in tasks.items()
        },
        "colours": type_colours(analysis.entities.confusion.types),
        "documents": documents,
    }


def _annotation(document: Document, others: Sequence[str]) -> dict[str, list[list[Any]]]:
    def with_probability(item: list[Any], probability: Optional[float]) -> list[Any]:
        return item if probability is None else [*item, round(probability, 4)]

    return {
        "entities": [
            with_probability(
                [entity.type, *document.character_span(entity.start, entity.end)],
                entity.probability,
            )
            for entity in document.entities
        ],
        "relations": [
            with_probability([relation.type, relation.head, relation.tail], relation.probability)
            for relation in document.relations
        ],
        **{
            TASKS[name].plural: [[item[0]] for item in TASKS[name].items(document)]
            for name in others
        },
    }


def _items(matches: Mapping[str, Sequence[Match]]) -> list[list[Any]]:
    """Each match as its task, its kind, and the indices of the gold and the predicted item."""
    return [
        [task, match.kind, match.gold, match.predicted]
        for task, task_matches in matches.items()
        for match in task_matches
    ]


def _learning_charts(epochs: Sequence[Mapping[str, Any]]) -> list[Chart]:
    numbers = [float(number) for number in range(1, len(epochs) + 1)]
    scores = [scores_in(metrics_of(epoch, "validation_")) for epoch in epochs]
    curves = {
        task.title: [
            (number, epoch[task.micro].f1)
            for number, epoch in zip(numbers, scores, strict=True)
            if task.micro in epoch
        ]
        for task in TASKS.values()
    }
    losses = {
        part: [
            (number, float(epoch[f"{part}_loss"]))
            for number, epoch in zip(numbers, epochs, strict=True)
            if f"{part}_loss" in epoch
        ]
        for part in ("training", "validation")
    }
    charts = []
    lines = [Line(name, points) for name, points in curves.items() if points]
    ticks = whole_ticks(len(epochs)) if epochs else []
    if lines:
        charts.append(
            Chart("Strict micro F1, development", "epoch", "per cent", ticks, _SHARES, lines)
        )
    lines = [Line(name, points) for name, points in losses.items() if points]
    if lines:
        highest = max(y for line in lines for _, y in line.points)
        levels = [highest * share for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        rounded = [float(f"{level:.2g}") for level in levels]
        rounded[-1] = max(rounded[-1], highest)
        charts.append(Chart("Loss", "epoch", "loss", ticks, rounded, lines, percent=False))
    return charts


def _threshold_charts(analysis: PredictionsAnalysis) -> list[Chart]:
    if not analysis.curve:
        return []
    threshold = analysis.relation_threshold
    assert threshold is not None and analysis.relations is not None
    chosen = analysis.relations.scores[RELATIONS.micro]
    by_threshold = [(point.threshold, point.score) for point in reversed(analysis.curve)]
    return [
        Chart(
            "Precision and recall of relations",
            "recall",
            "precision, per cent",
            _SHARES,
            _SHARES,
            [
                Line("all Θ", [(p.score.recall, p.score.precision) for p in analysis.curve]),
                Line(f"Θ = {threshold:g}", [(chosen.recall, chosen.precision)], "points"),
            ],
        ),
        Chart(
            "The effect of Θ",
            "Θ",
            "per cent",
            _SHARES,
            _SHARES,
            [
                Line("precision", [(x, score.precision) for x, score in by_threshold]),
                Line("recall", [(x, score.recall) for x, score in by_threshold]),
                Line("F1", [(x, score.f1) for x, score in by_threshold]),
                Line(f"Θ = {threshold:g}", [(threshold, 0.0), (threshold, 1.0)], "guide"),
            ],
        ),
    ]


def _reliability_chart(name: str, bins: Sequence[ReliabilityBin]) -> Chart:
    points = [(one_bin.mean_probability, one_bin.share_right) for one_bin in bins]
    return Chart(
        name,
        "probability",
        "right, per cent",
        _SHARES,
        _SHARES,
        [
            Line("each tenth of probability", points, "marked"),
            Line("perfectly calibrated", [(0.0, 0.0), (1.0, 1.0)], "guide"),
        ],
    )
