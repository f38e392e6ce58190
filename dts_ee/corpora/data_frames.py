"""
Entities and relations as tables of pandas.
"""

from typing import TYPE_CHECKING, Any, Iterable, Union

from dts_ee.document import Document, document_method

if TYPE_CHECKING:
    import pandas

Documents = Union[Document, Iterable[Document]]


def entities_to_pandas(documents: Documents) -> "pandas.DataFrame":
    """
    A table with a row for each entity.

    # Parameters

    documents : `Union[Document, Iterable[Document]]`
        One or more documents, such as those of a text that an `Extractor` returns.

    # Returns

    `pandas.DataFrame`
        The columns are `document` (the identifier, or the index of the document), `type`, `text`,
        `start` and `end` (tokens), `start_char` and `end_char` (characters; those of the whole text
        if the document has its `start_char`), and `probability`.
    """
    rows = [
        {"document": id, **_entity(document, index)}
        for id, document in _named(documents)
        for index in range(len(document.entities))
    ]
    return _frame(rows, ["document", *_ENTITY_COLUMNS])


@document_method("to_pandas")
def relations_to_pandas(documents: Documents) -> "pandas.DataFrame":
    """
    A table with a row for each relation.

    Registered as a method of `Document` with name `"to_pandas"`.

    # Parameters

    documents : `Union[Document, Iterable[Document]]`
        One or more documents, such as those of a text that an `Extractor` returns.

    # Returns

    `pandas.DataFrame`
        The columns are `document`, `type`, `probability`, and with `head_` and `tail_` before them,
        the columns of the entities; see `entities_to_pandas`.
    """
    rows = []
    for id, document in _named(documents):
        for relation in document.relations:
            ends = {"head": relation.head, "tail": relation.tail}
            rows.append(
                {
                    "document": id,
                    "type": relation.type,
                    "probability": relation.probability,
                    **{
                        f"{end}_{name}": value
                        for end, index in ends.items()
                        for name, value in _entity(document, index).items()
                    },
                }
            )
    of_ends = [f"{end}_{name}" for end in ("head", "tail") for name in _ENTITY_COLUMNS]
    return _frame(rows, ["document", "type", "probability", *of_ends])


_ENTITY_COLUMNS = ("type", "text", "start", "end", "start_char", "end_char", "probability")


def _named(documents: Documents) -> list[tuple[Union[str, int], Document]]:
    listed = [documents] if isinstance(documents, Document) else documents
    return [
        (index if document.id is None else document.id, document)
        for index, document in enumerate(listed)
    ]


def _entity(document: Document, index: int) -> dict[str, Any]:
    entity = document.entities[index]
    characters = document.character_span(entity.start, entity.end)
    offset = document.start_char or 0
    values = (
        entity.type,
        document.entity_text(entity),
        entity.start,
        entity.end,
        *(offset + character for character in characters),
        entity.probability,
    )
    return dict(zip(_ENTITY_COLUMNS, values, strict=True))


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> "pandas.DataFrame":
    # Imported late: it takes half a second.
    import pandas

    return pandas.DataFrame(rows, columns=columns)
