"""
spaCy's `Doc`s: read from and written to a `DocBin`, and made from documents.
"""

import os
import zlib
from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

from dts_ee.atomic_files import open_bytes_atomically
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, Entity
from dts_ee.garbage_collection import garbage_collection_kept

# spaCy is imported where it is used: every command would wait for it.
if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.vocab import Vocab

DOCUMENT_ID = "document_id"

PREDICTIONS = "dts_ee"
"""What the component `dts_ee` predicted; see `dts_ee.corpora.spacy_predictions`."""

_TOKEN_ATTRIBUTES = {
    "TAG": "token.tag",
    "POS": "token.pos",
    "LEMMA": "token.lemma",
    "MORPH": "token.morph",
    "DEP": "token.dep",
}


def user_data_key(name: str) -> Any:
    """The key of `doc._.name` in `doc.user_data`, where it also is without the extension."""
    return ("._.", name, None, None)


def read_docs(path: PathOrStr) -> "list[Doc]":
    """
    The `Doc`s of a `DocBin`.

    # Raises

    `DocumentError`
        If the file cannot be read, or is not a `DocBin`.
    """
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise DocumentError("there is no such file", path=name) from None
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}", path=name) from error
    try:
        with garbage_collection_kept():
            return list(DocBin().from_bytes(data).get_docs(Vocab()))
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise DocumentError(f"is not a DocBin: {error}", path=name) from error


def write_docs(path: PathOrStr, docs: "Sequence[Doc]") -> None:
    """Writes a `DocBin` with the user data, completely or not at all."""
    from spacy.tokens import DocBin

    data = DocBin(
        attrs=["ENT_IOB", "ENT_TYPE", "SENT_START"], store_user_data=True, docs=docs
    ).to_bytes()
    with open_bytes_atomically(path) as file:
        file.write(data)


def add_unread(
    doc: "Doc", spans: "Sequence[Span]", known: Sequence[str], document: str, unread: Unread
) -> None:
    """
    Counts what a `Doc` holds and no document has.

    # Parameters

    doc : `Doc`
        The `Doc`.
    spans : `Sequence[Span]`
        The entities that are read.
    known : `Sequence[str]`
        The attributes of `doc._` that are read.
    document : `str`
        The identifier of the `Doc`.
    unread : `Unread`
        Where to count.
    """
    names = [_user_data_name(key) for key, value in doc.user_data.items() if value is not None]
    entities = {(span.start, span.end, span.label) for span in spans}

    def is_read(span: "Span") -> bool:
        return (span.start, span.end, span.label) in entities

    names += [
        f'doc.spans["{name}"]' for name, group in doc.spans.items() if not all(map(is_read, group))
    ]
    if doc.cats:
        names.append("doc.cats")
    # To spaCy, a `Doc` without tokens has each annotation.
    if len(doc):
        names += [name for key, name in _TOKEN_ATTRIBUTES.items() if doc.has_annotation(key)]
    if not all(map(is_read, doc.ents)):
        names.append("doc.ents beside the group of spans")
    ids = {"span.kb_id": "kb_id_", "span.id": "id_"}
    names += [
        name for name, attribute in ids.items() if any(getattr(span, attribute) for span in spans)
    ]
    read = {f"doc._.{name}" for name in known}
    for name in dict.fromkeys(names):
        if name not in read:
            unread.add(name, document)


def _user_data_name(key: Any) -> str:
    # An attribute of a token has no end, one of the whole `Doc` no start either.
    if not (isinstance(key, tuple) and len(key) >= 4 and key[0] == "._."):
        return f"doc.user_data[{key!r}]"
    owner = "doc" if key[2] is None else "token" if key[3] is None else "span"
    return f"{owner}._.{key[1]}"


def doc_of(document: Document, vocab: "Vocab") -> "tuple[Doc, list[Span]]":
    """
    A `Doc` of one sentence, and the span of each entity in it. `doc.ents` has none yet.

    # Parameters

    document : `Document`
        The sentence.
    vocab : `Vocab`
        The vocabulary of the `Doc`.
    """
    from spacy.tokens import Doc, Span

    words, spaces, token_words = _words(document)
    starts: list[Union[bool, int, None]] = [i == 0 for i in range(len(words))]
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=starts)
    doc.user_data[user_data_key(DOCUMENT_ID)] = document.id

    def span(entity: Entity) -> "Span":
        return Span(
            doc, token_words[entity.start], token_words[entity.end - 1] + 1, label=entity.type
        )

    return doc, list(map(span, document.entities))


def _words(document: Document) -> tuple[list[str], list[bool], list[int]]:
    """spaCy's words, whether a space follows each, and the index of each token's word."""
    text: Optional[str] = document.text
    if text is None:
        text = " ".join(document.tokens)
    words: list[str] = []
    spaces: list[bool] = []
    token_words: list[int] = []
    position = 0

    def add_gap(end: int) -> None:
        gap = text[position:end]
        # A single space belongs to the word before it; other white space is a word of its own.
        if words and gap.startswith(" "):
            spaces[-1] = True
            gap = gap[1:]
        if gap:
            words.append(gap)
            spaces.append(False)

    for i, token in enumerate(document.tokens):
        start, end = document.character_span(i, i + 1)
        add_gap(start)
        token_words.append(len(words))
        words.append(token)
        spaces.append(False)
        position = end
    add_gap(len(text))
    return words, spaces, token_words
