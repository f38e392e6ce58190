"""
Texts with entities by their characters, and their conversion to documents.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Container, Hashable, Iterator, Optional, Sequence, Union

from dts_ee.characters import is_blank, visible_span
from dts_ee.corpora.corpus import REPEATED_ENTITY, REPEATED_RELATION, Remark
from dts_ee.corpora.graphemes import Graphemes, canonical
from dts_ee.corpora.offsets import Mention, OffsetUnit, code_points, find_unit, fits
from dts_ee.corpora.sentence_rules import Spans
from dts_ee.corpora.text_reading import TextReading
from dts_ee.document import Document, Entity, Field, Relation

OTHER_UNIT = "offsets in another unit"
"""The problem of a remark on a document whose offsets do not count code points."""

DIVIDED_TOKEN = "token divided at the border of an entity"
"""The problem of a remark on a token that is two because of the annotation."""

INEXPRESSIBLE = "entity that the tokens cannot express"
"""The problem of a remark on an entity that begins or ends inside a token."""

CROSSED_END = "end of a sentence that a relation crosses"
"""The problem of a remark on an end that may be none."""


@dataclass(frozen=True)
class TextEntity:
    """
    An entity by its offsets, which count code points or what fits the whole document (see
    `find_unit`). Relations refer to it by its key. `quoted` is its text, where that is known.
    """

    key: Hashable
    type: str
    start: int
    end: int
    location: Union[str, Field, None] = None
    probability: Optional[float] = None
    quoted: Optional[str] = None

    @property
    def mention(self) -> Mention:
        return Mention(self.start, self.end, self.quoted)


@dataclass(frozen=True)
class TextRelation:
    """A relation between the entities of two keys."""

    type: str
    head: Hashable
    tail: Hashable
    location: Union[str, Field, None] = None
    probability: Optional[float] = None


@dataclass
class AnnotatedText:
    """
    A text of one or several sentences, with its entities by their characters.

    # Parameters

    id : `str`
        The text's identifier. Its sentences get `id-1`, `id-2`, …, or `id` if there is only one.
    text : `str`
        The text.
    entities : `list[TextEntity]`, optional (default = `[]`)
        The entities.
    relations : `list[TextRelation]`, optional (default = `[]`)
        The relations. If no entity has the key of a head or tail, that entity was refused, and the
        relation is lost, too.
    tokens : `Optional[Spans]`, optional (default = `None`)
        The tokens of the source; without them, the text is tokenized.
    sentence_starts : `list[int]`, optional (default = `[]`)
        With `tokens`: the characters at which the sentences after the first begin.
    remarks : `list[Remark]`, optional (default = `[]`)
        Remarks on what is already lost.
    with_start_chars : `bool`, optional (default = `False`)
        Whether each sentence gets a `start_char`, the character at which it begins.
    repair : `bool`, optional (default = `True`)
        Whether an entity whose offsets do not fit its text is looked for by its text. Otherwise it
        is lost, and another unit of offsets is only taken where all entities fit it.
    """

    id: str
    text: str
    entities: list[TextEntity] = field(default_factory=list)
    relations: list[TextRelation] = field(default_factory=list)
    tokens: Optional[Spans] = None
    sentence_starts: list[int] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    with_start_chars: bool = False
    repair: bool = True

    def remark(
        self,
        problem: str,
        detail: str,
        location: Union[str, Field, None] = None,
        lost: bool = True,
    ) -> None:
        self.remarks.append(Remark(problem, detail, lost, self.id, location))

    def add_quoted(self, entity: TextEntity, quoted: str) -> None:
        """
        Adds an entity whose text is known. `documents` finds out what the offsets count.

        # Parameters

        entity : `TextEntity`
            The entity.
        quoted : `str`
            Its text. Its white space may differ from that in the whole text.
        """
        self.entities.append(entity if is_blank(quoted) else replace(entity, quoted=quoted))

    def documents(self, reading: TextReading) -> list[Document]:
        """
        The sentences. Losses and changes are added to `remarks`.

        # Parameters

        reading : `TextReading`
            How the text is divided into sentences and tokens.
        """
        entities = self._located_entities()
        spans = reading.tokenize(self.text) if self.tokens is None else self.tokens
        if reading.divide_tokens:
            spans = self._divided(spans, entities)
        if not spans:
            self.remark("text without words", repr(self.text))
            return []
        entities = self._expressible(spans, entities)
        token_entities = {
            entity.key: Entity(
                entity.type, *_token_span(spans, entity.start, entity.end), entity.probability
            )
            for entity in entities
        }
        starts = self._sentence_starts(spans, reading, list(token_entities.values()))
        starts = starts[:: reading.windows]
        documents = self._sentences(spans, starts, token_entities)
        if self.tokens is None:
            self._remark_on_crossed_ends(spans, starts, token_entities)
        if self.tokens is None and reading.note is not None:
            return [replace(document, tokenizer=reading.note) for document in documents]
        return documents

    def _located_entities(self) -> list[TextEntity]:
        """
        The entities by their code points, without surrounding white space; those that are not in
        the text are left out.
        """
        located = []
        # Tokens of the source may begin or end with white space, or inside a grapheme cluster.
        starts, ends = ({span[i] for span in self.tokens or ()} for i in (0, 1))
        graphemes = Graphemes(self.text)
        for entity in self._entities_in_text(starts | ends):
            quoted = self.text[entity.start : entity.end]
            start, end = visible_span(self.text, entity.start, entity.end)
            if start == end:
                self.remark("entity without words", f"{entity.type} is {quoted!r}", entity.location)
                continue
            start = entity.start if entity.start in starts else graphemes.start(start)
            end = entity.end if entity.end in ends else graphemes.end(end)
            if (start, end) != (entity.start, entity.end):
                is_part = start < entity.start or entity.end < end
                self.remark(
                    "entity of a part of a character"
                    if is_part
                    else "white space around an entity",
                    f"{quoted!r}, taken for {self.text[start:end]!r}" if is_part else repr(quoted),
                    entity.location,
                    lost=False,
                )
            located.append(replace(entity, start=start, end=end))
        return located

    def _entities_in_text(self, token_borders: Container[int]) -> Iterator[TextEntity]:
        """The entities that are in the text, by their code points."""
        unit = self._unit(token_borders)
        for entity in self.entities:
            span = unit.span(entity.mention)
            if entity.quoted is not None and not fits(self.text, entity.mention, unit):
                span = self._found_span(entity, entity.quoted, span) if self.repair else None
                if not self.repair:
                    self.remark(
                        "entity of another text",
                        f"the characters are {self._at_offsets(entity)!r}, not {entity.quoted!r}",
                        entity.location,
                    )
            elif span is None or unit.ends_after_text(entity.mention) and entity.quoted is None:
                span = None
                self.remark(
                    "entity outside of the text",
                    f"{entity.type} from character {entity.start} to {entity.end} of "
                    f"{len(self.text)}",
                    entity.location,
                )
            elif unit.ends_after_text(entity.mention):
                self.remark(
                    "entity that ends after the text",
                    f"{entity.quoted!r} to {entity.end}; taken for its text",
                    entity.location,
                    lost=False,
                )
            if span is not None:
                yield replace(entity, start=span[0], end=span[1])

    def _unit(self, token_borders: Container[int]) -> OffsetUnit:
        mentions = [entity.mention for entity in self.entities]
        unit, num_fitting = find_unit(self.text, mentions, token_borders)
        plain = code_points(self.text)
        if unit == plain:
            return plain
        all_quoted = num_fitting == len(mentions) and any(
            entity.quoted is not None for entity in self.entities
        )
        if not self.repair and not all_quoted:
            return plain
        remark = other_unit_remark(unit, num_fitting, len(mentions))
        self.remark(remark.problem, remark.detail, lost=False)
        return unit

    def _at_offsets(self, entity: TextEntity) -> str:
        return self.text[max(entity.start, 0) : max(entity.end, 0)]

    def _found_span(
        self, entity: TextEntity, quoted: str, span: Optional[tuple[int, int]]
    ) -> Optional[tuple[int, int]]:
        """The characters of the nearest occurrence of an entity's text."""
        found = nearest_occurrence(self.text, quoted, entity.start if span is None else span[0])
        if found is None:
            self.remark("mention that is not in its text", repr(quoted), entity.location)
            return None
        self.remark(
            "mention found by its text",
            f"{quoted!r} is not at characters {entity.start} to {entity.end}; taken for characters "
            f"{found[0]} to {found[1]}, {self.text[slice(*found)]!r}",
            entity.location,
            lost=False,
        )
        return found

    def _divided(self, spans: Spans, entities: Sequence[TextEntity]) -> Spans:
        """The tokens, divided where an entity begins or ends inside a token."""
        borders = sorted({border for entity in entities for border in (entity.start, entity.end)})
        divided: Spans = []
        for start, end in spans:
            inside = borders[bisect_right(borders, start) : bisect_left(borders, end)]
            if not inside:
                # A token of the source may be invisible, but not white space alone.
                if self.text[start:end].strip():
                    divided.append((start, end))
                continue
            points = [start, *inside, end]
            pieces = [
                piece
                for piece in zip(points, points[1:], strict=False)
                if not is_blank(self.text[slice(*piece)])
            ]
            if len(pieces) > 1:
                words = " ".join(self.text[slice(*piece)] for piece in pieces)
                self.remark(
                    DIVIDED_TOKEN,
                    f"{self.text[start:end]!r} into {words!r}; without the entity, `predict` makes "
                    "one token",
                    lost=False,
                )
            divided.extend(pieces)
        return divided

    def _expressible(self, spans: Spans, entities: Sequence[TextEntity]) -> list[TextEntity]:
        """The entities that are whole tokens."""
        starts, ends = {start for start, _ in spans}, {end for _, end in spans}
        whole = []
        for entity in entities:
            if entity.start in starts and entity.end in ends:
                whole.append(entity)
                continue
            first = bisect_right(spans, entity.start, key=lambda span: span[0]) - 1
            last = bisect_left(spans, entity.end, key=lambda span: span[1])
            around = self.text[spans[max(first, 0)][0] : spans[min(last, len(spans) - 1)][1]]
            self.remark(
                INEXPRESSIBLE,
                f"{entity.type} {self.text[entity.start : entity.end]!r} in {around!r}",
                entity.location,
            )
        return whole

    def _sentence_starts(
        self, spans: Spans, reading: TextReading, entities: Sequence[Entity]
    ) -> list[int]:
        if self.tokens is None:
            starts = reading.sentence_starts(self.text, spans)
        else:
            firsts = [start for start, _ in spans]
            found = (bisect_left(firsts, start) for start in self.sentence_starts)
            # A sentence of the source may be white space alone, at the end too.
            starts = sorted({0, *(start for start in found if start < len(firsts))})
        inside = {token for entity in entities for token in range(entity.start + 1, entity.end)}
        kept = [start for start in starts if start not in inside]
        for start in sorted(inside.intersection(starts)):
            self.remark(
                "sentences joined",
                f"an entity goes on after the end of one: {self._around(spans, start)!r}",
                lost=False,
            )
        return kept

    def _around(self, spans: Spans, start: int) -> str:
        """The words around the start of a sentence."""
        return self.text[spans[max(start - 3, 0)][0] : spans[min(start + 2, len(spans) - 1)][1]]

    def _remark_on_crossed_ends(
        self, spans: Spans, starts: list[int], entities: dict[Hashable, Entity]
    ) -> None:
        """Remarks on the ends between neighbouring sentences that have a relation."""
        crossed: Counter[int] = Counter()
        for relation in self.relations:
            if relation.head in entities and relation.tail in entities:
                first, last = sorted(
                    bisect_right(starts, entities[key].start) - 1
                    for key in (relation.head, relation.tail)
                )
                if last == first + 1:
                    crossed[starts[last]] += 1
        for start, number in sorted(crossed.items()):
            self.remark(
                CROSSED_END,
                f"{number} {'relation' if number == 1 else 'relations'} across "
                f"{self._around(spans, start)!r}: if it is none, --abbreviations, or --sentences "
                "lines or whole",
                lost=False,
            )

    def _sentences(
        self, spans: Spans, starts: list[int], entities: dict[Hashable, Entity]
    ) -> list[Document]:
        sentence_of = {
            key: bisect_right(starts, entity.start) - 1 for key, entity in entities.items()
        }
        entity_lists, indices = self._entities_by_sentence(spans, starts, entities, sentence_of)
        relation_lists = self._relations_by_sentence(len(starts), indices, sentence_of)
        documents = []
        ends = [*starts[1:], len(spans)]
        for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
            first, last = spans[start][0], spans[end - 1][1]
            if self.tokens is not None and len(starts) == 1:
                first, last = 0, len(self.text)
            documents.append(
                Document(
                    tokens=tuple(self.text[slice(*span)] for span in spans[start:end]),
                    entities=tuple(entity_lists[i]),
                    relations=tuple(relation_lists[i]),
                    id=self.id if len(starts) == 1 else f"{self.id}-{i + 1}",
                    text=self.text[first:last],
                    token_offsets=tuple((s - first, e - first) for s, e in spans[start:end]),
                    start_char=first if self.with_start_chars else None,
                )
            )
        return documents

    def _entities_by_sentence(
        self,
        spans: Spans,
        starts: list[int],
        entities: dict[Hashable, Entity],
        sentence_of: dict[Hashable, int],
    ) -> tuple[list[list[Entity]], dict[Hashable, int]]:
        """The entities of each sentence, and the index of each key among them."""
        locations = {entity.key: entity.location for entity in self.entities}
        indices: dict[Hashable, int] = {}
        seen: list[dict[Entity, int]] = [{} for _ in starts]
        for key, entity in entities.items():
            sentence = sentence_of[key]
            first = starts[sentence]
            moved = replace(entity, start=entity.start - first, end=entity.end - first)
            if moved in seen[sentence]:
                span = self.text[spans[entity.start][0] : spans[entity.end - 1][1]]
                self.remark(REPEATED_ENTITY, f"{entity.type} {span!r}", locations[key], lost=False)
            indices[key] = seen[sentence].setdefault(moved, len(seen[sentence]))
        return [list(sentence_entities) for sentence_entities in seen], indices

    def _relations_by_sentence(
        self,
        num_sentences: int,
        indices: dict[Hashable, int],
        sentence_of: dict[Hashable, int],
    ) -> list[list[Relation]]:
        seen: list[dict[tuple[str, int, int], Relation]] = [{} for _ in range(num_sentences)]
        for relation in self.relations:
            moved = self._relation_in_sentence(relation, indices, sentence_of)
            if moved is None:
                continue
            of_sentence = seen[sentence_of[relation.head]]
            key = (moved.type, moved.head, moved.tail)
            if key in of_sentence:
                self.remark(REPEATED_RELATION, moved.type, relation.location, lost=False)
            of_sentence.setdefault(key, moved)
        return [list(of_sentence.values()) for of_sentence in seen]

    def _relation_in_sentence(
        self,
        relation: TextRelation,
        indices: dict[Hashable, int],
        sentence_of: dict[Hashable, int],
    ) -> Optional[Relation]:
        """The relation in its sentence, or `None` if it cannot be expressed."""
        for key in (relation.head, relation.tail):
            if key not in indices:
                self.remark(
                    "relation of an entity that is not there",
                    f"{relation.type} of {key}",
                    relation.location,
                )
                return None
        if sentence_of[relation.head] != sentence_of[relation.tail]:
            self.remark(
                "relation between two sentences",
                f"{relation.type} from {relation.head} to {relation.tail}",
                relation.location,
            )
            return None
        head, tail = indices[relation.head], indices[relation.tail]
        if head == tail:
            self.remark(
                "relation of an entity with itself",
                f"{relation.type} of {relation.head}",
                relation.location,
            )
            return None
        return Relation(relation.type, head, tail, relation.probability)


def other_unit_remark(unit: OffsetUnit, num_fitting: int, num_entities: int) -> Remark:
    """A remark on a document whose offsets do not count code points."""
    detail = f"they count {unit.name}: {num_fitting} of {num_entities} entities fit"
    return Remark(OTHER_UNIT, detail, lost=False)


def nearest_occurrence(text: str, quoted: str, start: int) -> Optional[tuple[int, int]]:
    """
    The character span of a quotation in a text, or `None` if the text does not contain it.

    White space and invisible characters may differ, characters may be canonically equal and, if
    there is no such occurrence, the case of letters may differ.

    # Parameters

    text : `str`
        The text.
    quoted : `str`
        The quotation.
    start : `int`
        Where it should begin: the nearest occurrence is taken.
    """
    characters, starts, ends = canonical(text)
    words = canonical(quoted)[0].split()
    if not words:
        return None
    pattern = r"\s+".join(map(re.escape, words))
    for flags in (0, re.IGNORECASE):
        found = [
            (starts[match.start()], ends[match.end() - 1])
            for match in re.finditer(pattern, characters, flags)
        ]
        if found:
            return min(found, key=lambda span: abs(span[0] - start))
    return None


def _token_span(spans: Spans, start: int, end: int) -> tuple[int, int]:
    """The span of tokens from the characters `start` to `end`, at which tokens begin and end."""
    return (
        bisect_left(spans, start, key=lambda span: span[0]),
        bisect_right(spans, end, key=lambda span: span[1]),
    )
