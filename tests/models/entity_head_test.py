from dataclasses import replace
from math import log

import pytest
import torch

from dts_ee.document import Document, Entity, Relation
from dts_ee.models import Thresholds
from tests.models.tiny_model import model_and_batch, only_network

SIX_TOKENS = Document(
    tokens=("Ada", "runs", "Velm", "in", "Tarn", "."),
    entities=(Entity("Org", 2, 3), Entity("Peop", 0, 1)),
)
THREE_TOKENS = Document(tokens=("Ben", "left", "Tarn"), entities=(Entity("Peop", 0, 1),))


def _without_preferences(model):
    """Every tag, and every step from one to another, is as good as any other."""
    with torch.no_grad():
        for tagger in only_network(model, "entity").taggers:
            for parameter in (*tagger.projection.parameters(), *tagger.crf.parameters()):
                if parameter.requires_grad:
                    parameter.zero_()


@pytest.mark.parametrize(
    ("tag_sequences", "numbers_of_tags"),
    # O, and B and I of each of two types
    [("one", [5]), ("per_type", [3, 3])],
)
def test_the_loss_is_summed_over_tokens_and_sequences_and_averaged_over_sentences(
    tag_sequences, numbers_of_tags
):
    model, batch = model_and_batch(
        {"tasks": "entities"},
        [SIX_TOKENS, THREE_TOKENS],
        reader={"tag_sequences": tag_sequences},
    )
    _without_preferences(model)
    expected = sum((6 + 3) / 2 * log(number) for number in numbers_of_tags)
    assert model(**batch)["loss"].item() == pytest.approx(expected, rel=1e-5)
    assert model.get_metrics()["ner_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_probability_of_an_entity_is_the_share_of_all_taggings():
    model, batch = model_and_batch({"tasks": "entities"}, [THREE_TOKENS])
    _without_preferences(model)
    (tagger,) = only_network(model, "entity").taggers
    names = model.vocab.get_token_to_index_vocabulary("labels")
    with torch.no_grad():
        tagger.projection.bias[names["B-Peop"]] = log(3.0)
    model.eval()
    (document,) = model(**batch)["documents"]
    assert document.entities == tuple(Entity("Peop", i, i + 1) for i in range(3))
    # Every tag weighs 1, but B-Peop 3. After O there can be O or B-Peop, after those two tags of an
    # entity I-Peop, too: what may follow weighs 4 or 5 for one more token, 4 + 3 * 5 = 19 or
    # 4 + 3 * 5 + 5 = 24 for two. The first token is O or B-Peop: all weighs 19 + 3 * 24 = 91.
    first, second, third = [entity.probability for entity in document.entities]
    # B-Peop, then O with 4 or B-Peop with 5 to follow.
    assert first == pytest.approx(3 * (4 + 3 * 5) / 91, rel=1e-5)
    # O before (1) or an entity (3), then B-Peop, then O or B-Peop.
    assert second == pytest.approx((1 + 3) * 3 * (1 + 3) / 91, rel=1e-5)
    # Two tokens: O O, O B, B O, B B, B I; then B-Peop.
    assert third == pytest.approx((1 + 3 + 3 + 9 + 3) * 3 / 91, rel=1e-5)


@pytest.mark.parametrize(
    ("stack", "task"),
    [("shared_encoder", None), ("ner_encoder", "entity"), ("relation_encoder", "relation")],
)
def test_tokens_are_dropped_out_before_each_stack(stack, task):
    model, batch = model_and_batch({"dropout": 0.25})
    module = model._shared[0] if task is None else only_network(model, task).stack
    tokens = []
    module.register_forward_pre_hook(lambda _, inputs: tokens.append(inputs[0]))
    module.encoder.register_forward_pre_hook(lambda _, inputs: tokens.append(inputs[0]))
    model.train()
    model(**batch)
    before, dropped = tokens
    is_dropped = (dropped == 0.0) & (before != 0.0)
    assert 0.1 < is_dropped.float().mean() < 0.35
    torch.testing.assert_close(dropped[~is_dropped], before[~is_dropped] / 0.75)
    model.eval()
    tokens.clear()
    model(**batch)
    assert torch.equal(*tokens)


def test_entities_below_their_threshold_are_left_out_with_their_relations():
    model, batch = model_and_batch({"relation_threshold": 0.0001}, [SIX_TOKENS])
    _without_preferences(model)
    (tagger,) = only_network(model, "entity").taggers
    names = model.vocab.get_token_to_index_vocabulary("labels")
    with torch.no_grad():
        tagger.projection.bias[names["B-Peop"]] = 3.0
    model.eval()
    (whole,) = model(**batch)["documents"]
    probabilities = [entity.probability for entity in whole.entities]
    assert len(whole.relations) == 6 * 5 * len(model.relation_types)
    least = sorted(probabilities)[2]
    kept = [i for i, probability in enumerate(probabilities) if probability >= least]
    assert 0 < len(kept) < 6
    (document,) = model(**batch, thresholds={"entity": Thresholds(least)})["documents"]
    assert document.entities == tuple(whole.entities[i] for i in kept)
    assert [(relation.head, relation.tail) for relation in document.relations] == [
        (kept.index(relation.head), kept.index(relation.tail))
        for relation in whole.relations
        if relation.head in kept and relation.tail in kept
    ]
    of_its_type = {"entity": Thresholds(by_type={"Org": 0.0, "Peop": least})}
    assert model(**batch, thresholds=of_its_type)["documents"] == [document]
    only_other_types = {"entity": Thresholds(by_type={"Org": 1.0})}
    assert model(**batch, thresholds=only_other_types)["documents"] == [whole]


def test_given_entities_have_no_threshold():
    model, batch = model_and_batch({"relation_threshold": 0.0001}, [SIX_TOKENS])
    del batch["tags"]
    batch["metadata"] = [{"document": SIX_TOKENS, "entities_given": True}]
    (document,) = model.eval()(**batch, thresholds={"entity": Thresholds(1.0)})["documents"]
    assert document.entities == SIX_TOKENS.entities


def test_given_relations_are_not_predicted_ones():
    model, batch = model_and_batch({"tasks": "entities"}, [SIX_TOKENS])
    del batch["tags"]
    given = replace(SIX_TOKENS, relations=(Relation("Work_For", 1, 0),))
    batch["metadata"] = [{"document": given, "entities_given": True}]
    (document,) = model.eval()(**batch)["documents"]
    assert document.entities == SIX_TOKENS.entities
    assert document.relations == ()


def test_the_probability_of_a_very_long_entity_may_be_zero():
    length = 200
    model, batch = model_and_batch(
        {"tasks": "entities"}, [Document(("word",) * length, (Entity("Peop", 0, length),))]
    )
    _without_preferences(model)
    (tagger,) = only_network(model, "entity").taggers
    with torch.no_grad():
        # Of the three tags that may follow I-Peop, it is a little better than the others.
        tagger.projection.bias[model.vocab.get_token_index("I-Peop", "labels")] = 0.01
    model.eval()
    (document,) = model(**batch)["documents"]
    (entity,) = document.entities
    # About 3 ** -200, where the least number is about 1e-45.
    assert (entity.span, entity.probability) == ((0, length), 0.0)
    (document,) = model(**batch, thresholds={"entity": Thresholds(0.001)})["documents"]
    assert document.entities == ()


@pytest.mark.parametrize("tag_sequences", ["one", "per_type"])
def test_the_expected_number_of_wrong_tags(tag_sequences):
    documents = [THREE_TOKENS, Document(tokens=("Ben", "left"))]
    model, batch = model_and_batch(
        {"tasks": "entities"}, documents, reader={"tag_sequences": tag_sequences}
    )
    _without_preferences(model)
    (tagger,) = only_network(model, "entity").taggers
    names = model.vocab.get_token_to_index_vocabulary("labels")
    with torch.no_grad():
        tagger.projection.bias[names["B-Peop"]] = log(3.0)
    model.eval()
    del batch["tags"]
    # As above, all taggings of three tokens weigh 91, and all of two 4 + 3 * 5 = 19. Each tag is
    # B-Peop. Of three tokens, the first weighs 3 * 24 with it, the second 4 * 3 * 5 and the third
    # 19 * 3; of two, the first 3 * 5 and the second 4 * 3.
    expected = [3 - (72 + 60 + 57) / 91, 2 - (15 + 12) / 19]
    output = model(**batch, examine=True)
    assert output["expected_errors"].tolist() == pytest.approx(expected, rel=1e-5)
    batch["metadata"][0]["entities_given"] = True
    output = model(**batch, examine=True)
    assert output["expected_errors"].tolist() == pytest.approx([0.0, expected[1]], rel=1e-5)
