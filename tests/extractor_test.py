import multiprocessing

import pytest
import torch
from allennlp.common.checks import ConfigurationError

from dts_ee import Document, Entity, Extractor
from dts_ee.document import DocumentError

TEXT = "Marta Lindqvist grew up in Tarnby and now writes for the Harbour Gazette."
GIVEN = [("Peop", 0, 15), ("Loc", 27, 33), ("Org", 57, 72)]


@pytest.fixture(scope="module")
def extractor(news_archive):
    return Extractor.from_archive(news_archive)


def relations(document):
    return {
        (
            relation.type,
            document.entity_text(document.entities[relation.head]),
            document.entity_text(document.entities[relation.tail]),
        )
        for relation in document.relations
    }


FOUND = {
    ("Live_In", "Marta Lindqvist", "Tarnby"),
    ("Work_For", "Marta Lindqvist", "Harbour Gazette"),
}


def test_a_text(extractor):
    text = f"Nobody came.\n\n{TEXT}"
    first, second = extractor(text)
    assert (first.start_char, first.text) == (0, "Nobody came.")
    assert (second.start_char, second.text) == (14, TEXT)
    assert first.id is None
    assert relations(second) == FOUND
    assert all(0.5 <= relation.probability <= 1.0 for relation in second.relations)


def test_several_texts(extractor):
    whole, nothing, two = extractor([TEXT, " ", "Nobody came. Nobody left."])
    assert relations(whole[0]) == FOUND
    assert nothing == []
    assert [sentence.text for sentence in two] == ["Nobody came.", "Nobody left."]
    assert extractor([]) == []
    assert extractor("") == []


def test_given_entities(extractor):
    (sentence,) = extractor(TEXT, entities=GIVEN[:2])
    assert sentence.entities == (Entity("Peop", 0, 2), Entity("Loc", 5, 6))
    assert relations(sentence) == {("Live_In", "Marta Lindqvist", "Tarnby")}
    first, second = extractor([TEXT, TEXT], entities=[[], GIVEN])
    assert first[0].entities == ()
    assert relations(second[0]) == FOUND
    with pytest.raises(DocumentError, match=r"entities\[0\].type: .* 'Ship'"):
        extractor(TEXT, entities=[("Ship", 0, 5)])
    with pytest.raises(ValueError, match="there are 2 texts, but entities has 1 items; the enti"):
        extractor([TEXT, TEXT], entities=[GIVEN])


@pytest.mark.parametrize(
    "text, entities, wrong",
    [
        ([TEXT], [("Peop", 0, 15)], "this has 'Peop' for an entity"),
        (TEXT, [[("Peop", 0, 15)]], r"this has \[\('Peop', 0, 15\)\] for an entity"),
        (TEXT, ("Peop", 0, 15), "this has 'Peop' for an entity"),
        (TEXT, [("Peop", 0)], r"this has \('Peop', 0\) for an entity"),
        (TEXT, [{"type": "Peop", "start": 0, "end": 15}], "this has {'type': .* for an entity"),
        (TEXT, "Peop", "this is 'Peop'"),
        ([TEXT], {"Peop": [0, 15]}, "this is {'Peop': "),
        ([TEXT], [3], "this is 3"),
    ],
)
def test_entities_of_another_shape_are_refused(extractor, text, entities, wrong):
    expected = r"the entities of a text are a list of tuples .*; those of several texts a list of "
    with pytest.raises(TypeError, match=f"^{expected}.*; {wrong}"):
        extractor(text, entities=entities)


@pytest.mark.parametrize(
    "sentences, wrong",
    [
        (Document(tokens=("Marta", "writes")), "this is Document"),
        ("abc", "this is str"),
        (["abc"], "this is a list of str"),
        ([["Marta", "writes"]], "this is a list of list"),
        (None, "this is NoneType"),
    ],
)
def test_what_are_no_documents_is_refused_by_predict(extractor, sentences, wrong):
    with pytest.raises(TypeError, match=rf"^`predict` takes a list of documents, .*; {wrong}$"):
        extractor.predict(sentences)


@pytest.mark.parametrize("text", [{"text": "Ann left."}, b"Ann", None, 3, ["Ann", {}]])
def test_what_is_no_text_is_refused(extractor, text):
    with pytest.raises(TypeError, match="an extractor takes a text or a list of texts, not "):
        extractor(text)


def test_tokenised_sentences(extractor):
    tokens = (*TEXT[:-1].split(), ".")
    (found,) = extractor.predict([Document(tokens=tokens)])
    assert relations(found) == FOUND
    assert found.tokens == tokens
    known = Document(tokens=tokens, entities=(Entity("Peop", 0, 2), Entity("Loc", 5, 6)))
    (given,) = extractor.predict([known], entities_given=True)
    assert given.entities == known.entities
    assert relations(given) == {("Live_In", "Marta Lindqvist", "Tarnby")}


def test_arguments_of_the_predictor(news_training):
    # The folder of the training does as well.
    eager = Extractor.from_archive(news_training, relation_threshold=0.0, max_batch_tokens=8)
    assert len(eager(TEXT)[0].relations) > len(FOUND)
    with pytest.raises(ConfigurationError, match="max_batch_tokens is 0"):
        Extractor.from_archive(news_training, max_batch_tokens=0)


def test_thresholds_of_a_call(news_training, extractor):
    assert relations(extractor(TEXT, relation_threshold="Live_In=1")[0]) == {
        ("Work_For", "Marta Lindqvist", "Harbour Gazette")
    }
    (sentence,) = extractor([TEXT], entity_threshold={"Loc": 1.0})[0]
    assert [entity.type for entity in sentence.entities] == ["Peop", "Org"]
    assert relations(sentence) == {("Work_For", "Marta Lindqvist", "Harbour Gazette")}
    tokens = Document(tokens=(*TEXT[:-1].split(), "."))
    (found,) = extractor.predict([tokens], entity_threshold=1.0, relation_threshold=0.0)
    assert (found.entities, found.relations) == ((), ())
    (found,) = extractor.predict([tokens], relation_threshold="Live_In=1")
    assert len(found.entities) == 3
    assert relations(found) == {("Work_For", "Marta Lindqvist", "Harbour Gazette")}
    for call in (lambda: extractor(TEXT, entity_threshold=2), lambda: extractor.predict([], 0, 2)):
        with pytest.raises(ConfigurationError, match="entity_threshold: 2 is not a probability"):
            call()
    # They are only of the call.
    assert relations(extractor(TEXT)[0]) == FOUND
    strict = Extractor.load(news_training, entity_threshold="Peop=1", relation_threshold=0.0)
    (sentence,) = strict(TEXT)
    assert [entity.type for entity in sentence.entities] == ["Loc", "Org"]
    assert len(sentence.relations) > 2
    assert relations(strict(TEXT, entity_threshold=0, relation_threshold=0.5)[0]) == FOUND


def test_a_sentence_shows_itself(extractor):
    (sentence,) = extractor(TEXT)
    assert "Live_In" in sentence._repr_html_()
    text, annotations = sentence.to_brat()
    assert text == TEXT
    assert "R1\tLive_In Arg1:T1 Arg2:T2\n" in annotations
    assert set(sentence.to_networkx().edges(keys=True)) == {(0, 1, "Live_In"), (0, 2, "Work_For")}
    assert len(sentence.to_displacy()["arcs"]) == 2


def test_a_fork_has_one_thread(extractor):
    """With more, it could wait for ever for the threads of the process that it is a copy of."""
    text = "Marta lives in Tarnby."
    expected = relations(extractor(text)[0])
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        extractor(text)
        context = multiprocessing.get_context("fork")
        for predict in (extractor, lambda text: extractor.predict([Document(tuple(text.split()))])):
            results = context.SimpleQueue()

            def predict_there(predict=predict, results=results):
                predict(text)
                results.put((torch.get_num_threads(), relations(extractor(text)[0])))

            process = context.Process(target=predict_there)
            process.start()
            process.join(60)
            process.kill()
            assert process.exitcode == 0
            assert results.get() == (1, expected)
        extractor(text)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
