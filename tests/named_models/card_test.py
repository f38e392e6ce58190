import json

from dts_ee.named_models.card import Encoder, Figures, ModelCard

CARD = ModelCard(
    "news-small",
    "1.0.0",
    "CC0",
    "Finds people.",
    ["Loc", "Peop"],
    ["Live_In"],
    training_data={"files": ["news.json"], "sentences": 1200, "entities": 30, "relations": 7},
    figures={
        "development": {"entities": Figures(0.9, 0.8, 0.847, 0.8, {"Loc": 0.7, "Peop": 0.9})},
        "test": {
            "entities": Figures(0.9, 0.8, 0.8471, 0.812, {"Loc": 0.725, "Peop": 0.9}),
            "relations": Figures(1.0, 0.5, 0.6667, 0.6667, {"Live_In": 0.6667}, "RE"),
        },
    },
    encoders=[Encoder("minilm", False, "Apache-2.0"), Encoder("own", True)],
    num_parameters=1234567,
    made_with={"dts-ee": "0.1.0"},
)


def test_a_card_is_read_as_it_was_written():
    assert ModelCard.from_json(CARD.to_json()) == CARD
    assert ModelCard.from_json(json.dumps({"name": "a", "version": "1", "new": 1})) == ModelCard(
        "a", "1"
    )


def test_the_summary_has_the_figures_of_the_test_data():
    assert CARD.summary() == (
        "2 entity types; 1 relation type; NER 84.7 / RE 66.7 (test); needs minilm"
    )
    assert ModelCard("a", "1", entities_given=True, relation_types=["r"]).summary() == (
        "entities are given; 1 relation type"
    )


def test_the_card_for_people():
    text = CARD.to_markdown()
    assert text.startswith("# news-small 1.0.0\n\nFinds people.\n")
    for line in (
        "| Licence | CC0 |",
        "| Training data | news.json: 1,200 sentences, 30 entities, 7 relations |",
        "| Encoder | minilm, Apache-2.0 (not included: `dts-ee fetch minilm` gets it) |",
        "| Encoder | own (included) |",
        "| Trained parameters | 1,234,567 |",
        "| Entities | Loc, Peop |",
        "| Relations | Live_In |",
        "| test data | entities | 90.0 | 80.0 | 84.7 | 81.2 |",
        "| test data | relations | 100.0 | 50.0 | 66.7 | 66.7 |",
        "F1 of the types of entities, test data: Loc 72.5, Peop 90.0.",
    ):
        assert line in text.splitlines()
    assert "which are few" not in text
    assert "The epoch was chosen" not in text


def test_types_with_a_new_line_or_a_bar_stay_in_their_cell():
    figures = {"test": {"entities": Figures(1.0, 1.0, 1.0, 1.0, {"in\na": 0.5})}}
    lines = (
        ModelCard(
            "a", "1", entity_types=["in\na", "b|c"], relation_types=["\td\r\ne"], figures=figures
        )
        .to_markdown()
        .splitlines()
    )
    assert "| Entities | in a, b\\|c |" in lines
    assert "| Relations | d e |" in lines
    assert "F1 of the types of entities, test data: in a 50.0." in lines


def test_limits_that_not_every_model_has():
    small = ModelCard(
        "a",
        "1",
        entity_types=["Loc"],
        training_data={"files": ["a"], "sentences": 30},
        figures={"development": {"entities": Figures(1.0, 1.0, 1.0, 1.0, {})}},
    ).to_markdown()
    assert "It was trained on 30 sentences, which are few" in small
    assert "The epoch was chosen by the development data" in small
    assert "| Licence | not stated |" in small
    assert "None are known." in ModelCard("a", "1").to_markdown()
