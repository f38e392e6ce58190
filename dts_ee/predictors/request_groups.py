"""Requests that are predicted together."""

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

from dts_ee.document import Document
from dts_ee.models import Thresholds
from dts_ee.predictors.prediction import PreparedBatch
from dts_ee.predictors.requests import Request


@dataclass(frozen=True)
class RequestGroup:
    """
    The sentences of requests with the same thresholds.

    # Parameters

    indices : `List[int]`
        The indices of the requests among all.
    sentences : `List[Document]`
        The sentences of all of them.
    entities_given : `List[bool]`
        For each sentence, whether to keep its entities.
    thresholds : `Mapping[str, Thresholds]`
        The thresholds.
    """

    indices: List[int]
    sentences: List[Document]
    entities_given: List[bool]
    thresholds: Mapping[str, Thresholds]


@dataclass(frozen=True)
class PreparedRequests:
    """A group, and its batches for the model. It can be pickled."""

    group: RequestGroup
    batches: List[PreparedBatch]


def groups_of_requests(requests: Sequence[Request]) -> List[RequestGroup]:
    """Groups requests by their thresholds."""
    by_thresholds: Dict[Any, List[int]] = {}
    for i, request in enumerate(requests):
        by_thresholds.setdefault(frozenset(request.thresholds.items()), []).append(i)
    groups = []
    for indices in by_thresholds.values():
        group = [requests[i] for i in indices]
        sentences = [sentence for request in group for sentence in request.sentences]
        given = [request.entities_given for request in group for _ in request.sentences]
        groups.append(RequestGroup(indices, sentences, given, group[0].thresholds))
    return groups


def sentences_of_requests(
    requests: Sequence[Request], predicted: Iterable[Tuple[RequestGroup, Sequence[Document]]]
) -> List[List[Document]]:
    """The predicted sentences of each request, from those of each group."""
    result: List[List[Document]] = [[] for _ in requests]
    for group, documents in predicted:
        found = iter(documents)
        for i in group.indices:
            result[i] = [next(found) for _ in requests[i].sentences]
    return result
