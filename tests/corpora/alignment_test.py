import pytest
from hypothesis import given

from dts_ee.corpora import align_tokens
from dts_ee.document import DocumentError
from tests.documents import documents


def test_tokens_are_found_between_white_space():
    assert align_tokens(["Ann", "left", "."], "\u00a0Ann  left.\n") == ((1, 4), (6, 10), (10, 11))


def test_text_of_another_sentence_names_the_first_token_that_differs():
    with pytest.raises(DocumentError, match=r"tokens\[1\] is 'left'.* 'came' at character 4"):
        align_tokens(["Ann", "left"], "Ann came")


def test_text_that_goes_on_is_an_error():
    with pytest.raises(DocumentError, match="' home' is left over"):
        align_tokens(["Ann", "left"], "Ann left home")


@given(documents())
def test_alignment_finds_the_offsets_of_every_document(document):
    if document.text is not None:
        assert align_tokens(document.tokens, document.text) == document.token_offsets
