import json
from dataclasses import replace
from math import exp
from typing import cast

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.testing import ModelTestCase
from allennlp.data import Batch, DataLoader, Vocabulary
from allennlp.data.dataset_readers import DatasetReader
from allennlp.evaluation.serializers import SimpleSerializer
from allennlp.models import Model

import dts_ee  # noqa: F401
from dts_ee.document import Document, Entity, Relation
from dts_ee.models import DeeperTaskSpecificity
from tests.models.tiny_model import NEWS, model_and_batch, only_network, tiny_params
from tests.tiny_transformer import build_tiny_transformer

RESBN = {"type": "resbn_transformer", "hidden_dim": 8, "num_attention_heads": 2}


class TestDeeperTaskSpecificity(ModelTestCase):
    @pytest.fixture(autouse=True)
    def model_and_folder(self, tmp_path):
        # The folder of AllenNLP's class is the same in all processes that mutmut forks.
        self.TEST_DIR = tmp_path
        path = tmp_path / "config.json"
        path.write_text(json.dumps(tiny_params()))
        self.set_up_model(path, NEWS, seed=0)

    def test_trains_saves_and_loads(self):
        self.ensure_model_can_train_save_and_load(self.param_file)

    def test_a_sentence_is_predicted_the_same_alone_and_in_a_batch(self):
        self.model.eval()
        together = self.model.forward_on_instances(self.instances)
        alone = [self.model.forward_on_instance(instance) for instance in self.instances]
        for first, second in zip(together, alone, strict=True):
            probabilities = [
                [entity.pop("probability") for entity in sentence["entities"]]
                for sentence in (first, second)
            ]
            assert probabilities[0] == pytest.approx(probabilities[1], abs=1e-4)
            assert first["entities"] == second["entities"]
            assert len(first["relations"]) == len(second["relations"])


@pytest.mark.parametrize(
    "overrides",
    [
        {"shared_encoder": RESBN},
        {"shared_encoder": RESBN, "ner_encoder": RESBN, "relation_encoder": RESBN},
        {"ner_encoder": {"type": "lstm", "hidden_size": 5, "bidirectional": False}},
        {"label_embedding_dim": 0},
        {"relation_scorer": {"pair_features": []}},
        {"span_extractor": {"type": "last_token_and_maximum"}},
        {"span_extractor": {"type": "self_attentive"}},
        {"relation_loss_weight": 0.0},
    ],
)
def test_configurations_learn(overrides):
    model, batch = model_and_batch(overrides)
    loss = model(**batch)["loss"]
    loss.backward()
    unused = [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ]
    assert loss.isfinite() and not unused


def test_two_encoders_that_divide_words_differently(tmp_path):
    names = [str(build_tiny_transformer(tmp_path / kind, kind)) for kind in ("bert", "roberta")]
    model, batch = model_and_batch(
        {
            "text_field_embedder": {
                "token_embedders": {
                    name: {"type": "frozen_transformer", "model_name": name} for name in names
                }
            }
        },
        reader={
            "token_indexers": {name: {"type": "word_pieces", "model_name": name} for name in names}
        },
    )
    masks = [tensors["mask"] for tensors in batch["tokens"].values()]
    assert len(masks) == 2 and (masks[0] == masks[1]).all() and not masks[0].all()
    assert model(**batch)["loss"].isfinite()
    # A sentence's vector is the mean of what the frozen encoders say about its tokens.
    model.eval()
    embedded = model.text_field_embedder(batch["tokens"])
    vectors = model(**batch, examine=True)["vectors"]
    for vector, tokens, mask in zip(vectors, embedded, masks[0], strict=True):
        assert torch.allclose(vector, tokens[mask].mean(0), atol=1e-5)


def test_a_sentence_vector_is_the_mean_after_the_shared_layers():
    model, batch = model_and_batch({"num_networks": 2})
    model.eval()
    layers = []
    model._shared[0].register_forward_hook(lambda _, inputs, output: layers.append(output))
    vectors = model(**batch, examine=True)["vectors"]
    lengths = [len(sentence["document"].tokens) for sentence in batch["metadata"]]
    assert len(set(lengths)) > 1
    for vector, tokens, length in zip(vectors, layers[0], lengths, strict=True):
        assert torch.allclose(vector, tokens[:length].mean(0), atol=1e-6)


def test_the_expected_errors_are_those_of_both_tasks():
    model, batch = model_and_batch()
    model.eval()
    entity, relation = model.heads.values()
    for number, head in enumerate((entity, relation), start=1):
        head.expected_errors = lambda batch, documents, number=number: torch.full((4,), 2.0**number)
    errors = model(**batch, examine=True)["expected_errors"]
    assert errors.tolist() == [2.0 + 4.0] * 4


@pytest.mark.parametrize(
    "absent",
    [
        ["shared_encoder"],
        ["ner_encoder"],
        ["relation_encoder"],
        ["shared_encoder", "ner_encoder", "relation_encoder"],
    ],
)
def test_any_stack_may_have_no_layers(absent):
    model, batch = model_and_batch(drop=absent)
    stacks = {
        "shared_encoder": model._shared[0],
        "ner_encoder": only_network(model, "entity").stack,
        "relation_encoder": only_network(model, "relation").stack,
    }
    assert {name for name, stack in stacks.items() if stack.encoder is None} == set(absent)
    assert model(**batch)["loss"].isfinite()


def test_tokens_without_shared_layers_are_dropped_out_once():
    model, batch = model_and_batch({"dropout": 0.25}, drop=["shared_encoder"])
    tokens = []
    model.text_field_embedder.register_forward_hook(lambda _, inputs, output: tokens.append(output))
    for task in ("entity", "relation"):
        only_network(model, task).stack.register_forward_pre_hook(
            lambda _, inputs: tokens.append(inputs[0])
        )
    model.train()(**batch)
    embedded, of_entities, of_relations = tokens
    assert torch.equal(of_entities, embedded)
    assert torch.equal(of_relations, embedded)


def test_the_defaults_are_the_papers():
    tiny, batch = model_and_batch()
    model = DeeperTaskSpecificity(tiny.vocab, tiny.text_field_embedder)
    entities, relations = only_network(model, "entity"), only_network(model, "relation")
    assert (entities.stack.dropout.p, relations.stack.dropout.p) == (0.35, 0.35)
    assert relations.dropout.p == 0.5
    assert relations.label_embedding.embedding_dim == 25
    head = model.heads["relation"]
    assert head.threshold == 0.9
    loss, metrics = model(**batch)["loss"].item(), model.get_metrics()
    assert loss == pytest.approx(metrics["ner_loss"] + 5.0 * metrics["relation_loss"], rel=1e-5)


def test_a_reset_of_metrics():
    model, batch = model_and_batch(documents=[TWO_RELATIONS])
    with torch.no_grad():
        tags = only_network(model, "entity").taggers[0].projection.bias
        tags[model.vocab.get_token_index("B-Peop", "labels")] += 1000.0
    model.eval()
    model(**batch)
    metrics = model.get_metrics()
    assert metrics["ner_loss"] > 0.0 < metrics["relation_loss"]
    # One of three entities.
    assert metrics["_entity_recall"] == pytest.approx(1 / 3)
    assert model.get_metrics(reset=True) == metrics
    assert set(model.get_metrics().values()) == {0.0}


def test_a_model_is_chosen_by_the_mean_of_its_tasks():
    model, _ = model_and_batch(documents=[TWO_RELATIONS])
    model.eval()
    found = replace(TWO_RELATIONS, relations=TWO_RELATIONS.relations[:1])
    for metric in model.document_metrics:
        metric([found], [TWO_RELATIONS])
    metrics = model.get_metrics()
    # Of two relations one is found.
    assert (metrics["entity_f1"], metrics["relation_f1"]) == pytest.approx((1.0, 2 / 3))
    assert metrics["mean_f1"] == pytest.approx((1.0 + 2 / 3) / 2)


def test_overfits_and_says_so(news_training):
    metrics = json.loads((news_training / "metrics.json").read_text())
    for name in ("entity_f1", "relation_f1", "_relation_boundaries_f1", "_relation_Work_For_f1"):
        assert metrics[f"best_validation_{name}"] == 1.0
    assert metrics["best_validation_mean_f1"] == 1.0
    assert metrics["training_relation_loss"] < 0.1


def test_the_progress_bar_shows_few_metrics():
    model, batch = model_and_batch()
    model.eval()
    model(**batch)
    shown = {name for name in model.get_metrics() if not name.startswith("_")}
    assert shown == {"ner_loss", "relation_loss", "entity_f1", "relation_f1", "mean_f1"}


def test_loss_is_the_documented_sum():
    model, batch = model_and_batch({"relation_loss_weight": 3.0})
    model.eval()
    loss = model(**batch)["loss"]
    metrics = model.get_metrics()
    expected = metrics["ner_loss"] + 3.0 * metrics["relation_loss"]
    assert loss.item() == pytest.approx(expected, rel=1e-5)


TWO_RELATIONS = Document(
    tokens=("Ada", "runs", "Velm", "in", "Tarn", "."),
    entities=(Entity("Org", 2, 3), Entity("Peop", 0, 1), Entity("Loc", 4, 5)),
    relations=(Relation("OrgBased_In", 0, 2), Relation("Work_For", 1, 0)),
    id="two",
)


@pytest.mark.parametrize(
    "entities", [(), (Entity("Loc", 0, 1),), (Entity("Loc", 0, 1), Entity("Loc", 1, 3))]
)
def test_batches_without_relations_or_pairs(entities):
    plain = Document(tokens=("Tarn", "and", "Velm"), entities=entities)
    model, _ = model_and_batch()
    reader = DatasetReader.from_params(Params(tiny_params()["dataset_reader"]))
    instance = reader.text_to_instance(plain)
    reader.apply_token_indexers(instance)
    batch = Batch([instance, instance])
    batch.index_instances(model.vocab)
    for mode in (model.train(), model.eval()):
        output = mode(**batch.as_tensor_dict())
        assert output["loss"].isfinite()
    output["loss"].backward()


def test_several_networks_learn_each_by_its_own_loss():
    model, batch = model_and_batch({"num_networks": 3, "dropout": 0.0, "relation_dropout": 0.0})
    loss = model(**batch)["loss"]
    metrics = model.get_metrics()
    of_metrics = metrics["ner_loss"] + 5.0 * metrics["relation_loss"]
    assert loss.item() == pytest.approx(of_metrics, rel=1e-5)
    loss.backward()
    for parameter in model.parameters():
        assert parameter.grad is not None or not parameter.requires_grad
    weights = [network.taggers[0].projection.weight for network in model.heads["entity"].networks]
    assert not torch.equal(weights[0], weights[1])
    alone = []
    networks = [model._shared, *(head.networks for head in model.heads.values())]
    members = list(zip(*networks, strict=True))
    for member in members:
        for modules, module in zip(networks, member, strict=True):
            for position in range(3):
                modules[position] = module
        alone.append(model(**batch)["loss"].item())
    assert loss.item() == pytest.approx(sum(alone) / 3, rel=1e-5)


def test_several_networks_predict_by_their_mean():
    model, batch = model_and_batch({"num_networks": 2, "relation_threshold": 0.3})
    model.eval()
    networks = zip(model.heads["entity"].networks, model.heads["relation"].networks, strict=True)
    # What one is sure of outweighs what the other prefers a little.
    preferences = (("B-Peop", 1.0, 20.0), ("B-Loc", 50.0, -2.0))
    with torch.no_grad():
        for (entities, relations), (tag, weight, bias) in zip(networks, preferences, strict=True):
            (tagger,) = entities.taggers
            tagger.projection.weight.zero_()
            tagger.projection.bias.zero_()
            tagger.projection.bias[model.vocab.get_token_index(tag, "labels")] = weight
            tagger.crf.transitions.zero_()
            relations.relation_scorer.projection.weight.zero_()
            relations.relation_scorer.projection.bias.fill_(bias)
    documents = model(**batch)["documents"]
    assert {entity.type for document in documents for entity in document.entities} == {"Loc"}
    relations = [relation for document in documents for relation in document.relations]
    assert relations
    # Of the probabilities 1 and 0.12, not of their logits.
    mean = (1 + 1 / (1 + exp(2.0))) / 2
    assert all(relation.probability == pytest.approx(mean) for relation in relations)


def test_a_joint_score_takes_in_what_is_known_of_the_entities():
    model, batch = model_and_batch({"relation_threshold": 0.0001})
    model.eval()
    alone = model(**batch)["documents"]
    model, batch = model_and_batch({"relation_threshold": 0.0001, "relation_score": "joint"})
    model.eval()
    compared = 0
    for document, joint in zip(alone, model(**batch)["documents"], strict=True):
        assert document.entities == joint.entities
        of_pairs = {
            (relation.type, relation.head, relation.tail): relation
            for relation in document.relations
        }
        for relation in joint.relations:
            own = of_pairs[relation.type, relation.head, relation.tail].probability
            head, tail = joint.entities[relation.head], joint.entities[relation.tail]
            assert 0.0 < head.probability < 1.0
            assert relation.probability == pytest.approx(own * head.probability * tail.probability)
            compared += 1
    assert compared > 10


def test_given_entities_are_certain():
    overrides = {"tasks": "relations", "relation_threshold": 0.01}
    model, batch = model_and_batch(overrides)
    model.eval()
    alone = model(**batch)["documents"]
    model, batch = model_and_batch({**overrides, "relation_score": "joint"})
    model.eval()
    assert model(**batch)["documents"] == alone
    assert any(document.relations for document in alone)


def test_a_score_that_there_is_not():
    with pytest.raises(ConfigurationError, match="`relation_score` is 'product'"):
        model_and_batch({"relation_score": "product"})


def test_allennlp_evaluate_can_write_its_batches():
    model, batch = model_and_batch()
    model.eval()
    output, readable = model(**batch), model.make_output_human_readable
    line = SimpleSerializer()(batch, output, cast(DataLoader, None), readable)
    written = json.loads(line)
    first = batch["metadata"][0]["document"]
    assert written["metadata"][0]["document"]["tokens"] == list(first.tokens)
    assert [len(entities) for entities in written["entities"]]


def test_a_model_without_networks():
    with pytest.raises(ConfigurationError, match="num_networks is 0"):
        model_and_batch({"num_networks": 0})


def test_data_without_relation_labels_trains_ner_alone():
    documents = [Document(tokens=("Tarn", "and", "Velm"), entities=(Entity("Loc", 0, 1),))]
    model, batch = model_and_batch(documents=documents)
    assert model.tasks == "joint" and list(model.heads) == ["entity"]
    model(**batch)["loss"].backward()
    model.eval()
    output = model.make_output_human_readable(model(**batch))
    assert output["relations"] == [[]]
    metrics = model.get_metrics()
    assert metrics["mean_f1"] == metrics["entity_f1"]
    assert "relation_f1" not in metrics
    with pytest.raises(ConfigurationError, match="no relations, which are the model's only task"):
        model_and_batch({"tasks": "relations"}, documents)


def test_weights_are_regularised():
    penalty = ["relation_scorer.projection.bias", {"type": "l2", "alpha": 0.5}]
    model, _ = model_and_batch({"regularizer": {"regexes": [penalty]}}, [TWO_RELATIONS])
    with torch.no_grad():
        only_network(model, "relation").relation_scorer.projection.bias.fill_(3.0)
    # Of two types of relations.
    assert model.get_regularization_penalty().item() == pytest.approx(0.5 * 2 * 3.0**2)


def test_labels_that_training_never_saw_count_as_missed():
    model, _ = model_and_batch(documents=[TWO_RELATIONS])
    unseen = Document(
        tokens=TWO_RELATIONS.tokens,
        entities=(Entity("Ship", 2, 3), Entity("Peop", 0, 1)),
        relations=(Relation("Sails", 1, 0),),
    )
    reader = DatasetReader.from_params(Params(tiny_params()["dataset_reader"]))
    instance = reader.text_to_instance(unseen)
    reader.apply_token_indexers(instance)
    model.eval()
    model.forward_on_instance(instance)
    metrics = model.get_metrics()
    assert metrics["_entity_Ship_recall"] == 0.0
    assert metrics["_relation_Sails_recall"] == 0.0


def test_overlapping_entities_count_as_missed(monkeypatch):
    nested = Document(
        tokens=("velmine", "toxicity", "came"),
        entities=(Entity("Drug", 0, 1), Entity("Adverse-Effect", 0, 2)),
        relations=(Relation("Adverse-Effect", 1, 0),),
    )
    model, batch = model_and_batch({}, [nested], reader={"on_overlap": "longest"})
    # A tagger that makes no mistake still cannot say both.
    gold = [(batch["tags"][0].tolist(), 0.0)]
    (tagger,) = only_network(model, "entity").taggers
    monkeypatch.setattr(tagger.crf, "viterbi_tags", lambda logits, mask: gold)
    model.eval()
    assert model(**batch)["loss"].isfinite()
    metrics = model.get_metrics()
    assert (metrics["_entity_precision"], metrics["_entity_recall"]) == (1.0, 0.5)
    assert metrics["_relation_recall"] == 0.0


PER_TYPE = {"tag_sequences": "per_type"}

NESTED = Document(
    tokens=("velmine", "toxicity", "came"),
    entities=(Entity("Drug", 0, 1), Entity("Adverse-Effect", 0, 2)),
    relations=(Relation("Adverse-Effect", 1, 0),),
)


@pytest.mark.parametrize(
    ("tag_encoding", "training_labels"), [("BIOUL", "gold"), ("BIO", "predicted")]
)
def test_one_sequence_of_tags_for_each_type_lets_types_overlap(tag_encoding, training_labels):
    plain = Document(tokens=("nothing", "came"))
    options = {**PER_TYPE, "tag_encoding": tag_encoding}
    model, batch = model_and_batch(
        {"training_labels": training_labels, "dropout": 0.0, "relation_dropout": 0.0},
        [NESTED, plain],
        reader=options,
    )
    assert len(only_network(model, "entity").taggers) == 2
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(50):
        optimizer.zero_grad()
        model(**batch)["loss"].backward()
        optimizer.step()
    model.eval()
    documents = model(**batch)["documents"]
    assert documents[0].entities == (Entity("Drug", 0, 1), Entity("Adverse-Effect", 0, 2))
    assert [(relation.head, relation.tail) for relation in documents[0].relations] == [(1, 0)]
    assert all(entity.probability > 0.5 for entity in documents[0].entities)
    assert documents[1].entities == ()
    assert model.get_metrics()["mean_f1"] == 1.0


def test_several_networks_agree_on_several_sequences():
    model, batch = model_and_batch({"num_networks": 2}, [NESTED, TWO_RELATIONS], reader=PER_TYPE)
    model.eval()
    documents = model(**batch)["documents"]
    assert all(
        0 < entity.probability <= 1 for document in documents for entity in document.entities
    )


def test_relations_alone_are_between_gold_entities_that_tags_express():
    model, batch = model_and_batch(
        {"tasks": "relations"}, [NESTED], reader={"on_overlap": "longest"}
    )
    model.eval()
    (document,) = model(**batch)["documents"]
    assert document.entities == (Entity("Adverse-Effect", 0, 2),)
    assert document.relations == ()


def test_relations_alone_are_between_all_entities_that_are_given():
    model, batch = model_and_batch(
        {"tasks": "relations", "relation_threshold": 0.01}, [TWO_RELATIONS]
    )
    model.eval()
    del batch["tags"]
    (sentence,) = batch["metadata"]
    entities = (Entity("Ship", 3, 4), *TWO_RELATIONS.entities)
    sentence["document"] = replace(TWO_RELATIONS, entities=entities, relations=())
    sentence["entities_given"] = True
    (document,) = model(**batch)["documents"]
    assert document.entities == entities
    assert {(each.head, each.tail) for each in document.relations} == {
        (head, tail) for head in range(4) for tail in range(4) if head != tail
    }


def test_relations_alone_take_the_given_entities_of_all_sequences():
    model, batch = model_and_batch({"tasks": "relations"}, [NESTED], reader=PER_TYPE)
    model.eval()
    (document,) = model(**batch)["documents"]
    assert set(document.entities) == set(NESTED.entities)


@pytest.mark.parametrize(
    ("tag_encoding", "tag_sequences", "in_model"),
    [
        ("BIO", "one", False),
        ("BIO", "per_type", True),
        ("BIOUL", "one", True),
        ("BIOUL", "per_type", False),
    ],
)
def test_the_tags_are_those_of_the_reader(tag_encoding, tag_sequences, in_model):
    settings = {"tag_encoding": tag_encoding, "tag_sequences": tag_sequences}
    # Version 0.1.0 wanted them in the model, too.
    overrides = {"tasks": "entities", **(settings if in_model else {})}
    model, batch = model_and_batch(overrides, reader=settings)
    tags = set(model.vocab.get_token_to_index_vocabulary("labels"))
    assert ("U-Loc" in tags) == (tag_encoding == "BIOUL")
    taggers = only_network(model, "entity").taggers
    assert len(taggers) == (1 if tag_sequences == "one" else len(model.entity_types))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.06)
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for _ in range(25):
        optimizer.zero_grad()
        model(**batch)["loss"].backward()
        optimizer.step()
    model.eval()
    model(**batch)
    assert model.get_metrics()["entity_f1"] > 0.8


@pytest.mark.parametrize(
    ("name", "of_model", "of_reader"),
    [
        ("tag_encoding", "BIO", "BIOUL"),
        ("tag_encoding", "BIOUL", "BIO"),
        ("tag_sequences", "one", "per_type"),
        ("tag_sequences", "per_type", "one"),
    ],
)
def test_settings_that_contradict_the_reader(name, of_model, of_reader):
    message = f"the model's {name} is {of_model}, but the reader's is {of_reader}: leave it out"
    with pytest.raises(ConfigurationError, match=message):
        model_and_batch({name: of_model}, reader={name: of_reader})


def test_settings_that_there_are_not():
    with pytest.raises(ConfigurationError, match="`tag_encoding` is 'IOB'"):
        model_and_batch({"tag_encoding": "IOB"})
    with pytest.raises(ConfigurationError, match="`tag_sequences` is 'two'"):
        model_and_batch({"tag_sequences": "two"})


@pytest.mark.parametrize("threshold", [0.0, 1.0, 90])
def test_a_threshold_that_is_no_probability(threshold):
    with pytest.raises(ConfigurationError, match="relation_threshold"):
        model_and_batch({"relation_threshold": threshold})


def test_no_tags_in_the_vocabulary():
    with pytest.raises(ConfigurationError, match="no tags"):
        Model.from_params(Params(tiny_params()["model"]), vocab=Vocabulary())


def test_very_many_entities_in_one_sentence():
    num_entities = 120
    crowd = Document(
        tokens=tuple(f"w{i}" for i in range(num_entities)),
        entities=tuple(Entity("Peop", i, i + 1) for i in range(num_entities)),
        relations=(Relation("Knows", 0, 119), Relation("Knows", 119, 0)),
    )
    small = {"relation_scorer": {"max_pairs_per_chunk": 500}, "label_embedding_dim": 0}
    losses = []
    for overrides in ({"relation_scorer": {}, "label_embedding_dim": 0}, small):
        model, batch = model_and_batch(
            {**overrides, "relation_dropout": 0.0, "dropout": 0.0}, [crowd]
        )
        loss = model(**batch)["loss"]
        loss.backward()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_entities_alone():
    model, batch = model_and_batch({"tasks": "entities"})
    assert list(model.heads) == ["entity"]
    assert model.recognises_entities and not model.extracts_relations
    assert model.relation_types == []
    assert model(**batch)["loss"].isfinite()
    model.eval()
    assert all(not document.relations for document in model(**batch)["documents"])
    metrics = model.get_metrics()
    assert metrics["mean_f1"] == metrics["entity_f1"]
    assert not [name for name in metrics if name.startswith("_relation")]


def test_relations_alone_are_between_the_given_entities():
    model, batch = model_and_batch({"tasks": "relations", "relation_threshold": 0.01})
    assert list(model.heads) == ["relation"]
    assert model.extracts_relations and not model.recognises_entities
    loss = model(**batch)["loss"]
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.eval()
    documents = model(**batch)["documents"]
    for document, sentence in zip(documents, batch["metadata"], strict=True):
        assert document.entities == sentence["tagged_document"].entities
    assert any(document.relations for document in documents)
    metrics = model.get_metrics()
    assert metrics["mean_f1"] == metrics["relation_f1"] > 0.0
    assert not [name for name in metrics if name.startswith("_entity")]
    del batch["tags"]
    with pytest.raises(ConfigurationError, match="needs given entities"):
        model(**batch)


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"tag_encoding": "BIOUL"},
        {"tag_sequences": "per_type"},
        {"relation_score": "joint"},
        {"label_embedding_dim": 0},
    ],
)
def test_given_entities_take_the_place_of_those_that_are_found(overrides):
    reader = {key: value for key, value in overrides.items() if key.startswith("tag_")}
    overrides = {key: value for key, value in overrides.items() if key not in reader}
    model, batch = model_and_batch({**overrides, "relation_threshold": 0.01}, reader=reader)
    model.eval()
    del batch["tags"]
    found = model(**batch)["documents"]
    assert any(document.relations for document in found)
    for sentence, document in zip(batch["metadata"], found, strict=True):
        certain = [replace(entity, probability=None) for entity in document.entities]
        sentence["document"] = replace(document, entities=tuple(certain), relations=())
        sentence["entities_given"] = True
    given = model(**batch)["documents"]
    assert [document.entities for document in given] == [document.entities for document in found]
    assert all(entity.probability is None for document in given for entity in document.entities)
    if "relation_score" in overrides:
        first = next(document for document in given if document.relations)
        assert {len(document.relations) for document in given} != {0}
        assert first.relations[0].probability > 0.01
    else:
        assert [document.relations for document in given] == [
            document.relations for document in found
        ]


def test_given_entities_may_overlap_and_be_of_any_type():
    model, batch = model_and_batch({"relation_threshold": 0.01})
    model.eval()
    del batch["tags"]
    entities = (Entity("Loc", 0, 2), Entity("Peop", 1, 2), Entity("Peop", 0, 2), Entity("No", 0, 1))
    for sentence in batch["metadata"]:
        sentence["document"] = replace(sentence["document"], entities=entities, relations=())
        sentence["entities_given"] = True
    documents = model(**batch)["documents"]
    assert all(document.entities == entities for document in documents)
    pairs = {
        (relation.head, relation.tail) for document in documents for relation in document.relations
    }
    assert len(pairs) == 12


def test_entities_are_given_for_some_sentences_of_a_batch():
    model, batch = model_and_batch({"relation_threshold": 0.01})
    model.eval()
    del batch["tags"]
    found = model(**batch)["documents"]
    first = batch["metadata"][0]
    entities = (Entity("Peop", 0, 1),)
    first["document"] = replace(first["document"], entities=entities, relations=())
    first["entities_given"] = True
    mixed = model(**batch)["documents"]
    assert mixed[0].entities == entities
    assert mixed[0].relations == ()
    for one, other in zip(mixed[1:], found[1:], strict=True):
        assert one.entities == other.entities
        assert [(relation.type, relation.head, relation.tail) for relation in one.relations] == [
            (relation.type, relation.head, relation.tail) for relation in other.relations
        ]


def test_relations_alone_learn_from_batches_without_pairs_too():
    model, batch = model_and_batch({"tasks": "relations"})
    for sentence in batch["metadata"]:
        sentence["tagged_document"] = replace(
            sentence["tagged_document"], entities=(), relations=()
        )
    with torch.no_grad():
        for parameter in only_network(model, "relation").stack.parameters():
            parameter.zero_()
    # Also if what the loss is computed from is 0.
    loss = model(**batch)["loss"]
    loss.backward()
    assert loss.item() == 0.0


def test_in_distributed_training_all_parameters_have_a_gradient(monkeypatch):
    model, batch = model_and_batch({"dropout": 0.0, "relation_dropout": 0.0})
    for sentence in batch["metadata"]:
        sentence["tagged_document"] = replace(
            sentence["tagged_document"], entities=(), relations=()
        )
    scorer = only_network(model, "relation").relation_scorer
    with torch.no_grad():
        scorer.projection.bias.zero_()
    alone = model(**batch)["loss"]
    alone.backward()
    assert scorer.projection.bias.grad is None
    gradients = {
        name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
    model.zero_grad()
    monkeypatch.setattr("dts_ee.models.dts.is_distributed", lambda: True)
    loss = model(**batch)["loss"]
    loss.backward()
    assert loss.item() == alone.item()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            torch.testing.assert_close(parameter.grad, gradients[name])
    # Only the training waits for the gradients.
    monkeypatch.setattr(model, "_zero_of_all_parameters", lambda: torch.tensor(1000.0))
    assert model.eval()(**batch)["loss"].item() == alone.item()


def test_the_labels_of_training_may_be_the_predicted_ones():
    model, batch = model_and_batch({"training_labels": "predicted", "dropout": 0.0})
    embedded = []
    only_network(model, "relation").label_embedding.register_forward_pre_hook(
        lambda _, inputs: embedded.append(inputs[0])
    )
    with torch.no_grad():
        only_network(model, "entity").taggers[0].projection.bias[0] += 1000.0
    model(**batch)["loss"].backward()
    assert len(batch["tags"].unique()) > 1
    assert embedded[0].unique().tolist() == [0]
    # The loss on validation data is that of the gold ones, which is before the predicted relations.
    embedded.clear()
    model.eval()(**batch)
    assert 0 not in embedded[0].tolist()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"tasks": "both"}, "`tasks` is 'both'"),
        ({"training_labels": "some"}, "`training_labels` is 'some'"),
        ({"tasks": "relations", "training_labels": "predicted"}, "without the NER head"),
    ],
)
def test_tasks_and_labels_that_there_are_not(overrides, message):
    with pytest.raises(ConfigurationError, match=message):
        model_and_batch(overrides)
