"""Every cell of docs/fault-matrix.md: what a caller meets when the first of two deployments fails."""

import json
import re
import socket
import time

import pytest

from harness import KEY, ROOT
from upstream import BlackHole, Upstream
from wire import Gone, request

CHAT = "/openai/v1/chat/completions"
SHORT = 0.25  # seconds: the clocks of the deployment that fails
COLUMNS = ["stream before", "stream after", "whole before", "whole inside"]


def cells():
    """(fault, column, outcome) of the table."""
    for line in (ROOT / "docs/fault-matrix.md").read_text().splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        name = re.search(r"\(`(\w+)`\)$", parts[0])
        if name and len(parts) == 5:
            for column, outcome in zip(COLUMNS, parts[1:]):
                if outcome != "-":
                    yield name[1], column, outcome.replace("`", "")


def event(data):
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def delta(text):
    return event({"id": "c1", "object": "chat.completion.chunk", "model": "gpt-4o-2024-11-20",
                  "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


FILTERS = event({"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []})
ROLE = event({"id": "c1", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]})
STOP = event({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
DONE = b"data: [DONE]\n\n"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
WHOLE = b'{"id":"c1","choices":[{"index":0,"message":{"role":"assistant","content":"well"},"finish_reason":"stop"}]}'
INBAND = {"error": {"code": "server_error", "message": "boom", "type": "server_error", "param": None}}
INBAND_429 = {"error": {"code": "rate_limit_exceeded", "message": "slow down", "type": "rate_limit_error"}}


def plain(status, body, fields=()):
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def error(status, code, fields=()):
    return plain(status, json.dumps({"error": {"code": code, "message": "no"}}).encode(), fields)


STATUSES = {
    "429": error(429, "429", ["retry-after-ms: 500", "retry-after: 1"]), "429bare": error(429, "429"),
    "408": error(408, "Timeout"), "500": error(500, "InternalServerError"), "503": error(503, "ServiceUnavailable"),
    "503busy": error(503, "ServiceUnavailable", ["retry-after: 1"]), "401": error(401, "401"), "403": error(403, "403"),
    "404": error(404, "DeploymentNotFound"), "404model": error(404, "model_not_found"),
    "400tenant": error(400, "Tenant provided in token does not match resource token"),
    "html": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Sorry</h1>",
}


def wait_for_end(peer, meanwhile=b""):
    """Until the gateway has had enough; sends something in between."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if meanwhile:
            peer.send(meanwhile)
        peer.sock.settimeout(0.05)
        try:
            if peer.sock.recv(1) == b"":
                raise Gone("eof")
        except TimeoutError:
            pass
        except ConnectionError as reason:
            raise Gone("reset") from reason


def play(peer, fault, begun, is_stream):
    """What comes after `begun`, which has been sent."""
    if fault == "cut":
        peer.close()
    elif fault == "reset":
        peer.reset()
    elif fault == "stall":
        wait_for_end(peer)
    elif fault == "pings":
        wait_for_end(peer, b": ping\n\n")
    elif fault == "inband":
        peer.send(event(INBAND))
        peer.close()
    elif fault == "inband429":
        peer.send(event(INBAND_429))
        peer.close()
    elif fault == "empty":
        peer.send(DONE)
        wait_for_end(peer)
    elif fault == "badjson":
        peer.send(b'data: {"choices":[{"del\n\n')
        wait_for_end(peer)
    else:
        raise KeyError(fault)


def script(fault, column):
    is_stream, is_late = column.startswith("stream"), column.endswith(("after", "inside"))

    def run(peer):
        while True:
            peer.read_request(60)
            if fault in STATUSES:
                peer.send(STATUSES[fault])
                continue
            if fault == "slowhead":
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
                return wait_for_end(peer)
            if is_stream:
                if is_late or fault in ("pings", "inband", "inband429", "badjson", "preamble", "empty"):
                    peer.send(STREAM_HEAD + FILTERS + ROLE)
                if is_late:
                    peer.send(delta("We") + delta("ll"))
                if fault == "preamble":
                    return wait_for_end(peer, ROLE)
                return play(peer, fault, b"", True)
            if fault in ("inband", "inband429"):
                peer.send(plain(200, json.dumps(INBAND if fault == "inband" else INBAND_429).encode()))
                continue
            if fault == "badjson":
                peer.send(plain(200, b"well then" if not is_late else WHOLE[:-9]))
                continue
            if is_late:
                peer.send(plain(200, WHOLE)[:-20])
            return play(peer, fault, b"", False)

    return run


def well(peer):
    while True:
        message = peer.read_request(60)
        if b'"stream":true' in message.body:
            peer.send(STREAM_HEAD + FILTERS + ROLE + delta("well") + STOP + DONE)
            peer.close()
            return
        peer.send(plain(200, WHOLE))


def endpoint_of(fault, upstream, hole):
    if fault == "dns":
        return {"endpoint": "http://no-such-name.invalid", "allow_plain_http": True}
    if fault == "tls":
        return {"endpoint": f"https://127.0.0.1:{upstream.port}"}
    if fault == "refused":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return {"endpoint": f"http://127.0.0.1:{free.getsockname()[1]}"}
    if fault == "blackhole":
        return {"endpoint": f"http://127.0.0.1:{hole.port}"}
    return {"endpoint": upstream.url}


@pytest.fixture
def pair(start):
    """pair(fault, column) -> a gateway whose first deployment has that fault."""
    opened = []

    def make(fault, column):
        bad = Upstream(script(fault, column))
        hole = BlackHole() if fault == "blackhole" else None
        opened.extend(one for one in (bad, hole) if one)
        clocks = {"connect": "250ms", "first_token": "250ms", "gap": "250ms", "total": "250ms" if "whole" in column else "5s"}
        first = {"deployment": "contoso-chat", "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"}, "timeouts": clocks,
                 **endpoint_of(fault, bad, hole)}
        changes = {"deployments": {"first": first}, "models": {"gpt-4o": {"route": ["first", "gpt-4o"]}}}
        gateway, _ = start(well, changes)
        return gateway

    yield make
    for one in opened:
        one.close()


def ask(gateway, is_stream):
    body = b'{"model":"gpt-4o","stream":true,"messages":[]}' if is_stream else b'{"model":"gpt-4o","messages":[]}'
    return gateway.call(request("POST", CHAT, KEY, body))


@pytest.mark.parametrize("fault, column, outcome", list(cells()))
def test_a_caller_meets_what_the_table_says(pair, fault, column, outcome):
    is_stream = column.startswith("stream")
    gateway = pair(fault, column)
    answer = ask(gateway, is_stream)
    record, = gateway.wait_records(1)
    assert answer.status == 200 and answer.is_whole
    if outcome.startswith("spill:"):
        assert answer["x-tollgate-route"] == outcome
        assert answer["x-tollgate-deployment"] == "gpt-4o"
        assert record["attempts"] == 2 and record["end"] == "complete" and record["deployment"] == "gpt-4o"
        if is_stream:
            assert answer.body == FILTERS + ROLE + delta("well") + STOP + DONE
        else:
            assert answer.body == WHOLE
    else:
        assert answer["x-tollgate-deployment"] == "first" and record["attempts"] == 1
        assert answer.body.startswith(FILTERS + ROLE + delta("We") + delta("ll"))
        assert b"[DONE]" not in answer.body and record["end"] == "truncated"
        last = json.loads(answer.body.rstrip().rsplit(b"data: ", 1)[1])
        code = outcome.split()[0]
        if code == "provider's":
            assert last == (INBAND if fault == "inband" else INBAND_429)
        else:
            assert last["error"]["code"] == code


IMAGE = b'{"created":1,"data":[{"b64_json":"' + b"x" * 5000 + b'"}]}'


@pytest.mark.parametrize("fault, reason", [
    (plain(200, IMAGE)[:-2000], "spill:error"), (STATUSES["html"], "spill:error"),
    (plain(200, json.dumps(INBAND).encode()), "spill:error"), (plain(200, json.dumps(INBAND_429).encode()), "spill:429")])
def test_an_image_is_an_answer_once_it_is_whole(start, fault, reason):
    def script(answer):
        def run(peer):
            peer.read_request(60)
            peer.send(answer)
        return run

    bad = Upstream(script(fault))
    first = {"endpoint": bad.url, "deployment": "contoso-chat", "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"}}
    gateway, _ = start(script(plain(200, IMAGE)), {"deployments": {"first": first}, "models": {"gpt-4o": {"route": ["first", "gpt-4o"]}}})
    answer = gateway.call(request("POST", "/openai/v1/images/generations", KEY, b'{"model":"gpt-4o","prompt":"a cat"}'))
    assert (answer.status, answer["x-tollgate-route"], answer.body) == (200, reason, IMAGE)
    bad.close()


CALLERS = {
    "content_filter": error(400, "content_filter"), "context_length": error(400, "context_length_exceeded"),
    "not_an_object": error(404, "NotFound"), "conflict": error(409, "conflict"), "large": error(413, "too_large"),
    "media": error(415, "media"), "fields": error(422, "invalid"),
    "inside_200": plain(200, b'{"error":{"code":"content_filter","message":"no"}}'),
    "long": plain(400, json.dumps({"error": {"code": "context_length_exceeded", "message": "x" * 70_000}}).encode()),
    "not_a_model": plain(404, json.dumps({"error": {"code": "NotFound", "message": 'no "model_not_found"'}}).encode()),
}


@pytest.mark.parametrize("case", CALLERS)
def test_the_callers_affair_is_never_tried_elsewhere(start, case):
    def refuse(peer):
        while True:
            peer.read_request(60)
            peer.send(CALLERS[case])

    bad = Upstream(refuse)
    first = {"endpoint": bad.url, "deployment": "contoso-chat", "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"},
             "breaker": {"consecutive": 1}}
    gateway, good = start(well, {"deployments": {"first": first}, "models": {"gpt-4o": {"route": ["first", "gpt-4o"]}}})
    for _ in range(3):
        answer = ask(gateway, False)
        assert answer.body == CALLERS[case].split(b"\r\n\r\n", 1)[1]
        assert answer["x-tollgate-route"] == "primary"
    assert not good.requests
    metrics = gateway.metrics()
    assert metrics["tollgate_deployment_breaker_opened_total", "first"] == 0
    assert metrics["tollgate_deployment_calls_total", "first", "good"] == 3
    bad.close()


REFUSED_IN_STREAM = event({"type": "error", "error": {"code": "content_filter", "message": "no"}})


@pytest.mark.parametrize("before", [b"", ROLE])
def test_the_callers_affair_inside_a_stream_counts_against_nobody(start, before):
    def refuse(peer):
        while True:
            peer.read_request(60)
            peer.send(STREAM_HEAD + before + REFUSED_IN_STREAM)
            peer.close()

    bad = Upstream(refuse)
    first = {"endpoint": bad.url, "deployment": "contoso-chat", "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"},
             "breaker": {"consecutive": 1}}
    gateway, good = start(well, {"deployments": {"first": first}, "models": {"gpt-4o": {"route": ["first", "gpt-4o"]}}})
    for _ in range(3):
        assert b"content_filter" in ask(gateway, True).body
    assert not good.requests
    metrics = gateway.metrics()
    assert metrics["tollgate_deployment_breaker_opened_total", "first"] == 0
    assert metrics["tollgate_deployment_calls_total", "first", "good"] == 3
    bad.close()


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
@pytest.mark.parametrize("how", ["too long", "cut"])
def test_a_refusal_whose_words_do_not_come_whole_keeps_its_status(start, status, how):
    whole = plain(status, b'{"error":{"code":"secret","message":"' + b"x" * 2_000_000 + b'"}}')

    def refuse(peer):
        peer.read_request(60)
        peer.send(whole if how == "too long" else whole[:1000])

    bad = Upstream(refuse)
    first = {"endpoint": bad.url, "deployment": "contoso-chat", "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"},
             "breaker": {"consecutive": 1}}
    gateway, good = start(well, {"deployments": {"first": first}, "models": {"gpt-4o": {"route": ["first", "gpt-4o"]}}})
    for is_stream in (False, True):
        answer = ask(gateway, is_stream)
        assert answer.status == status and answer.is_whole
        assert json.loads(answer.body)["error"]["type"] == "invalid_request_error"
    assert not good.requests and len(bad.requests) == 2
    record = gateway.wait_records(2)[1]
    assert (record["status"], record["upstream_status"], record["end"], record["usage"]) == (status, status, "refused", None)
    assert gateway.metrics()["tollgate_deployment_calls_total", "first", "good"] == 2
    bad.close()
