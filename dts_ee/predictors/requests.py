"""Reads the JSON inputs of the predictor."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

from allennlp.common.util import JsonDict
from allennlp.data import Tokenizer

from dts_ee.corpora.alignment import align_tokens
from dts_ee.characters import is_blank
from dts_ee.corpora.annotated_text import TextEntity
from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.json_values import as_index, as_list, as_object, as_string, required
from dts_ee.corpora.offsets import Mention, code_points, find_unit, same_text
from dts_ee.corpora.sentences import one_sentence, sentences_of
from dts_ee.corpora.spert import document_from_json
from dts_ee.document import Document, DocumentError, Field, FieldParts
from dts_ee.tokenizers import document_from_text, token_spans

MAX_SENTENCE_TOKENS = 256
"""Longer sentences of a text are split; see `sentences_of`."""


@dataclass(frozen=True)
class Request:
    """
    One input of the predictor.

    # Parameters

    sentences : `List[Document]`
        The sentence, or the sentences of a text.
    entities_given : `bool`, optional (default = `False`)
        Whether to keep the entities, and to predict only relations.
    text : `str`, optional (default = `None`)
        The text, if the input is a text of any number of sentences.
    id : `str`, optional (default = `None`)
        The input's identifier.
    """

    sentences: List[Document]
    entities_given: bool = False
    text: Optional[str] = None
    id: Optional[str] = None
    warnings: Tuple[str, ...] = ()


def request_from_json(
    inputs: JsonDict, tokenizer: Tokenizer, entity_types: Sequence[str]
) -> Request:
    """
    Reads a JSON object. `docs/predict.md` describes its keys.

    # Parameters

    inputs : `JsonDict`
        The object.
    tokenizer : `Tokenizer`
        Splits raw text into tokens.
    entity_types : `Sequence[str]`
        The types that given entities can have.

    # Raises

    `DocumentError`
        If it is not a valid input; the error names the document and the field.
    """
    identifier = inputs.get("orig_id", inputs.get("id"))
    name = str(identifier) if isinstance(identifier, (int, str)) else None
    given = "entities" in inputs
    try:
        entities = _given(inputs["entities"], entity_types) if given else []
        if "tokens" in inputs:
            document = _tokenised(inputs, entities)
            return Request([document], given, id=document.id)
        if "sentence" in inputs:
            return Request([_sentence(inputs, entities, tokenizer, name)], given, id=name)
        if "text" not in inputs:
            raise DocumentError(
                f'there is neither "text" nor "sentence" nor "tokens", but {sorted(inputs)}'
            )
        text = as_string(inputs["text"], ("text",))
        sentences = sentences_of(
            text,
            partial(token_spans, tokenizer=tokenizer),
            _by_characters(entities),
            MAX_SENTENCE_TOKENS,
            name,
        )
        return Request(sentences, given, text, name)
    except DocumentError as error:
        raise error.located(name, None) from None


def _given(value: Any, entity_types: Sequence[str]) -> List[Dict[str, Any]]:
    """Reads the types and spans of the given entities, without their probabilities."""
    entities = []
    for i, item in enumerate(as_list(value, ("entities",))):
        field = ("entities", i)
        entity = as_object(item, field)
        type = as_string(required(entity, "type", field), (*field, "type"))
        check_type(type, entity_types, (*field, "type"))
        keys = ("start", "end", "start_char", "end_char")
        entities.append({"type": type, **{key: entity[key] for key in keys if key in entity}})
    return entities


def check_type(
    type: str, entity_types: Sequence[str], field: FieldParts, document_id: Optional[str] = None
) -> None:
    """Raises a `DocumentError` if the type is not one of the model's entity types."""
    if type not in entity_types:
        known = ", ".join(entity_types)
        raise DocumentError(
            f"the model does not know the type {type!r}; it knows {known}", field, document_id
        )


def _tokenised(inputs: JsonDict, entities: List[Dict[str, Any]]) -> Document:
    known = ("tokens", "sentence", "start_char", "orig_id", "id")
    document = document_from_json(
        {key: inputs[key] for key in known if key in inputs}, annotated=False
    )
    by_tokens = [_by_tokens(entity, i, document) for i, entity in enumerate(entities)]
    record = {"tokens": inputs["tokens"], "entities": by_tokens}
    return replace(document, entities=document_from_json(record, document.id).entities)


def _by_tokens(entity: Dict[str, Any], index: int, document: Document) -> Dict[str, Any]:
    """Converts an entity with character offsets to token indices."""
    if "start" in entity or "end" in entity or "start_char" not in entity:
        return entity
    field = ("entities", index)
    text = " ".join(document.tokens) if document.text is None else document.text
    first_char = document.start_char or 0
    start = as_index(entity, "start_char", field) - first_char
    end = as_index(entity, "end_char", field) - first_char
    starts, ends = zip(*(document.token_offsets or align_tokens(document.tokens, text)))
    if start not in starts or end not in ends or start >= end:
        quoted = f", {text[start:end]!r}," if 0 <= start < end else ""
        raise DocumentError(
            f"characters {start + first_char} to {end + first_char}{quoted} are not whole tokens",
            field,
            document.id,
        )
    return {**entity, "start": starts.index(start), "end": ends.index(end) + 1}


def _sentence(
    inputs: JsonDict, entities: List[Dict[str, Any]], tokenizer: Tokenizer, name: Optional[str]
) -> Document:
    sentence = as_string(inputs["sentence"], ("sentence",))
    if not entities:
        return document_from_text(sentence, tokenizer, name)
    return one_sentence(
        sentence, partial(token_spans, tokenizer=tokenizer), _by_characters(entities), name
    )


def _by_characters(entities: List[Dict[str, Any]]) -> List[TextEntity]:
    return [
        TextEntity(
            i,
            entity["type"],
            as_index(entity, "start_char", ("entities", i)),
            as_index(entity, "end_char", ("entities", i)),
            Field(("entities", i)),
        )
        for i, entity in enumerate(entities)
    ]
