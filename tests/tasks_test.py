"""
A third task appears wherever scores are shown, and no line but its registration says so.
"""

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from dts_ee.analysis.predictions_analysis import analyse_predictions
from dts_ee.analysis.training_data import warn_of_training_data, warn_of_unseen_types
from dts_ee.corpora.predictions import Prediction, write_predictions
from dts_ee.metrics import DocumentF1, MetricKey
from dts_ee.pages.report_page import render_report
from dts_ee.runs.ablation import Ablation, AblationResult
from dts_ee.runs.ablation_table import AblationTable
from dts_ee.runs.comparison import Experiment
from dts_ee.runs.comparison_report import comparison_table, flip_counts
from dts_ee.runs.curves import draw_learning_curves, draw_types
from dts_ee.runs.learning_curve import CurvePoint
from dts_ee.runs.learning_curve_report import advice, learning_curve_table
from dts_ee.runs.run_folder import SEED, Run, RunFolder
from dts_ee.runs.tables import render_summary
from dts_ee.tasks import ENTITIES, RELATIONS, TASKS, Task, plurals, register_protocol, register_task
from dts_ee.training.epoch_line import epoch_line
from tests.documents import document
from tests.pages.report_page_test import Page
from tests.runs.examples import result, summary
from tests.scores import metrics


class SentenceF1(DocumentF1):
    """A label for each sentence: whether it relates anything. A loose protocol asks for less."""

    name = "sentence"
    protocols = ("strict", "any_label")
    untyped_protocols = ("any_label",)

    def items(self, protocol, predicted, gold):
        if protocol == "any_label":
            return {("label",)}, {("label",)}
        return {(_label(predicted),)}, {(_label(gold),)}


def _label(document):
    return "related" if document.relations else "unrelated"


@pytest.fixture
def third():
    task = register_task(Task(SentenceF1, "Sentences", "sentence labels"))
    yield task
    del TASKS[task.name]


GOLD = document("[Ann|Peop] left [Rome|Loc]", [("Live_In", 0, 1)], id="one")
OTHER = document("[Bo|Peop] slept", id="two")
MISSED = replace(GOLD, relations=())
# Of two sentences' labels one is right.
PREDICTIONS = [Prediction(MISSED, GOLD), Prediction(OTHER, OTHER)]
F1S = {
    ENTITIES.micro: 0.9,
    RELATIONS.micro: 0.5,
    MetricKey("sentence", average="micro"): 0.25,
    MetricKey("sentence", average="macro"): 0.75,
    MetricKey("sentence", "any_label", average="micro"): 1.0,
    MetricKey("sentence", type="related"): 0.125,
}


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def columns(table):
    """The cells of the first row by the names of their columns."""
    header, _, row, *_ = table.splitlines()
    return dict(zip(cells(header), cells(row), strict=True))


def test_there_are_two_tasks_and_a_third_has_a_name_of_its_own(third):
    assert list(TASKS.values()) == [ENTITIES, RELATIONS, third]
    assert plurals() == "entities, relations and sentence labels"
    with pytest.raises(ValueError, match="there is a task 'sentence' already"):
        register_task(replace(third, title="Again"))


def test_a_task_says_what_a_document_has_of_it(third):
    assert third.items(GOLD) == [("related",)]
    assert ENTITIES.items(GOLD) == [("Loc", (2, 3)), ("Peop", (0, 1))]
    assert RELATIONS.items(GOLD) == [("Live_In", *GOLD.entities)]


def test_lines_of_epochs(third):
    line = epoch_line(1, 2, metrics(F1S, "validation_"), [])
    assert line == "epoch 1 of 2: development NER 90.0 / RE 50.0 / Sentences 25.0"


def test_tables_of_repeated_runs(third):
    text = render_summary(summary(result(1, test=metrics(F1S), development=metrics(F1S))))
    main, runs = (
        columns(text.split(f"## {name}\n\n")[1].split("\n\n")[0]) for name in ("F1", "Seeds")
    )
    assert list(main)[-3:] == ["Sentences micro", "Sentences macro", "Sentences any label"]
    assert [main[name] for name in list(main)[-3:]] == ["25.0", "75.0", "100.0"]
    assert "| sentence | `related` | 12.5 | 12.5 | 12.5 |" in text
    assert runs["development Sentences micro"] == runs["test Sentences micro"] == "25.0"
    assert runs["test Sentences macro"] == "75.0"


def test_tables_of_compared_experiments(third):
    right = [Prediction(prediction.gold, prediction.gold) for prediction in PREDICTIONS]
    good, weak = (
        Experiment(name, {Run(SEED, 1): predictions})
        for name, predictions in (("good", right), ("weak", PREDICTIONS))
    )
    header, _, first, second, difference, *_ = (
        comparison_table([good, weak], 10).render().splitlines()
    )
    assert cells(header)[-2:] == ["Sentences micro", "Sentences macro"]
    assert cells(first)[-2:] == ["100.0", "100.0"]
    # F1 2/3 of "unrelated" and 0 of "related".
    assert cells(second)[-2:] == ["50.0", "33.3"]
    assert cells(difference)[-2].startswith("-50.0 (p = ")
    flips = flip_counts(good, weak, [])
    assert flips.splitlines()[2].startswith("Sentences: 0 sentences are right")


def test_tables_of_ablations(third, tmp_path):
    results = []
    for name, only, predicted in (("all", None, GOLD), ("one", "sentence labels", MISSED)):
        folder = RunFolder.within(tmp_path / name, Run(SEED, 1))
        folder.path.mkdir(parents=True)
        write_predictions(folder.test_predictions, [Prediction(predicted, GOLD)])
        ran = summary(result(1, test=metrics(F1S), development=metrics(F1S)))
        results.append(AblationResult(Ablation(name, only, {}), tmp_path / name, ran))
    table = AblationTable(tmp_path, tmp_path / "a.jsonnet").table(results).render()
    header, _, complete, one = map(cells, table.splitlines())
    row = dict(zip(header, one, strict=True))
    assert row["development Sentences micro"] == "25.0"
    assert row["test Sentences micro"].startswith("25.0 (+0.0, p = ")
    assert row["test Sentences macro"] == "75.0"
    assert row["test NER micro"] == "–"
    assert "90.0" in complete


def test_learning_curves(third, tmp_path):
    points = [
        CurvePoint(size, tmp_path, summary(*(result(i, test=metrics(F1S)) for i in (1, 2))))
        for size in (10, 20)
    ]
    assert columns(learning_curve_table(points).render())["Sentences"] == "25.0 ± 0.0"
    assert "Sentences +0.0 ± 0.0" in advice(points)


def test_pictures(third, tmp_path, monkeypatch):
    figures = []

    def keep(figure, path, **kwargs):
        figures.append(figure)
        path.write_bytes(b"")

    monkeypatch.setattr(Figure, "savefig", keep)
    epochs = {Run(SEED, 1): [metrics(F1S, "validation_")]}
    assert draw_learning_curves(tmp_path / "curves.png", epochs)
    assert draw_types(tmp_path / "types.png", summary(result(1, test=metrics(F1S))))
    curves, types = figures
    assert curves.axes[2].get_title() == "Sentences, strict micro F1, development"
    assert curves.axes[2].lines[0].get_ydata().tolist() == [25]
    assert [label.get_text() for label in types.axes[0].get_yticklabels()] == ["related"]
    assert types.axes[0].patches[0].get_width() == 12.5


def test_the_page_of_a_report(third):
    analysis = analyse_predictions(PREDICTIONS, None)
    page = Page(render_report(analysis, "Title", {}, [metrics(F1S, "validation_")]))
    rows = page.rows()
    assert ["Sentence labels"] in rows
    assert ["any label", "micro", "100.0", "100.0", "100.0"] in rows
    assert ["unrelated", "1", "2", "1", "50.0", "100.0", "66.7"] in rows
    # The one label was taken for the other.
    assert ["wrong type", "1"] in rows
    assert ["related", "0", "1", "0"] in rows
    first, second = page.data["documents"]
    assert first["gold"]["sentence labels"] == [["related"]]
    assert first["predicted"]["sentence labels"] == [["unrelated"]]
    assert ["sentence", "wrong type", 0, 0] in first["items"]
    assert ["sentence", "right", 0, 0] in second["items"]
    assert page.data["others"] == ["sentence"]
    assert page.data["keys"]["sentence"] == "sentence labels"
    options = [attrs["value"] for attrs, _ in page.all("option")]
    assert {"sentence:related", "sentence:unrelated"} <= set(options)
    assert "Sentences" in [text for _, text in page.all("li")]


def test_warnings_of_data(third):
    warnings = warn_of_training_data([GOLD] * 4 + [OTHER] * 5)
    (warning,) = [message for message in warnings if "sentence" in message]
    assert warning.startswith("sentence types with fewer than 5 training examples")
    assert "related (4)" in warning
    (warning,) = warn_of_unseen_types({"sentence": ["related"]}, [GOLD, OTHER], "test data")
    assert "unrelated (1); 1 of 2 gold sentence labels count as missed" in warning


def test_a_protocol_is_added(third, monkeypatch):
    for name in ("protocols", "untyped_protocols", "further_protocols"):
        monkeypatch.setattr(SentenceF1, name, getattr(SentenceF1, name))

    def lengths(predicted, gold):
        return {(len(predicted.tokens),)}, {(len(gold.tokens) + len(gold.relations),)}

    register_protocol(third, "length", lengths, typed=False)
    metric = third.metric()
    # Of GOLD the relation makes the lengths differ; OTHER has none.
    metric([GOLD, OTHER], [GOLD, OTHER])
    key = MetricKey("sentence", "length", average="micro")
    assert metric.scores()[key].f1 == 0.5
    assert metric.scores()[third.micro].f1 == 1.0
    assert MetricKey("sentence", "length", average="macro") not in metric.scores()
    assert third.columns[-1] == key
    assert third.heading(key) == "Sentences length"
    with pytest.raises(ValueError, match="a protocol of 'sentence' has a name that is taken"):
        register_protocol(third, "length", lengths)
