import sys

import pytest

from dts_ee.analysis.table import FORMATS, Cell, Table

TABLE = Table(
    ["", "seeds", "NER"],
    [
        [
            Cell("a|b_c", {"name": "a|b_c"}),
            2,
            Cell("65.0 ± 7.1", {"{} mean (%)": 65.00000000000001, "{} deviation (%)": 7.0710678}),
        ],
        [Cell("x − y", {"name": "x − y"}), None, Cell("-1.5 (-2.0)", {"{} difference": -1.5})],
    ],
)
RENDERED = {
    "markdown": """
|  | seeds | NER |
| --- | --- | --- |
| a\\|b_c | 2 | 65.0 ± 7.1 |
| x − y | – | -1.5 (-2.0) |
""",
    "latex": r"""
\begin{tabular}{lrr}
\toprule
 & seeds & NER \\
\midrule
a|b\_c & 2 & 65.0 $\pm$ 7.1 \\
x $-$ y & -- & $-$1.5 ($-$2.0) \\
\bottomrule
\end{tabular}
""",
    "csv": """
name,seeds,NER mean (%),NER deviation (%),NER difference
a|b_c,2,65,7.07107,
x − y,,,,-1.5
""",
}


@pytest.mark.parametrize("format", FORMATS)
def test_each_format(format):
    assert TABLE.render(format) == RENDERED[format].strip("\n")


def test_numbers_are_shown_with_one_decimal_and_nothing_as_a_dash():
    table = Table(["a", "b", "c", "d"], [["x\ny", 3, 0.25, None], ["", 4, 2.0, 1 / 3]])
    assert table.render().splitlines()[2:] == ["| x y | 3 | 0.2 | – |", "|  | 4 | 2.0 | 0.3 |"]
    assert table.render("csv") == 'a,b,c,d\n"x\ny",3,0.25,\n,4,2,0.333333'


def test_control_characters_do_not_reach_the_terminal():
    assert Table(["a"], [["P\x1b[31m\r\nx"]]).render().splitlines()[2:] == [r"| P\x1b[31m x |"]


def test_a_table_without_rows_has_a_header():
    table = Table(["a", "b"], [])
    assert table.render() == "| a | b |\n| --- | --- |"
    assert table.render("csv") == "a,b"
    assert r"a & b \\" in table.render("latex")


def test_a_csv_file_ends_with_a_line_break(tmp_path):
    TABLE.write_csv(tmp_path / "table.csv")
    text = (tmp_path / "table.csv").read_bytes().decode("utf-8")
    assert text == RENDERED["csv"].removeprefix("\n")


def test_markdown_does_not_import_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert TABLE.render() == RENDERED["markdown"].strip("\n")
