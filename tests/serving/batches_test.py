import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dts_ee.serving.batches import MicroBatches, QueueClosedError, QueueFullError

FOREVER = 1e6


class Doubler:
    """Predicts twice the number; fails on numbers below 0."""

    def __init__(self):
        self.batches = []

    def __call__(self, inputs):
        self.batches.append([item["number"] for item in inputs])
        if any(number < 0 for number in self.batches[-1]):
            raise ValueError(f"one of {self.batches[-1]}")
        return [{"number": 2 * item["number"]} for item in inputs]


@pytest.fixture
def observed():
    return []


@pytest.fixture
def make(observed):
    def make_batches(max_batch_size=4, max_wait=FOREVER, capacity=100):
        return MicroBatches(
            max_batch_size, max_wait, capacity, lambda size, seconds: observed.append(size)
        )

    return make_batches


def numbers(*values):
    return [{"number": value} for value in values]


def results(futures):
    return [future.result(60)["number"] for future in futures]


def predict_all(batches, predict):
    """Predicts what is in the queue, here."""
    batches.close()
    batches.run(predict)


def test_inputs_are_predicted_together_in_their_order(make, observed):
    batches, predict = make(), Doubler()
    futures = batches.submit(numbers(1, 2)) + batches.submit(numbers(3, 4, 5))
    assert batches.num_pending == 5
    predict_all(batches, predict)
    assert predict.batches == [[1, 2, 3, 4], [5]]
    assert results(futures) == [2, 4, 6, 8, 10]
    assert observed == [4, 1]
    assert batches.num_pending == 0


def test_a_full_batch_does_not_wait_and_others_do_no_longer_than_told(make):
    for batches, count in ((make(3, FOREVER), 3), (make(3, 0.01), 2), (make(3, 0), 1)):
        thread = threading.Thread(target=batches.run, args=(Doubler(),))
        thread.start()
        assert results(batches.submit(numbers(*range(count)))) == [2 * i for i in range(count)]
        batches.close()
        thread.join(60)
        assert not thread.is_alive()


def test_what_waits_for_others_is_predicted_when_the_queue_is_closed(make):
    batches, predict = make(), Doubler()
    thread = threading.Thread(target=batches.run, args=(predict,))
    thread.start()
    futures = batches.submit(numbers(1, 2))
    batches.close()
    assert results(futures) == [2, 4]
    thread.join(60)
    assert not thread.is_alive()
    with pytest.raises(QueueClosedError):
        batches.submit(numbers(3))


def test_a_bad_input_spoils_no_other(make, observed):
    batches, predict = make(max_batch_size=8), Doubler()
    futures = batches.submit(numbers(1, 2, -3, 4, 5, 6, 7, -8))
    predict_all(batches, predict)
    for position, future in enumerate(futures):
        if position in (2, 7):
            with pytest.raises(ValueError, match="one of"):
                future.result(0)
        else:
            assert future.result(0) == {"number": 2 * (position + 1)}
    # Those beside a bad one are still predicted together as far as they can be.
    assert [1, 2] in predict.batches and [5, 6] in predict.batches
    assert sum(observed) == 6


def test_a_predictor_that_loses_an_output_is_no_answer(make):
    batches = make()
    futures = batches.submit(numbers(1, 2))
    predict_all(batches, lambda inputs: [])
    for future in futures:
        with pytest.raises(RuntimeError, match="0 outputs for 1"):
            future.result(0)


def test_there_is_room_for_so_many_and_all_or_none_go_in(make):
    batches = make(capacity=3)
    batches.submit(numbers(1, 2))
    with pytest.raises(QueueFullError):
        batches.submit(numbers(3, 4))
    assert batches.num_pending == 2
    batches.submit(numbers(3))
    with pytest.raises(QueueFullError):
        batches.submit(numbers(4))
    assert batches.submit([]) == []


def test_an_answer_makes_room(make):
    batches = make(max_batch_size=1, max_wait=0, capacity=1)
    thread = threading.Thread(target=batches.run, args=(Doubler(),))
    thread.start()
    for number in range(50):
        assert results(batches.submit(numbers(number))) == [2 * number]
        with pytest.raises(ValueError, match="one of"):
            results(batches.submit(numbers(-1)))
    batches.close()
    thread.join(60)


def test_what_was_cancelled_is_not_predicted_and_makes_room(make):
    batches, predict = make(), Doubler()
    first, second = batches.submit(numbers(1, 2))
    assert first.cancel()
    predict_all(batches, predict)
    assert predict.batches == [[2]]
    assert second.result(0) == {"number": 4}
    assert batches.num_pending == 0

    batches, predict = make(), Doubler()
    for future in batches.submit(numbers(1, 2)):
        assert future.cancel()
    predict_all(batches, predict)
    assert predict.batches == []
    assert batches.num_pending == 0


def test_many_threads_each_get_their_own(make):
    batches, predict = make(max_batch_size=7, max_wait=0.001, capacity=1000), Doubler()
    thread = threading.Thread(target=batches.run, args=(predict,))
    thread.start()
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: results(batches.submit(numbers(n, n + 1000))), range(100))
        )
    batches.close()
    thread.join(60)
    assert answers == [[2 * n, 2 * n + 2000] for n in range(100)]
    assert sum(map(len, predict.batches)) == 200
    assert max(map(len, predict.batches)) <= 7
