"""The client leaves: the upstream is left at once, and the record says what happened."""

import signal
import time

import pytest

from harness import KEY, wait_until
from upstream import BlackHole, serve
from wire import STREAM_HEAD, Gone, answer, chunk, request, token

CHAT = "/openai/v1/chat/completions"
STREAM = request("POST", CHAT, KEY, b'{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}')
SPEECH = request("POST", "/openai/v1/audio/speech", KEY, b'{"model":"tts-1","input":"hi"}')
PLAIN = request("POST", CHAT, KEY, b'{"model":"gpt-4o","messages":[]}')
AT_ONCE = 0.1  # seconds between the client's end and the upstream's


def before_the_head(peer):
    peer.read_request()


def mid_stream(peer):
    peer.read_request()
    peer.send(STREAM_HEAD + token() * 3)


def mid_body(peer):
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 1000\r\n\r\n{")


def mid_upload(peer):
    peer.read_head()


UPLOAD = request("POST", "/openai/v1/files", KEY, b"x" * 50_000, framing="none", fields=(
    "Content-Length: 100000", "Content-Type: multipart/form-data; boundary=B"))

CASES = {
    "before the head": (PLAIN, before_the_head, False), "before a stream's head": (STREAM, before_the_head, False),
    "mid-stream": (STREAM, mid_stream, True), "mid-body": (SPEECH, mid_body, True),
    "while uploading": (UPLOAD, mid_upload, False),
}


@pytest.mark.parametrize("how", ["close", "reset", "half_close"])
@pytest.mark.parametrize("case", CASES)
def test_the_upstream_is_left_at_once(start, case, how):
    data, begin, has_head = CASES[case]

    def script(peer):
        begin(peer)
        peer.begun = True
        peer.wait_end()

    gateway, upstream = start(script)
    delays = []
    for _ in range(5):
        client = gateway.connect()
        client.send(data)
        peer = wait_until(lambda: next((p for p in upstream.peers if not p.gone_at
                                        and getattr(p, "begun", False)), None))
        if has_head:
            client.head()
            while b"{" not in client.buffer:
                client._more(time.monotonic() + 5)
        since = time.monotonic()
        getattr(client, how)()
        wait_until(lambda: peer.gone_at)
        delays.append(peer.gone_at - since)
        client.close()
    # Of five, so that one hiccup of a busy machine does not count.
    assert sorted(delays)[3] < AT_ONCE, delays
    for record in gateway.wait_records(5):
        assert record["end"] == "client_gone"
        assert record["upstream_status"] == (200 if has_head else None)
        assert record["status"] == (200 if has_head else None)
        # A prompt that the provider was at work on, and what was delivered, as the tokenizer counts it:
        # "hi" with what a chat adds, "word word word ".
        if data is STREAM:
            assert record["usage"] == "estimated"
            assert (record["prompt_tokens"], record["completion_tokens"]) == (8, 4 if has_head else 0)
        else:
            assert record["usage"] is None
    metrics = gateway.metrics()
    assert metrics["tollgate_requests_in_flight"] == 0
    assert metrics["tollgate_upstream_connections"] == 0


def test_a_prompt_that_was_sent_nowhere_is_not_paid_for(start):
    hole = BlackHole()
    try:
        gateway, _ = start(None, endpoint=f"http://127.0.0.1:{hole.port}")
        with gateway.connect() as client:
            client.send(STREAM)
            time.sleep(0.2)  # it is being connected
        record = gateway.wait_records(1)[0]
    finally:
        hole.close()
    assert (record["end"], record["attempts"], record["usage"]) == ("client_gone", 1, None)


def test_usage_that_the_provider_has_told_is_kept_when_the_client_leaves(start):
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17}}\n\n'

    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD + token() + chunk(usage))
        peer.wait_end()

    gateway, _ = start(script)
    with gateway.connect() as client:
        client.send(STREAM)
        client.head()
        time.sleep(0.05)
    record = gateway.wait_records(1)[0]
    assert (record["end"], record["usage"], record["total_tokens"]) == ("client_gone", "reported", 17)


def test_a_client_that_leaves_while_its_stream_flows_is_noticed_under_load(start):
    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD)
        try:
            while True:
                peer.send(token())
                time.sleep(0.005)
        except Gone:
            peer.gone_at = time.monotonic()

    gateway, upstream = start(script)
    clients = [gateway.connect() for _ in range(50)]
    for client in clients:
        client.send(STREAM)
    for client in clients:
        client.head()
    for client in clients:
        client.close()
    wait_until(lambda: all(peer.gone_at for peer in upstream.peers), 2)
    assert {record["end"] for record in gateway.wait_records(50)} == {"client_gone"}


@pytest.mark.parametrize("how", ["close", "reset", "half_close"])
def test_a_client_that_leaves_together_with_its_last_byte_is_noticed(start, how):
    """Request and end are there when the gateway first looks."""
    def script(peer):
        peer.read_request()
        peer.wait_end(3)

    gateway, upstream = start(script)
    with gateway.connect() as client:
        gateway.signal(signal.SIGSTOP)
        client.send(PLAIN)
        getattr(client, how)()
        time.sleep(0.02)
        gateway.signal(signal.SIGCONT)
        since = time.monotonic()
        record = gateway.wait_records(1)[0]
        assert record["end"] == "client_gone"
        assert time.monotonic() - since < 1
        wait_until(lambda: all(peer.gone_at for peer in upstream.peers), 1)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_those_who_leave_in_company_cost_the_others_nothing(start, how):
    """Many requests are there when the gateway looks, and every second client has left."""
    slow = request("POST", CHAT, KEY, b'{"model":"gpt-4o","messages":[],"user":"slow"}')
    whole = answer('{"choices":[]}')
    gateway, _ = start(serve(lambda asked: [1, whole] if b"slow" in asked.body else whole), {"server": {"workers": 1}})
    for _ in range(3):
        clients = [gateway.connect() for _ in range(40)]
        for client in clients:
            client.send(PLAIN)
            client.message()
        gateway.signal(signal.SIGSTOP)
        for client in clients:
            client.send(slow)
        for client in clients[::2]:
            getattr(client, how)()
        gateway.signal(signal.SIGCONT)
        for client in clients[1::2]:
            assert client.message().status == 200
        for client in clients:
            client.close()
    records = gateway.wait_records(3 * 80)
    assert len({record["request_id"] for record in records}) == len(records)
    ends = [(record["end"], record["status"]) for record in records]
    assert ends.count(("complete", 200)) == 3 * 60
    assert ends.count(("client_gone", None)) == 3 * 20
    wait_until(gateway.is_at_rest)
