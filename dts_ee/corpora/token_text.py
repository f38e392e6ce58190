"""
Texts of which the tokens are known, and not the characters.
"""

from dataclasses import replace
from typing import Hashable, Optional, Sequence

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.text_reading import Spans, TextReading
from dts_ee.document import Document, DocumentError, Field, FieldParts


class TokenText:
    """
    A text of one or several sentences, with its entities by their tokens.

    # Parameters

    id : `str`
        The text's identifier. Its sentences get `id-1`, `id-2`, …, or `id` if there is only one.
    sentences : `Sequence[Sequence[str]]`
        The tokens of each sentence. One of white space alone is left out, with a remark.
    """

    def __init__(self, id: str, sentences: Sequence[Sequence[str]]) -> None:
        tokens = [token for sentence in sentences for token in sentence]
        self._spans: Spans = []
        end = -1
        for token in tokens:
            self._spans.append((end + 1, end + 1 + len(token)))
            end = self._spans[-1][1]
        self._annotated = AnnotatedText(id, " ".join(tokens))
        self._annotated.tokens = [
            span for span, token in zip(self._spans, tokens, strict=True) if token.strip()
        ]
        number = 0
        for sentence in sentences:
            if any(map(str.strip, sentence)):
                self._annotated.sentence_starts.append(self._spans[number][0])
            number += len(sentence)
        num_empty = len(tokens) - len(self._annotated.tokens)
        if num_empty:
            self.remark("token without words", f"{num_empty} left out", lost=False)

    @property
    def remarks(self) -> list[Remark]:
        """What is lost or decided."""
        return self._annotated.remarks

    def remark(
        self, problem: str, detail: str, location: Optional[Field] = None, lost: bool = True
    ) -> None:
        """Adds a remark on this text."""
        self._annotated.remark(problem, detail, location, lost)

    def check_span(self, first: int, last: int, field: FieldParts) -> None:
        """Raises a `DocumentError` if the tokens `first` to `last` are no span of the text."""
        if not 0 <= first <= last < len(self._spans):
            raise DocumentError(
                f"tokens {first} to {last} are no span of {len(self._spans)} tokens", field
            )

    def add_entity(
        self,
        key: Hashable,
        type: str,
        first: int,
        last: int,
        field: FieldParts,
        probability: Optional[float] = None,
    ) -> None:
        """
        Adds an entity.

        # Parameters

        key : `Hashable`
            What relations call it.
        type : `str`
            Its type.
        first, last : `int`
            Its first and its last token, counted over all sentences.
        field : `FieldParts`
            Where it is in the source.
        probability : `float`, optional (default = `None`)
            Its probability.

        # Raises

        `DocumentError`
            If there are no such tokens.
        """
        self.check_span(first, last, field)
        start, end = self._spans[first][0], self._spans[last][1]
        self._annotated.entities.append(
            TextEntity(key, type, start, end, Field(field), probability)
        )

    def add_relation(
        self,
        type: str,
        head: Hashable,
        tail: Hashable,
        field: FieldParts,
        probability: Optional[float] = None,
    ) -> None:
        """Adds a relation between the entities of two keys."""
        self._annotated.relations.append(TextRelation(type, head, tail, Field(field), probability))

    def documents(self, reading: TextReading) -> list[Document]:
        """The sentences. What is lost or decided is added to `remarks`."""
        return [
            replace(document, text=None, token_offsets=None, start_char=None)
            for document in self._annotated.documents(reading)
        ]
