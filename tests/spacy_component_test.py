import ast
import inspect
import warnings
from dataclasses import replace

import numpy
import pytest
import spacy
from allennlp.common.checks import ConfigurationError
from spacy.tokens import Doc, DocBin, Span

# It registers the component, also where the entry point is not installed.
import dts_ee_spacy
from dts_ee import Document, Entity, Extractor, Relation
from dts_ee.corpora.docbin import read_docbin
from dts_ee.corpora.spacy_docs import user_data_key
from dts_ee.corpora.spacy_predictions import set_extensions
from dts_ee.document import DocumentError
from tests.corpora.raw_text import reading
from tests.documents import named_relations
from tests.paths import FIXTURES

JOINT = str(FIXTURES / "archives" / "joint.tar.gz")
PER_TYPE = str(FIXTURES / "archives" / "per_type.tar.gz")

MARTA = "Marta Lindqvist grew up in Tarnby and now writes for the Harbour Gazette."
TEXT = f"Nobody came. {MARTA}"
FOUND = [
    ("Live_In", "Marta Lindqvist", "Tarnby"),
    ("Work_For", "Marta Lindqvist", "Harbour Gazette"),
]
NESTED = "Withdrawal brought on lorvatine rebound pain , for which calprazole was given ."


def pipeline(model=JOINT, sentencizer=True, **config):
    nlp = spacy.blank("en")
    if sentencizer:
        nlp.add_pipe("sentencizer")
    nlp.add_pipe("dts_ee", config={"model": model, **config})
    return nlp


@pytest.fixture(scope="module")
def nlp():
    return pipeline()


@pytest.fixture(scope="module")
def nested():
    return pipeline(PER_TYPE)


@pytest.fixture(scope="module")
def extractor():
    return Extractor.load(JOINT)


def relations(doc):
    return [(item.label, item.head.text, item.tail.text) for item in doc._.relations]


def entities(doc):
    return [(span.text, span.label_) for span in doc.ents]


def saved(path, *docs):
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def test_a_doc_has_the_entities_and_relations_of_the_extractor(nlp, extractor):
    doc = nlp(TEXT)
    nobody, marta = extractor.predict(
        [Document(tokens=tuple(token.text for token in sentence)) for sentence in doc.sents]
    )
    assert nobody.entities == () and len(marta.entities) == 3
    assert entities(doc) == [(marta.entity_text(entity), entity.type) for entity in marta.entities]
    assert relations(doc) == named_relations(marta) == FOUND
    found = [relation.probability for relation in marta.relations]
    assert [relation.probability for relation in doc._.relations] == found
    assert [relation.head for relation in doc._.relations] == [doc.ents[0]] * 2
    scores = [entity.probability for entity in marta.entities]
    assert doc.spans["dts_ee"].attrs["scores"].tolist() == scores
    first, second = doc._.dts_ee
    assert (first.text, first.start_char, first.entities) == ("Nobody came.", 0, ())
    assert (second.text, second.start_char) == (MARTA, 13)
    assert (second.tokens, second.entities) == (marta.tokens, marta.entities)
    assert second.relations == marta.relations


def test_rel_is_that_of_spacys_relation_component(nlp):
    doc = nlp(TEXT)
    live_in, work_for = (relation.probability for relation in doc._.relations)
    types = ("Kill", "Live_In", "Located_In", "OrgBased_In", "Work_For")
    starts = (3, 8, 14)
    expected = {
        (head, tail): dict.fromkeys(types, 0.0)
        for head in starts
        for tail in starts
        if head != tail
    }
    expected[3, 8]["Live_In"] = live_in
    expected[3, 14]["Work_For"] = work_for
    assert doc._.rel == expected


def test_texts_are_predicted_together(nlp, monkeypatch):
    component = nlp.get_pipe("dts_ee")
    sizes = []
    predict = component.extractor.predict

    def counting(sentences, *args):
        sizes.append(len(sentences))
        return predict(sentences, *args)

    monkeypatch.setattr(component.extractor, "predict", counting)
    texts = [MARTA, "", TEXT, " \n ", "Nobody came."]
    docs = list(nlp.pipe(texts, batch_size=4))
    assert sizes == [3, 1]
    assert [doc.text for doc in docs] == texts
    assert [relations(doc) for doc in docs] == [FOUND, [], FOUND, [], []]
    for doc in (docs[1], docs[3]):
        assert (doc.ents, len(doc.spans["dts_ee"]), doc._.rel, doc._.dts_ee) == ((), 0, {}, [])


def test_overlapping_entities_are_in_the_group_of_spans(nested, tmp_path):
    doc = nested(NESTED)
    pain, drug = ("lorvatine rebound pain", "Adverse-Effect"), ("lorvatine", "Drug")
    assert entities(doc) == [pain, ("calprazole", "Drug")]
    group = [(span.text, span.label_) for span in doc.spans["dts_ee"]]
    assert sorted(group) == sorted([pain, drug, ("calprazole", "Drug")])
    ((head, tail, label, _),) = doc._.relations
    assert [(head.text, head.label_), (tail.text, tail.label_), label] == [pain, drug, pain[1]]
    # The keys of `rel` cannot tell the two entities that begin at token 3.
    assert doc._.rel == {(3, 9): {"Adverse-Effect": 0.0}, (9, 3): {"Adverse-Effect": 0.0}}
    corpus = read_docbin(saved(tmp_path / "a.spacy", doc), reading())
    assert corpus.documents[0].entities == (Entity(pain[1], 3, 6), Entity("Drug", 9, 10))
    assert ['doc.spans["dts_ee"]' in str(remark) for remark in corpus.remarks] == [True]


def test_where_the_entities_go():
    nlp = pipeline(annotate_ents=False, spans_key="people")
    nlp.add_pipe("entity_ruler", before="dts_ee").add_patterns(
        [{"label": "NAME", "pattern": "Nobody"}]
    )
    doc = nlp(TEXT)
    assert entities(doc) == [("Nobody", "NAME")]
    assert list(doc.spans) == ["people"] and len(doc.spans["people"]) == 3
    assert relations(doc) == FOUND
    assert not pipeline(spans_key=None)(TEXT).spans


def test_a_file_of_predictions_is_a_corpus(nlp, tmp_path):
    path = saved(tmp_path / "a.spacy", *nlp.pipe([TEXT, "", MARTA]))
    corpus = read_docbin(path, reading())
    first, second, third = corpus.documents
    assert (first.text, first.relations) == ("Nobody came.", ())
    doc = nlp(TEXT)
    predicted = doc._.dts_ee[1]
    for found in (second, third):
        assert (found.text, found.tokens, found.entities) == (
            MARTA,
            predicted.tokens,
            predicted.entities,
        )
        assert named_relations(found) == FOUND
        assert [relation.probability for relation in found.relations] == pytest.approx(
            [relation.probability for relation in predicted.relations]
        )
    assert [remark.problem for remark in corpus.remarks] == ["text without words"]
    # Corrections count.
    doc.ents = doc.ents[:2]
    assert [named_relations(d) for d in read_docbin(saved(path, doc), reading()).documents] == [
        [],
        FOUND[:1],
    ]
    doc._.rel = {(8, 3): {"Kill": 1.0}}
    corrected = read_docbin(saved(path, doc), reading()).documents[1]
    assert corrected.relations == (Relation("Kill", 1, 0),)


def test_predictions_are_saved_with_a_doc(nlp):
    doc = nlp(TEXT)
    from_bytes = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    (from_bin,) = DocBin().from_bytes(DocBin([], True, [doc]).to_bytes()).get_docs(nlp.vocab)
    for again in (from_bytes, from_bin):
        assert again._.dts_ee == doc._.dts_ee
        assert again._.rel == doc._.rel
        assert relations(again) == FOUND
        assert numpy.array_equal(
            again.spans["dts_ee"].attrs["scores"], doc.spans["dts_ee"].attrs["scores"]
        )


def test_a_new_prediction_replaces_what_was_stored(nlp):
    doc = nlp(TEXT)
    doc._.rel = {}
    doc._.relations = [{"type": "Kill", "head": 0, "tail": 1}]
    assert (doc._.rel, doc._.relations) == ({}, [{"type": "Kill", "head": 0, "tail": 1}])
    nlp.get_pipe("dts_ee")(doc)
    assert relations(doc) == FOUND
    assert doc._.rel[3, 8]["Live_In"] > 0.5


def test_a_doc_without_predictions():
    doc = spacy.blank("en")("Nobody came.")
    assert (doc._.dts_ee, doc._.relations, doc._.rel) == ([], [], {})


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ("[", "these are no predictions"),
        (["a"], "these are no predictions"),
        ("[" * 100_000, "these are no predictions"),
        ('{"sentences": []}', "these are no predictions: 'relation_types'"),
        (
            '{"relation_types": [], "sentences": '
            '[{"tokens": ["She"], "entities": [], "sentence": "She"}]}',
            "'She' is not in the text",
        ),
    ],
)
def test_predictions_of_a_damaged_file(tmp_path, stored, problem):
    doc = spacy.blank("en")("Nobody came.")
    doc.ents = []
    doc.user_data[user_data_key("dts_ee")] = stored
    with pytest.raises(DocumentError, match=f"document #1, field dts_ee: {problem}"):
        read_docbin(saved(tmp_path / "a.spacy", doc), reading())


def test_tokens_and_sentences_are_those_of_the_pipeline(nlp, extractor):
    words = ["Nobody", "\n", "Marta", "Lindqvist", "lives", "in", "Tar", "nby", "\u200b", "."]
    spaces = [False, False, True, True, True, True, False, False, False, False]
    doc = Doc(nlp.vocab, words, spaces, sent_starts=[i in (0, 2) for i in range(10)])
    nlp.get_pipe("dts_ee")(doc)
    first, second = doc._.dts_ee
    assert first.tokens == ("Nobody",)
    assert second.tokens == ("Marta", "Lindqvist", "lives", "in", "Tar", "nby", "\u200b", ".")
    expected = extractor.predict([Document(tokens=second.tokens)])[0]
    assert second.entities == expected.entities
    assert [(span.start, span.end) for span in doc.ents] == [
        (entity.start + 2, entity.end + 2) for entity in expected.entities
    ]


def test_without_sentences_the_model_finds_them(extractor):
    nlp = pipeline(sentencizer=False)
    text = f"Nobody came\n\n{MARTA} She left."
    doc = nlp(text)
    assert doc._.dts_ee == extractor(text)
    sentences = ["Nobody came", MARTA, "She left."]
    assert [sentence.text.strip() for sentence in doc.sents] == sentences
    assert len(nlp("Nobody")._.dts_ee) == 1


def test_sentences_of_a_setting(tmp_path):
    saw = spacy.blank("en")
    saw.add_pipe("sentencizer", config={"punct_chars": ["saw"]})
    saw.to_disk(tmp_path / "saw")
    text = "Ann left. She saw\nBo left."
    for setting, expected in {
        "lines": ["Ann left. She saw", "Bo left."],
        "whole": [text],
        str(tmp_path / "saw"): ["Ann left. She saw", "Bo left."],
    }.items():
        doc = pipeline(sentences=setting)(text)
        assert [sentence.text for sentence in doc._.dts_ee] == expected
        assert [sentence.text.strip() for sentence in doc.sents] == [
            "Ann left.",
            "She saw\nBo left.",
        ]
    with pytest.raises(ConfigurationError, match="there is no spaCy pipeline 'xx_none'"):
        pipeline(sentences="xx_none")


def test_a_long_sentence_is_divided_with_a_warning(nlp):
    with pytest.warns(UserWarning, match="a sentence of 300 tokens is divided after at most 256"):
        doc = nlp("and so on " * 100)
    assert [len(sentence.tokens) for sentence in doc._.dts_ee] == [256, 44]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp("and so on " * 85 + "forth")


def test_windows_of_sentences(nlp, monkeypatch):
    predictor = nlp.get_pipe("dts_ee").extractor.predictor
    monkeypatch.setattr(predictor, "_reading", replace(predictor.reading, windows=2))
    doc = nlp(f"{TEXT} She left.")
    assert [sentence.text for sentence in doc._.dts_ee] == [TEXT, "She left."]
    assert len(list(doc.sents)) == 3


def test_neighbouring_sentences_are_the_context(nlp, monkeypatch):
    component = nlp.get_pipe("dts_ee")
    predictor = component.extractor.predictor
    monkeypatch.setattr(predictor, "_reading", replace(predictor.reading, context_sentences=1))
    sentences = component._sentences(nlp.make_doc("Ann left. Bo left."))
    assert [sentence.tokens_after for sentence in sentences] == [("Bo", "left", "."), ()]


def with_ruler(labels, **config):
    nlp = pipeline(**config)
    patterns = [{"label": label, "pattern": text, "id": text} for text, label in labels.items()]
    nlp.add_pipe("entity_ruler", before="dts_ee").add_patterns(patterns)
    return nlp


def test_given_entities(extractor):
    nlp = with_ruler({"Marta Lindqvist": "Peop", "Tarnby": "Loc"}, given_entities=True)
    doc = nlp(TEXT)
    assert entities(doc) == [("Marta Lindqvist", "Peop"), ("Tarnby", "Loc")]
    assert list(doc.spans) == []
    (relation,) = doc._.relations
    (expected,) = extractor(MARTA, entities=[("Peop", 0, 15), ("Loc", 27, 33)])[0].relations
    assert relations(doc) == FOUND[:1]
    assert relation.probability == pytest.approx(expected.probability)
    # It is the entity of `doc.ents`, with its identifier.
    assert (relation.head, relation.head.id_) == (doc.ents[0], "Marta Lindqvist")
    assert sorted(doc._.rel) == [(3, 8), (8, 3)]
    assert nlp("Nobody came.")._.relations == []


def test_given_entities_have_the_models_types_by_a_dictionary():
    labels = {"Marta Lindqvist": "PERSON", "Tarnby": "GPE", "Harbour Gazette": "PAPER"}
    nlp = with_ruler(labels, given_entities={"PERSON": "Peop", "GPE": "Loc"})
    doc = nlp(TEXT)
    assert relations(doc) == FOUND[:1]
    assert [relation.head.label_ for relation in doc._.relations] == ["PERSON"]
    assert [entity.type for entity in doc._.dts_ee[1].entities] == ["Peop", "Loc"]
    assert len(doc.ents) == 3
    with pytest.raises(ConfigurationError, match="'GPE' is to be 'Place', which the model does"):
        pipeline(given_entities={"GPE": "Place"})


@pytest.mark.parametrize("value", ["Peop", ["Peop"], None, 1])
def test_given_entities_that_are_neither_true_nor_a_dictionary(value):
    with pytest.raises(ConfigurationError, match="^given_entities is .* or a dictionary from labe"):
        pipeline(given_entities=value)


def test_an_unknown_label_is_an_error_of_its_batch():
    nlp = with_ruler({"Marta Lindqvist": "PERSON"}, given_entities=True)
    problem = r"doc.ents\[0\]: the model does not know the label 'PERSON' of 'Marta Lindqvist'"
    with pytest.raises(DocumentError, match=problem):
        nlp(TEXT)
    with pytest.raises(DocumentError, match=problem):
        list(nlp.pipe([TEXT]))
    failed = []
    nlp.set_error_handler(lambda name, component, docs, error: failed.append((name, len(docs))))
    texts = [doc.text for doc in nlp.pipe(["Nobody came.", TEXT, "She left."], batch_size=2)]
    assert (texts, failed) == (["She left."], [("dts_ee", 2)])


def test_an_entity_across_sentences_joins_them():
    nlp = pipeline(given_entities=True)
    doc = spacy.blank("en")("Nobody came. Marta lives in Tarnby.")
    doc.set_ents([Span(doc, 1, 4, "Peop"), Span(doc, 6, 7, "Loc")])
    doc[3].is_sent_start = True
    nlp.get_pipe("dts_ee")(doc)
    assert len(doc._.dts_ee) == 1


def test_thresholds():
    config = {"relation_threshold": {"Live_In": 1.0}, "entity_threshold": "Org=1"}
    doc = pipeline(**config)(TEXT)
    assert (relations(doc), len(doc.ents)) == ([], 2)
    with pytest.raises(ConfigurationError, match="relation_threshold: 2 is not a probability"):
        pipeline(relation_threshold=2)


def test_a_pipeline_is_saved_with_its_settings(tmp_path):
    nlp = pipeline(relation_threshold={"Live_In": 1.0}, given_entities={"PERSON": "Peop"})
    nlp.to_disk(tmp_path / "pipeline")
    assert not list(tmp_path.rglob("*.tar.gz"))
    again = spacy.load(tmp_path / "pipeline")
    assert again.config["components"]["dts_ee"] == nlp.config["components"]["dts_ee"]
    assert again.pipe_labels["dts_ee"] == ["Loc", "Org", "Other", "Peop"]
    assert again.from_bytes(nlp.to_bytes())(TEXT)._.relations == []


def test_a_pipeline_can_include_its_model(tmp_path):
    model = tmp_path / "model.tar.gz"
    model.write_bytes((FIXTURES / "archives" / "joint.tar.gz").read_bytes())
    nlp = pipeline(str(model), include_model=True)
    assert nlp.pipe_labels["dts_ee"] == []
    nlp.to_disk(tmp_path / "pipeline")
    assert relations(nlp(TEXT)) == FOUND
    copy = tmp_path / "pipeline" / "dts_ee" / "model.tar.gz"
    assert copy.read_bytes() == model.read_bytes()
    model.unlink()
    moved = (tmp_path / "pipeline").rename(tmp_path / "moved")
    again = spacy.load(moved)
    assert relations(again(TEXT)) == FOUND
    # Over itself, too.
    again.to_disk(moved)
    assert relations(spacy.load(moved)(TEXT)) == FOUND
    # The copy is loaded like any archive.
    (moved / "dts_ee" / "model.tar.gz").write_bytes(b"other")
    with pytest.raises(ConfigurationError, match="this is no model.tar.gz as a training writes"):
        spacy.load(moved)


def test_a_model_is_needed():
    with pytest.raises(ValueError, match="the component 'dts_ee' needs a model"):
        spacy.blank("en").add_pipe("dts_ee")
    with pytest.raises(ConfigurationError, match="none.tar.gz: there is no such file or folder"):
        pipeline("none.tar.gz")


def test_extensions_of_others_are_not_replaced():
    extension = Doc.get_extension("relations")
    Doc.set_extension("relations", getter=len, force=True)
    try:
        with pytest.raises(ValueError, match="another package computes doc._.relations"):
            set_extensions()
        Doc.set_extension("relations", default=None, force=True)
        set_extensions()
        assert Doc.get_extension("relations") == extension
    finally:
        Doc.set_extension("relations", getter=extension[2], force=True)


def test_other_pipelines_do_not_import_the_package():
    # spaCy imports this file for each pipeline.
    body = ast.parse(inspect.getsource(dts_ee_spacy)).body
    imported = [
        ast.unparse(node) for node in body if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert imported == [
        "from typing import Any, Dict, Optional, Union",
        "from spacy.language import Language",
    ]
