import asyncio
from collections import deque

import pytest

from dts_ee.serving.turns import (
    MAX_READ,
    RequestWork,
    Work,
    has_turn,
    next_pieces,
    next_to_read,
    to_move,
)


@pytest.fixture
def request_of():
    loop = asyncio.new_event_loop()
    numbers = iter(range(100))

    def make(*inputs, num_characters=10):
        """A request whose inputs have sentences of these lengths, or were not read yet."""
        works = []
        for lengths in inputs:
            work = Work(next(numbers), {}, num_characters, loop.create_future(), lengths=lengths)
            work.worker = None if lengths is None else 1
            works.append(work)
        return RequestWork(0, works)

    yield make
    loop.close()


def pieces(requests, max_sentences=100, max_tokens=1000, worker=1):
    return [tuple(piece) for _, piece in next_pieces(requests, worker, max_sentences, max_tokens)]


def test_requests_have_a_share_in_turn(request_of):
    requests = deque([request_of([100, 100, 100, 100]), request_of([7], [8])])
    # 256 tokens of the first, all of the second, and then there is room for more of the first.
    assert pieces(requests) == [(0, 0, 2), (1, 0, 1), (2, 0, 1), (0, 2, 4)]
    assert pieces(requests) == []


def test_no_more_is_taken_than_there_is_room_for(request_of):
    requests = deque([request_of([60, 30]), request_of([20, 20])])
    assert pieces(requests, max_tokens=100) == [(0, 0, 2)]
    assert pieces(requests, max_tokens=100) == [(1, 0, 2)]
    requests = deque([request_of([1, 1, 1]), request_of([1])])
    assert pieces(requests, max_sentences=2) == [(2, 0, 2)]
    # The other one comes first now.
    assert pieces(requests, max_sentences=2) == [(3, 0, 1), (2, 2, 3)]


def test_a_sentence_with_too_many_tokens_is_alone(request_of):
    requests = deque([request_of([500, 10]), request_of([20])])
    assert pieces(requests, max_tokens=100) == [(0, 0, 1)]
    assert pieces(requests, max_tokens=100) == [(1, 0, 1), (0, 1, 2)]


def test_an_input_without_sentences_has_its_turn(request_of):
    assert pieces(deque([request_of([])])) == [(0, 0, 0)]


def test_an_input_at_which_the_process_ended_is_alone(request_of):
    requests = deque([request_of([5]), request_of([5]), request_of([5])])
    requests[1].works[0].num_ends = 1
    assert pieces(requests) == [(0, 0, 1), (2, 0, 1)]
    assert pieces(requests) == [(1, 0, 1)]


def test_the_oldest_is_read_first_and_then_the_shortest(request_of):
    half = MAX_READ // 2
    requests = deque(
        [
            request_of(None, None, num_characters=half - 10),
            request_of(None, num_characters=half),
            request_of(None, num_characters=10),
        ]
    )
    assert [work.number for work in next_to_read(requests)] == [0, 3, 2]
    # Of this one, something was read: the others come before the rest of it.
    requests[0].works[0].worker = 1
    requests[0].works[1].num_characters = MAX_READ
    assert [work.number for work in next_to_read(requests)] == [2, 3]


def numbers(works):
    return [work.number for work in works]


def test_a_worker_reads_its_share(request_of):
    requests = deque([request_of(None, num_characters=10) for _ in range(6)])
    assert numbers(next_to_read(requests, 2)) == [0, 1, 2]
    # 60 characters for 4 workers are 15 for each.
    assert numbers(next_to_read(requests, 4)) == [0, 1]
    # What others have counts too: the second of two workers reads as much as the first.
    for request in list(requests)[:3]:
        request.works[0].worker = 1
    assert numbers(next_to_read(requests, 2)) == [3, 4, 5]
    for request in list(requests)[:3]:
        request.works[0].worker = None
    requests[0].works[0].num_characters = 1000
    assert numbers(next_to_read(requests, 100)) == [0]


def test_a_worker_predicts_what_it_has_read(request_of):
    requests = deque([request_of([5], [5], None), request_of([5])])
    requests[0].works[1].worker = 2
    assert pieces(requests, worker=2) == [(1, 0, 1)]
    assert pieces(requests) == [(3, 0, 1), (0, 0, 1)]
    assert pieces(requests, worker=3) == []


def test_a_worker_without_inputs_takes_over_half_of_what_others_have_not_begun(request_of):
    requests = deque([request_of([5, 5], [5], [5], [5]), request_of([5])])
    assert not has_turn(requests, 2) and has_turn(requests, 1)
    assert numbers(to_move(requests, 2)) == [2, 3, 4]
    assert to_move(requests, 1) == []
    # It was begun, or somebody no longer waits for it.
    requests[0].works[0].position = 1
    requests[0].works[3].output.cancel()
    assert numbers(to_move(requests, 2)) == [2, 4]
    # It is being read.
    requests[1].works[0].lengths = None
    assert numbers(to_move(requests, 2)) == [2]
    requests[1].works[0].worker = None
    assert has_turn(requests, 2)
