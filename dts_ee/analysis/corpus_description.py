"""
Statistics of the files of a corpus.
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
    The distribution of lengths.

    # Parameters

    minimum, maximum : `int`
        The least and the greatest length.
    median : `float`
        The median; the mean of the two middle values if their number is even.
    percentile_95 : `int`
        The least value that at least 95 per cent do not exceed.
    """

    minimum: int
    median: float
    percentile_95: int
    maximum: int

    @classmethod
    def of(cls, values: Iterable[int]) -> Optional["Lengths"]:
        """The lengths' distribution; `None` without lengths."""
        lengths = sorted(values)
        if not lengths:
            return None
        percentile = int(numpy.percentile(lengths, 95, method="inverted_cdf"))
        return cls(lengths[0], float(numpy.median(lengths)), percentile, lengths[-1])


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
        How many documents have overlapping entities.
    pairs : `int`
        How many pairs of entities overlap.
    same_span, nested, crossing : `int`
        How many pairs are of each kind.
    same_type : `int`
        How many pairs have the same type; tag sequences per type cannot express these either.
    documents_same_type : `int`
        How many documents have such pairs.
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
    Statistics of a file.

    # Parameters

    name : `str`
        The file's name.
    counts : `dict[str, int]`
        How many documents, tokens, entities, relations and so on there are.
    entity_types, relation_types : `dict[str, int]`
        How many entities and relations of each type there are, in alphabetical order.
    lengths : `dict[str, Optional[Lengths]]`
        The lengths of sentences and entities, and the numbers of entities and relations in them.
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
class DocumentLocation:
    """
    Where a document is.

    # Parameters

    file : `str`
        The file's name.
    document : `str`
        The document's identifier, or its number among those that can be read, from `#1`.
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

    places : `list[DocumentLocation]`
        Where they are; at least two.
    text : `str`
        The tokens, joined by spaces.
    same_annotation : `bool`
        Whether they all have the same entities and relations.
    """

    places: list[DocumentLocation]
    text: str
    same_annotation: bool


@dataclass(frozen=True)
class NearDuplicates:
    """
    Two documents that have nearly the same text, but not the same tokens.

    # Parameters

    one, other : `DocumentLocation`
        Where they are; of several documents with the same tokens, the first.
    texts : `tuple[str, str]`
        Their tokens, joined by spaces.
    similarity : `float`
        The Jaccard similarity of their shingles.
    """

    one: DocumentLocation
    other: DocumentLocation
    texts: tuple[str, str]
    similarity: float


@dataclass(frozen=True)
class Repetition:
    """
    How much of one file is repeated in another, or in itself.

    # Parameters

    file : `str`
        The file.
    within : `str`
        The file that is searched. In the same file, a document is no duplicate of itself.
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
    Statistics of the files of a corpus, and their duplicates.

    # Parameters

    files : `list[FileDescription]`
        Each file.
    whole : `FileDescription`
        All files together.
    similarity : `float`
        The least similarity of near-duplicates.
    repetitions : `list[Repetition]`
        The repetitions of each file in itself, and in each file before it.
    duplicates : `list[Duplicates]`
        Every sentence that occurs more than once.
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

    documents: list[tuple[DocumentLocation, Document]] = field(default_factory=list)


def describe_corpus(
    files: Sequence[tuple[str, Sequence[Document]]], similarity: float = 0.8
) -> CorpusDescription:
    """
    # Parameters

    files : `Sequence[tuple[str, Sequence[Document]]]`
        The name and the documents of each file.
    similarity : `float`, optional (default = `0.8`)
        The least Jaccard similarity of the shingles of near-duplicates.
    """
    by_tokens: dict[tuple[str, ...], _Sentence] = {}
    for name, documents in files:
        for number, document in enumerate(documents, start=1):
            location = DocumentLocation(name, document.id or f"#{number}")
            sentence = by_tokens.setdefault(document.tokens, _Sentence())
            sentence.documents.append((location, document))
    sentences = list(by_tokens.values())
    pairs = similar_pairs(
        [shingles(sentence.documents[0][1]) for sentence in sentences], similarity
    )
    names = [name for name, _ in files]
    alike: dict[int, set[int]] = {}
    for first, second, _ in pairs:
        alike.setdefault(first, set()).add(second)
        alike.setdefault(second, set()).add(first)
    near = [
        NearDuplicates(
            sentences[first].documents[0][0],
            sentences[second].documents[0][0],
            (_text(sentences[first]), _text(sentences[second])),
            pair_similarity,
        )
        for first, second, pair_similarity in pairs
    ]
    return CorpusDescription(
        files=[_describe_file(name, documents) for name, documents in files],
        whole=_describe_file("all", [document for _, documents in files for document in documents]),
        similarity=similarity,
        repetitions=[
            _repetition(file, within, sentences, alike)
            for i, file in enumerate(names)
            for within in (file, *names[:i])
        ],
        duplicates=[
            Duplicates(
                [location for location, _ in sentence.documents],
                _text(sentence),
                len({_annotation(document) for _, document in sentence.documents}) == 1,
            )
            for sentence in sentences
            if len(sentence.documents) > 1
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
            "documents without entities": sum(not document.entities for document in documents),
            "documents without relations": sum(not document.relations for document in documents),
            "tokens": sum(len(document.tokens) for document in documents),
            "entities": len(entities),
            "relations": len(relations),
        },
        entity_types=_sorted_counts(entity.type for entity in entities),
        relation_types=_sorted_counts(relation.type for relation in relations),
        lengths={
            "tokens in a sentence": Lengths.of(len(document.tokens) for document in documents),
            "tokens in an entity": Lengths.of(entity.end - entity.start for entity in entities),
            "entities in a sentence": Lengths.of(len(document.entities) for document in documents),
            "relations in a sentence": Lengths.of(
                len(document.relations) for document in documents
            ),
            "tokens between head and tail": Lengths.of(
                _tokens_between(document.entities[relation.head], document.entities[relation.tail])
                for document in documents
                for relation in document.relations
            ),
        },
        pairs=_pair_statistics(documents),
        overlaps=_overlap_statistics(documents),
    )


def _sorted_counts(types: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(types).items()))


def _tokens_between(head: Entity, tail: Entity) -> int:
    return max(head.start - tail.end, tail.start - head.end, 0)


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
        overlaps = list(_overlaps(document))
        kinds.update(_kind_of_overlap(first, second) for first, second in overlaps)
        num_same_type = sum(first.type == second.type for first, second in overlaps)
        same_type += num_same_type
        documents_with += bool(overlaps)
        documents_same_type += bool(num_same_type)
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


def _kind_of_overlap(first: Entity, second: Entity) -> str:
    if first.span == second.span:
        return "same_span"
    starts, ends = first.start - second.start, second.end - first.end
    # An entity contains another if it begins no later and ends no earlier.
    return "nested" if starts * ends >= 0 else "crossing"


def _repetition(
    file: str, within: str, sentences: Sequence[_Sentence], alike: dict[int, set[int]]
) -> Repetition:
    duplicates = near = 0
    number_in = [
        Counter(location.file for location, _ in sentence.documents)[within]
        for sentence in sentences
    ]
    for i, sentence in enumerate(sentences):
        number = sum(location.file == file for location, _ in sentence.documents)
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
