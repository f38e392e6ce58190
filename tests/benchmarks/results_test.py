import json
from typing import Union

import pytest

from benchmarks.environment import Environment
from benchmarks.measure import Row, Table, Value
from benchmarks.results import Results, TopicResult, show


def _environment(processor="A processor"):
    return Environment("2020-01-01 00:00 UTC", 0.5, processor, 2, 1, {"python": "3"})


def _result(topic="decoding", processor="A processor", **options):
    rows: list[Union[Row, Value]] = [
        Row("loop", [0.2, 0.4, 0.6], "ms"),
        Row("batch | all", [0.01, 0.02, 0.04], "ms", baseline="loop", peak_mib=12.5),
        Row("rate", [2.0], "sentences/s", work=7),
        Value("share", 14.26, "%", "of all"),
    ]
    tables = [Table(topic, "A title", rows)]
    return TopicResult(topic, _environment(processor), 3.2, tables, **options)


def test_the_table_has_medians_ranges_and_ratios(tmp_path):
    results = Results(tmp_path)
    results.add(_result())
    lines = (tmp_path / "results.md").read_text().splitlines()
    assert "Measured on A processor, 2 cores, 1 torch thread; python 3." in lines
    assert "2020-01-01 00:00 UTC, load average 0.5 at the start; took 3 s" in lines
    table = lines[lines.index("**A title**") + 2 :]
    assert table == [
        "|  | median | range | compared | memory | note |",
        "| --- | --- | --- | --- | --- | --- |",
        "| loop | 400 ms | 200 – 600 |  |  |  |",
        "| batch \\| all | 20.0 ms | 10.0 – 40.0 | 1/20.0 of loop | 12.5 MiB |  |",
        "| rate | 3.50 sentences/s |  |  |  |  |",
        "| share | 14.3 % |  |  |  | of all |",
    ]


def test_the_fastest_run_of_a_rate_comes_first(tmp_path):
    results = Results(tmp_path)
    rows: list[Union[Row, Value]] = [
        Row("a", [1.0, 2.0], "items/s", work=2),
        Row("b", [2.0, 3.0], "s", baseline="c"),
        Row("c", [1.0, 2.0], "s"),
    ]
    results.add(TopicResult("lengths", _environment(), 1.0, [Table("lengths", "A title", rows)]))
    text = results.markdown()
    assert "| a | 1.50 items/s | 2.00 – 1.00 |  |" in text
    assert "| b | 2.50 s | 2.00 – 3.00 | 1.75 × of c |" in text


def test_the_json_has_every_run_and_what_was_computed_of_them(tmp_path):
    Results(tmp_path).add(_result())
    (topic,) = json.loads((tmp_path / "results.json").read_text())["topics"]
    assert topic["environment"]["cores"] == 2
    row = topic["tables"][0]["rows"][1]
    assert row["seconds"] == [0.01, 0.02, 0.04]
    assert (row["median"], row["ratio"]) == (pytest.approx(20), pytest.approx(1 / 20))


def test_topics_of_earlier_runs_stay_until_they_run_again(tmp_path):
    Results(tmp_path).add(_result())
    Results(tmp_path).add(_result("lengths", processor="Another"))
    text = Results(tmp_path).markdown()
    assert text == (tmp_path / "results.md").read_text()
    assert text.index("on A processor") < text.index("## decoding")
    assert text.index("## decoding") < text.index("on Another") < text.index("## lengths")
    Results(tmp_path).add(
        TopicResult("decoding", _environment(), 0.1, problem="there is no conll04")
    )
    text = (tmp_path / "results.md").read_text()
    assert text.count("## decoding") == 1
    assert "**not run**: there is no conll04" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.json", "results.md"]


def test_a_file_of_something_else_is_not_overwritten(tmp_path):
    file = tmp_path / "results.json"
    file.write_text('{"topics": [{"name": "mine"}]}')
    with pytest.raises(ValueError, match=r"results\.json"):
        Results(tmp_path)
    assert file.read_text() == '{"topics": [{"name": "mine"}]}'


@pytest.mark.parametrize(
    "figure, text",
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (-1.5, "-1.50"),
        (12.345, "12.3"),
        (999.6, "1,000"),
        (1234567.8, "1,234,568"),
    ],
)
def test_figures_have_three_digits_or_more(figure, text):
    assert show(figure) == text
