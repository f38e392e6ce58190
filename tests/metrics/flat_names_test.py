import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.document import Document, Entity
from dts_ee.metrics import EntityF1, MetricKey, Score
from dts_ee.metrics.flat_names import check_names, flatten, metrics_of, unflatten
from dts_ee.metrics.metric_key import MACRO, MICRO
from dts_ee.tasks import scores_in

PROTOCOLS = {
    "entity": ("strict", "boundaries"),
    "relation": ("strict", "boundaries", "gold_pairs"),
    "sentence": ("partial", "strict"),
}

# Names that could be taken for something else, and whatever can be made of them.
WORDS = st.sampled_from(
    ["macro", "micro", "type", "strict", "boundaries", "gold", "pairs", "partial", "f1", "recall"]
    + ["precision", "entity", "relation", "best", "validation", "", "Peop", "Live", "É", "a b"]
)
TYPES = st.lists(WORDS, min_size=1, max_size=5).map("_".join) | st.text(max_size=6)
NUMBERS = st.floats(0, 1)
SCORES = st.builds(Score, NUMBERS, NUMBERS, NUMBERS)


@st.composite
def keys(draw):
    task = draw(st.sampled_from(sorted(PROTOCOLS)))
    if draw(st.booleans()):
        return MetricKey(task, type=draw(TYPES))
    average = draw(st.sampled_from([MICRO, MACRO]))
    return MetricKey(task, draw(st.sampled_from(PROTOCOLS[task])), average=average)


@given(st.dictionaries(keys(), SCORES, max_size=12), st.booleans())
def test_scores_come_back_whatever_types_are_called(scores, underscores):
    flat = flatten(scores, PROTOCOLS, underscores)
    # No two numbers have one name.
    assert len(flat) == 3 * len(scores)
    assert unflatten(flat, PROTOCOLS) == scores
    among_others = {f"validation_{name}": number for name, number in flat.items()}
    among_others.update({"entity_loss": 0.5, "loss": 1.0, "epoch_f1": 2, "best_validation_loss": 3})
    assert unflatten(metrics_of(among_others, "validation_"), PROTOCOLS) == scores
    assert unflatten(among_others, PROTOCOLS) == {}


@pytest.mark.parametrize(
    ("key", "name", "hidden_name"),
    [
        (MetricKey("entity", average=MICRO), "entity_f1", "entity_f1"),
        (MetricKey("entity", average=MACRO), "entity_macro_f1", "_entity_macro_f1"),
        (
            MetricKey("entity", "boundaries", average=MICRO),
            "entity_boundaries_f1",
            "_entity_boundaries_f1",
        ),
        (
            MetricKey("relation", "gold_pairs", average=MACRO),
            "relation_gold_pairs_macro_f1",
            "_relation_gold_pairs_macro_f1",
        ),
        (MetricKey("entity", type="Peop"), "_entity_Peop_f1", "_entity_Peop_f1"),
        (MetricKey("entity", type="f1"), "_entity_f1_f1", "_entity_f1_f1"),
        (MetricKey("entity", type="strict"), "_entity_strict_f1", "_entity_strict_f1"),
        # Entities have no such protocol.
        (MetricKey("entity", type="gold_pairs"), "_entity_gold_pairs_f1", "_entity_gold_pairs_f1"),
        (MetricKey("entity", type="macro"), "_entity_type_macro_f1", "_entity_type_macro_f1"),
        (
            MetricKey("entity", type="type_macro"),
            "_entity_type_type_macro_f1",
            "_entity_type_type_macro_f1",
        ),
        (MetricKey("entity", type="type_Peop"), "_entity_type_Peop_f1", "_entity_type_Peop_f1"),
        (
            MetricKey("relation", type="boundaries_macro"),
            "_relation_type_boundaries_macro_f1",
            "_relation_type_boundaries_macro_f1",
        ),
    ],
)
def test_names(key, name, hidden_name):
    score = {key: Score(0.25, 0.75, 0.375)}
    assert flatten(score, PROTOCOLS)[name] == 0.375
    assert flatten(score, PROTOCOLS, underscores=True)[hidden_name] == 0.375


def test_the_progress_bar_shows_only_the_strict_micro_f1():
    flat = flatten({MetricKey("entity", average=MICRO): Score(0.5, 1, 0.67)}, PROTOCOLS, True)
    assert flat == {"_entity_precision": 0.5, "_entity_recall": 1, "entity_f1": 0.67}


def test_a_type_called_macro_leaves_the_macro_average_alone():
    gold = Document(("a", "b"), (Entity("macro", 0, 1), Entity("Loc", 1, 2)))
    predicted = Document(("a", "b"), (Entity("Loc", 1, 2),))
    metric = EntityF1()
    metric([predicted], [gold])
    flat = metric.get_metric()
    # F1 1 of Loc and 0 of the type.
    assert flat["entity_macro_f1"] == 0.5
    assert flat["_entity_type_macro_f1"] == 0
    assert flat["_entity_Loc_f1"] == 1
    scores = scores_in(flat)
    assert scores[MetricKey("entity", average=MACRO)].f1 == 0.5
    assert scores[MetricKey("entity", type="macro")].f1 == 0


def test_a_new_protocol_is_no_type():
    protocols = {"entity": (*PROTOCOLS["entity"], "overlap")}
    scores = {
        MetricKey("entity", protocol, average=average): Score(0.5, 0.5, 0.5)
        for protocol in protocols["entity"]
        for average in (MICRO, MACRO)
    }
    scores[MetricKey("entity", type="overlap")] = Score(0.25, 0.25, 0.25)
    flat = flatten(scores, protocols, underscores=True)
    assert flat["_entity_overlap_f1"] == 0.5
    read = unflatten(flat, protocols)
    assert read == scores
    assert [key.type for key in read if key.type is not None] == ["overlap"]


def test_a_score_that_lacks_a_number_is_none():
    assert unflatten({"entity_f1": 0.5, "_entity_recall": 0.5}, PROTOCOLS) == {}


@pytest.mark.parametrize(
    ("protocols", "message"),
    [
        ({"": ("strict",)}, "is not a valid name"),
        ({"_entity": ("strict",)}, "is not a valid name"),
        ({"entity": ("boundaries",)}, "has no protocol strict"),
        ({"entity": ("strict", "macro")}, "has a name that is taken"),
        ({"entity": ("strict", "a", "a_macro")}, "has a name that is taken"),
        ({"entity": ("strict", "type_a")}, "has a name that is taken"),
        ({"entity": ("strict",), "entity_link": ("strict",)}, "names of types of"),
    ],
)
def test_names_that_would_say_two_things_are_refused(protocols, message):
    with pytest.raises(ValueError, match=message):
        check_names(protocols)


@pytest.mark.parametrize("parts", [{}, {"average": "micro", "type": "Peop"}, {"average": "mean"}])
def test_a_key_is_of_an_average_or_of_a_type(parts):
    with pytest.raises(ValueError, match="average|neither"):
        MetricKey("entity", **parts)


def test_there_is_no_name_for_a_type_under_another_protocol():
    scores = {MetricKey("entity", "boundaries", type="Peop"): Score(1, 1, 1)}
    with pytest.raises(ValueError, match="a type under boundaries"):
        flatten(scores, PROTOCOLS)
