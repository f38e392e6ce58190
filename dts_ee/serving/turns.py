"""
Which inputs a worker reads, and which of their sentences it predicts together next.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Optional, Union

from allennlp.common import JsonDict

from dts_ee.serving.request_error import RequestError
from dts_ee.serving.worker import Piece

Output = Union[str, RequestError]
"""The prediction of an input in JSON, or its error."""

SHARE = 256
"""The tokens of a request that are predicted before others have their turn."""

MAX_READ = 20_000
"""The characters of inputs that are read before others are predicted."""


@dataclass(eq=False)
class Work:
    """
    An input that waits for its prediction.

    # Parameters

    number : `int`
        Its number.
    inputs : `JsonDict`
        The input.
    num_characters : `int`
        The number of characters in it.
    output : `asyncio.Future[Output]`
        The output. It is cancelled if nobody waits for it.
    lengths : `list[int]`, optional (default = `None`)
        The number of tokens in each sentence, once the input was read.
    position : `int`, optional (default = `0`)
        The next sentence.
    is_taken : `bool`, optional (default = `False`)
        Whether all sentences were taken.
    worker : `int`, optional (default = `None`)
        The number of the worker that has read it, or reads it, and predicts its sentences.
    num_ends : `int`, optional (default = `0`)
        How often the process of the model ended while it was at this input, which may be why. It is
        then tried by itself.
    """

    number: int
    inputs: JsonDict
    num_characters: int
    output: "asyncio.Future[Output]"
    lengths: Optional[list[int]] = None
    position: int = 0
    is_taken: bool = False
    worker: Optional[int] = None
    num_ends: int = 0

    @property
    def num_tokens(self) -> int:
        """The number of tokens that were not taken yet."""
        return sum(self.lengths[self.position :]) if self.lengths else 0

    @property
    def is_begun(self) -> bool:
        """Whether some of its sentences were taken."""
        return self.position > 0 or self.is_taken

    def forget(self) -> None:
        """Makes it an input that was not read yet."""
        self.lengths, self.position, self.is_taken, self.worker = None, 0, False, None


@dataclass(eq=False)
class RequestWork:
    """
    The inputs of a request that have no output yet.

    # Parameters

    deadline : `float`
        When they are dropped, by the event loop's clock.
    works : `list[Work]`, optional (default = `[]`)
        The inputs.
    """

    deadline: float
    works: list[Work] = field(default_factory=list)


def unread(requests: Iterable[RequestWork]) -> list[Work]:
    """The inputs that no worker has read or reads."""
    return [work for work in _waiting(requests) if work.worker is None]


def to_move(requests: Iterable[RequestWork], worker: int) -> list[Work]:
    """
    The inputs that a worker without any takes over: half of those that others have read and not
    begun.
    """
    found = [
        work
        for work in _waiting(requests)
        if work.worker not in (None, worker) and work.lengths is not None and not work.is_begun
    ]
    # The last ones would have to wait longest.
    return found[len(found) // 2 :]


def has_turn(requests: Iterable[RequestWork], worker: int) -> bool:
    """Whether a worker has something to read or to predict."""
    return any(work.worker in (None, worker) for work in _waiting(requests))


def _waiting(requests: Iterable[RequestWork]) -> Iterator[Work]:
    for request in requests:
        for work in request.works:
            if not work.output.done():
                yield work


def next_to_read(requests: Iterable[RequestWork], num_workers: int = 1) -> list[Work]:
    """
    The inputs that a worker reads next: `MAX_READ` characters together unless one input has more,
    and no more, up to an input, than a worker's part of all inputs without an output.

    A part of the unread ones alone would become smaller with each worker, and batches too small.

    First comes the oldest, and then the shortest of the requests of which nothing was read.

    # Parameters

    requests : `Iterable[RequestWork]`
        The requests.
    num_workers : `int`, optional (default = `1`)
        The number of workers that are ready.
    """
    inputs = [[work for work in request.works if work.worker is None] for request in requests]
    firsts = [
        works[0]
        for works, request in zip(inputs, requests, strict=True)
        if works and len(works) == len(request.works)
    ]
    shortest = sorted(firsts[1:], key=lambda work: work.num_characters)
    share = sum(work.num_characters for work in _waiting(requests)) / num_workers
    found: list[Work] = []
    num_characters = 0
    for work in (*firsts[:1], *shortest, *(work for works in inputs for work in works)):
        if work in found:
            continue
        is_enough = num_characters >= share or num_characters + work.num_characters > MAX_READ
        if found and is_enough:
            continue
        if work.num_ends:
            if not found:
                return [work]
            continue
        found.append(work)
        num_characters += work.num_characters
    return found


def next_pieces(
    requests: deque[RequestWork], worker: int, max_sentences: int, max_tokens: int
) -> list[tuple[Work, Piece]]:
    """
    The sentences that a worker predicts together next. Each request has a share in turn.

    The positions of the inputs are moved, and the requests with a share come last then.

    # Parameters

    requests : `deque[RequestWork]`
        The requests.
    worker : `int`
        The number of the worker, which has read the inputs.
    max_sentences : `int`
        The maximum number of sentences.
    max_tokens : `int`
        The maximum number of tokens, unless one sentence has more.
    """
    pieces: list[tuple[Work, Piece]] = []
    room = _Room(max_sentences, max_tokens)
    while True:
        found = False
        for request in list(requests):
            taken = list(_take_share(request, worker, room))
            if taken:
                found = True
                pieces += taken
                requests.remove(request)
                requests.append(request)
                if taken[0][0].num_ends:
                    return pieces
        if not found:
            return pieces


@dataclass
class _Room:
    num_sentences: int
    num_tokens: int
    is_empty: bool = True

    def has(self, length: int) -> bool:
        fits = self.num_sentences > 0 and length <= self.num_tokens
        return self.is_empty or fits

    def fill(self, length: int) -> None:
        self.num_sentences -= 1
        self.num_tokens -= length
        self.is_empty = False


def _take_share(request: RequestWork, worker: int, room: _Room) -> Iterator[tuple[Work, Piece]]:
    share = 0
    for work in request.works:
        if work.is_taken or work.worker != worker:
            continue
        if work.lengths is None or (work.num_ends and not room.is_empty):
            return
        first = work.position
        while work.position < len(work.lengths):
            length = work.lengths[work.position]
            if (share and share + length > SHARE) or not room.has(length):
                break
            room.fill(length)
            share += length
            work.position += 1
        work.is_taken = work.position == len(work.lengths)
        if work.is_taken or work.position > first:
            yield work, Piece(work.number, first, work.position)
        if not work.is_taken or work.num_ends:
            return
