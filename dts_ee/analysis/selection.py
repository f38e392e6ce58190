"""
Which sentences to annotate next.
"""

from typing import List, NamedTuple, Sequence

import numpy

from dts_ee.document import Document

MEASURES = ("uncertainty", "diversity", "both")
"""What sentences can be selected by."""

LARGEST_DISTANCE = 2.0
"""The largest distance of vectors of unit length."""


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
    active learning strategies for sequence labeling tasks"). By `"diversity"`, the sentence that is
    farthest from its nearest neighbour among the known and the selected ones, one after the other:
    the greedy k-center algorithm of Sener and Savarese 2018, "Active learning for convolutional
    neural networks: a core-set approach", on vectors of unit length. By `"both"`, the same with the
    product of distance and uncertainty in the place of the distance.

    Without known sentences, the first is the one that is nearest to the mean of all, or by `"both"`
    the most uncertain one. Of equal scores, the first is taken.

    # Parameters

    by : `str`
        One of `MEASURES`.
    number : `int`
        How many sentences to select; if there are fewer, all are.
    uncertainties : `numpy.ndarray`
        Shape (num_sentences,).
    vectors : `numpy.ndarray`
        Shape (num_sentences, dim).
    known_vectors : `numpy.ndarray`
        Shape (num_known, dim): the sentences that are annotated already.

    # Returns

    `List[Selected]`
        The selected sentences in their order. By `"diversity"`, the score is the distance (0 to 2);
        by `"both"`, the product. The score of a first sentence without known ones is as if its
        distance were 2, the largest that there is.
    """
    if by == "uncertainty":
        order = numpy.argsort(-uncertainties, kind="stable")[:number]
        return [Selected(int(i), float(uncertainties[i])) for i in order]
    weights = uncertainties if by == "both" else numpy.ones(len(vectors))
    return _farthest_first(_unit(vectors), weights, _unit(known_vectors), number)


def _farthest_first(
    vectors: numpy.ndarray, weights: numpy.ndarray, known: numpy.ndarray, number: int
) -> List[Selected]:
    # Shape: (num_sentences,)
    squares = numpy.einsum("ij,ij->i", vectors, vectors)

    def distances_to(vector: numpy.ndarray) -> numpy.ndarray:
        squared = squares + vector @ vector - 2.0 * (vectors @ vector)
        # Rounding errors may make it negative.
        return numpy.sqrt(numpy.maximum(squared, 0.0))

    # The distance to the nearest known or selected vector. Shape: (num_sentences,)
    distances = numpy.full(len(vectors), LARGEST_DISTANCE)
    for vector in known:
        numpy.minimum(distances, distances_to(vector), out=distances)
    free = numpy.ones(len(vectors), dtype=bool)
    selected: List[Selected] = []
    while len(selected) < min(number, len(vectors)):
        scores = weights * distances
        if selected or len(known):
            i = int(numpy.argmax(numpy.where(free, scores, -1.0)))
        else:
            i = int(numpy.lexsort((distances_to(vectors.mean(0)), -scores))[0])
        selected.append(Selected(i, float(scores[i])))
        free[i] = False
        numpy.minimum(distances, distances_to(vectors[i]), out=distances)
    return selected


def _unit(vectors: numpy.ndarray) -> numpy.ndarray:
    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / numpy.maximum(lengths, 1e-12)
