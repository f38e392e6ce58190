"""
The page with a form for a text, and its prediction.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Optional, Union
from urllib.parse import parse_qs

from allennlp.common import JsonDict
from jinja2 import ChoiceLoader, PackageLoader

from dts_ee.corpora.spert import document_from_json
from dts_ee.document import Document
from dts_ee.pages.colours import type_colours
from dts_ee.pages.pictures import draw_entities, draw_relations
from dts_ee.pages.templates import TEMPLATES
from dts_ee.serving.examples import examples_for
from dts_ee.serving.model_facts import ModelFacts
from dts_ee.serving.request_error import RequestError
from dts_ee.tasks import ENTITIES, RELATIONS, TASKS

_TEMPLATES = TEMPLATES.overlay(
    loader=ChoiceLoader([PackageLoader("dts_ee.serving", ""), PackageLoader("dts_ee.pages", "")])
)

_MAX_FIELDS = 4


def content_security_policy(nonce: str) -> str:
    """
    The policy of a page: it loads no files, and asks this server alone.

    # Parameters

    nonce : `str`
        The nonce of its only script, which is another one for each page.
    """
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@dataclass(frozen=True)
class FormFields:
    """
    What a form was sent with.

    # Parameters

    text : `str`, optional (default = `""`)
        The text.
    entity_threshold, relation_threshold : `str`, optional (default = `""`)
        The least probabilities of predictions; blank for those of the server.
    """

    text: str = ""
    entity_threshold: str = ""
    relation_threshold: str = ""

    def inputs(self) -> JsonDict:
        """The predictor's input."""
        thresholds = {
            "entity_threshold": self.entity_threshold,
            "relation_threshold": self.relation_threshold,
        }
        return {"text": self.text, **{name: value for name, value in thresholds.items() if value}}


def read_form(body: bytes) -> FormFields:
    """
    Reads a form. Its field `example`, which the buttons of examples send, is preferred to `text`.

    # Raises

    `RequestError`
        If it is not such a form (400).
    """
    try:
        lists = parse_qs(body.decode("ascii"), max_num_fields=_MAX_FIELDS, errors="strict")
        # A field that is there twice is no form of this page.
        fields = {name: value for name, [value] in lists.items()}
    except ValueError:
        raise RequestError(400, "invalid_form", "the form cannot be read") from None
    text = fields.get("example", fields.get("text", ""))
    return FormFields(
        # Forms send a line break as two characters.
        text.replace("\r\n", "\n"),
        fields.get("entity_threshold", ""),
        fields.get("relation_threshold", ""),
    )


class _ThresholdField(NamedTuple):
    """
    A threshold in the form.

    # Parameters

    name, title : `str`
        The field's name, and its label.
    value : `str`
        The number in it, or nothing.
    own : `str`
        The server's threshold, or nothing if types have several.
    start : `float`
        The server's threshold of most types, where the slider stands while the field is blank.
    note : `str`
        The server's thresholds, if types have several.
    """

    name: str
    title: str
    value: str
    own: str
    start: float
    note: str


def render_form(
    fields: FormFields,
    answer: Optional[Union[JsonDict, RequestError]],
    facts: Optional[ModelFacts],
    max_text_length: int,
    nonce: str,
) -> str:
    """
    The page.

    It works without its script, which predicts without loading the page again, moves thresholds by
    sliders and copies the answer.

    # Parameters

    fields : `FormFields`
        What is in the form.
    answer : `Optional[Union[JsonDict, RequestError]]`
        The prediction, or an error; `None` before the form is sent.
    facts : `Optional[ModelFacts]`
        What is known about the model; `None` while it is being loaded.
    max_text_length : `int`
        The maximum number of characters in the form.
    nonce : `str`
        The nonce of the script in the page's `content_security_policy`.
    """
    error: Optional[str] = None
    documents: list[Document] = []
    output: Optional[str] = None
    if isinstance(answer, RequestError):
        error = answer.message
    elif answer is not None:
        documents = [document_from_json(sentence) for sentence in answer["sentences"]]
        output = json.dumps(answer, ensure_ascii=False, indent=2)
    found = {entity.type for document in documents for entity in document.entities}
    # The colours do not depend on the text.
    colours = type_colours(found.union([] if facts is None else facts.entity_types))
    return _TEMPLATES.get_template("form.html").render(
        fields=fields,
        facts=facts,
        further_titles={name: task.title for name, task in TASKS.items()},
        colours=colours,
        thresholds=[] if facts is None else _threshold_fields(fields, facts),
        examples=() if facts is None else examples_for(facts.entity_types),
        max_text_length=max_text_length,
        error=error,
        documents=documents,
        num_entities=sum(len(document.entities) for document in documents),
        num_relations=sum(len(document.relations) for document in documents),
        output=output,
        draw_entities=lambda document: draw_entities(document, colours),
        draw_relations=draw_relations,
        nonce=nonce,
    )


def _threshold_fields(fields: FormFields, facts: ModelFacts) -> list[_ThresholdField]:
    """The thresholds of the tasks that the model has."""
    return [
        _threshold_field(name, task.plural.capitalize(), value, own)
        for name, task, value, own in (
            ("entity_threshold", ENTITIES, fields.entity_threshold, facts.entity_threshold),
            ("relation_threshold", RELATIONS, fields.relation_threshold, facts.relation_threshold),
        )
        if own
    ]


def _threshold_field(
    name: str, title: str, value: str, own: Mapping[str, float]
) -> _ThresholdField:
    rounded = {type: round(threshold, 3) for type, threshold in own.items()}
    [(most, number)] = Counter(rounded.values()).most_common(1)
    if number == len(own):
        return _ThresholdField(name, title, value, f"{most:g}", most, "")
    others = [f"{type} {threshold:g}" for type, threshold in rounded.items() if threshold != most]
    return _ThresholdField(name, title, value, "", most, ", ".join([*others, f"others {most:g}"]))
