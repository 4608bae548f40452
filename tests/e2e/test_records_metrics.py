"""What is written and counted about a request, and what never is."""

import json

import openai
import pytest

import settings
from clients import API_VERSION, Side, ask
from harness import AZURE_KEY, Gateway, wait_until

MARK = "zebra-crossing-4711"


@pytest.fixture(scope="module")
def counted(folder, mock, environment):
    """A gateway of its own, so that every number is known."""
    service = Gateway("counted", folder, settings.config("counted", mock.url), environment)
    yield service
    service.stop()


@pytest.fixture
def side(counted):
    with Side(counted.url, settings.APP_KEY) as side:
        yield side


def test_record_of_a_whole_answer(counted, side):
    raw = side.client().chat.completions.with_raw_response.create(
        **ask("Write me down.", model="helpdesk", user="u-1"),
        extra_headers={"x-tollgate-session": "s-9", "x-tollgate-task": "t-9"})
    record = counted.record(raw.headers["x-request-id"])
    usage = raw.parse().usage
    assert record | {
        "subscription": "apps", "cost_center": "CC-1042", "session": "s-9", "task": "t-9",
        "method": "POST", "path": "/openai/v1/chat/completions", "operation": "chat_completions",
        "surface": "v1", "stream": False, "model_asked": "helpdesk", "model": "helpdesk",
        "deployment": "swc-chat", "route": "primary", "attempts": 1, "status": 200,
        "upstream_status": 200, "end": "complete", "error_source": None, "error_code": None,
        "prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens, "cached_tokens": 0, "reasoning_tokens": 0, "chunks": 0,
        "client": record["client"], "upstream_request_id": raw.headers["apim-request-id"],
        "bytes_out": len(raw.content), "response_model": raw.parse().model,
    } == record
    assert record["client"].startswith("127.0.0.1")
    assert record["duration_ms"] > 0 and record["ttft_ms"] > 0 and record["overhead_us"] >= 0


def test_record_of_a_stream(counted, side):
    stream = side.client("azure").chat.completions.create(
        **ask("Stream me. [[mock tokens=12 cached=1024 gap_ms=5 ttft_ms=30]]", stream=True))
    chunks = list(stream)
    record = counted.record(stream.response.headers["x-request-id"])
    assert record["stream"] is True and record["surface"] == "deployment"
    assert record["path"].endswith(f"/gpt-4o/chat/completions?api-version={API_VERSION}")
    assert (record["status"], record["end"], record["completion_tokens"]) == (200, "complete", 12)
    assert record["cached_tokens"] > 0
    assert record["chunks"] == len(chunks) + 1  # and [DONE]
    assert 25 <= record["ttft_ms"] < record["duration_ms"]
    assert record["overhead_us"] < 1000 * record["duration_ms"]


def test_tokens_of_other_operations(counted, side):
    client = side.client()
    raw = {
        "responses": client.responses.with_raw_response.create(model="o4-mini", input="Think."),
        "embeddings": client.embeddings.with_raw_response.create(model="text-embedding-3-small", input="x y"),
        "completions": client.completions.with_raw_response.create(model="gpt-35-turbo-instruct", prompt="x"),
        "images": client.images.with_raw_response.generate(model="gpt-image-1", prompt="x"),
    }
    for operation, answer in raw.items():
        record = counted.record(answer.headers["x-request-id"])
        assert (record["operation"], record["end"]) == (operation, "complete")
        assert record["prompt_tokens"] > 0 and record["total_tokens"] > 0, operation
    record = counted.record(raw["responses"].headers["x-request-id"])
    assert record["reasoning_tokens"] == 128
    stream = client.responses.create(model="o4-mini", input="Think.", stream=True)
    last = list(stream)[-1]
    record = counted.record(stream.response.headers["x-request-id"])
    assert record["completion_tokens"] == last.response.usage.output_tokens


def test_record_of_a_refusal(counted, side):
    for call, expected in (
            (ask("No.", model="gpt-9"), (404, "model_not_found", "client", "refused")),
            (ask("No. [[mock status=429]]"), (429, "rate_limit_exceeded", "upstream", "refused")),
            (ask("No. [[mock filter]]"), (400, "invalid_request_error", "client", "complete"))):
        with pytest.raises(openai.APIStatusError) as raised:
            side.client().chat.completions.create(**call)
        record = counted.record(raised.value.request_id)
        assert (record["status"], record["error_code"], record["error_source"], record["end"]) == expected
    with Side(counted.url, "wrong") as stranger, pytest.raises(openai.AuthenticationError) as raised:
        stranger.client().models.list()
    record = counted.record(raised.value.request_id)
    assert (record["status"], record["subscription"], record["error_code"]) == (401, None, "invalid_api_key")


def test_nothing_private_is_written(counted, side):
    client = side.client()
    ids = []
    ids.append(client.chat.completions.with_raw_response.create(**ask(f"{MARK} plain")).headers["x-request-id"])
    stream = client.chat.completions.create(**ask(f"{MARK} stream [[mock cut k=5]]", stream=True, user=MARK))
    with pytest.raises(openai.APIError):
        list(stream)
    ids.append(stream.response.headers["x-request-id"])
    for body in (ask(f"{MARK} [[mock filter]]"), ask(f"{MARK} [[mock status=500]]"), {"model": "gpt-4o", MARK: 1}):
        answer = counted.http.post("/v1/chat/completions", json=body, headers={"api-key": settings.APP_KEY})
        ids.append(answer.headers["x-request-id"])
    for path in (f"/v1/models?subscription-key={settings.APP_KEY}", f"/v1/files?q={MARK}",
                 f"/v1/models?api-key={settings.APP_KEY_2}", f"/v1/models?{settings.APP_KEY}"):
        answer = counted.http.get(path, headers={"authorization": f"Bearer {settings.NARROW_KEY}"})
        ids.append(answer.headers["x-request-id"])
    answer = counted.http.post("/v1/chat/completions", content=f'{{"model": "{MARK}', headers={
        "api-key": settings.APP_KEY})
    ids.append(answer.headers["x-request-id"])
    for request_id in ids:
        counted.record(request_id)
    written = counted.records_path.read_text() + counted.output()
    assert MARK not in written
    for key in (*settings.KEYS.values(), AZURE_KEY):
        assert key not in written
    shown = counted.admin.get("/metrics").text + counted.admin.get("/status").text
    assert MARK not in shown
    assert not [key for key in (*settings.KEYS.values(), AZURE_KEY) if key in shown]


def test_counters(counted, side, mock):
    labels = {"subscription": "apps", "model": "gpt-4o-mini", "deployment": "gpt-4o-mini",
              "operation": "chat_completions"}
    tokens = {k: v for k, v in labels.items() if k != "operation"}
    before = counted.metrics()
    client = side.client()
    used = [client.chat.completions.create(**ask(f"Count {i}.", model="gpt-4o-mini")).usage for i in range(5)]
    for i in range(3):
        list(client.chat.completions.create(**ask(f"Count stream {i}. [[mock tokens=10]]", model="gpt-4o-mini",
                                                  stream=True)))
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(**ask("Cut. [[mock cut k=6]]", model="gpt-4o-mini", stream=True)))
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(**ask("Full. [[mock status=429]]", model="gpt-4o-mini"))
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(**ask("Who?", model="gpt-9"))
    def all_ended():
        return counted.metrics().value("tollgate_requests_in_flight") == 0
    wait_until(all_ended)
    after = counted.metrics()

    def moved(name, **wanted):
        return after.value(name, **wanted) - before.value(name, **wanted)

    assert moved("tollgate_requests_total", **labels, status="200", stream="false") == 5
    assert moved("tollgate_requests_total", **labels, status="200", stream="true") == 4
    assert moved("tollgate_requests_total", **labels, status="429") == 1
    assert moved("tollgate_requests_total", status="404", model="") == 1
    assert moved("tollgate_requests_total") == 11
    assert moved("tollgate_tokens_total", **tokens, kind="completion") >= sum(u.completion_tokens for u in used) + 30
    assert moved("tollgate_tokens_total", **tokens, kind="prompt") >= sum(u.prompt_tokens for u in used)
    assert moved("tollgate_streams_ended_total", end="complete") == 3
    assert moved("tollgate_streams_ended_total", end="truncated") == 1
    assert moved("tollgate_errors_total", source="client", code="model_not_found") == 1
    assert moved("tollgate_errors_total", source="upstream", code="rate_limit_exceeded") == 1
    assert moved("tollgate_upstream_calls_total") == 10
    assert moved("tollgate_stream_chunks_total") > 30
    assert moved("tollgate_request_duration_seconds_count") == 11
    assert moved("tollgate_time_to_first_token_seconds_count", model="gpt-4o-mini") == 4
    assert after.value("tollgate_upstream_reuses_total") > 0
    assert after.value("tollgate_records_dropped_total") == 0
    assert after.value("tollgate_build_info") == 1


def test_client_names_do_not_become_labels(counted, side):
    for i in range(20):
        with pytest.raises(openai.NotFoundError):
            side.client().chat.completions.create(**ask("Who?", model=f"made-up-{i}"))
        with pytest.raises(openai.NotFoundError):
            side.client().post(f"/made-up-{i}", cast_to=object)
    assert "made-up" not in counted.admin.get("/metrics").text


def test_admin_plane(counted):
    assert counted.admin.get("/healthz").status_code == 200
    assert counted.admin.get("/readyz").text == "ready\n"
    status = counted.status()
    assert status["state"] == "serving" and status["configuration"]["last_error"] is None
    assert status["subscriptions"]["apps"]["keys"] == 2
    assert counted.admin.get("/v1/models").status_code == 404
    assert counted.admin.post("/metrics").status_code == 405
    assert settings.APP_KEY not in json.dumps(status)
    types = [line for line in counted.admin.get("/metrics").text.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len({line.split()[2] for line in types})
