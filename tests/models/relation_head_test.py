from dataclasses import replace
from math import log

import pytest
import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.document import Document, Entity, Relation
from dts_ee.models import Thresholds
from dts_ee.models.relation_head import relation_targets, relations_above
from tests.models.tiny_model import model_and_batch, only_network

COLUMNS = {"OrgBased_In": 0, "Work_For": 1}
ALL_CAN_HOLD = torch.tensor(True)
TYPES = {column: name for name, column in COLUMNS.items()}
THREE_ENTITIES = Document(
    tokens=("Ada", "runs", "Velm", "in", "Tarn", "."),
    entities=(Entity("Org", 2, 3), Entity("Peop", 0, 1), Entity("Loc", 4, 5)),
    relations=(Relation("OrgBased_In", 0, 2), Relation("Work_For", 1, 0)),
    id="two",
)


ALONE = Document(tokens=("Tarn", "sleeps"), entities=(Entity("Loc", 0, 1),))


def test_targets_stand_at_their_pair():
    targets = relation_targets([ALONE, THREE_ENTITIES, THREE_ENTITIES], COLUMNS)
    assert targets.shape == (12, 2)
    # Of each sentence of three: (0, 1) (0, 2) (1, 0) (1, 2) (2, 0) (2, 1).
    expected = {(1, 0), (2, 1), (6 + 1, 0), (6 + 2, 1)}
    assert {tuple(position) for position in targets.nonzero().tolist()} == expected


def test_a_type_without_a_column_has_no_target():
    targets = relation_targets([THREE_ENTITIES], {"Work_For": 0})
    assert targets.flatten().tolist() == [0, 0, 1, 0, 0, 0]


def test_relations_stand_at_their_pair():
    two = (Entity("Peop", 0, 1), Entity("Org", 2, 3))
    probabilities = torch.full((2 + 6, len(COLUMNS)), 0.1)
    probabilities[1, COLUMNS["Work_For"]] = 0.75
    probabilities[2 + 3, COLUMNS["OrgBased_In"]] = 0.5
    relations = relations_above(
        {"OrgBased_In": 0.5, "Work_For": 0.75},
        probabilities,
        [(), two, ALONE.entities, THREE_ENTITIES.entities],
        TYPES,
        ALL_CAN_HOLD,
    )
    assert relations == [
        [],
        [Relation("Work_For", 1, 0, 0.75)],
        [],
        [Relation("OrgBased_In", 1, 2, 0.5)],
    ]


def test_several_relations_may_hold_for_one_pair():
    two = (Entity("Peop", 0, 1), Entity("Org", 2, 3))
    probabilities = torch.tensor([[0.9, 0.8], [0.0, 0.0]])
    (relations,) = relations_above(
        dict.fromkeys(COLUMNS, 0.7), probabilities, [two], TYPES, ALL_CAN_HOLD
    )
    assert {relation.type for relation in relations} == set(COLUMNS)


def test_each_type_has_its_threshold():
    two = (Entity("Peop", 0, 1), Entity("Org", 2, 3))
    probabilities = torch.tensor([[0.6, 0.6], [0.3, 0.9]])
    thresholds = {"Work_For": 0.7, "OrgBased_In": 0.5}
    (relations,) = relations_above(thresholds, probabilities, [two], TYPES, ALL_CAN_HOLD)
    found = [(relation.type, relation.head) for relation in relations]
    assert found == [("OrgBased_In", 0), ("Work_For", 1)]


def test_targets_and_relations_are_inverse():
    targets = relation_targets([THREE_ENTITIES], COLUMNS)
    (relations,) = relations_above(
        dict.fromkeys(COLUMNS, 0.5), targets, [THREE_ENTITIES.entities], TYPES, ALL_CAN_HOLD
    )
    found = {(relation.type, relation.head, relation.tail) for relation in relations}
    assert found == {(item.type, item.head, item.tail) for item in THREE_ENTITIES.relations}


def test_there_are_no_targets_without_pairs():
    assert relation_targets([ALONE, ALONE], COLUMNS).shape == (0, 2)


TWO_ENTITIES = Document(
    tokens=("Ben", "left", "Tarn"), entities=(Entity("Peop", 0, 1), Entity("Loc", 2, 3))
)


def test_the_loss_is_summed_over_relations_and_averaged_over_pairs():
    model, batch = model_and_batch(
        {"tasks": "relations", "relation_loss_weight": 3.0}, [THREE_ENTITIES, TWO_ENTITIES]
    )
    scorer = only_network(model, "relation").relation_scorer
    probabilities = {"OrgBased_In": 0.75, "Work_For": 0.5}
    with torch.no_grad():
        scorer.projection.weight.zero_()
        for name, probability in probabilities.items():
            column = model.vocab.get_token_index(name, "relation_labels")
            scorer.projection.bias[column] = log(probability / (1 - probability))
    loss = model(**batch)["loss"]
    # Of 6 + 2 pairs, each relation holds for one.
    of_org_based_in = -(log(0.75) + 7 * log(0.25))
    of_work_for = -8 * log(0.5)
    expected = (of_org_based_in + of_work_for) / 8
    assert loss.item() == pytest.approx(3.0 * expected, rel=1e-5)
    assert model.get_metrics()["relation_loss"] == pytest.approx(expected, rel=1e-5)


def _symmetric_model(**overrides):
    """A model for which the direction of `Work_For` has no meaning, and a batch."""
    reader = {"symmetric_relations": ["Work_For", "Married"]}
    documents = [THREE_ENTITIES, TWO_ENTITIES]
    return model_and_batch({"tasks": "relations", **overrides}, documents, reader=reader)


def test_both_orders_are_examples_of_a_relation_without_a_direction():
    model, batch = _symmetric_model(relation_loss_weight=1.0)
    scorer = only_network(model, "relation").relation_scorer
    with torch.no_grad():
        scorer.projection.weight.zero_()
        scorer.projection.bias.fill_(log(0.75 / 0.25))
    loss = model(**batch)["loss"]
    # Of 6 + 2 pairs, Work_For holds for two, OrgBased_In for one.
    expected = -(3 * log(0.75) + 13 * log(0.25)) / 8
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_a_relation_without_a_direction_is_predicted_once(monkeypatch):
    model, batch = _symmetric_model(relation_threshold=0.5)
    column = model.vocab.get_token_index("Work_For", "relation_labels")
    # Of the first sentence, by its entities' order: Peop (0), Org (1), Loc (2).
    probabilities = torch.zeros(6 + 2, 2)
    probabilities[0, column], probabilities[2, column] = 0.9, 0.3
    probabilities[1, column], probabilities[4, column] = 0.7, 0.1
    probabilities[3, 1 - column] = 0.5
    head = model.heads["relation"]
    monkeypatch.setattr(head, "_relation_probabilities", lambda batch, entities: probabilities)
    model.eval()
    output = model(**batch, examine=True)
    first, second = output["documents"]
    assert [entity.type for entity in first.entities] == ["Peop", "Org", "Loc"]
    found = {
        (relation.type, relation.head, relation.tail): relation.probability
        for relation in first.relations
    }
    assert found == {
        ("Work_For", 0, 1): pytest.approx((0.9 + 0.3) / 2),
        ("OrgBased_In", 1, 2): pytest.approx(0.5),
    }
    assert second.relations == ()
    # One minus 0.6, one minus 0.5, and the mean of 0.7 and 0.1.
    assert output["expected_errors"].tolist() == pytest.approx([0.4 + 0.5 + 0.4, 0.0])
    # The gold relation from the second entity to the first is the predicted one.
    metrics = model.get_metrics()
    assert (metrics["_relation_precision"], metrics["_relation_recall"]) == (1.0, 1.0)
    # With all candidates, too, it is one.
    thresholds = {"relation": Thresholds(0.0)}
    candidates = model(**batch, thresholds=thresholds)["documents"][0].relations
    of_type = [(item.head, item.tail) for item in candidates if item.type == "Work_For"]
    assert of_type == [(0, 1), (0, 2), (1, 2)]


def _entity_vectors(relation_dropout):
    model, batch = model_and_batch(
        {"tasks": "relations", "dropout": 0.0, "relation_dropout": relation_dropout}
    )
    vectors = []
    only_network(model, "relation").relation_scorer.register_forward_pre_hook(
        lambda _, inputs: vectors.append(inputs[0].vectors)
    )
    for module in model.modules():
        if isinstance(module, torch.nn.GRU):
            module.dropout = 0.0
    model.train()
    model(**batch)
    model.eval()
    model(**batch)
    return vectors[0], vectors[-1]


def test_entities_are_dropped_out_before_relations_are_scored():
    whole, _ = _entity_vectors(0.0)
    dropped, in_evaluation = _entity_vectors(0.25)
    assert dropped.shape == whole.shape
    is_zero = dropped == 0.0
    assert 0.15 < is_zero.float().mean() < 0.35
    torch.testing.assert_close(dropped[~is_zero], whole[~is_zero] / 0.75)
    assert (in_evaluation != 0.0).all()


TWO_WORDS = Document(
    tokens=("Ada", "Lee", "runs", "Velm"),
    entities=(Entity("Peop", 0, 2), Entity("Org", 3, 4)),
    relations=(Relation("Work_For", 0, 1),),
)


@pytest.mark.parametrize("training", [True, False])
def test_an_entity_is_its_last_token_and_the_tag_of_it(training):
    model, batch = model_and_batch(
        {"tasks": "relations", "dropout": 0.0, "relation_dropout": 0.0},
        [TWO_ENTITIES, ALONE, TWO_WORDS],
    )
    network = only_network(model, "relation")
    encoded, entities = [], []
    network.stack.register_forward_hook(lambda _, inputs, output: encoded.append(output))
    network.relation_scorer.register_forward_pre_hook(lambda _, inputs: entities.extend(inputs))
    # A loss in either mode, and a prediction after it except in training.
    model.train(training)(**batch)
    (tokens,) = encoded
    found, heads, tails = entities[-3:]
    last_tokens = [(0, 0, "B-Peop"), (0, 2, "B-Loc"), (1, 0, "B-Loc"), (2, 1, "I-Peop")]
    last_tokens.append((2, 3, "B-Org"))
    expected = [
        torch.cat(
            [
                tokens[sentence, token],
                network.label_embedding.weight[model.vocab.get_token_index(tag, "labels")],
            ]
        )
        for sentence, token, tag in last_tokens
    ]
    torch.testing.assert_close(found.vectors, torch.stack(expected))
    assert found.sentences.tolist() == [0, 0, 1, 2, 2]
    assert (found.starts.tolist(), found.ends.tolist()) == ([0, 2, 0, 0, 3], [1, 3, 1, 2, 4])
    assert (heads.tolist(), tails.tolist()) == ([0, 1, 3, 4], [1, 0, 4, 3])


@pytest.mark.parametrize("dim", [0, 1, 3])
def test_the_size_of_the_tag_embedding(dim):
    model, batch = model_and_batch({"tasks": "relations", "label_embedding_dim": dim})
    network = only_network(model, "relation")
    if dim == 0:
        assert network.label_embedding is None
    else:
        num_tags = model.vocab.get_vocab_size("labels")
        assert network.label_embedding.weight.shape == (num_tags, dim)
    assert model(**batch)["loss"].isfinite()


def test_the_threshold_of_a_call_stays_with_it():
    model, batch = model_and_batch({"relation_threshold": 0.9})
    model.eval()
    own = model(**batch)["documents"]
    every = model(**batch, thresholds={"relation": Thresholds(0.0)})["documents"]
    assert sum(len(document.relations) for document in own) == 0
    num_types = len(model.relation_types)
    for document in every:
        num_entities = len(document.entities)
        assert len(document.relations) == num_entities * (num_entities - 1) * num_types
    assert model(**batch)["documents"] == own
    first, *_ = model.relation_types
    thresholds = {"relation": Thresholds(by_type={first: 0.0})}
    some = model(**batch, thresholds=thresholds)["documents"]
    assert {relation.type for document in some for relation in document.relations} == {first}
    assert sum(len(document.relations) for document in some) * num_types == sum(
        len(document.relations) for document in every
    )


def test_a_threshold_for_a_head_without_one():
    model, batch = model_and_batch()
    with pytest.raises(ConfigurationError, match="no head 'topic' with a threshold"):
        model.eval()(**batch, thresholds={"topic": Thresholds(0.5)})


def test_gold_entities_are_those_that_tags_express_in_the_order_of_their_spans():
    model, _ = model_and_batch({"tasks": "relations"}, [THREE_ENTITIES])
    head = model.heads["relation"]
    unknown = replace(
        THREE_ENTITIES,
        entities=(*THREE_ENTITIES.entities, Entity("Ship", 3, 4), Entity("Loc", 0, 1)),
        relations=(),
    )
    expected = (
        Entity("Loc", 0, 1),
        Entity("Peop", 0, 1),
        Entity("Org", 2, 3),
        Entity("Loc", 4, 5),
    )
    assert head._tagged_entities(unknown) == expected


def test_the_expected_number_of_wrong_decisions_on_pairs(monkeypatch):
    model, _ = model_and_batch({"relation_threshold": 0.75})
    head = model.heads["relation"]
    two = Document(tokens=("Ada", "runs", "Velm"), entities=THREE_ENTITIES.entities[:2])
    probabilities = torch.zeros(6 + 2, len(model.relation_types))
    # Not predicted, just predicted, and predicted for sure.
    probabilities[0, :2] = torch.tensor([0.5, 0.75])
    probabilities[5, :2] = torch.tensor([0.25, 1.0])
    probabilities[6, :2] = torch.tensor([0.875, 0.125])
    monkeypatch.setattr(head, "_probabilities", lambda batch, entities: probabilities)
    errors = head.expected_errors(None, [THREE_ENTITIES, ALONE, two])
    assert errors.tolist() == [0.5 + 0.25 + 0.25, 0.0, 0.125 + 0.125]
