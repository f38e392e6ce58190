from dts_ee import entities_to_pandas, relations_to_pandas
from dts_ee.document import Document, Entity, Relation

SENTENCES = [
    Document(
        ("Ann", "Lee", "left", "Rome", "."),
        (Entity("Peop", 0, 2, 0.75), Entity("Loc", 3, 4)),
        (Relation("Left", 0, 1, 0.5),),
        "a-2",
        "Ann Lee left Rome.",
        ((0, 3), (4, 7), (8, 12), (13, 17), (17, 18)),
        start_char=10,
    ),
    Document(("Bo", "sang"), (Entity("Peop", 0, 1),)),
]


def test_each_entity_is_a_row():
    table = entities_to_pandas(SENTENCES)
    assert list(table.columns) == [
        *("document", "type", "text", "start", "end", "start_char", "end_char", "probability")
    ]
    assert table.fillna("none").to_numpy().tolist() == [
        ["a-2", "Peop", "Ann Lee", 0, 2, 10, 17, 0.75],
        ["a-2", "Loc", "Rome", 3, 4, 23, 27, "none"],
        [1, "Peop", "Bo", 0, 1, 0, 2, "none"],
    ]


def test_each_relation_is_a_row():
    table = relations_to_pandas(SENTENCES)
    assert len(table) == 1
    assert table.iloc[0].dropna().to_dict() == {
        "document": "a-2",
        "type": "Left",
        "probability": 0.5,
        "head_type": "Peop",
        "head_text": "Ann Lee",
        "head_start": 0,
        "head_end": 2,
        "head_start_char": 10,
        "head_end_char": 17,
        "head_probability": 0.75,
        "tail_type": "Loc",
        "tail_text": "Rome",
        "tail_start": 3,
        "tail_end": 4,
        "tail_start_char": 23,
        "tail_end_char": 27,
    }
    assert SENTENCES[0].to_pandas().equals(table)  # type: ignore[attr-defined]


def test_a_table_without_rows_has_its_columns():
    assert list(relations_to_pandas([])) == list(relations_to_pandas(SENTENCES))
    assert list(entities_to_pandas(Document(("Bo",)))) == list(entities_to_pandas(SENTENCES))
