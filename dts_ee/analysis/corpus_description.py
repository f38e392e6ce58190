"""
What is in the files of a corpus.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Iterable, Iterator, Optional, Sequence

import numpy

from dts_ee.analysis.near_duplicates import shingles, similar_pairs
from dts_ee.document import Document, Entity

_TypePair = tuple[str, str]


@dataclass(frozen=True)
class Lengths:
    """
    How some lengths are distributed.

    # Parameters

    minimum, maximum : `int`
        The least and the greatest.
    median : `float`
        The median; between two values it is their mean.
    percentile_95 : `int`
        The least value that at least 95 per cent do not exceed.
    """

    minimum: int
    median: float
    percentile_95: int
    maximum: int

    @classmethod
    def of(cls, values: Iterable[int]) -> Optional["Lengths"]:
        """Those of some values; `None` where there are none."""
        listed = sorted(values)
        if not listed:
            return None
        percentile = int(numpy.percentile(listed, 95, method="inverted_cdf"))
        return cls(listed[0], float(numpy.median(listed)), percentile, listed[-1])


@dataclass(frozen=True)
class PairStatistics:
    """
    How the ordered pairs of entities of two types are related.

    # Parameters

    head_type, tail_type : `str`
        The types.
    pairs : `int`
        How many pairs of different entities there are in the same sentence.
    related : `int`
        How many of them have at least one relation.
    relations : `dict[str, int]`
        How many relations of each type there are between them.
    """

    head_type: str
    tail_type: str
    pairs: int
    related: int
    relations: dict[str, int]


@dataclass(frozen=True)
class OverlapStatistics:
    """
    Entities that share tokens, which one sequence of tags cannot express.

    # Parameters

    documents : `int`
        How many documents have such.
    pairs : `int`
        How many pairs of entities overlap: those with the same span, those where one holds the
        other, and those that cross.
    same_span, nested, crossing : `int`
        How many of each.
    same_type : `int`
        How many pairs are of one type: those that one sequence of tags for each type cannot express
        either.
    documents_same_type : `int`
        How many documents have such.
    """

    documents: int
    pairs: int
    same_span: int
    nested: int
    crossing: int
    same_type: int
    documents_same_type: int


@dataclass(frozen=True)
class FileDescription:
    """
    What is in a file.

    # Parameters

    name : `str`
        The file's name.
    counts : `dict[str, int]`
        How many documents, tokens, entities, relations and so on there are.
    entity_types, relation_types : `dict[str, int]`
        How many entities and relations of each type there are, in alphabetical order.
    lengths : `dict[str, Optional[Lengths]]`
        How long sentences and entities are, and how many there are in a sentence.
    pairs : `list[PairStatistics]`
        For the types of head and tail, in alphabetical order.
    overlaps : `OverlapStatistics`
        Entities that share tokens.
    """

    name: str
    counts: dict[str, int]
    entity_types: dict[str, int]
    relation_types: dict[str, int]
    lengths: dict[str, Optional[Lengths]]
    pairs: list[PairStatistics]
    overlaps: OverlapStatistics


@dataclass(frozen=True)
class Place:
    """
    A document of some file.

    # Parameters

    file : `str`
        The file's name.
    document : `str`
        The document's identifier, or its place among those that can be read, from `#1`.
    """

    file: str
    document: str

    def __str__(self) -> str:
        return f"{self.document} ({self.file})"


@dataclass(frozen=True)
class Duplicates:
    """
    Documents that have the same tokens.

    # Parameters

    places : `list[Place]`
        Where they are; at least two.
    text : `str`
        The tokens, joined by spaces.
    same_annotation : `bool`
        Whether they all have the same entities and relations.
    """

    places: list[Place]
    text: str
    same_annotation: bool


@dataclass(frozen=True)
class NearDuplicates:
    """
    Two documents that have nearly the same text, but not the same tokens.

    # Parameters

    one, other : `Place`
        Where they are; where there are several with the same tokens, the first of them.
    texts : `tuple[str, str]`
        Their tokens, joined by spaces.
    similarity : `float`
        The Jaccard similarity of their shingles.
    """

    one: Place
    other: Place
    texts: tuple[str, str]
    similarity: float


@dataclass(frozen=True)
class Repetition:
    """
    How much of one file is in another, or again in the same one.

    # Parameters

    file : `str`
        The file that is looked at.
    within : `str`
        The file that is searched. If it is the same one, a document does not count as its own
        duplicate.
    duplicates : `int`
        How many documents of `file` have a duplicate in `within`.
    near_duplicates : `int`
        How many others have a near-duplicate there.
    """

    file: str
    within: str
    duplicates: int
    near_duplicates: int


@dataclass(frozen=True)
class CorpusDescription:
    """
    What is in the files of a corpus, and what they have in common.

    # Parameters

    files : `list[FileDescription]`
        Each file.
    whole : `FileDescription`
        All files together.
    similarity : `float`
        From which similarity on two documents are near-duplicates.
    repetitions : `list[Repetition]`
        For each file: itself, and each file before it.
    duplicates : `list[Duplicates]`
        Every sentence that is there more than once.
    near_duplicates : `list[NearDuplicates]`
        Every pair, the most similar first.
    """

    files: list[FileDescription]
    whole: FileDescription
    similarity: float
    repetitions: list[Repetition]
    duplicates: list[Duplicates]
    near_duplicates: list[NearDuplicates]


@dataclass
class _Sentence:
    """All documents with the same tokens."""

    documents: list[tuple[Place, Document]] = field(default_factory=list)


def describe_corpus(
    files: Sequence[tuple[str, Sequence[Document]]], similarity: float = 0.8
) -> CorpusDescription:
    """
    # Parameters

    files : `Sequence[tuple[str, Sequence[Document]]]`
        The name and the documents of each file.
    similarity : `float`, optional (default = `0.8`)
        From which Jaccard similarity of their shingles on two documents are near-duplicates.
    """
    by_tokens: dict[tuple[str, ...], _Sentence] = {}
    for name, documents in files:
        for number, document in enumerate(documents, start=1):
            place = Place(name, document.id or f"#{number}")
            by_tokens.setdefault(document.tokens, _Sentence()).documents.append((place, document))
    sentences = list(by_tokens.values())
    pairs = similar_pairs([shingles(each.documents[0][1]) for each in sentences], similarity)
    names = [name for name, _ in files]
    alike: dict[int, set[int]] = {}
    for one, other, _ in pairs:
        alike.setdefault(one, set()).add(other)
        alike.setdefault(other, set()).add(one)
    near = [
        NearDuplicates(
            sentences[one].documents[0][0],
            sentences[other].documents[0][0],
            (_text(sentences[one]), _text(sentences[other])),
            closeness,
        )
        for one, other, closeness in pairs
    ]
    return CorpusDescription(
        files=[_describe_file(name, documents) for name, documents in files],
        whole=_describe_file("all", [each for _, documents in files for each in documents]),
        similarity=similarity,
        repetitions=[
            _repetition(file, within, sentences, alike)
            for i, file in enumerate(names)
            for within in (file, *names[:i])
        ],
        duplicates=[
            Duplicates(
                [place for place, _ in each.documents],
                _text(each),
                len({_annotation(document) for _, document in each.documents}) == 1,
            )
            for each in sentences
            if len(each.documents) > 1
        ],
        near_duplicates=sorted(near, key=lambda pair: -pair.similarity),
    )


def _describe_file(name: str, documents: Sequence[Document]) -> FileDescription:
    entities = [entity for document in documents for entity in document.entities]
    relations = [relation for document in documents for relation in document.relations]
    return FileDescription(
        name=name,
        counts={
            "documents": len(documents),
            "documents without entities": sum(not each.entities for each in documents),
            "documents without relations": sum(not each.relations for each in documents),
            "tokens": sum(len(each.tokens) for each in documents),
            "entities": len(entities),
            "relations": len(relations),
        },
        entity_types=_sorted_counts(entity.type for entity in entities),
        relation_types=_sorted_counts(relation.type for relation in relations),
        lengths={
            "tokens in a sentence": Lengths.of(len(each.tokens) for each in documents),
            "tokens in an entity": Lengths.of(each.end - each.start for each in entities),
            "entities in a sentence": Lengths.of(len(each.entities) for each in documents),
            "relations in a sentence": Lengths.of(len(each.relations) for each in documents),
            "tokens between head and tail": Lengths.of(
                _tokens_between(document.entities[each.head], document.entities[each.tail])
                for document in documents
                for each in document.relations
            ),
        },
        pairs=_pair_statistics(documents),
        overlaps=_overlap_statistics(documents),
    )


def _sorted_counts(types: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(types).items()))


def _tokens_between(one: Entity, other: Entity) -> int:
    return max(one.start - other.end, other.start - one.end, 0)


def _pair_statistics(documents: Sequence[Document]) -> list[PairStatistics]:
    pairs: Counter[_TypePair] = Counter()
    related: Counter[_TypePair] = Counter()
    relations: dict[_TypePair, Counter[str]] = {}
    for document in documents:
        types = [entity.type for entity in document.entities]
        pairs.update(permutations(types, 2))
        ends = {(relation.head, relation.tail) for relation in document.relations}
        related.update((types[head], types[tail]) for head, tail in ends)
        for relation in document.relations:
            of_types = types[relation.head], types[relation.tail]
            relations.setdefault(of_types, Counter())[relation.type] += 1
    return [
        PairStatistics(
            head,
            tail,
            pairs[head, tail],
            related[head, tail],
            dict(sorted(relations.get((head, tail), Counter()).items())),
        )
        for head, tail in sorted(pairs)
    ]


def _overlap_statistics(documents: Sequence[Document]) -> OverlapStatistics:
    kinds: Counter[str] = Counter()
    same_type = documents_with = documents_same_type = 0
    for document in documents:
        found = list(_overlaps(document))
        kinds.update(_kind_of_overlap(one, other) for one, other in found)
        of_one_type = sum(one.type == other.type for one, other in found)
        same_type += of_one_type
        documents_with += bool(found)
        documents_same_type += bool(of_one_type)
    return OverlapStatistics(
        documents=documents_with,
        pairs=sum(kinds.values()),
        same_span=kinds["same_span"],
        nested=kinds["nested"],
        crossing=kinds["crossing"],
        same_type=same_type,
        documents_same_type=documents_same_type,
    )


def _overlaps(document: Document) -> Iterator[tuple[Entity, Entity]]:
    return (pair for pair in combinations(document.entities, 2) if pair[0].overlaps(pair[1]))


def _kind_of_overlap(one: Entity, other: Entity) -> str:
    if one.span == other.span:
        return "same_span"
    starts, ends = one.start - other.start, other.end - one.end
    # One holds the other if it begins no later and ends no earlier.
    return "nested" if starts * ends >= 0 else "crossing"


def _repetition(
    file: str, within: str, sentences: Sequence[_Sentence], alike: dict[int, set[int]]
) -> Repetition:
    duplicates = near = 0
    number_in = [
        Counter(place.file for place, _ in sentence.documents)[within] for sentence in sentences
    ]
    for i, sentence in enumerate(sentences):
        number = sum(place.file == file for place, _ in sentence.documents)
        if number_in[i] > (1 if file == within else 0):
            duplicates += number
        elif any(number_in[j] for j in alike.get(i, ())):
            near += number
    return Repetition(file, within, duplicates, near)


def _text(sentence: _Sentence) -> str:
    return " ".join(sentence.documents[0][1].tokens)


def _annotation(document: Document) -> tuple[frozenset[Entity], frozenset[tuple]]:
    entities = document.entities
    return (
        frozenset(entities),
        frozenset(
            (relation.type, entities[relation.head], entities[relation.tail])
            for relation in document.relations
        ),
    )
