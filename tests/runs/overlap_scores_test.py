from dataclasses import replace

import pytest

from dts_ee.corpora.predictions import Prediction, write_predictions
from dts_ee.document import Document, Entity, Relation
from dts_ee.runs.evaluation import score
from dts_ee.runs.overlap_scores import OverlapScores, has_overlap
from dts_ee.runs.run_folder import FOLD, SEED, Run, RunFolder, write_json
from dts_ee.runs.summary import Summary
from dts_ee.runs.tables import main_table, render_summary, tables_of
from dts_ee.tasks import TASKS, flat_metrics
from tests.documents import document
from tests.runs.examples import result, summary

PLAIN = document("[rash|Effect] after [tamofex|Drug]", [("Effect", 0, 1)])
OVERLAPPING = Document(
    ("tamofex", "rash", "was", "seen"),
    (Entity("Drug", 0, 1), Entity("Effect", 0, 2)),
    (Relation("Effect", 1, 0),),
)
# What one sequence of tags can say about it.
HALF = replace(OVERLAPPING, entities=OVERLAPPING.entities[1:], relations=())
NOTHING = replace(PLAIN, entities=(), relations=())


def evaluated(directory, kind, *runs, names=None):
    folders = []
    for number, pairs in enumerate(runs):
        folder = RunFolder.within(directory, Run(kind, number))
        folder.path.mkdir()
        predictions = [Prediction(*pair) for pair in pairs]
        write_predictions(folder.test_predictions, predictions)
        metrics = flat_metrics(score(predictions, *TASKS.values()))
        write_json(folder.test_metrics, {name: metrics[name] for name in names or metrics})
        folders.append(folder)
    return folders


def test_what_overlaps():
    assert has_overlap(OVERLAPPING)
    assert not has_overlap(PLAIN)
    assert not has_overlap(HALF)


@pytest.mark.parametrize("kind", [SEED, FOLD])
def test_there_is_nothing_where_nothing_overlaps(tmp_path, kind):
    assert OverlapScores.of(evaluated(tmp_path, kind, [(NOTHING, PLAIN)])) is None


def test_each_seed_has_its_own_scores(tmp_path):
    folders = evaluated(
        tmp_path,
        SEED,
        [(PLAIN, PLAIN), (HALF, OVERLAPPING)],
        [(NOTHING, PLAIN), (OVERLAPPING, OVERLAPPING)],
    )
    scores = OverlapScores.of(folders)
    assert scores is not None
    assert (scores.num_documents, scores.num_overlapping) == (2, 1)
    assert [metrics["entity_f1"] for metrics in scores.without] == [1, 0]
    assert [metrics["_entity_recall"] for metrics in scores.alone] == [0.5, 1]
    assert [metrics["relation_f1"] for metrics in scores.alone] == [0, 1]


def test_overlaps_of_all_folds_are_taken_together(tmp_path):
    folders = evaluated(
        tmp_path,
        FOLD,
        [(PLAIN, PLAIN), (HALF, OVERLAPPING)],
        [(PLAIN, PLAIN)],
        # Nothing is left of this one.
        [(OVERLAPPING, OVERLAPPING), (HALF, OVERLAPPING)],
    )
    scores = OverlapScores.of(folders)
    assert scores is not None
    assert (scores.num_documents, scores.num_overlapping) == (5, 3)
    assert [metrics["entity_f1"] for metrics in scores.without] == [1, 1]
    (alone,) = scores.alone
    # 4 of 6 entities, and 1 of 3 relations.
    assert alone["_entity_precision"] == 1
    assert alone["_entity_recall"] == pytest.approx(4 / 6)
    assert alone["_relation_recall"] == pytest.approx(1 / 3)


def test_a_task_that_the_model_does_not_have_has_no_scores(tmp_path):
    names = ["entity_f1", "_entity_recall"]
    scores = OverlapScores.of(evaluated(tmp_path, SEED, [(HALF, OVERLAPPING)], names=names))
    assert scores is not None
    assert scores.alone == [{"entity_f1": pytest.approx(2 / 3), "_entity_recall": 0.5}]


def test_tables_and_files_have_them(tmp_path):
    runs = [[(PLAIN, PLAIN), (HALF, OVERLAPPING)], [(NOTHING, PLAIN), (HALF, OVERLAPPING)]]
    (tmp_path / "runs").mkdir()
    overlaps = OverlapScores.of(evaluated(tmp_path / "runs", FOLD, *runs))
    both = summary(result(0), result(1), kind="fold", overlaps=overlaps)
    both.write(tmp_path)
    assert Summary.read(tmp_path) == both
    *_, test, without = main_table(both).render().splitlines()
    assert test.startswith("| test | 75.0 ± 7.1 |")
    assert without.startswith("| test, without overlapping entities | 50.0 ± 70.7 |")
    text = render_summary(both)
    assert "The 2 of 4 test sentences in which gold entities overlap, of all folds together" in text
    assert "| NER | 100.0 | 50.0 | 66.7 |\n| RE strict | 0.0 | 0.0 | 0.0 |" in text
    assert list(tables_of(both)) == ["summary", "types", "overlaps", "folds"]
    header, *rows = tables_of(both)["overlaps"].render("csv").splitlines()
    assert header.startswith("task,precision mean (%),precision standard deviation (%),recall mean")
    assert rows == ["NER,100,,50,,66.6667,", "RE strict,0,,0,,0,"]


def test_seeds_have_a_mean_and_a_deviation(tmp_path):
    runs = [[(HALF, OVERLAPPING)], [(OVERLAPPING, OVERLAPPING)]]
    scores = OverlapScores.of(evaluated(tmp_path, SEED, *runs))
    text = render_summary(summary(result(0), result(1), overlaps=scores))
    assert "The 1 of 1 test sentences in which gold entities overlap; strict" in text
    assert "| RE strict | 50.0 ± 70.7 | 50.0 ± 70.7 | 50.0 ± 70.7 |" in text


def test_without_overlaps_nothing_is_said_of_them():
    text = render_summary(summary(result(1)))
    assert "overlap" not in text
