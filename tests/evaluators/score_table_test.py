from dts_ee.evaluators.score_table import score_table
from dts_ee.metrics import TypedCounts


def counted(predicted, gold) -> TypedCounts:
    counts = TypedCounts()
    counts.count(set(predicted), set(gold))
    return counts


def test_a_table_has_averages_and_types_in_aligned_columns():
    # By hand: of Loc, 1 of 2 predicted is right, and there is 1; of Peop, nothing is predicted, and
    # there are 2. Together: precision 1/2, recall 1/3, F1 2 * 1 / (2 + 3); macro F1 (2/3 + 0) / 2.
    entities = counted(
        [("Loc", (0, 1)), ("Loc", (3, 4))],
        [("Loc", (0, 1)), ("Peop", (5, 6)), ("Peop", (7, 8))],
    )
    assert score_table([("NER", entities), ("RE", TypedCounts())]).splitlines() == [
        "            precision  recall    F1  gold  predicted  right",
        "NER  micro       50.0    33.3  40.0     3          2      1",
        "NER  macro       25.0    50.0  33.3",
        "NER  Loc         50.0   100.0  66.7     1          2      1",
        "NER  Peop         0.0     0.0   0.0     2          0      0",
        "RE   micro        0.0     0.0   0.0     0          0      0",
        "RE   macro        0.0     0.0   0.0",
    ]


def test_control_characters_in_types_are_escaped():
    item = ("P\x1b[31m\nx", (0, 1))
    lines = score_table([("NER", counted([item], [item]))]).splitlines()
    assert lines[-1].split()[:3] == ["NER", r"P\x1b[31m", "x"]


def test_wide_characters_take_two_columns():
    item = ("人物", (0, 1))
    lines = score_table([("NER", counted([item], [item]))]).splitlines()
    assert lines[-1] == "NER  人物       100.0   100.0  100.0     1          1      1"
    # Both characters are as wide as four letters.
    assert len(lines[-1]) + 2 == len(lines[1])
