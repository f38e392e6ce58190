"""The neighbouring sentences of a sentence, as its context."""

from dataclasses import replace
from itertools import chain, pairwise
from typing import Sequence

from dts_ee.corpora.text_groups import is_next_sentence
from dts_ee.document import Document


def with_context(documents: Sequence[Document], number: int) -> list[Document]:
    """
    The documents with the tokens of their neighbours as `tokens_before` and `tokens_after`.

    Only documents of the same text are neighbours. Readers call the sentences of a text `id-1`,
    `id-2` and so on. If no two documents in a row have such identifiers, nothing tells where texts
    begin, and all documents are of one text, unless their `whole_text` differs.

    # Parameters

    documents : `Sequence[Document]`
        Sentences in the order of their texts.
    number : `int`
        The largest number of neighbours on each side.
    """
    if number == 0:
        return list(documents)
    are_numbered = any(is_next_sentence(*pair) for pair in pairwise(documents))
    texts: list[list[Document]] = []
    for document in documents:
        previous = texts[-1][-1] if texts else None
        if (
            previous is None
            or document.whole_text != previous.whole_text
            or (are_numbered and not is_next_sentence(previous, document))
        ):
            texts.append([])
        texts[-1].append(document)
    return [
        replace(
            document,
            tokens_before=_tokens(text[max(i - number, 0) : i]),
            tokens_after=_tokens(text[i + 1 : i + 1 + number]),
        )
        for text in texts
        for i, document in enumerate(text)
    ]


def _tokens(documents: Sequence[Document]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(document.tokens for document in documents))
