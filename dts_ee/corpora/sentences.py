"""
The sentences of a raw text.
"""

from dataclasses import replace
from typing import Optional, Sequence

from dts_ee.characters import is_blank
from dts_ee.corpora.annotated_text import DIVIDED_TOKEN, OTHER_UNIT, AnnotatedText, TextEntity
from dts_ee.corpora.context import with_context
from dts_ee.corpora.corpus import REPEATED_ENTITY, Remark
from dts_ee.corpora.sentence_rules import Spans
from dts_ee.corpora.text_reading import TextReading
from dts_ee.document import Document, DocumentError


def sentences_of(
    text: str,
    reading: TextReading,
    entities: Sequence[TextEntity] = (),
    max_tokens: Optional[int] = None,
    document_id: Optional[str] = None,
    remarks: Optional[list[Remark]] = None,
) -> list[Document]:
    """
    The sentences of a text, or its windows of sentences, with `start_char`, the character at which
    they begin.

    No sentence ends inside an entity. Tokens are divided where a given entity begins or ends inside
    them.

    # Parameters

    text : `str`
        The text.
    reading : `TextReading`
        How the text is divided into sentences and tokens.
    entities : `Sequence[TextEntity]`, optional (default = `()`)
        Given entities; errors name them by their locations.
    max_tokens : `int`, optional (default = `None`)
        Longer sentences, such as tables without full stops, are divided at the last possible end of
        a line, or else after this many tokens, but not inside an entity.
    document_id : `str`, optional (default = `None`)
        The text's identifier. Its sentences get `id-1`, `id-2`, …, or `id` if there is only one.
    remarks : `list[Remark]`, optional (default = `None`)
        Remarks are added where the entities' offsets count something else than code points, and
        where tokens are divided.

    # Returns

    `list[Document]`
        The sentences; empty if the text has no words.

    # Raises

    `DocumentError`
        If an entity has no words, is not in the text, is another text or occurs twice.
    """
    spans = reading.tokenize(text)
    if not spans and not entities:
        return []
    starts = reading.sentence_starts(text, spans)
    if max_tokens is not None:
        starts = _bounded(text, spans, starts, max_tokens)
    documents = _documents(
        text, spans, starts, entities, document_id, remarks, True, reading.windows
    )
    if len(documents) == 1:
        return [_trimmed(documents[0])]
    return with_context(documents, reading.context_sentences)


def one_sentence(
    text: str,
    reading: TextReading,
    entities: Sequence[TextEntity],
    document_id: Optional[str] = None,
    remarks: Optional[list[Remark]] = None,
) -> Document:
    """
    A text as a single sentence, with given entities.

    # Parameters

    text, reading, entities, document_id, remarks
        See `sentences_of`.

    # Raises

    `DocumentError`
        If the text has no words, or as in `sentences_of`.
    """
    if is_blank(text):
        raise DocumentError("there are no words in the sentence", "sentence", document_id)
    return _documents(text, reading.tokenize(text), [0], entities, document_id, remarks)[0]


def _documents(
    text: str,
    spans: Spans,
    starts: Sequence[int],
    entities: Sequence[TextEntity],
    document_id: Optional[str],
    remarks: Optional[list[Remark]],
    with_start_chars: bool = False,
    windows: int = 1,
) -> list[Document]:
    annotated = AnnotatedText(
        document_id or "",
        text,
        list(entities),
        tokens=spans,
        sentence_starts=[spans[start][0] for start in starts[1:]],
        with_start_chars=with_start_chars,
        repair=False,
    )
    documents = annotated.documents(
        TextReading(lambda text: spans, divide_tokens=True, windows=windows)
    )
    for remark in annotated.remarks:
        if remark.lost or remark.problem == REPEATED_ENTITY:
            problem = f"{remark.problem}: {remark.detail}"
            raise DocumentError(problem, remark.location, document_id)
        if remark.problem in (OTHER_UNIT, DIVIDED_TOKEN) and remarks is not None:
            remarks.append(remark)
    if document_id is None:
        return [replace(document, id=None) for document in documents]
    return documents


def _bounded(text: str, spans: Spans, starts: Sequence[int], max_tokens: int) -> list[int]:
    bounded = []
    for start, end in zip(starts, [*starts[1:], len(spans)], strict=True):
        while end - start > max_tokens:
            bounded.append(start)
            start = _division(text, spans, start, start + max_tokens)
        bounded.append(start)
    return bounded


def _division(text: str, spans: Spans, start: int, last: int) -> int:
    """The last token from `start + 1` to `last` that begins a line; `last` if none does."""
    for i in range(last, start, -1):
        if "\n" in text[spans[i - 1][1] : spans[i][0]]:
            return i
    return last


def _trimmed(sentence: Document) -> Document:
    """The only sentence of a text, without the white space around it."""
    assert sentence.text is not None
    assert sentence.token_offsets is not None
    first, last = sentence.token_offsets[0][0], sentence.token_offsets[-1][1]
    return replace(
        sentence,
        text=sentence.text[first:last],
        token_offsets=tuple((start - first, end - first) for start, end in sentence.token_offsets),
        start_char=first,
    )
