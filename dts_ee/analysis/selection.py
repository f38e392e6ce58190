"""
Which sentences to annotate next.
"""

from typing import Iterator, List, NamedTuple, Sequence

import numpy

from dts_ee.document import Document

MEASURES = ("uncertainty", "diversity", "both")
"""What sentences can be selected by."""

_LARGEST_DISTANCE = 2.0
"""The largest distance of vectors of unit length."""

_MAX_COVERED = 10_000
"""The maximum number of sentences of the pool that the selected ones should be near to."""

_CHUNK = 256
"""How many sentences are compared with the pool at once."""


class Selected(NamedTuple):
    """The index of a selected sentence, and the score for which it was selected."""

    sentence: int
    score: float


def text_key(document: Document) -> str:
    """What equal sentences have in common: their characters without white space."""
    return "".join("".join(document.tokens).split())


def first_of_each(documents: Sequence[Document], known: Sequence[Document] = ()) -> List[int]:
    """
    The indices of the documents whose text is neither that of a document before nor of a known one.
    """
    seen = {text_key(document) for document in known}
    indices = []
    for i, document in enumerate(documents):
        key = text_key(document)
        if key not in seen:
            seen.add(key)
            indices.append(i)
    return indices


def select(
    by: str,
    number: int,
    uncertainties: numpy.ndarray,
    vectors: numpy.ndarray,
    known_vectors: numpy.ndarray,
) -> List[Selected]:
    """
    Selects sentences.

    By `"uncertainty"`, the most uncertain sentences (Settles and Craven 2008, "An analysis of
    active learning strategies for sequence labeling tasks"). By `"diversity"`, one after the other,
    the sentence that brings the sentences of the pool nearest to their nearest neighbours among the
    known and the selected ones: the greedy algorithm for facility location (Wei, Iyer and Bilmes
    2015, "Submodularity in data subset selection and active learning") with the Euclidean distance
    of vectors of unit length. By `"both"`, the same with the uncertainties of the pool's sentences
    as their weights. Of equal scores, the first is taken.

    # Parameters

    by : `str`
        One of `MEASURES`.
    number : `int`
        How many sentences to select; if there are fewer, all are.
    uncertainties : `numpy.ndarray`
        Shape (num_sentences,).
    vectors : `numpy.ndarray`
        Shape (num_sentences, dim). If there are more than 10,000, only 10,000 of them, evenly
        distributed, are to be near to the selected ones.
    known_vectors : `numpy.ndarray`
        Shape (num_known, dim): the sentences that are annotated already.

    # Returns

    `List[Selected]`
        The selected sentences in their order. By `"diversity"`, the score is the decrease of the
        mean distance, which is 2 before the first sentence if none is known; by `"both"`, that of
        the mean product of distance and uncertainty.
    """
    if by == "uncertainty":
        order = numpy.argsort(-uncertainties, kind="stable")[:number]
        return [Selected(int(i), float(uncertainties[i])) for i in order]
    weights = uncertainties if by == "both" else numpy.ones(len(vectors))
    return _nearest_to_all(_unit(vectors), weights, _unit(known_vectors), number)


def _nearest_to_all(
    vectors: numpy.ndarray, weights: numpy.ndarray, known: numpy.ndarray, number: int
) -> List[Selected]:
    sample = numpy.linspace(0, len(vectors) - 1, min(len(vectors), _MAX_COVERED)).astype(int)
    covered, weights = vectors[sample], weights[sample]
    # The distance to the nearest known or selected vector. Shape: (num_covered,)
    distances = numpy.full(len(covered), _LARGEST_DISTANCE)
    for chunk in _chunks(known):
        numpy.minimum(distances, _distances(chunk, covered).min(axis=0), out=distances)

    def decreases(candidates: numpy.ndarray) -> numpy.ndarray:
        nearer = numpy.maximum(distances - _distances(candidates, covered), 0.0)
        # Shape: (num_candidates,)
        return nearer @ weights / len(covered)

    scores = numpy.concatenate([decreases(chunk) for chunk in _chunks(vectors)])
    free = numpy.ones(len(vectors), dtype=bool)
    selected: List[Selected] = []
    while len(selected) < min(number, len(vectors)):
        # A score never grows, so that those from before the last selection are upper bounds.
        outdated = free & bool(selected)
        while outdated[best := int(numpy.argmax(scores))]:
            largest = numpy.argsort(numpy.where(outdated, -scores, numpy.inf))[:_CHUNK]
            largest = largest[outdated[largest]]
            scores[largest] = decreases(vectors[largest])
            outdated[largest] = False
        selected.append(Selected(best, float(scores[best])))
        free[best] = False
        scores[best] = -numpy.inf
        numpy.minimum(distances, _distances(vectors[best : best + 1], covered)[0], out=distances)
    return selected


def _chunks(vectors: numpy.ndarray) -> Iterator[numpy.ndarray]:
    for start in range(0, len(vectors), _CHUNK):
        yield vectors[start : start + _CHUNK]


def _distances(vectors: numpy.ndarray, others: numpy.ndarray) -> numpy.ndarray:
    """The distances of vectors of unit length. Shape: (num_vectors, num_others)"""
    # Rounding errors may make a square negative.
    return numpy.sqrt(numpy.maximum(2.0 - 2.0 * (vectors @ others.T), 0.0))


def _unit(vectors: numpy.ndarray) -> numpy.ndarray:
    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / numpy.maximum(lengths, 1e-12)
