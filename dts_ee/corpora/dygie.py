"""
The JSON Lines of DyGIE++, which SciERC, PURE and PL-Marker have too.

A record is a text: `{"doc_key", "sentences", "ner", "relations"}`. `sentences` has the tokens of
each sentence; `ner` and `relations` have a list for each sentence, of `[first, last, type]` and of
`[first, last, first, last, type]`. Tokens are counted from the beginning of the text, and the last
one belongs to the entity. A file of predictions has `predicted_ner` and `predicted_relations`, with
a score and a probability behind each type.
"""

import json
from typing import Any, Iterator, Optional, Sequence, Union

from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.json_values import (
    as_list,
    as_probability,
    as_string,
    as_whole_number,
    required,
)
from dts_ee.corpora.record_corpus import (
    UNANNOTATED,
    identifier,
    left_out,
    read_record_corpus,
)
from dts_ee.corpora.text_groups import texts_of
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import lost_with_tokens, relation_remark
from dts_ee.corpora.token_text import TokenText
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, FieldParts

_PREDICTED = "predicted_"


def read_dygie(path: PathOrStr, reading: TextReading, on_error: Optional[str] = None) -> Corpus:
    """
    The sentences of all texts; the texts are the groups.

    Where a text has predictions and no annotation, those are read, with their probabilities.

    # Parameters

    path : `PathOrStr`
        The file.
    reading : `TextReading`
        How many sentences become one document; sentences and tokens are those of the file.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid record; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, or a record is invalid.
    """
    return read_record_corpus(path, reading, _text, on_error)


def _text(record: dict[str, Any], location: str, unread: Unread) -> Union[TokenText, Remark]:
    prefix = _PREDICTED if "ner" not in record and f"{_PREDICTED}ner" in record else ""
    ner, relations = f"{prefix}ner", f"{prefix}relations"
    sentences = [
        [
            as_string(token, ("sentences", i, j))
            for j, token in enumerate(as_list(tokens, ("sentences", i)))
        ]
        for i, tokens in enumerate(as_list(required(record, "sentences", ()), ("sentences",)))
    ]
    id = identifier(record, ("doc_key",), location)
    if ner not in record and relations not in record:
        return left_out(UNANNOTATED, location)
    # DyGIE++ says itself that `sentence_start` follows from the sentences.
    unread.add_keys(record, ("doc_key", "sentences", "sentence_start", ner, relations), id)
    text = TokenText(id, sentences)
    key_of_span = _add_entities(text, record, ner, sentences)
    for field, item in _items(record, relations, len(sentences)):
        if len(item) < 5:
            raise DocumentError("must be [first, last, first, last, type]", field)
        spans = []
        for start in (0, 2):
            first, last = (as_whole_number(item[i], (*field, i)) for i in (start, start + 1))
            text.check_span(first, last, field)
            spans.append((first, last))
        head, tail = (key_of_span.get(span, f"tokens {span[0]} to {span[1]}") for span in spans)
        text.add_relation(
            as_string(item[4], (*field, 4)), head, tail, field, _probability(item, 5, field)
        )
    return text


def _add_entities(
    text: TokenText, record: dict[str, Any], key: str, sentences: Sequence[Sequence[str]]
) -> dict[tuple[int, int], int]:
    """Adds the entities; returns the number of the first one of each span."""
    starts = [0]
    for sentence in sentences:
        starts.append(starts[-1] + len(sentence))
    key_of_span: dict[tuple[int, int], int] = {}
    for number, (field, item) in enumerate(_items(record, key, len(sentences))):
        if len(item) < 3:
            raise DocumentError("must be [first, last, type]", field)
        first, last = (as_whole_number(item[j], (*field, j)) for j in (0, 1))
        i = int(field[1])
        if not starts[i] <= first < starts[i + 1]:
            raise DocumentError(
                f"token {first} is not in sentences[{i}], which has the tokens "
                f"{starts[i]} to {starts[i + 1] - 1}: they are counted from the "
                "beginning of the text",
                field,
            )
        type = as_string(item[2], (*field, 2))
        text.add_entity(number, type, first, last, field, _probability(item, 3, field))
        key_of_span.setdefault((first, last), number)
    return key_of_span


def _items(
    record: dict[str, Any], key: str, num_sentences: int
) -> Iterator[tuple[FieldParts, list[Any]]]:
    """The field and the value of each annotation in the lists of all sentences."""
    if key not in record:
        return
    lists = as_list(record[key], (key,))
    if len(lists) != num_sentences:
        raise DocumentError(f"has {len(lists)} lists for {num_sentences} sentences", (key,))
    for i, items in enumerate(lists):
        for j, item in enumerate(as_list(items, (key, i))):
            yield (key, i, j), as_list(item, (key, i, j))


def _probability(item: list[Any], start: int, field: FieldParts) -> Optional[float]:
    """The probability of a prediction: the last of the numbers behind its type."""
    return as_probability(item[-1], (*field, len(item) - 1)) if len(item) > start else None


def write_dygie(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file, completely or not at all; the sentences of one text are one record.

    # Returns

    `list[Remark]`
        What the format cannot express: texts, probabilities, positions in a longer text, and a
        relation of the second of two entities with the same tokens.
    """
    remarks: list[Remark] = []
    with open_atomically(path) as file:
        for id, sentences in texts_of(documents):
            record = _record(id, sentences, remarks)
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return remarks


def _record(id: str, sentences: Sequence[Document], remarks: list[Remark]) -> dict[str, Any]:
    ner: list[list[Any]] = []
    relations: list[list[Any]] = []
    offset = 0
    for document in sentences:
        remarks.extend(lost_with_tokens(document))
        spans = [[offset + entity.start, offset + entity.end - 1] for entity in document.entities]
        ner.append(
            [[*span, entity.type] for span, entity in zip(spans, document.entities, strict=True)]
        )
        relations.append([])
        for relation in document.relations:
            if any(spans.index(spans[end]) != end for end in (relation.head, relation.tail)):
                remarks.append(
                    relation_remark(
                        "relation of the second entity with the same tokens", document, relation
                    )
                )
                continue
            relations[-1].append([*spans[relation.head], *spans[relation.tail], relation.type])
        offset += len(document.tokens)
    return {
        "doc_key": id,
        "sentences": [list(document.tokens) for document in sentences],
        "ner": ner,
        "relations": relations,
    }
