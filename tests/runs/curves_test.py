import pytest
from matplotlib.figure import Figure

from dts_ee.metrics import MetricKey
from dts_ee.runs.curves import draw_learning_curves, draw_reliability, draw_types
from dts_ee.runs.run_folder import FOLD, SEED, Run
from dts_ee.tasks import ENTITIES, RELATIONS
from tests.runs.examples import result, summary
from tests.scores import metrics


def epoch(ner, re):
    return metrics({ENTITIES.micro: ner, RELATIONS.micro: re}, "validation_")


EPOCHS = {
    Run(SEED, 1): [epoch(0.2, 0.0)],
    Run(SEED, 2): [epoch(0.4, 0.1), epoch(0.6, 0.3)],
}


@pytest.fixture
def figures(monkeypatch):
    """The figures that are saved."""
    saved = []
    save = Figure.savefig

    def note(self, *args, **kwargs):
        saved.append(self)
        return save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", note)
    return saved


def test_curves_have_a_line_for_each_run_and_the_mean(tmp_path, figures):
    assert draw_learning_curves(tmp_path / "curves.png", EPOCHS)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    (figure,) = figures
    lines = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].lines}
    assert lines["seed 1"] == [[1, 20]]
    assert lines["seed 2"] == [[1, 40], [2, 60]]
    assert lines["mean"] == [[1, pytest.approx(30)], [2, pytest.approx(60)]]
    assert [line.get_ydata()[-1] for line in figure.axes[1].lines] == pytest.approx([0, 30, 30])


def test_a_task_that_a_model_does_not_have_is_left_out(tmp_path, figures):
    assert draw_learning_curves(
        tmp_path / "curves.png", {Run(FOLD, 1): [metrics({ENTITIES.micro: 0.2}, "validation_")]}
    )
    (axes,) = figures[0].axes
    assert axes.get_title().startswith("NER")
    # The mean of one run is that run's line.
    assert [line.get_label() for line in axes.lines] == ["fold 1"]


def test_bars_have_the_mean_and_the_deviation_of_each_type(tmp_path, figures):
    # ADE has a type of this name in both tasks.
    types = [("entity", "Effect"), ("entity", "$x$"), ("relation", "Effect")]
    keys = [MetricKey(task, type=type) for task, type in types]
    first, second = (
        metrics(dict(zip(keys, f1s, strict=True))) for f1s in ([0.5, 0.1, 0.2], [0.7, 0.1, 0.4])
    )
    both = summary(result(1, test=first), result(2, test=second))
    assert draw_types(tmp_path / "types.png", both)
    (figure,) = figures
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([10, 60, 30])
    assert [label.get_text() for label in axes.get_yticklabels()] == [r"\$x\$", "Effect", "Effect"]
    assert len({bar.get_y() for bar in axes.patches}) == 3
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["NER", "RE"]
    segments = [collection.get_segments() for collection in axes.collections]
    start, end = segments[1][0]
    assert end[0] - start[0] == pytest.approx(200 * 0.02**0.5)


def test_nothing_to_draw_leaves_no_picture_of_before(tmp_path):
    for name in ("curves.png", "types.png"):
        (tmp_path / name).write_bytes(b"old")
    assert not draw_learning_curves(
        tmp_path / "curves.png", {Run(SEED, 1): [{"training_loss": 1.0}]}
    )
    assert not draw_learning_curves(tmp_path / "curves.png", {})
    assert not draw_types(tmp_path / "types.png", summary(missing={1: "failed"}))
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_drawn_leaves_that_of_before(tmp_path, monkeypatch):
    path = tmp_path / "curves.png"
    path.write_bytes(b"old")

    def fail(self, file, **kwargs):
        file.write_bytes(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="the disk is full"):
        draw_learning_curves(path, EPOCHS)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_reliability_has_a_panel_for_each_task_and_a_line_for_each_state(tmp_path, figures):
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {
        "entities": {"before": [(0.25, 0.5), (0.75, 1.0)], "after": [(0.5, 0.75)]},
        "relations": {"before": [], "after": []},
    }
    draw_reliability(tmp_path / "reliability.png", curves)
    assert (tmp_path / "reliability.png").read_bytes().startswith(b"\x89PNG")
    (figure,) = figures
    assert [axes.get_title() for axes in figure.axes] == ["entities", "relations"]
    lines = [
        {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
        for axes in figure.axes
    ]
    assert lines[0]["before"] == [[25, 50], [75, 100]]
    assert lines[0]["after"] == [[50, 75]]
    assert lines[0]["calibrated"] == lines[1]["calibrated"] == [[0, 0], [100, 100]]
    assert lines[1]["before"] == lines[1]["after"] == []
