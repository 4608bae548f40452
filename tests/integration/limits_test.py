"""Connections: how many, how long, how they are kept and how they end."""

import json
import signal
import socket
import threading
import time

import pytest

from harness import KEY, all_deployments, wait_until
from upstream import serve
from wire import DONE, STREAM_HEAD, Gone, answer, request, token

CHAT = "/openai/v1/chat/completions"
PLAIN = request("POST", CHAT, KEY, b'{"model":"gpt-4o","messages":[]}')
STREAM = request("POST", CHAT, KEY, b'{"model":"gpt-4o","stream":true,"messages":[]}')
ANSWER = answer('{"choices":[]}')
MODELS = request("GET", "/openai/v1/models", KEY)


def test_a_client_beyond_the_limit_is_told_so(start):
    gateway, _ = start(serve(lambda _: ANSWER), {"server/limits": {"connections": 10}})
    clients = [gateway.connect() for _ in range(10)]
    for client in clients:
        client.send(PLAIN)
        assert client.message().status == 200
    for sends_first in (False, True):
        told = 0
        for _ in range(20):
            with gateway.connect() as extra:
                try:
                    if sends_first:
                        extra.send(PLAIN)
                    message = extra.message()
                except (Gone, BrokenPipeError, ConnectionResetError):
                    continue
                assert message.status == 503 and message.is_whole
                assert json.loads(message.body)["error"]["code"] == "overloaded"
                assert (message["retry-after"], message["Connection"]) == ("1", "close")
                assert extra.end() == (b"", "eof")
                told += 1
        assert told == 20, f"told {told} of 20, sends first: {sends_first}"
    assert gateway.metrics()["tollgate_client_connections_refused_total"] == 40
    clients.pop().close()
    wait_until(lambda: gateway.metrics()["tollgate_client_connections"] == 9)
    assert gateway.call(PLAIN).status == 200
    for client in clients:
        client.close()


def test_an_idle_connection_is_closed_in_time_and_a_busy_one_is_not(start):
    gateway, _ = start(serve(lambda message: [0.6, ANSWER]), {"server/limits": {"idle": "300ms"}})
    with gateway.connect() as fresh, gateway.connect() as used, gateway.connect() as busy:
        since = time.monotonic()
        used.send(MODELS)
        assert used.message().status == 200
        busy.send(PLAIN)
        assert fresh.end() == (b"", "eof")
        assert 0.2 < time.monotonic() - since < 2
        assert used.end() == (b"", "eof")
        assert busy.message().status == 200
        assert busy.end() == (b"", "eof")
    assert gateway.metrics()["tollgate_http_errors_total"] == 0


def test_a_drain_closes_idle_connections_at_once_and_lets_streams_finish(start):
    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD)
        for _ in range(10):
            peer.send(token())
            time.sleep(0.06)
        peer.send(DONE)

    gateway, _ = start(script, {"server/drain": "10s"})
    with gateway.connect() as idle, gateway.connect() as fresh, gateway.connect() as busy:
        idle.send(MODELS)
        assert idle.message().status == 200
        busy.send(STREAM)
        head = busy.head()
        since = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert idle.end() == (b"", "eof") and fresh.end() == (b"", "eof")
        assert time.monotonic() - since < 0.4
        busy.body(head)
        assert head.is_whole and head.body.count(b"data:") == 11
        assert busy.end() == (b"", "eof")
    gateway.wait()
    assert time.monotonic() - since < 3  # not the drain's deadline
    assert [r["end"] for r in gateway.records() if r["stream"]] == ["complete"]


def test_the_drain_has_a_deadline_and_what_it_cuts_is_recorded(start):
    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD + token())
        peer.wait_end()

    gateway, _ = start(script, {"server/drain": "300ms"})
    with gateway.connect() as client:
        client.send(STREAM)
        head = client.head()
        since = time.monotonic()
        gateway.signal(signal.SIGTERM)
        client.body(head)
        assert not head.is_whole
        assert 0.2 < time.monotonic() - since < 2
    gateway.wait()
    assert len(gateway.records()) == 1


def test_the_last_answer_of_a_drain_says_that_the_connection_ends(start):
    gateway, upstream = start(serve(lambda message: [0.3, ANSWER]))
    with gateway.connect() as client:
        client.send(PLAIN)
        wait_until(lambda: upstream.requests)
        gateway.signal(signal.SIGTERM)
        assert client.message().status == 200
        assert client.end() == (b"", "eof")
    gateway.wait()


def test_a_hundred_calls_in_a_row_share_one_upstream_connection(start):
    gateway, upstream = start(serve(lambda message: (
        STREAM_HEAD + token() + DONE if b'"stream":true' in message.body else ANSWER)))
    for i in range(50):  # on connections of their own
        assert gateway.call(PLAIN if i % 2 else STREAM).is_whole
    with gateway.connect() as client:
        for i in range(50):
            client.send(STREAM if i % 2 else PLAIN)
            assert client.message().is_whole
    assert len(upstream.peers) == 1 and len(upstream.requests) == 100
    metrics = gateway.metrics()
    assert metrics["tollgate_upstream_connects_total"] == 1
    assert metrics["tollgate_upstream_reuses_total"] == 99


def test_no_more_connections_than_allowed_are_opened_upstream(start):
    release = threading.Event()

    def respond(message):
        release.wait(10)
        return ANSWER

    gateway, upstream = start(serve(respond), all_deployments(connections=3))
    clients = [gateway.connect() for _ in range(3)]
    for client in clients:
        client.send(PLAIN)
    wait_until(lambda: len(upstream.requests) == 3)
    for _ in range(5):
        refused = gateway.call(PLAIN)
        assert (refused.status, json.loads(refused.body)["error"]["code"]) == (503, "overloaded")
    release.set()
    for client in clients:
        assert client.message().status == 200
        client.close()
    assert gateway.call(PLAIN).status == 200
    assert len(upstream.peers) == 3
    assert sum(r["status"] == 503 for r in gateway.wait_records(9)) == 5


def test_an_idle_upstream_connection_that_is_closed_is_forgotten(start):
    def script(peer):
        peer.read_request()
        peer.send(ANSWER)
        time.sleep(0.1)

    gateway, upstream = start(script)
    for _ in range(3):
        assert gateway.call(PLAIN).status == 200
        wait_until(lambda: gateway.metrics()["tollgate_upstream_connections", "idle"] == 0)
    assert len(upstream.peers) == 3 and {r["attempts"] for r in gateway.wait_records(3)} == {1}


def test_an_upstream_that_closes_with_each_answer_and_does_not_say_so(start):
    """The next request comes before the end has been seen: what can be sent again is, the rest goes elsewhere at once."""
    def script(peer):
        peer.read_request()
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        peer.send(ANSWER)

    upload = request("POST", "/openai/v1/files", KEY, b"--b--\r\n", ["Content-Type: multipart/form-data; boundary=b"])
    gateway, upstream = start(script)
    client = gateway.connect()
    for data in [PLAIN, upload, upload, PLAIN] * 20:
        client.send(data)
        assert client.message().status == 200
    records = gateway.wait_records(80)
    assert {(r["status"], r["attempts"], r["end"]) for r in records} == {(200, 1, "complete")}
    assert len(upstream.requests) == 80


@pytest.mark.parametrize("pause", [0.0005, 0.002, 0.02])  # below and above what counts as just used
def test_what_an_upstream_sends_unasked_is_nobodys_answer(start, pause):
    stray = answer('{"choices":[],"stray":true}')

    def script(peer):
        peer.read_request()
        peer.send(ANSWER)
        peer.send(stray)  # in a segment of its own
        peer.wait_end()

    gateway, upstream = start(script)
    client = gateway.connect()
    for _ in range(40):
        client.send(PLAIN)
        message = client.message()
        assert (message.status, message.body) == (200, b'{"choices":[]}')
        time.sleep(pause)
    assert len(upstream.peers) == 40


def test_who_sends_unasked_cannot_reach_others_either(start):
    """Many callers at once: between the look at a kept connection and its use there is always a moment."""
    def script(peer):
        peer.read_request()
        peer.send(ANSWER)
        peer.send(answer('{"choices":[],"stray":true}'))
        peer.wait_end()

    gateway, upstream = start(script, {"server": {"workers": 1}})
    assert gateway.call(PLAIN).status == 200
    assert wait_until(lambda: "sends more than its answers" in gateway.output())
    bodies = []

    def call_often():
        with gateway.connect() as client:
            for _ in range(50):
                client.send(PLAIN)
                bodies.append(client.message().body)

    callers = [threading.Thread(target=call_often) for _ in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(bodies) == 800 and set(bodies) == {b'{"choices":[]}'}
    assert len(upstream.peers) == 801


def test_an_upstream_that_cannot_be_reached_is_a_502_and_names_no_address_to_the_client(start):
    gateway, upstream = start(serve(lambda _: ANSWER))
    upstream.close()
    message = gateway.call(PLAIN)
    assert message.status == 502 and b"127.0.0.1" not in message.body
    record = gateway.wait_records(1)[0]
    assert "cannot connect to 127.0.0.1" in record["error_detail"]
    assert gateway.metrics()["tollgate_upstream_connect_failures_total"] == 1


def test_an_address_that_does_not_answer_is_given_up_in_time(start):
    # A listener whose queue is full drops what comes: as a host that is not there.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        gateway, _ = start(serve(lambda _: ANSWER), all_deployments(
            timeouts={"connect": "300ms"}, endpoint="http://127.0.0.1:%d" % listener.getsockname()[1]))
        since = time.monotonic()
        message = gateway.call(PLAIN)
        assert 0.2 < time.monotonic() - since < 2
        assert message.status in (502, 504)
        for filler in fillers:
            filler.close()
