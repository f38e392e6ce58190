import pytest

from dts_ee.corpora.context import with_context
from dts_ee.corpora.spert import document_to_json
from dts_ee.document import Document


def documents(*ids, texts=None):
    """Documents of two tokens, the index of the document and a full stop."""
    return [
        Document((str(i), "."), id=id, whole_text=None if texts is None else texts[i])
        for i, id in enumerate(ids)
    ]


def contexts(*args, **others):
    return [
        (" ".join(document.tokens_before), " ".join(document.tokens_after))
        for document in with_context(*args, **others)
    ]


def test_neighbours_of_a_text():
    assert contexts(documents(None, None, None, None), 2) == [
        ("", "1 . 2 ."),
        ("0 .", "2 . 3 ."),
        ("0 . 1 .", "3 ."),
        ("1 . 2 .", ""),
    ]
    assert contexts(documents(None, None, None), 1) == [
        ("", "1 ."),
        ("0 .", "2 ."),
        ("1 .", ""),
    ]
    assert contexts(documents(None, None), 0) == [("", ""), ("", "")]
    assert contexts([], 2) == []


@pytest.mark.parametrize(
    "ids",
    [
        # The second text begins in its middle; the third has one sentence; one is missing in the
        # fourth.
        ["a-1", "a-2", "b-7", "b-8", "c", "d-1", "d-3"],
        ["a-9", "a-10", "b-b-99", "b-b-100", None, "d-3", "d-4-1"],
        ["a-1", "a-2", "a-1", "a-2", "a", "a-01", "a-3"],
    ],
)
def test_identifiers_tell_where_a_text_ends(ids):
    assert contexts(documents(*ids), 2) == [
        ("", "1 ."),
        ("0 .", ""),
        ("", "3 ."),
        ("2 .", ""),
        ("", ""),
        ("", ""),
        ("", ""),
    ]


def test_identifiers_of_sentences_that_are_no_numbers_tell_nothing():
    # SciERC's in SpERT's form, and those of CoNLL04 and ADE.
    ids = ["55b1c509-5b1a-49b0-a090-19f64bc8bb55", "9da0f0cd-1618-443a-b10f-bfaa2f4cf268"]
    assert contexts(documents(*ids), 1) == [("", "1 ."), ("0 .", "")]
    assert contexts(documents("3255", "95", "2447"), 1) == [
        ("", "1 ."),
        ("0 .", "2 ."),
        ("1 .", ""),
    ]


def test_whole_texts_tell_where_a_text_ends():
    texts = ["0 . 1 .", "0 . 1 .", "2 ."]
    assert contexts(documents(None, None, None, texts=texts), 2) == [
        ("", "1 ."),
        ("0 .", ""),
        ("", ""),
    ]


def test_a_document_is_otherwise_the_same():
    given = documents("a-1", "a-2")
    assert with_context(given, 1) == given
    before, after = (
        list(map(document_to_json, items)) for items in (given, with_context(given, 1))
    )
    assert before == after
