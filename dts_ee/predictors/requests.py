"""Reads the JSON inputs of the predictor."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from allennlp.common.util import JsonDict

from dts_ee.characters import is_blank
from dts_ee.corpora.alignment import align_tokens
from dts_ee.corpora.annotated_text import TextEntity, other_unit_remark
from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.json_values import as_index, as_list, as_object, as_string, kind_of, required
from dts_ee.corpora.offsets import Mention, code_points, find_unit, same_text
from dts_ee.corpora.sentences import one_sentence, sentences_of
from dts_ee.corpora.spert import document_from_json
from dts_ee.corpora.text_reading import TextReading
from dts_ee.document import Document, DocumentError, Entity, Field, FieldParts
from dts_ee.models import Thresholds

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
    blank_sentence : `str`, optional (default = `None`)
        The input, if it is one sentence without words. There are no `sentences` then.
    warnings : `Tuple[str, ...]`, optional (default = `()`)
        How the input was understood, where that is not certain.
    thresholds : `Mapping[str, Thresholds]`, optional (default = `{}`)
        The least probabilities of predictions, by the name of the task.
    """

    sentences: List[Document]
    entities_given: bool = False
    text: Optional[str] = None
    id: Optional[str] = None
    blank_sentence: Optional[str] = None
    warnings: Tuple[str, ...] = ()
    thresholds: Mapping[str, Thresholds] = field(default_factory=dict)


def as_inputs(value: Any, number: Optional[str] = None) -> JsonDict:
    """
    The inputs of the predictor for a JSON value, as SpERT's prediction data has them, too.

    # Parameters

    value : `Any`
        An object, a list of tokens, or a sentence.
    number : `str`, optional (default = `None`)
        The identifier of an input without identifier.

    # Raises

    `DocumentError`
        If it is something else.
    """
    if isinstance(value, str):
        value = {"sentence": value}
    elif isinstance(value, list):
        value = {"tokens": value}
    elif not isinstance(value, dict):
        raise DocumentError(
            f"an object, a list of tokens or a sentence is expected, not {kind_of(value)}",
            document_id=number,
        )
    has_id = number is None or "id" in value or "orig_id" in value
    return value if has_id else {**value, "orig_id": number}


def inputs_from_line(line: str, number: Optional[str] = None) -> JsonDict:
    """
    The inputs of the predictor for a line of JSON.

    # Parameters

    line : `str`
        The line.
    number : `str`, optional (default = `None`)
        The identifier of an input without identifier, also in errors.

    # Raises

    `DocumentError`
        If the line is not a JSON object, a list of tokens or a string.
    """
    try:
        inputs = json.loads(line)
    except json.JSONDecodeError as error:
        problem = f"invalid JSON: {error.msg} (column {error.colno})"
        if not line.lstrip().startswith(("{", "[")):
            problem = "no JSON: plain text is read from a folder of .txt files, or after --text"
        raise DocumentError(problem, document_id=number) from None
    except (ValueError, RecursionError) as error:
        # A number with thousands of digits, or JSON that is nested too deeply.
        raise DocumentError(f"invalid JSON: {error}", document_id=number) from None
    return as_inputs(inputs, number)


def inputs_from_item(value: Any, number: int) -> JsonDict:
    """
    The inputs of the predictor for an item of a list, which is how SpERT's prediction data is
    written.

    # Raises

    `DocumentError`
        If it is not an input, or is an annotated document. It names the number of the item.
    """
    if isinstance(value, dict) and "entities" in value:
        raise DocumentError(
            "the file is a list of annotated documents: `predict` reads a corpus with "
            "`--use-dataset-reader`, and inputs with given entities from JSON Lines",
            "entities",
            f"#{number}",
        )
    return as_inputs(value, f"#{number}")


def is_token_list(value: Any) -> bool:
    """Whether a JSON value is the tokens of one sentence, and no list of inputs."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def request_from_json(
    inputs: JsonDict, reading: TextReading, entity_types: Sequence[str]
) -> Request:
    """
    Reads a JSON object. `docs/predict.md` describes its keys.

    # Parameters

    inputs : `JsonDict`
        The object.
    reading : `TextReading`
        How raw text is divided into sentences and tokens.
    entity_types : `Sequence[str]`
        The types that given entities can have.

    # Raises

    `DocumentError`
        If it is not a valid input; the error names the document and the field.
    """
    identifier = inputs.get("orig_id", inputs.get("id"))
    name = str(identifier) if isinstance(identifier, (int, str)) else None
    given = "entities" in inputs
    remarks: List[Remark] = []
    try:
        entities = _given(inputs["entities"], entity_types) if given else []
        if "tokens" in inputs:
            document = _tokenised(inputs, entities, remarks)
            return Request([document], given, id=document.id, warnings=_warnings(remarks))
        key = next((key for key in ("sentence", "text") if key in inputs), None)
        if key is None:
            # A file's inputs without an identifier were given one.
            keys = ", ".join(sorted(inputs.keys() - {"orig_id", "id"})) or "no other key"
            raise DocumentError(f'there is neither "text" nor "sentence" nor "tokens", but {keys}')
        text = as_string(inputs[key], (key,))
        by_characters = _by_characters(entities)
        if key == "sentence" and not (is_blank(text) and not entities):
            sentence = one_sentence(text, reading, by_characters, name, remarks)
            return Request([sentence], given, id=name, warnings=_warnings(remarks))
        if key == "sentence":
            return Request([], given, id=name, blank_sentence=text)
        sentences = sentences_of(text, reading, by_characters, MAX_SENTENCE_TOKENS, name, remarks)
        return Request(sentences, given, text, name, warnings=_warnings(remarks))
    except DocumentError as error:
        raise error.located(name, None) from None


def _warnings(remarks: Sequence[Remark]) -> Tuple[str, ...]:
    return tuple(f"{remark.problem}: {remark.detail}" for remark in remarks)


def _given(value: Any, entity_types: Sequence[str]) -> List[Dict[str, Any]]:
    """Reads the types and spans of the given entities, without their probabilities."""
    entities = []
    for i, item in enumerate(as_list(value, ("entities",))):
        field = ("entities", i)
        entity = as_object(item, field)
        type = as_string(required(entity, "type", field), (*field, "type"))
        check_type(type, entity_types, (*field, "type"))
        if "text" in entity:
            as_string(entity["text"], (*field, "text"))
        keys = ("start", "end", "start_char", "end_char", "text")
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


def _tokenised(inputs: JsonDict, entities: List[Dict[str, Any]], remarks: List[Remark]) -> Document:
    known = ("tokens", "sentence", "start_char", "orig_id", "id")
    document = document_from_json(
        {key: inputs[key] for key in known if key in inputs}, annotated=False
    )
    if any(map(_has_only_characters, entities)):
        entities = _by_tokens(entities, document, remarks)
    record = {"tokens": inputs["tokens"], "entities": entities}
    # Errors name the tokens before they name the text.
    document = replace(document, entities=document_from_json(record, document.id).entities)
    for i, entity in enumerate(entities):
        first, last = entity["start"], entity["end"]
        found = " ".join(document.tokens[first:last])
        if "text" in entity and "".join(entity["text"].split()) != "".join(found.split()):
            found = document.entity_text(Entity(entity["type"], first, last))
            if not same_text(found, entity["text"]):
                raise DocumentError(
                    f"the tokens {first} to {last} are {found!r}, not {entity['text']!r}",
                    ("entities", i),
                    document.id,
                )
    return document


def _has_only_characters(entity: Dict[str, Any]) -> bool:
    return "start_char" in entity and "start" not in entity and "end" not in entity


def _by_tokens(
    entities: List[Dict[str, Any]], document: Document, remarks: List[Remark]
) -> List[Dict[str, Any]]:
    """Converts the entities with character offsets to token indices."""
    text = " ".join(document.tokens) if document.text is None else document.text
    starts, ends = zip(*(document.token_offsets or align_tokens(document.tokens, text)))
    first_char = document.start_char or 0
    mentions = {
        i: Mention(
            as_index(entity, "start_char", ("entities", i)) - first_char,
            as_index(entity, "end_char", ("entities", i)) - first_char,
            entity.get("text"),
        )
        for i, entity in enumerate(entities)
        if _has_only_characters(entity)
    }
    unit = code_points(text)
    if any(mention.quoted is not None for mention in mentions.values()):
        best, num_fitting = find_unit(text, list(mentions.values()))
        if num_fitting == len(mentions) and best != unit:
            unit = best
            remarks.append(other_unit_remark(unit, num_fitting, len(mentions)))
    converted = list(entities)
    for i, mention in mentions.items():
        start, end = unit.span(mention) or (mention.start, mention.end)
        quoted = text[start:end] if 0 <= start < end else ""
        if mention.quoted is not None and not same_text(quoted, mention.quoted):
            problem = f"the characters are {quoted!r}, not {mention.quoted!r}"
            raise DocumentError(problem, ("entities", i), document.id)
        if start not in starts or end not in ends or start >= end:
            raise DocumentError(
                f"characters {start + first_char} to {end + first_char}"
                f"{f', {quoted!r},' if quoted else ''} are not whole tokens",
                ("entities", i),
                document.id,
            )
        converted[i] = {**entities[i], "start": starts.index(start), "end": ends.index(end) + 1}
    return converted


def _by_characters(entities: List[Dict[str, Any]]) -> List[TextEntity]:
    return [
        TextEntity(
            i,
            entity["type"],
            as_index(entity, "start_char", ("entities", i)),
            as_index(entity, "end_char", ("entities", i)),
            Field(("entities", i)),
            quoted=entity.get("text"),
        )
        for i, entity in enumerate(entities)
    ]
