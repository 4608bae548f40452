"""Errors: the right exception class, the provider's words where they are the caller's affair."""

import http.client
import json
import time

import httpx
import openai
import pytest

from clients import API_VERSION, Side, ask
from harness import wait_until
import settings
from settings import APP_KEY

V1 = "/openai/v1/chat/completions"


def failing(side, surface, call, kind):
    with pytest.raises(kind) as raised:
        call(side.client(surface))
    return raised.value


def chat(text, **more):
    return lambda client: client.chat.completions.create(**ask(text, **more))


# --- what is asked for does not exist, or is not well asked ---


def test_unknown_model(through, surface):
    error = failing(through, surface, chat("Who?", model="gpt-9"), openai.NotFoundError)
    assert (error.code, error.param) == ("model_not_found", "model")
    assert "gpt-9" in error.message


def test_unknown_path_and_method(through, raw):
    def call(client):
        return client.post("/nowhere", cast_to=object, body={})
    assert failing(through, "v1", call, openai.NotFoundError).code == "not_found"
    connection = http.client.HTTPConnection(raw.base_url.host, raw.base_url.port)
    for path in ("/", "/metrics", "/healthz", "/readyz", "/status", "/openai/v1", "/openai/v1/",
                 "/openai/v1/assistants", "/openai/v1/../v1/models", "/openai/deployments/gpt-4o",
                 "/openai/deployments/../chat/completions", "/v1/chat/completions/"):
        connection.request("GET", path, headers={"api-key": APP_KEY})  # a client that leaves paths alone
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert (answer.status, body["error"]["code"]) == (404, "not_found"), path
    connection.close()
    answer = raw.put(V1, json={})
    assert answer.status_code == 405 and answer.json()["error"]["code"] == "method_not_allowed"


def test_unknown_ids_in_the_providers_words(through, directly, surface):
    for call in (lambda c: c.responses.retrieve("resp_404"), lambda c: c.files.retrieve("file-404"),
                 lambda c: c.responses.delete("resp_404"), lambda c: c.batches.retrieve("batch_404"),
                 lambda c: c.vector_stores.retrieve("vs_404"), lambda c: c.fine_tuning.jobs.retrieve("ftjob-4")):
        error = failing(through, surface, call, openai.NotFoundError)
        assert error.body == failing(directly, surface, call, openai.NotFoundError).body


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"model":"gpt-4o"', b'{"model":7}',
                                  b'{"model":"gpt-4o","messages":[]} trailing', b"\xff\xfe{}",
                                  b'{"messages":[]}', b'{"model":""}', b'{"model":null}',
                                  b"[" * 100_000])
@pytest.mark.parametrize("path", [V1, "/v1/responses", "/v1/embeddings"])
def test_bad_bodies(raw, path, body):
    answer = raw.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "invalid_request_error" and error["message"]


def test_a_bad_body_on_the_dated_surface(raw):
    path = f"/openai/deployments/gpt-4o/chat/completions?api-version={API_VERSION}"
    assert raw.post(path, content=b'{"messages": [').status_code == 400


def test_missing_parameters_in_the_providers_words(through, directly, surface):
    for call in (chat("x", model="o4-mini", max_tokens=5), chat("x", n=1000),
                 lambda c: c.responses.create(model="gpt-4o", input="x", max_output_tokens=1)):
        error = failing(through, surface, call, openai.BadRequestError)
        assert error.body == failing(directly, surface, call, openai.BadRequestError).body


def test_sizes(gateway, raw):
    too_large = raw.post(V1, content=b'{"model":"gpt-4o","x":"' + b"x" * (33 << 20) + b'"}')
    assert too_large.status_code == 413 and too_large.json()["error"]["code"] == "request_too_large"
    assert "`server.limits.body`" in too_large.json()["error"]["message"]
    headers = httpx.get(gateway.url + "/v1/models", headers={"api-key": APP_KEY, "x-much": "x" * 70_000})
    assert headers.status_code == 431 and headers.json()["error"]["code"] == "headers_too_large"
    assert raw.get("/v1/models").status_code == 200


# --- the content filter ---


@pytest.mark.parametrize("shape", ["filter", "filter=plural", "filter=bare"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_content_filter(through, directly, surface, shape, stream):
    call = chat(f"Bad. [[mock {shape}]]", stream=stream)
    error = failing(through, surface, call, openai.BadRequestError)
    assert error.code == "content_filter"
    assert error.body == failing(directly, surface, call, openai.BadRequestError).body
    result = {"filter": "content_filter_result", "filter=plural": "content_filter_results"}
    if shape in result:
        inner = error.body["innererror"]
        assert inner["code"] == "ResponsibleAIPolicyViolation" and result[shape] in inner


def test_content_filter_in_other_dialects(through, directly, surface):
    for call in (lambda c: c.responses.create(model="gpt-4o", input="Bad. [[mock filter]]"),
                 lambda c: c.responses.create(model="gpt-4o", input="Bad. [[mock filter]]", stream=True),
                 lambda c: c.images.generate(model="gpt-image-1", prompt="Bad. [[mock filter]]"),
                 lambda c: c.completions.create(model="gpt-35-turbo-instruct", prompt="Bad. [[mock filter]]")):
        error = failing(through, surface, call, openai.BadRequestError)
        assert error.body == failing(directly, surface, call, openai.BadRequestError).body
        assert error.code in ("content_filter", "content_policy_violation")


# --- limits of the deployment ---


def test_rate_limit_of_payg(through, mock, surface):
    text = f"More than a minute's worth. {surface}"
    error = failing(through, surface, chat(text, model="full-payg", max_tokens=5000), openai.RateLimitError)
    entry, = mock.journal(text)
    assert entry["status"] == 429
    headers = error.response.headers
    assert 0 < int(headers["retry-after-ms"]) <= 60_000
    assert int(headers["retry-after"]) * 1000 >= int(headers["retry-after-ms"])
    assert error.code == "rate_limit_exceeded"
    assert "S0" not in error.message and "full-payg" not in error.message


def test_rate_limit_of_ptu(through, mock):
    text = "Reserved and full."
    def call(client):
        for _ in range(5):
            client.chat.completions.create(**ask(text, model="full-ptu", max_tokens=400))
    error = failing(through, "v1", call, openai.RateLimitError)
    refused = mock.journal(text, status=429)
    assert len(refused) == 1
    told = int(error.response.headers["retry-after-ms"])
    assert 0 < told < 60_000
    assert int(error.response.headers["retry-after"]) == -(-told // 1000)


@pytest.mark.parametrize("model,fault,seconds", [
    ("advised-short", "status=429 retry_after=7", 7), ("advised-not", "status=429 retry_after=none", 1),
    ("advised-long", "status=429 retry_after=86400", 60), ("gpt-4o", "status=429 html", None)])
def test_advice_of_a_429(through, mock, model, fault, seconds):
    text = f"Refused. [[mock {fault}]]"
    error = failing(through, "v1", chat(text, model=model), openai.RateLimitError)
    assert len(mock.journal(text)) == 1
    assert error.code == "rate_limit_exceeded"
    if seconds:
        headers = error.response.headers
        assert 1000 * seconds - 500 < int(headers["retry-after-ms"]) <= 1000 * seconds
        assert headers["retry-after"] == str(seconds)


def test_the_sdk_retries_and_succeeds(through, mock):
    mock.plant("gpt-4o-mini", "status=429 retry_after=0", times=2)
    text = "Third time lucky."
    with through.client("v1", max_retries=2) as client:
        done = client.chat.completions.create(**ask(text, model="gpt-4o-mini"))
    assert done.choices
    assert [entry["status"] for entry in mock.journal(text)] == [429, 429, 200]


# --- faults of the deployment are not shown as the caller's ---


@pytest.mark.parametrize("status,kind,told", [
    (500, openai.InternalServerError, (502, "upstream_error")),
    (502, openai.InternalServerError, (502, "upstream_error")),
    (503, openai.InternalServerError, (503, "no_deployment_available")),
    (504, openai.InternalServerError, (504, "deadline_exceeded")),
    (408, openai.InternalServerError, (504, "deadline_exceeded")),
    (401, openai.InternalServerError, (502, "upstream_error")),
    (403, openai.InternalServerError, (502, "upstream_error")),
    (409, openai.ConflictError, None), (422, openai.UnprocessableEntityError, None),
    (418, openai.InternalServerError, (502, "upstream_error"))])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_status(through, directly, mock, status, kind, told, stream):
    text = f"Status {stream}. [[mock status={status}]]"
    error = failing(through, "v1", chat(text, stream=stream), kind)
    assert len(mock.journal(text)) == 1
    if told:
        assert (error.status_code, error.code) == told
        assert "mock" not in error.message.lower()
    else:
        assert error.body == failing(directly, "v1", chat(text, stream=stream), kind).body


@pytest.mark.parametrize("status", [500, 503])
def test_a_page_instead_of_json(through, status):
    error = failing(through, "v1", chat(f"Page. [[mock status={status} html]]"), openai.InternalServerError)
    assert error.response.headers["content-type"].startswith("application/json")
    assert error.code and "<" not in error.response.text


def test_early_answers(gateway, raw, mock):
    """The deployment refuses before it has read the body, and closes."""
    mock.plant("gpt-4o", "early status=503", times=1)
    body = ask("x" * 3_000_000)
    path = f"/openai/deployments/gpt-4o/chat/completions?api-version={API_VERSION}"
    answer = raw.post(path, json=body)
    assert answer.status_code == 503, answer.text
    assert answer.json()["error"]["code"] == "no_deployment_available"
    assert raw.post(path, json=ask("And again?")).status_code == 200


def test_a_deployment_that_is_not_there(through, surface):
    error = failing(through, surface, chat("Hello?", model="ghost"), openai.InternalServerError)
    assert (error.status_code, error.code) == (502, "upstream_error")
    assert "not-there" not in error.response.text


def test_an_address_that_nobody_answers(gateway, dead_port):
    with Side(gateway.url + "/team-a", settings.PREFIXED_KEY) as side:
        error = failing(side, "v1", chat("Hello?", model="unreachable"), openai.InternalServerError)
    assert error.status_code in (502, 503) and error.code in ("upstream_error", "no_deployment_available")
    assert str(dead_port) not in error.response.text


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_reset_before_the_head(through, stream):
    error = failing(through, "v1", chat("Reset. [[mock reset k=0]]", stream=stream), openai.InternalServerError)
    assert (error.status_code, error.code) == (502, "upstream_error")


@pytest.mark.parametrize("fault", ["cut", "reset"])
def test_cut_inside_a_whole_answer(through, gateway, fault):
    """A JSON answer is held until it is whole: half of one is no answer."""
    with pytest.raises(openai.InternalServerError):
        through.client().chat.completions.create(**ask(f"Half of it. [[mock {fault} tokens=400]]"))


# --- time ---


def test_client_timeout_cancels_upstream(through, gateway, mock, surface):
    text = f"Too slow for me, {surface}. [[mock ttft_ms=8000]]"
    began = time.monotonic()
    with through.client(surface, timeout=0.3) as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(**ask(text))
    entry, = wait_until(lambda: mock.journal(text), 3)
    assert entry["end"] == "client_gone"
    assert time.monotonic() - began < 3


def test_leaving_a_stream_cancels_upstream(through, mock, gateway):
    text = "I leave early. [[mock tokens=400 gap_ms=20]]"
    stream = through.client().chat.completions.create(**ask(text, stream=True))
    taken = [next(stream) for _ in range(5)]
    request_id = stream.response.headers["x-request-id"]
    stream.close()
    entry, = wait_until(lambda: mock.journal(text), 3)
    assert entry["end"] == "client_gone" and entry["completion_tokens"] < 200
    record = gateway.record(request_id)
    assert (record["end"], record["status"], len(taken)) == ("client_gone", 200, 5)


def test_first_token_deadline(through):
    error = failing(through, "v1", chat("Slow start. [[mock ttft_ms=6000]]", model="hasty", stream=True),
                    openai.InternalServerError)
    assert (error.status_code, error.code) == (504, "deadline_exceeded")
