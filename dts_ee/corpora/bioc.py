"""
BioC (Comeau et al., 2013), in XML or JSON, through the library `bioc`.

A text has passages, these may have sentences, and each of the three may have annotations (entities)
and relations. Offsets count the characters of the text; what is said about an annotation or a
relation, its type too, is in its `infons`.
"""

import io
import json
import re
from bisect import bisect_right
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, Sequence, Union

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.concept_relations import ConceptRelation, add_concept_relations
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically, read_bytes
from dts_ee.corpora.json_values import as_string, kind_of
from dts_ee.corpora.pieces import joined_pieces
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import lost_position, lost_token_borders
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, Entity, Field, FieldParts, Relation

if TYPE_CHECKING:
    from bioc import BioCAnnotation, BioCDocument, BioCRelation

_TYPE_KEYS = ("type", "relation")
_SCORE = "score"
_HEAD_ROLES = {"head", "arg1", "source", "subject"}
_TAIL_ROLES = {"tail", "arg2", "target", "object"}
_LINES_BETWEEN = "\n\n"
_SUFFIXES = (".xml", ".xml.gz", ".json", ".json.gz")

# What XML 1.0 cannot hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_bioc(
    path: PathOrStr,
    reading: TextReading,
    concept_relations: Optional[str] = None,
    on_error: Optional[str] = None,
) -> Corpus:
    """
    The sentences of all texts; the texts are the groups.

    # Parameters

    path : `PathOrStr`
        The file, in XML or JSON.
    reading : `TextReading`
        How a text becomes sentences and tokens. Passages, or their sentences where these have the
        text, have no sentence in common.
    concept_relations : `str`, optional (default = `None`)
        What relations between concepts become, which are named by the values of `infons` of the
        relation and its entities; see `add_concept_relations`.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid text; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the library is not installed, the file cannot be read, or a text is invalid.
    """
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    unread = Unread()
    errors = RecordErrors(path, on_error)
    for number, parse in enumerate(_documents(path), start=1):
        with errors.located(f"#{number}"):
            with _errors_of_bioc():
                source = parse()
            id = as_string(str(source.id or f"#{number}"), ("id",))
            with errors.located(id):
                reader = _DocumentReader(id, source, unread)
                add_concept_relations(
                    reader.text,
                    reader.concept_relations,
                    reader.concepts,
                    concept_relations,
                    reading,
                )
                sentences = reader.text.documents(reading)
                documents.extend(sentences)
                groups.extend(str(number) for _ in sentences)
                remarks.extend(reader.text.remarks)
    return Corpus(documents, groups, [*remarks, *errors.remarks, *unread.remarks()])


@contextmanager
def _errors_of_bioc() -> Iterator[None]:
    """Raises the errors of the library as a `DocumentError`."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, SyntaxError) as error:
        problem = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise DocumentError(f"is no BioC: {problem}") from error


def _documents(path: PathOrStr) -> "list[Callable[[], BioCDocument]]":
    """How to parse each document of a file."""
    bioc = _library()
    data = read_bytes(path)
    try:
        with _errors_of_bioc():
            if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
                records = list(_json_documents(json.loads(data)))
                return [partial(bioc.biocjson.decoder.parse_doc, record) for record in records]
            documents = list(_xml_documents(data))
            if not documents:
                raise ValueError("there is no document in it")
    except DocumentError as error:
        raise error.located(None, str(path)) from error.__cause__
    return [partial(_parsed_xml, bioc, document) for document in documents]


def _xml_documents(data: bytes) -> Iterator[bytes]:
    """A collection of each document alone, as the library reads no document without one."""
    from lxml import etree

    for element in etree.parse(io.BytesIO(data)).getroot().findall("document"):
        yield b"<collection>" + etree.tostring(element, with_tail=False) + b"</collection>"


def _parsed_xml(bioc: Any, data: bytes) -> "BioCDocument":
    return bioc.biocxml.load(io.BytesIO(data)).documents[0]


def _json_documents(value: Any) -> Iterator[dict[str, Any]]:
    """The documents of a collection, of a list of them, or of an object with such a list."""
    if isinstance(value, list):
        for item in value:
            yield from _json_documents(item)
    elif isinstance(value, dict) and "passages" in value:
        yield value
    elif isinstance(value, dict) and "documents" in value:
        yield from _json_documents(value["documents"])
    elif isinstance(value, dict) and len(value) == 1:
        # The server of PubTator 3 gives a list a name.
        yield from _json_documents(next(iter(value.values())))
    else:
        raise ValueError("a collection with documents is expected")


def _library() -> Any:
    # Imported where it is used: it is not a part of every installation.
    try:
        import bioc
        import bioc.biocjson
        import bioc.biocxml
    except ImportError as error:
        raise DocumentError(
            "this format needs the library bioc: pip install 'dts_ee[bioc]'"
        ) from error
    return bioc


class _DocumentReader:
    """The text of a document, with its annotations, and the relations between its concepts."""

    def __init__(self, id: str, source: "BioCDocument", unread: Unread) -> None:
        self._unread = unread
        # The offset of each piece of text, and where it begins in the text.
        self._offsets: list[int] = []
        self._starts: list[int] = []
        self.text = AnnotatedText(id, self._joined(source))
        self.concept_relations: list[ConceptRelation] = []
        self.concepts: dict[str, list[int]] = {}
        self._num_entities = 0
        # Some corpora number the annotations of each passage from the beginning.
        self._keys: dict[str, list[int]] = {}
        containers = list(_containers(source))
        keys = [self._add_entities(container, field) for container, field in containers]
        for (container, field), of_container in zip(containers, keys, strict=True):
            for i, relation in enumerate(container.relations):
                self._add_relation(relation, of_container, Field((*field, "relations", i)))

    def _joined(self, source: "BioCDocument") -> str:
        pieces: list[tuple[int, str]] = []
        for i, passage in enumerate(source.passages):
            field = ("passages", i)
            if passage.text:
                pieces.append(_piece(passage, field))
                continue
            for j, sentence in enumerate(passage.sentences):
                pieces.append(_piece(sentence, (*field, "sentences", j)))
        pieces.sort(key=lambda piece: piece[0])
        position = 0
        for offset, text in pieces:
            self._offsets.append(offset)
            self._starts.append(position)
            position += len(text) + len(_LINES_BETWEEN)
        return _LINES_BETWEEN.join(text for _, text in pieces)

    def _character(self, offset: int) -> int:
        """The index in the text of an offset in the document."""
        piece = max(bisect_right(self._offsets, offset) - 1, 0)
        return self._starts[piece] + offset - self._offsets[piece] if self._offsets else offset

    def _add_entities(self, container: Any, field: FieldParts) -> dict[str, int]:
        keys = {}
        for i, annotation in enumerate(container.annotations):
            location = Field((*field, "annotations", i))
            self._num_entities += 1
            key = keys[str(annotation.id)] = self._num_entities
            self._keys.setdefault(str(annotation.id), []).append(key)
            self._add_entity(key, annotation, location)
        return keys

    def _add_entity(self, key: int, annotation: "BioCAnnotation", location: Field) -> None:
        infons = _infons(annotation, location)
        quoted = None
        if annotation.text is not None:
            quoted = as_string(annotation.text, (*location, "text"))
        pieces = []
        for j, piece in enumerate(annotation.locations):
            field = (*location, "locations", j)
            start = self._character(_whole_number(piece.offset, (*field, "offset")))
            pieces.append((start, start + _whole_number(piece.length, (*field, "length"))))
        type = _type(infons)
        score = _score(infons)
        for name, value in infons.items():
            if name not in _TYPE_KEYS and (name != _SCORE or score is None):
                self._unread.add(f"{name} of annotations", self.text.id)
                self.concepts.setdefault(value, []).append(key)
        span = joined_pieces(self.text.text, pieces, quoted) if pieces else None
        if not type:
            self.text.remark("annotation without a type", repr(quoted), location)
        elif span is None:
            problem = "entity of several pieces" if pieces else "annotation without a location"
            self.text.remark(problem, f"{type} {quoted!r}", location)
        else:
            entity = TextEntity(key, type, *span, location, score)
            if quoted is None or not quoted.strip():
                self.text.entities.append(entity)
            else:
                self.text.add_quoted(entity, quoted)

    def _add_relation(
        self, relation: "BioCRelation", keys: dict[str, int], location: Field
    ) -> None:
        infons = _infons(relation, location)
        type, score = _type(infons), _score(infons)
        if not type:
            self.text.remark("relation without a type", str(relation.id), location)
            return
        values = {name: value for name, value in infons.items() if name not in _TYPE_KEYS}
        if len(relation.nodes) == 2:
            ends = sorted(relation.nodes, key=_is_tail)
            head, tail = (self._end(str(node.refid), keys) for node in ends)
            for node in ends:
                if str(node.role).lower() not in _HEAD_ROLES | _TAIL_ROLES:
                    self._unread.add(f"role {node.role} of relations", self.text.id)
            self.text.relations.append(TextRelation(type, head, tail, location, score))
            named = {_SCORE} if score is not None else set()
        else:
            concepts = {name: value for name, value in values.items() if value in self.concepts}
            if relation.nodes or len(concepts) != 2:
                self.text.remark(
                    "relation that does not join two entities",
                    f"{type} of {len(relation.nodes) or len(concepts)}",
                    location,
                )
                return
            named = set(concepts)
            head, tail = concepts.values()
            self.concept_relations.append(ConceptRelation(type, head, tail, str(location)))
        for name in values:
            if name not in named:
                self._unread.add(f"{name} of relations", self.text.id)

    def _end(self, id: str, keys: dict[str, int]) -> Any:
        """The key of an annotation: that in the same passage or sentence, or the only one."""
        others = self._keys.get(id, [])
        if id in keys or len(others) != 1:
            return keys.get(id, id)
        return others[0]


def _containers(source: "BioCDocument") -> Iterator[tuple[Any, FieldParts]]:
    """Whatever has annotations: the document, its passages and their sentences."""
    yield source, ()
    for i, passage in enumerate(source.passages):
        yield passage, ("passages", i)
        for j, sentence in enumerate(passage.sentences):
            yield sentence, ("passages", i, "sentences", j)


def _piece(container: Any, field: FieldParts) -> tuple[int, str]:
    text = "" if container.text is None else as_string(container.text, (*field, "text"))
    return _whole_number(container.offset, (*field, "offset")), text


def _whole_number(value: Any, field: FieldParts) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DocumentError(f"{value!r} is no offset or length", field)
    return value


def _infons(item: Any, location: Field) -> dict[str, str]:
    if not isinstance(item.infons, dict):
        raise DocumentError(
            f"must be an object, but is {kind_of(item.infons)}", (*location, "infons")
        )
    return {
        as_string(str(name), (*location, "infons")): as_string(str(value), (*location, "infons"))
        for name, value in item.infons.items()
        if value not in (None, "")
    }


def _type(infons: dict[str, str]) -> Optional[str]:
    return next((infons[key] for key in _TYPE_KEYS if key in infons), None)


def _score(infons: dict[str, str]) -> Optional[float]:
    try:
        score = float(infons.get(_SCORE, ""))
    except ValueError:
        return None
    return score if 0 <= score <= 1 else None


def _is_tail(node: Any) -> bool:
    return str(node.role).lower() in _TAIL_ROLES


def write_bioc(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file, completely or not at all; each document is the only passage of a text.

    It is XML if the name ends in `.xml`, and JSON if it ends in `.json`, both with `.gz` too.

    # Returns

    `list[Remark]`
        What the format cannot express: tokens that white space does not separate, positions in a
        longer text and, in XML, control characters.

    # Raises

    `DocumentError`
        If the library is not installed, or the name ends otherwise.
    """
    bioc = _library()
    name = str(path)
    if not name.endswith(_SUFFIXES):
        raise DocumentError(f"the name must end in {' or '.join(_SUFFIXES)}", path=name)
    is_xml = name.endswith(_SUFFIXES[:2])
    remarks: list[Remark] = []
    collection = bioc.BioCCollection()
    collection.source = "dts_ee"
    collection.date = collection.key = ""
    for number, document in enumerate(documents, start=1):
        remarks += lost_token_borders(document) + lost_position(document)
        if is_xml:
            document = _without_control_characters(document, remarks)
        collection.add_document(_bioc_document(bioc, document, number))
    content = (bioc.biocxml if is_xml else bioc.biocjson).dumps(collection)
    with open_atomically(path) as file:
        file.write(content)
    return remarks


def _bioc_document(bioc: Any, document: Document, number: int) -> "BioCDocument":
    text = " ".join(document.tokens) if document.text is None else document.text
    passage = bioc.BioCPassage.of_text(text)
    for i, entity in enumerate(document.entities):
        start, end = document.character_span(*entity.span)
        annotation = bioc.BioCAnnotation()
        annotation.id = f"T{i}"
        annotation.text = text[start:end]
        annotation.infons = _written_infons(entity)
        annotation.add_location(bioc.BioCLocation(start, end - start))
        passage.add_annotation(annotation)
    for i, relation in enumerate(document.relations):
        written = bioc.BioCRelation()
        written.id = f"R{i}"
        written.infons = _written_infons(relation)
        written.add_node(bioc.BioCNode(f"T{relation.head}", "head"))
        written.add_node(bioc.BioCNode(f"T{relation.tail}", "tail"))
        passage.add_relation(written)
    result = bioc.BioCDocument.of_passages(passage)
    result.id = document.id or f"document-{number}"
    return result


def _written_infons(item: Union[Entity, Relation]) -> dict[str, str]:
    infons = {"type": item.type}
    if item.probability is not None:
        infons[_SCORE] = repr(item.probability)
    return infons


def _without_control_characters(document: Document, remarks: list[Remark]) -> Document:
    """The document with U+FFFD for each character that XML cannot hold."""
    id, text = document.id, document.text
    entities = [replace(item, type=_for_xml(item.type)) for item in document.entities]
    relations = [replace(item, type=_for_xml(item.type)) for item in document.relations]
    try:
        cleaned = replace(
            document,
            id=None if id is None else _for_xml(id),
            tokens=tuple(map(_for_xml, document.tokens)),
            entities=tuple(entities),
            relations=tuple(relations),
            text=None if text is None else _between_tokens(document, text),
        )
    except DocumentError as error:
        raise DocumentError(f"cannot be written as XML: {error.problem}", error.field, id) from None
    if cleaned != document:
        remarks.append(Remark("control character", "XML has none: now U+FFFD", document=id))
    return cleaned


def _for_xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _between_tokens(document: Document, text: str) -> str:
    """The text of a document for XML: spaces for control characters that separate tokens."""
    characters = list(_NO_XML.sub(" ", text))
    for start, end in document.token_offsets or ():
        characters[start:end] = _for_xml(text[start:end])
    return "".join(characters)
