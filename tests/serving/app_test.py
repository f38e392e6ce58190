import asyncio
import gzip
import itertools
import logging
import threading
from dataclasses import replace

from starlette.requests import Request

from dts_ee.corpora.spert import document_from_json
from dts_ee.document import DocumentError
from dts_ee.tasks import TASKS
from tests.serving.serving import FORM, StubPredictor, serving

GREETING = {"sentence": "Ilse met Marta"}


def error_of(response):
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert error["status"] == response.status_code
    assert error["message"]
    return error


def health_of(status, ready, workers=1):
    return {"status": status, "workers": workers, "ready": ready}


def run(test):
    """A test that is a coroutine."""
    return lambda: asyncio.run(test())


@run
async def test_one_input_has_one_answer():
    async with serving() as served:
        response = await served.predict(GREETING)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        document = document_from_json(response.json())
        assert [document.entity_text(entity) for entity in document.entities] == ["Ilse", "Marta"]
        response = await served.predict({"tokens": ["Ærøskøbing", "日本"]})
        assert response.json()["tokens"] == ["Ærøskøbing", "日本"]
        assert served.stub.sizes() == [1, 1]


@run
async def test_a_list_has_a_list_and_a_bad_input_spoils_no_other():
    async with serving(max_text_length=20) as served:
        inputs = [GREETING, {"sentence": " "}, {"sentence": 21 * "x"}, 7, {"tokens": ["Fail"]}]
        response = await served.predict([*inputs, GREETING])
        assert response.status_code == 200
        answers = response.json()
        assert answers[0] == answers[-1] == (await served.predict(GREETING)).json()
        errors = [answer["error"] for answer in answers[1:-1]]
        assert [error["status"] for error in errors] == [422, 422, 422, 500]
        assert [error["type"] for error in errors] == [
            "invalid_input",
            "text_too_long",
            "invalid_input",
            "internal_error",
        ]
        assert errors[0]["field"] == errors[1]["field"] == "sentence"
        assert "Fail" not in errors[3]["message"]
        assert (await served.predict([])).json() == []
        metrics = await served.metrics()
        assert metrics['dts_ee_inputs_total{outcome="predicted"}'] == 3
        assert metrics['dts_ee_inputs_total{outcome="refused"}'] == 3
        assert metrics['dts_ee_inputs_total{outcome="failed"}'] == 1


@run
async def test_prediction_data_of_spert():
    async with serving() as served:
        tokens = ["Ada", "left", "."]
        expected = (await served.predict({"tokens": tokens})).json()
        assert expected["tokens"] == tokens
        response = await served.predict([{"tokens": tokens}, tokens, "Ada left ."])
        assert response.json() == [expected] * 3
        # Strings alone are one sentence, as in a line of a file.
        assert (await served.predict(tokens)).json() == expected
        assert (await served.predict("Ada left .")).json() == expected


@run
async def test_an_input_of_its_own_that_is_bad_has_the_status_of_its_error():
    async with serving(max_text_length=20) as served:
        for value, status, type in (
            ({"sentence": " "}, 422, "invalid_input"),
            ({"tokens": 21 * ["a"]}, 422, "text_too_long"),
            (7, 422, "invalid_input"),
            (21 * ["a"], 422, "text_too_long"),
            ({"tokens": ["Fail"]}, 500, "internal_error"),
        ):
            response = await served.predict(value)
            assert response.status_code == status
            assert error_of(response)["type"] == type


@run
async def test_what_comes_while_the_model_is_at_work_is_predicted_together():
    async with serving(batch_size=4) as served:
        first = await served.begin_held(GREETING)
        others = [served.begin(value) for value in (GREETING, [GREETING, GREETING], GREETING)]
        bad = served.begin({"sentence": " "})
        await served.until_pending(6)
        served.stub.release()
        answers = await asyncio.gather(first, *others)
        assert [response.status_code for response in answers] == 4 * [200]
        assert len(answers[2].json()) == 2
        assert (await bad).status_code == 422
        assert served.stub.sizes()[:2] == [1, 4]
        metrics = await served.metrics()
        assert metrics['dts_ee_batch_inputs_bucket{le="4.0"}'] == 2
        assert metrics["dts_ee_batch_inputs_sum"] == 5
        assert metrics["dts_ee_batch_seconds_count"] == 2


@run
async def test_bodies_that_are_too_large_are_not_read():
    async with serving(max_body_bytes=100) as served:
        received = 0

        async def endless():
            nonlocal received
            while True:
                received += 50
                yield 50 * b" "

        headers = {"Content-Type": "application/json"}
        for content in (101 * b" ", endless()):
            response = await served.client.post("/predict", content=content, headers=headers)
            assert response.status_code == 413
            assert error_of(response)["type"] == "body_too_large"
            assert response.headers["connection"] == "close"
        assert received <= 200
        body = b'{"sentence": "Ilse"}'.ljust(100)
        response = await served.client.post("/predict", content=body, headers=headers)
        assert response.status_code == 200


@run
async def test_bodies_that_are_no_json_are_refused():
    async with serving() as served:
        for content, headers, status in (
            (b"{", {"Content-Type": "application/json"}, 400),
            (b"{}", {"Content-Type": "text/plain"}, 415),
            (b"{}", {}, 415),
            (b"sentence=a", {"Content-Type": FORM}, 415),
            (
                gzip.compress(b"{}"),
                {"Content-Type": "application/json", "Content-Encoding": "gzip"},
                415,
            ),
        ):
            response = await served.client.post("/predict", content=content, headers=headers)
            assert response.status_code == status
            assert ("compressed" in error_of(response)["message"]) == (
                "Content-Encoding" in headers
            )
        body = b'{"sentence": "a"}'
        headers = {
            "Content-Type": "Application/JSON; charset=utf-8",
            "Content-Encoding": "Identity",
        }
        response = await served.client.post("/predict", content=body, headers=headers)
        assert response.status_code == 200
        assert served.stub.sizes() == [1]


@run
async def test_lists_that_are_too_long_are_refused():
    async with serving(max_items=2) as served:
        response = await served.predict(3 * [GREETING])
        assert response.status_code == 422
        assert "3 inputs; the limit is 2" in error_of(response)["message"]
        assert served.stub.sizes() == []


@run
async def test_a_full_queue_refuses_and_recovers():
    async with serving(queue_size=3, max_items=3, batch_size=1) as served:
        first = await served.begin_held(GREETING)
        second = served.begin(GREETING)
        await served.until_pending(2)
        for refused in ([GREETING, GREETING], 3 * [GREETING]):
            response = await served.predict(refused)
            assert response.status_code == 429
            assert int(response.headers["retry-after"]) >= 1
            assert error_of(response)["type"] == "queue_full"
        third = served.begin(GREETING)
        await served.until_pending(3)
        metrics = await served.metrics()
        assert metrics["dts_ee_pending_inputs"] == 3
        assert metrics['dts_ee_requests_total{endpoint="/predict",status="429"}'] == 2
        served.stub.release()
        for answered in (first, second, third):
            assert (await answered).status_code == 200
        assert (await served.predict(3 * [GREETING])).status_code == 200


@run
async def test_a_model_that_does_not_answer_is_started_again():
    async with serving(timeout=0.2, queue_size=2, max_items=2, batch_size=1) as served:
        first = await served.begin_held(GREETING)
        second = await served.predict({"sentence": "late"})
        for response in (await first, second):
            assert response.status_code == 503
            assert error_of(response)["type"] == "timeout"
            assert "retry-after" in response.headers
        assert served.service.num_requests == 0
        await served.until_pending(0)
        await served.until_state("loading")
        served.stub.release()
        await served.until_state("ready")
        assert served.models[0].num_starts == 2
        assert (await served.predict(GREETING)).status_code == 200
        assert "late" not in [text for batch in served.stub.batches for text in batch]


@run
async def test_what_is_abandoned_makes_room_at_once():
    async with serving(queue_size=2, max_items=2, batch_size=1) as served:
        first = await served.begin_held(GREETING)
        second = served.begin({"sentence": "gone"})
        await served.until_pending(2)
        assert (await served.predict(GREETING)).status_code == 429
        second.cancel()
        await served.until_pending(1)
        third = served.begin(GREETING)
        await served.until_pending(2)
        served.stub.release()
        assert (await first).status_code == (await third).status_code == 200
        assert ["gone"] not in served.stub.batches


@run
async def test_long_texts_do_not_keep_a_short_one_waiting():
    async with serving(batch_size=4, batch_tokens=8) as served:
        first = await served.begin_held(GREETING)
        long = [{"text": "\n".join(20 * ["a b c d"])} for _ in range(3)]
        texts = [served.begin(long), served.begin(long)]
        await served.until_pending(7)
        short = served.begin({"sentence": "Ada"})
        await served.until_pending(8)
        served.stub.release()
        assert (await short).status_code == (await first).status_code == 200
        # The model has seen little of the texts, and nothing with too many tokens.
        assert len(served.stub.batches) < 10
        for response in await asyncio.gather(*texts):
            assert [len(answer["sentences"]) for answer in response.json()] == [20, 20, 20]
        for batch in served.stub.batches:
            assert sum(len(text.split()) for text in batch) <= 8


@run
async def test_a_queue_has_room_for_so_many_tokens():
    async with serving(queue_tokens=10, batch_size=1) as served:
        answers = (await served.predict([{"tokens": n * ["a"]} for n in (12, 1)])).json()
        # One input is read whatever its length, if nothing else waits.
        assert len(answers[0]["tokens"]) == 12
        assert answers[1]["error"]["type"] == "queue_full"
        answers = (await served.predict([{"tokens": n * ["a"]} for n in (4, 4, 4, 2)])).json()
        assert ["error" in answer for answer in answers] == [False, False, True, False]
        assert answers[2]["error"]["status"] == 429


@run
async def test_a_model_that_ends_is_started_again_and_innocent_inputs_are_answered():
    async with serving() as served:
        served.models[0].ends = ["predict"]
        responses = [served.begin(GREETING), served.begin({"sentence": "Ada"})]
        assert [(await response).status_code for response in responses] == [200, 200]
        assert served.models[0].num_starts == 2
        served.models[0].ends = ["read"]
        assert (await served.predict(GREETING)).status_code == 200
        # It ended twice at the same input.
        served.models[0].ends = ["predict", "predict"]
        response = await served.predict(GREETING)
        assert response.status_code == 500
        assert error_of(response)["type"] == "internal_error"
        await served.until_state("ready")
        assert (await served.predict(GREETING)).status_code == 200


@run
async def test_workers_predict_at_the_same_time():
    async with serving(workers=2) as served:
        first = await served.begin_held(GREETING)
        # Nobody has let the first one go on.
        second = await served.begin_held({"sentence": "Ada"})
        assert (await served.client.get("/health")).json() == health_of("ready", 2, workers=2)
        metrics = await served.metrics()
        assert (metrics["dts_ee_ready_workers"], metrics["dts_ee_pending_inputs"]) == (2, 2)
        served.stub.release()
        assert (await first).status_code == (await second).status_code == 200
        metrics = await served.metrics()
        assert metrics["dts_ee_batch_inputs_count"] == 2
        assert metrics['dts_ee_requests_total{endpoint="/predict",status="200"}'] == 2


@run
async def test_a_worker_takes_over_what_another_has_read_and_not_begun():
    stubs = [StubPredictor(), StubPredictor()]
    loaded = iter(stubs)
    async with serving(lambda: next(loaded), workers=2, batch_size=1) as served:
        await served.until_ready(2)
        for stub in stubs:
            stub.batches.clear()
            stub.hold()
        tasks = [served.begin({"sentence": "Ada"}) for _ in range(8)]
        await served.until_pending(8)
        # One goes on: it has its own inputs, and then all but the one that the other is held at.
        stubs[1].release()
        await served.until_pending(1)
        stubs[0].release()
        assert {(await task).status_code for task in tasks} == {200}
        assert [sum(stub.sizes()) for stub in stubs] == [1, 7]
        # What was taken over and read anew is not forgotten.
        responses = await asyncio.gather(*(served.predict(GREETING) for _ in range(8)))
        assert {response.status_code for response in responses} == {200}


def test_other_workers_go_on_while_one_that_ended_is_started_again(monkeypatch, caplog):
    monkeypatch.setattr("dts_ee.serving.service._SECONDS_TO_NEXT_START", 0.01)
    go_on = threading.Event()
    num_loaded = itertools.count()

    def load():
        number = next(num_loaded)
        if number == 2:
            raise MemoryError
        if number == 3:
            assert go_on.wait(60)
        return StubPredictor()

    async def ask():
        async with serving(load, workers=2) as served:
            await served.until_ready(2)
            # While it waits, it is noticed too.
            served.models[0].end_idle()
            await served.until_ready(1)
            response = await served.client.get("/health")
            assert response.status_code == 200
            assert response.json() == health_of("ready", 1, workers=2)
            assert (await served.predict(GREETING)).status_code == 200
            go_on.set()
            await served.until_ready(2)
            assert [model.num_starts for model in served.models] == [3, 1]
            assert (await served.metrics())["dts_ee_worker_ends_total"] == 1
            for model in served.models:
                model.end_idle()
            # They may be ready again before anyone sees that they are not.
            async with asyncio.timeout(60):
                while (await served.metrics())["dts_ee_worker_ends_total"] < 3:
                    await asyncio.sleep(0.01)
            await served.until_ready(2)
            assert (await served.predict(GREETING)).status_code == 200

    asyncio.run(ask())
    messages = [record.getMessage() for record in caplog.records]
    assert messages.count("Worker 1 cannot be started: MemoryError") == 1


@run
async def test_a_sentence_has_so_many_tokens():
    async with serving(max_sentence_tokens=3) as served:
        response = await served.predict({"tokens": ["a", "b", "c", "d"]})
        assert response.status_code == 422
        error = error_of(response)
        assert error["type"] == "sentence_too_long"
        assert "a sentence has 4 tokens; the limit is 3" in error["message"]
        answers = (await served.predict([{"text": "a b c\nd e f"}, {"text": "a\na b c d"}])).json()
        assert len(answers[0]["sentences"]) == 2
        assert answers[1]["error"]["type"] == "sentence_too_long"
        assert served.stub.batches == [["a b c", "d e f"]]


@run
async def test_a_model_that_cannot_be_loaded_again_is_said():
    predictors = [StubPredictor()]

    def load():
        if not predictors:
            raise OSError("the archive is gone")
        return predictors.pop()

    async with serving(load) as served:
        await served.until_state("ready")
        served.models[0].ends = ["predict"]
        assert error_of(await served.predict(GREETING))["type"] == "failed"
        assert served.service.state == "failed"


@run
async def test_only_the_names_of_the_server_are_answered():
    async with serving(hosts=("localhost", "[::1]", "nlp.example.org")) as served:
        for host, status in (
            ("localhost:8000", 200),
            ("[::1]:8000", 200),
            ("nlp.example.org", 200),
            ("evil.example", 400),
            ("", 400),
        ):
            response = await served.client.get("/health", headers={"Host": host})
            assert response.status_code == status
            if status == 400:
                assert error_of(response)["type"] == "unknown_host"


@run
async def test_pages_of_other_sites_cannot_send_forms():
    async with serving(hosts=("localhost", "nlp.example.org")) as served:
        for host, origin, status in (
            ("localhost:8000", None, 200),
            ("localhost:8000", "http://localhost:8000", 200),
            ("LOCALHOST:8000", "http://localhost:8000", 200),
            ("localhost:8000", "http://localhost:3000", 403),
            ("localhost:8000", "https://evil.example", 403),
            ("localhost:8000", "null", 403),
            ("localhost:8000", "http://[", 403),
            # A proxy has another name than the server behind it.
            ("localhost:8000", "https://nlp.example.org", 200),
        ):
            headers = {"Host": host, "Content-Type": FORM}
            if origin is not None:
                headers["Origin"] = origin
            response = await served.client.post("/", content=b"text=Ada", headers=headers)
            assert response.status_code == status
        assert (await served.client.get("/", headers={"Origin": "null"})).status_code == 400
        headers = {"Host": "localhost", "Origin": "https://evil.example"}
        assert (await served.client.get("/", headers=headers)).status_code == 200


@run
async def test_there_is_memory_for_so_many_bodies():
    async with serving(max_body_bytes=10) as served:
        received = asyncio.Event()
        go_on = asyncio.Event()

        async def body():
            yield b"1234567890"
            received.set()
            await go_on.wait()

        headers = {"Content-Type": "application/json"}
        slow = [
            asyncio.ensure_future(served.client.post("/predict", content=body(), headers=headers))
            for _ in range(64)
        ]
        await received.wait()
        await asyncio.sleep(0.1)
        response = await served.client.post("/predict", content=b"[1]", headers=headers)
        assert response.status_code == 429
        go_on.set()
        assert {(await response).status_code for response in slow} == {422}
        response = await served.client.post("/predict", content=b"[1]", headers=headers)
        assert response.status_code == 200


@run
async def test_a_body_that_does_not_come_is_not_waited_for():
    async with serving(read_timeout=0.05) as served:

        async def slow():
            yield b'{"sentence": '
            await asyncio.Event().wait()

        response = await served.client.post(
            "/predict", content=slow(), headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 408
        assert error_of(response)["type"] == "timeout"
        assert served.service.num_requests == 0


@run
async def test_what_a_client_no_longer_waits_for_is_not_predicted():
    async with serving(batch_size=1) as served:
        first = await served.begin_held(GREETING)
        gone = asyncio.Event()
        messages = iter([{"type": "http.request", "body": b'{"sentence": "gone"}'}])

        async def receive():
            for message in messages:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        sent = []

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/predict",
            "raw_path": b"/predict",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"content-type", b"application/json")],
        }
        request = asyncio.ensure_future(served.app(scope, receive, send))
        await served.until_pending(2)
        gone.set()
        await request
        assert sent[0]["status"] == 499
        assert served.service.num_requests == 1
        served.stub.release()
        assert (await first).status_code == 200
        await served.until_pending(0)
        assert served.stub.batches == [[GREETING["sentence"]]]


@run
async def test_a_server_is_ready_when_the_model_has_answered_once():
    stub = StubPredictor()
    stub.hold()
    async with serving(lambda: stub) as served:
        assert await asyncio.to_thread(stub.called.acquire, timeout=60)
        response = await served.client.get("/health")
        assert (response.status_code, response.json()) == (503, health_of("loading", 0))
        response = await served.predict(GREETING)
        assert response.status_code == 503
        assert error_of(response)["type"] == "loading"
        assert "retry-after" in response.headers
        assert (await served.metrics())["dts_ee_ready"] == 0
        stub.release()
        await served.until_state("ready")
        response = await served.client.get("/health")
        assert (response.status_code, response.json()) == (200, health_of("ready", 1))
        assert (await served.metrics())["dts_ee_ready"] == 1
        assert (await served.predict(GREETING)).status_code == 200


@run
async def test_a_model_that_cannot_be_loaded_or_cannot_predict_is_said():
    def load():
        raise FileNotFoundError("there is no model")

    class Failing(StubPredictor):
        def predict_sentences(self, requests):
            raise RuntimeError("it cannot predict")

    for failing, error in ((load, FileNotFoundError), (Failing, RuntimeError)):
        async with serving(failing) as served:
            await served.until_state("failed")
            assert isinstance(served.service.failure, error)
            response = await served.client.get("/health")
            assert (response.status_code, response.json()) == (503, health_of("failed", 0))
            assert error_of(await served.predict(GREETING))["type"] == "failed"


@run
async def test_a_model_that_needs_entities_is_ready_too():
    class NeedsEntities(StubPredictor):
        def request(self, inputs):
            if "entities" not in inputs:
                raise DocumentError("entities are needed", "entities")
            return super().request(inputs)

    async with serving(NeedsEntities) as served:
        await served.until_state("ready")
        value = {"tokens": ["ilse"], "entities": []}
        assert (await served.predict(value)).json()["tokens"] == ["ilse"]


@run
async def test_types_are_told_once_the_model_is_ready():
    stub = StubPredictor()
    stub.hold()
    async with serving(lambda: stub) as served:
        assert await asyncio.to_thread(stub.called.acquire, timeout=60)
        response = await served.client.get("/types")
        assert response.status_code == 503 and error_of(response)["type"] == "loading"
        assert "The model is being loaded" in (await served.client.get("/")).text
        stub.release()
        await served.until_state("ready")
        response = await served.client.get("/types")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert response.json() == {
            "model": {
                "name": "capitals",
                "version": "1.2",
                "description": "",
                "features": [],
                "training_data": [],
            },
            "entity_types": ["Peop"],
            "relation_types": ["Kill"],
            "entities_given": False,
            "further_types": {},
            "entity_threshold": {"Peop": 0.0},
            "relation_threshold": {"Kill": 0.5},
        }
        metrics = await served.metrics()
        assert metrics['dts_ee_requests_total{endpoint="/types",status="200"}'] == 1
        schema = (await served.client.get("/openapi.json")).json()
        described = schema["paths"]["/types"]["get"]["responses"]["200"]["content"]
        properties = described["application/json"]["schema"]["properties"]
        assert properties.keys() == response.json().keys()
        assert properties["model"]["properties"].keys() == response.json()["model"].keys()


@run
async def test_a_server_that_stops_finishes_what_it_accepted_and_takes_no_more():
    async with serving() as served:
        first = await served.begin_held([GREETING, GREETING])
        second = served.begin(GREETING)
        await served.until_pending(3)
        served.service.stop_accepting()
        response = await served.predict(GREETING)
        assert response.status_code == 503
        assert error_of(response)["type"] == "stopping"
        assert (await served.client.get("/health")).json() == health_of("stopping", 1)
        assert not served.service.has_ended
        served.stub.release()
        assert (await first).status_code == (await second).status_code == 200
        assert served.service.has_ended


@run
async def test_addresses_that_are_not_there_have_errors_in_json():
    async with serving() as served:
        assert error_of(await served.client.get("/nothing"))["type"] == "not_found"
        response = await served.client.get("/predict")
        assert error_of(response)["type"] == "method_not_allowed"
        assert response.headers["allow"] == "POST"


def test_an_error_that_nobody_foresaw_is_an_error_in_json(monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("Marta")

    monkeypatch.setattr(Request, "stream", fail)

    async def ask():
        async with serving() as served:
            response = await served.predict(GREETING)
            assert response.status_code == 500
            assert error_of(response)["type"] == "internal_error"
            metrics = await served.metrics()
            assert metrics['dts_ee_requests_total{endpoint="/predict",status="500"}'] == 1

    asyncio.run(ask())
    assert "RuntimeError" in caplog.text and "bodies.py" in caplog.text
    assert "Marta" not in caplog.text


def test_logs_say_what_was_asked_and_hold_no_text(caplog):
    caplog.set_level(logging.DEBUG)

    async def ask():
        async with serving(max_text_length=50) as served:
            await served.predict({"sentence": "Xanthippe came"})
            await served.predict([{"tokens": ["Xanthippe", "Fail"]}, {"Xanthippe": 1}])
            await served.predict({"sentence": 51 * "Xanthippe"})
            await served.client.post("/", content=b"text=Xanthippe", headers={"Content-Type": FORM})
            await served.client.get("/Xanthippe?text=Xanthippe")
            await served.client.get("/?text=Xanthippe")
            await served.client.request("XANTHIPPE", "/predict")
            await served.client.get("/health")

    asyncio.run(ask())
    records = [record for record in caplog.records if record.name.startswith("dts_ee")]
    text = "\n".join(record.getMessage() for record in records)
    assert "POST /predict 200, " in text and "POST /predict 422, " in text
    assert "POST / 200, " in text and "GET other 404, " in text and "other /predict 405, " in text
    assert "RuntimeError" in text
    assert "xanthippe" not in text.lower()
    levels = {record.levelname for record in records if "/health" in record.getMessage()}
    assert levels == {"DEBUG"}


@run
async def test_metrics_are_what_prometheus_reads():
    async with serving() as served:
        await served.predict(GREETING)
        await served.client.get("/nothing")
        response = await served.client.get("/metrics")
        assert response.headers["content-type"].startswith("text/plain; version=")
        assert "# TYPE dts_ee_requests_total counter" in response.text
        metrics = await served.metrics()
        assert metrics['dts_ee_requests_total{endpoint="/predict",status="200"}'] == 1
        assert metrics['dts_ee_requests_total{endpoint="other",status="404"}'] == 1
        assert metrics['dts_ee_request_seconds_count{endpoint="/predict"}'] == 1
        assert metrics["dts_ee_pending_inputs"] == 0
        headers = {"Accept": "application/openmetrics-text; version=1.0.0"}
        response = await served.client.get("/metrics", headers=headers)
        assert response.headers["content-type"].startswith("application/openmetrics-text")
        assert response.text.endswith("# EOF\n")


def test_openapi_has_the_keys_of_further_tasks(monkeypatch):
    monkeypatch.setitem(TASKS, "topic", replace(TASKS["entity"], title="Topic", key="topic"))

    async def ask():
        async with serving() as served:
            schema = (await served.client.get("/openapi.json")).json()
            answers = schema["paths"]["/predict"]["post"]["responses"]["200"]["content"]
            sentence, text, _ = answers["application/json"]["schema"]["anyOf"]
            for properties in (sentence, text["properties"]["sentences"]["items"]):
                assert properties["properties"]["topic"] == {"description": "Topic"}

    asyncio.run(ask())


@run
async def test_openapi_describes_the_addresses_and_its_page_loads_nothing_from_elsewhere():
    async with serving() as served:
        schema = (await served.client.get("/openapi.json")).json()
        assert set(schema["paths"]) == {"/predict", "/types", "/health", "/metrics"}
        predict = schema["paths"]["/predict"]["post"]
        assert predict["requestBody"]["required"] is True
        assert {"200", "413", "422", "429", "503"} <= set(predict["responses"])
        page = await served.client.get("/docs")
        assert page.status_code == 200
        assert "http://" not in page.text and "https://" not in page.text
        for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
            assert name in page.text
            asset = await served.client.get(f"/static-offline-docs/{name}")
            assert asset.status_code == 200
            assert len(asset.content) > 10_000
