"""
Relations between concepts, of which each may be mentioned more than once.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Hashable, Mapping, Optional, Sequence

from dts_ee.corpora.annotated_text import AnnotatedText, TextRelation
from dts_ee.corpora.text_reading import TextReading

SAME_SENTENCE = "same-sentence"


@dataclass(frozen=True)
class ConceptRelation:
    """A relation between the concepts of two identifiers."""

    type: str
    head: str
    tail: str
    location: str


def add_concept_relations(
    text: AnnotatedText,
    relations: Sequence[ConceptRelation],
    mentions: Mapping[str, Sequence[Hashable]],
    mode: Optional[str],
    reading: TextReading,
) -> None:
    """
    Adds relations between concepts to a text, as relations between their mentions.

    # Parameters

    text : `AnnotatedText`
        The text, with its entities.
    relations : `Sequence[ConceptRelation]`
        The relations.
    mentions : `Mapping[str, Sequence[Hashable]]`
        The keys of the entities that mention each concept.
    mode : `Optional[str]`
        With `"same-sentence"`, a relation becomes one between each two mentions in a sentence.
        Otherwise it is lost, except where there is only one mention of each concept.
    reading : `TextReading`
        How the text becomes sentences.
    """
    if not relations:
        return
    sentence_of = _sentences_of_entities(text, reading) if mode == SAME_SENTENCE else {}
    for relation in relations:
        heads, tails = mentions.get(relation.head, ()), mentions.get(relation.tail, ())
        name = f"{relation.type} from {relation.head} to {relation.tail}"
        if not heads or not tails:
            text.remark("relation of a concept without a mention", name, relation.location)
            continue
        if mode == SAME_SENTENCE:
            pairs = [
                (head, tail)
                for head in heads
                for tail in tails
                if head != tail and sentence_of.get(head, -1) == sentence_of.get(tail, -2)
            ]
            if not pairs:
                text.remark("relation of concepts in no sentence", name, relation.location)
        elif len(heads) == len(tails) == 1:
            pairs = [(heads[0], tails[0])]
        else:
            pairs = []
            text.remark(
                "relation of concepts with several mentions",
                f"{name}: {len(heads)} and {len(tails)} mentions; --concept-relations "
                f"{SAME_SENTENCE} relates those in one sentence",
                relation.location,
            )
        text.relations += [
            TextRelation(relation.type, head, tail, relation.location) for head, tail in pairs
        ]


def _sentences_of_entities(text: AnnotatedText, reading: TextReading) -> dict[Hashable, int]:
    """The index of each entity's sentence."""
    copy = AnnotatedText(text.id, text.text, list(text.entities), with_start_chars=True)
    starts = [document.start_char or 0 for document in copy.documents(reading)]
    return {entity.key: bisect_right(starts, entity.start) for entity in text.entities}
