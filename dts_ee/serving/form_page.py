"""
The page with a form for a text, and its prediction.
"""

import json
from typing import Optional, Union

from allennlp.common import JsonDict
from jinja2 import ChoiceLoader, PackageLoader

from dts_ee.corpora.spert import document_from_json
from dts_ee.document import Document
from dts_ee.pages.colours import type_colours
from dts_ee.pages.pictures import draw_entities, draw_relations
from dts_ee.pages.templates import TEMPLATES
from dts_ee.serving.request_error import RequestError

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The page loads no files and has no scripts."""

_TEMPLATES = TEMPLATES.overlay(
    loader=ChoiceLoader([PackageLoader("dts_ee.serving", ""), PackageLoader("dts_ee.pages", "")])
)


def inputs_of_text(text: str) -> JsonDict:
    """The predictor's input for a text from the form."""
    return {"text": text}


def render_form(
    text: str, answer: Optional[Union[JsonDict, RequestError]], max_text_length: int
) -> str:
    """
    The page.

    # Parameters

    text : `str`
        The text in the form.
    answer : `Optional[Union[JsonDict, RequestError]]`
        The prediction, or an error; `None` before the form is sent.
    max_text_length : `int`
        The maximum number of characters in the form.
    """
    error: Optional[str] = None
    documents: list[Document] = []
    output: Optional[str] = None
    if isinstance(answer, RequestError):
        error = answer.message
    elif answer is not None:
        documents = [document_from_json(sentence) for sentence in answer["sentences"]]
        output = json.dumps(answer, ensure_ascii=False, indent=2)
    colours = type_colours({entity.type for document in documents for entity in document.entities})
    return _TEMPLATES.get_template("form.html").render(
        text=text,
        max_text_length=max_text_length,
        error=error,
        documents=documents,
        num_entities=sum(len(document.entities) for document in documents),
        num_relations=sum(len(document.relations) for document in documents),
        output=output,
        draw_entities=lambda document: draw_entities(document, colours),
        draw_relations=draw_relations,
    )
