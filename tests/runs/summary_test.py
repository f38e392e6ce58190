import math

import pytest

from dts_ee.metrics import MetricKey, Score
from dts_ee.runs.summary import Summary, statistics_of
from dts_ee.runs.tables import (
    main_table,
    p_value,
    render_summary,
    runs_table,
    tables_of,
    types_table,
)
from dts_ee.tasks import ENTITIES, RELATIONS, flat_metrics
from tests.runs.csv_tables import read_rows
from tests.runs.examples import result, summary
from tests.scores import metrics


def test_mean_and_sample_standard_deviation():
    statistics = statistics_of([{"f1": 0.2}, {"f1": 0.4}, {"f1": 0.9}])
    assert statistics["f1"].mean == pytest.approx(0.5)
    # (0.09 + 0.01 + 0.16) / (3 - 1)
    assert statistics["f1"].standard_deviation == pytest.approx(math.sqrt(0.13))
    assert statistics["f1"].number == 3


def test_one_value_has_no_deviation():
    (statistic,) = statistics_of([{"f1": 0.2}]).values()
    assert (statistic.mean, statistic.standard_deviation, statistic.number) == (0.2, None, 1)


def test_a_metric_that_some_seeds_lack_is_of_the_others():
    statistics = statistics_of([{"a": 0.5, "b": 1.0}, {"a": 0.7}])
    assert statistics["a"].number == 2
    assert (statistics["b"].mean, statistics["b"].number) == (1.0, 1)


def test_scores_have_statistics_of_each_number():
    runs = [flat_metrics({ENTITIES.micro: Score(*numbers)}) for numbers in ((0, 1, 0.5), (1, 1, 1))]
    statistics = summary(*(result(i, test=run) for i, run in enumerate(runs))).scores("test")
    assert set(statistics) == {ENTITIES.micro}
    assert statistics[ENTITIES.micro].precision.mean == 0.5
    assert statistics[ENTITIES.micro].recall.standard_deviation == 0
    assert statistics[ENTITIES.micro].f1.mean == 0.75


def test_a_summary_is_read_as_it_was_written(tmp_path):
    written = summary(result(1), result(2, best_epoch=None), missing={7: "it failed"})
    written.write(tmp_path)
    assert Summary.read(tmp_path) == written
    statistics = written.statistics("test")
    assert statistics["entity_f1"].mean == pytest.approx(0.65)
    assert statistics["entity_f1"].standard_deviation == pytest.approx(0.1 / math.sqrt(2))


def test_the_first_table_has_both_splits_in_per_cent():
    header, _, development, test = main_table(summary(result(1), result(2))).render().splitlines()
    assert header.startswith("|  | NER micro | NER macro | NER boundaries | RE strict micro |")
    assert development.startswith("| development | 75.0 ± 7.1 | – | – | 50.0 ± 0.0 |")
    assert test.startswith("| test | 65.0 ± 7.1 | – | – | 40.0 ± 0.0 |")


def test_without_a_development_split_there_is_no_row_for_it():
    lines = main_table(summary(result(1, development={}, best_epoch=None))).render().splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("| test | 70.0 | – |")
    text = render_summary(summary(result(1, development={}, best_epoch=None)))
    assert "There is no development split" in text
    assert "– of 10" in text


def test_types_are_told_from_the_averages():
    live_in, called_as_an_average = (MetricKey("relation", type=t) for t in ("Live_In", "macro"))
    test = {
        **metrics(dict.fromkeys(RELATIONS.columns, 0.1)),
        **metrics({called_as_an_average: 0.75, MetricKey("entity", type="a|b"): 1.0}),
        **flat_metrics({live_in: Score(0.5, 0.25, 1 / 3)}),
    }
    assert types_table(summary(result(1, test=test))).render().splitlines()[2:] == [
        "| entity | `a\\|b` | 100.0 | 100.0 | 100.0 |",
        "| relation | `Live_In` | 50.0 | 25.0 | 33.3 |",
        "| relation | `macro` | 75.0 | 75.0 | 75.0 |",
    ]


def test_each_seed_has_a_row():
    assert runs_table(summary(result(1), result(2))).render().splitlines()[2:] == [
        "| 1 | 80.0 | 50.0 | 70.0 | – | 40.0 | – | 5 of 10 | 1.0 |",
        "| 2 | 70.0 | 50.0 | 60.0 | – | 40.0 | – | 6 of 10 | 2.0 |",
    ]


def test_csv_tables_have_numbers_in_columns_of_their_own(tmp_path):
    results = [result(1), result(2, best_epoch=None)]
    tables = {}
    for name, table in tables_of(summary(*results)).items():
        table.write_csv(tmp_path / f"{name}.csv")
        tables[name] = read_rows(tmp_path / f"{name}.csv")
    assert list(tables) == ["summary", "types", "seeds"]
    development, test = tables["summary"]
    assert [development["split"], test["split"]] == ["development", "test"]
    assert development["NER micro F1 mean (%)"] == "75"
    assert test["NER micro F1 mean (%)"] == "65"
    # Of 70 and 60, or of 80 and 70: the root of 50.
    assert development["NER micro F1 standard deviation (%)"] == "7.07107"
    assert test["RE strict micro F1 standard deviation (%)"] == "0"
    assert test["RE gold pairs macro F1 mean (%)"] == ""
    assert len(test) == 1 + 2 * len([*ENTITIES.columns, *RELATIONS.columns])
    (location,) = tables["types"]
    assert location == {
        "task": "entity",
        "type": "Loc",
        "precision mean (%)": "25",
        "precision standard deviation (%)": "0",
        "recall mean (%)": "25",
        "recall standard deviation (%)": "0",
        "F1 mean (%)": "25",
        "F1 standard deviation (%)": "0",
    }
    first, second = tables["seeds"]
    assert first == {
        "seed": "1",
        "development NER micro F1 (%)": "80",
        "development RE strict micro F1 (%)": "50",
        "test NER micro F1 (%)": "70",
        "test NER macro F1 (%)": "",
        "test RE strict micro F1 (%)": "40",
        "test RE strict macro F1 (%)": "",
        "best epoch": "5",
        "epochs": "10",
        "minutes": "1",
    }
    assert [second[name] for name in ("seed", "best epoch", "minutes")] == ["2", "", "2"]


def test_what_is_missing_is_said():
    text = render_summary(summary(result(1), missing={7: "the training was ended by SIGKILL"}))
    assert "- seed 7: the training was ended by SIGKILL" in text
    assert "over seeds (1)" in text


def test_nothing_finished_is_a_table_of_dashes():
    text = render_summary(summary(missing={1: "not finished yet"}))
    assert "over seeds (none)" in text
    assert "| test | – |" in text
    assert "## Types" not in text


def test_folds_are_called_folds():
    text = render_summary(
        summary(
            result(0), missing={3: "it failed"}, kind="fold", test_data=["a_0.json", "a_3.json"]
        )
    )
    assert "over folds (0), in per cent. Test splits: `a_0.json`, `a_3.json`." in text
    assert "- fold 3: it failed" in text
    assert "## Folds\n\n| fold | development NER micro |" in text
    assert "seed" not in text.replace("--seeds 1", "")


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1.000"), (0.0214, "0.021"), (0.00012, "0.0001")]
)
def test_no_p_is_shown_as_zero(value, text):
    assert p_value(value) == text
