"""Input that no honest peer sends: the gateway refuses it, survives it, and serves the others."""

import json
import random
import statistics
import threading
import time

import pytest

from harness import KEY, all_deployments, wait_until
from upstream import serve
from wire import DONE, STREAM_HEAD, Gone, answer, chunk, request, reset, token

CHAT = "/openai/v1/chat/completions"
BODY = b'{"model":"gpt-4o","messages":[]}'
STREAM = b'{"model":"gpt-4o","stream":true,"messages":[]}'
PLAIN = answer('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}')
SHORT_TIMES = {"server/limits": {"header_time": "300ms", "body_time": "300ms", "write_stall": "500ms",
                                 "body": "1MiB", "headers": "64KiB"}}


def head_with(*lines, start=f"POST {CHAT} HTTP/1.1", host="Host: gateway"):
    return "\r\n".join([start, *([host] if host else []), f"api-key: {KEY}",
                        "Content-Type: application/json", *lines]).encode("latin-1") + b"\r\n\r\n"


LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
SECOND = request("GET", "/openai/v1/models", KEY)
SMUGGLED = chunk(BODY) + b"0\r\n\r\n" + SECOND

# Whatever two servers might read in two ways: name -> (bytes, status).
SMUGGLING = {
    "both lengths": (head_with(LENGTH, CHUNKED) + SMUGGLED, 400),
    "both lengths, the other way round": (head_with(CHUNKED, LENGTH) + SMUGGLED, 400),
    "two different lengths": (head_with(LENGTH, "Content-Length: 0") + BODY, 400),
    "the same length twice": (head_with(LENGTH, LENGTH) + BODY, 400),
    "two lengths in one field": (head_with(f"{LENGTH}, {len(BODY)}") + BODY, 400),
    "a length with a sign": (head_with(f"Content-Length: +{len(BODY)}") + BODY, 400),
    "a negative length": (head_with("Content-Length: -1") + BODY, 400),
    "a length in hexadecimal": (head_with("Content-Length: 0x20") + BODY, 400),
    "a length with a leading zero": (head_with(f"Content-Length: 0{len(BODY)}") + BODY, 400),
    "a length that overflows": (head_with("Content-Length: 18446744073709551648") + BODY, 400),
    "an empty length": (head_with("Content-Length: ") + BODY, 400),
    "identity coding": (head_with("Transfer-Encoding: identity") + SMUGGLED, 400),
    "a coding before chunked": (head_with("Transfer-Encoding: gzip, chunked") + SMUGGLED, 400),
    "a coding after chunked": (head_with("Transfer-Encoding: chunked, identity") + SMUGGLED, 400),
    "chunked twice": (head_with("Transfer-Encoding: chunked, chunked") + SMUGGLED, 400),
    "two coding fields": (head_with(CHUNKED, CHUNKED) + SMUGGLED, 400),
    "an unknown coding": (head_with("Transfer-Encoding: xchunked") + SMUGGLED, 400),
    "a quoted coding": (head_with('Transfer-Encoding: "chunked"') + SMUGGLED, 400),
    "a coding behind a vertical tab": (head_with("Transfer-Encoding: \x0bchunked") + SMUGGLED, 400),
    "a space before the colon": (head_with("Transfer-Encoding : chunked", LENGTH) + BODY, 400),
    "a tab before the colon": (head_with("Content-Length\t: 5", LENGTH) + BODY, 400),
    "a folded field": (head_with("X-One: a", " Transfer-Encoding: chunked", LENGTH) + BODY, 400),
    "a fold in the first field": (b"POST / HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n", 400),
    "a bare LF between fields": (head_with("X-One: a\nTransfer-Encoding: chunked", LENGTH) + BODY, 400),
    "a bare CR in a value": (head_with("X-One: a\rTransfer-Encoding: chunked", LENGTH) + BODY, 400),
    "a NUL in a value": (head_with("X-One: a\0b", LENGTH) + BODY, 400),
    "a NUL in a name": (head_with("X-\0One: a", LENGTH) + BODY, 400),
    "a control character in a value": (head_with("X-One: a\x08b", LENGTH) + BODY, 400),
    "no colon": (head_with("X-One", LENGTH) + BODY, 400),
    "an empty name": (head_with(": a", LENGTH) + BODY, 400),
    "two hosts": (head_with("Host: other", LENGTH) + BODY, 400),
    "no host": (head_with(LENGTH, host=None) + BODY, 400),
    "two keys": (head_with("api-key: other", LENGTH) + BODY, 400),
    "an absolute target": (head_with(LENGTH, start=f"POST http://gateway{CHAT} HTTP/1.1") + BODY, 400),
    "CONNECT": (head_with(start="CONNECT gateway:443 HTTP/1.1"), 400),
    "a star as target": (head_with(start="OPTIONS * HTTP/1.1"), 400),
    "a space in the target": (head_with(LENGTH, start=f"POST {CHAT} x HTTP/1.1") + BODY, 400),
    "a tab in the request line": (head_with(LENGTH, start=f"POST\t{CHAT} HTTP/1.1") + BODY, 400),
    "HTTP/2.0": (head_with(LENGTH, start=f"POST {CHAT} HTTP/2.0") + BODY, 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a coding in HTTP/1.0": (head_with(CHUNKED, start=f"POST {CHAT} HTTP/1.0") + SMUGGLED, 400),
    "a chunk size that is not hexadecimal": (head_with(CHUNKED) + b"2g\r\n" + BODY, 400),
    "a chunk size with 0x": (head_with(CHUNKED) + b"0x20\r\n" + BODY, 400),
    "a chunk size with a sign": (head_with(CHUNKED) + b"-1\r\n" + BODY, 400),
    "a chunk size that overflows": (head_with(CHUNKED) + b"ffffffffffffffff1\r\n" + BODY, 400),
    "a chunk size ended by a bare LF": (head_with(CHUNKED) + b"20\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "a chunk longer than its size": (head_with(CHUNKED) + b"1f\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "an empty chunk size": (head_with(CHUNKED) + b"\r\n" + BODY, 400),
    "a bare CR in a chunk extension": (head_with(CHUNKED) + b"20;a\rb\r\n" + BODY, 400),
    "a flood of chunk extensions": (head_with(CHUNKED) + b"1;" + b"a" * 100_000 + b"\r\n{\r\n", 400),
    "a flood of trailers": (head_with(CHUNKED) + chunk(BODY) + b"0\r\n" + b"X: y\r\n" * 50_000, 400),
    "a huge request line": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", 431),
    "1 MiB of headers": (head_with("X-Long: " + "a" * (1 << 20)), 431),
    "200 headers": (head_with(*[f"X-{i}: a" for i in range(200)], LENGTH) + BODY, 431),
    "1 GiB announced": (head_with(f"Content-Length: {1 << 30}") + b"{", 413),
}


def send_all(client, data):
    """A refusal may come, and the connection go, before all has been sent."""
    try:
        client.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def refused(client, timeout=5):
    """The one answer on this connection, and nothing behind it."""
    message = client.message(timeout)
    assert message.is_whole
    error = json.loads(message.body)["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]
    rest, _ = client.end(timeout)
    assert rest == b"", f"a second answer: {rest!r}"
    return message


def test_every_ambiguous_request_is_refused_once_and_nothing_of_it_goes_upstream(start):
    gateway, upstream = start(serve(lambda _: PLAIN), SHORT_TIMES)
    told = {}
    for name, (data, _) in SMUGGLING.items():
        with gateway.connect() as client:
            send_all(client, data)
            try:
                told[name] = refused(client).status
            except (AssertionError, TimeoutError, Gone) as error:
                told[name] = str(error)
    assert told == {name: status for name, (_, status) in SMUGGLING.items()}
    assert upstream.peers == []
    assert gateway.call(request("POST", CHAT, KEY, BODY)).status == 200


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_a_request_in_small_pieces_means_the_same(start, size):
    gateway, upstream = start(serve(lambda _: PLAIN))
    data = request("POST", CHAT, KEY, BODY, framing="chunked")
    with gateway.connect() as client:
        for i in range(0, len(data), size):
            client.send(data[i:i + size])
        assert client.message().status == 200
    assert json.loads(upstream.requests[0].body)["model"] == "contoso-chat"


def test_heads_and_bodies_that_dribble_in_are_given_up(start):
    gateway, upstream = start(serve(lambda _: PLAIN), SHORT_TIMES)

    def dribble(first, slowly):
        with gateway.connect() as client:
            client.send(first)
            since = time.monotonic()
            for byte in slowly:
                try:
                    client.send(bytes([byte]))
                except OSError:
                    break
                time.sleep(0.03)
                if time.monotonic() - since > 1.5:
                    break
            message = client.message()
            return message.status, json.loads(message.body)["error"]["code"]

    assert dribble(b"GET /openai/v1/models HTTP/1.1\r\n", b"X-Slow: " + b"a" * 60) == (408, "timeout")
    assert dribble(head_with(LENGTH), BODY * 3) == (408, "timeout")
    assert dribble(head_with(CHUNKED), b"1\r\n \r\n" * 20) == (408, "timeout")
    assert upstream.peers == []
    assert gateway.metrics()["tollgate_http_errors_total", "header_timeout"] == 1


def test_a_body_that_is_too_large_is_refused_at_once_or_at_the_limit(start):
    gateway, _ = start(serve(lambda _: PLAIN), SHORT_TIMES)
    with gateway.connect() as client:
        client.send(head_with(f"Content-Length: {1 << 30}"))
        assert client.message(1).status == 413
    for path, kind in ((CHAT, "application/json"), ("/openai/v1/files", "multipart/form-data; boundary=B")):
        with gateway.connect() as client:
            client.send(f"POST {path} HTTP/1.1\r\nHost: g\r\napi-key: {KEY}\r\nContent-Type: {kind}\r\n"
                        f"{CHUNKED}\r\n\r\n")
            sent = 0
            try:
                while sent < 1 << 30:
                    client.send(chunk(b" " * 65536))
                    sent += 65536
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                pass
            assert sent < 32 << 20  # the limit, and what sockets hold
            refused = client.message()
            assert refused.status == 413 and b"(`server.limits.body`)" in refused.body
    assert gateway.rss() < 64 << 20


def test_noise_is_survived(start):
    gateway, upstream = start(serve(lambda _: PLAIN), SHORT_TIMES)
    noise = random.Random(7)
    samples = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise.randbytes(512) + b"\r\n\r\n",
               b"\0" * 4096 + b"\r\n\r\n", b"\r\n" * 1000, b"\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n"]
    samples += [noise.randbytes(noise.randrange(1, 3000)) + b"\r\n\r\n" for _ in range(100)]
    good = head_with(CHUNKED) + chunk(BODY) + b"0\r\n\r\n"
    for _ in range(100):  # one byte of a good request changed
        at = noise.randrange(len(good))
        samples.append(good[:at] + noise.randbytes(1) + good[at + 1:])
    for sample in samples:
        with gateway.connect() as client:
            send_all(client, sample)
            client.half_close()
            try:
                client.end(5)
            except OSError:
                pass
    assert gateway.call(request("POST", CHAT, KEY, BODY)).status == 200


# --- clients that leave, at every stage ---

def leave(client, how):
    {"reset": client.reset, "close": client.close, "half": client.half_close}[how]()


@pytest.mark.parametrize("how", ["reset", "close", "half"])
def test_a_client_may_leave_at_every_stage(start, how):
    def script(peer):
        while True:
            message = peer.read_request()
            if b"stream" in message.body:
                peer.send(STREAM_HEAD)
                while True:
                    peer.send(token() * 50)
                    time.sleep(0.01)
            time.sleep(0.2)
            peer.send(PLAIN)

    gateway, upstream = start(script, SHORT_TIMES)
    whole = request("POST", CHAT, KEY, BODY)
    head = head_with(LENGTH)
    stages = {
        "before the head": b"", "inside the head": whole[:40], "after the head": head,
        "inside the body": head + BODY[:10], "inside a chunk": head_with(CHUNKED) + b"20\r\n" + BODY[:5],
        "inside an upload": request("POST", "/openai/v1/files", KEY, b"x" * 1000, framing="none",
                                    fields=("Content-Length: 100000",
                                            "Content-Type: multipart/form-data; boundary=B")),
        "before the answer": whole, "inside a stream": request("POST", CHAT, KEY, STREAM),
        "with a second request behind": whole + whole,
    }
    kept = []
    for _ in range(3):
        for data in stages.values():
            client = gateway.connect()
            client.send(data)
            if b"true" in data:
                client.head()
            else:
                time.sleep(0.02)
            leave(client, how)
            kept.append(client)
    if how == "half":
        for client in kept:
            client.end(10)  # whatever comes, the gateway closes
            client.close()
    wait_until(gateway.is_at_rest)
    wait_until(lambda: gateway.metrics()["tollgate_client_connections"] == 0)
    assert gateway.metrics()["tollgate_upstream_connections", "busy"] == 0
    # Stages that are an exchange are those in which a whole head came; the last one has two.
    records = gateway.records()
    assert len(records) == 3 * 8, [r["path"] for r in records]
    assert {r["end"] for r in records} <= {"client_gone", "complete"}
    assert sum(r["end"] == "client_gone" for r in records) >= 3 * 6
    assert gateway.call(request("POST", CHAT, KEY, BODY)).status == 200


def test_a_stream_that_nobody_reads_costs_little_memory_and_ends(start):
    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD)
        while True:
            peer.send(token("x" * 1000) * 16)

    gateway, upstream = start(script, {"server/limits": {"write_stall": "1500ms"}})
    assert gateway.call(request("GET", "/openai/v1/models", KEY)).status == 200
    count = 100
    before = gateway.rss()
    clients = [gateway.connect(receive_buffer=4096) for _ in range(count)]
    for client in clients:
        client.send(request("POST", CHAT, KEY, STREAM))
    wait_until(lambda: gateway.metrics()["tollgate_requests_in_flight"] == count)
    time.sleep(0.8)
    assert gateway.metrics()["tollgate_requests_in_flight"] == count
    assert (gateway.rss() - before) / count < 64 * 1024
    # The upstream is left once each client has taken nothing for too long.
    wait_until(gateway.is_at_rest, 15)
    streams = gateway.wait_records(count + 1)[1:]
    assert {(r["end"], r["error_detail"]) for r in streams} == {
        ("client_gone", "the client took no bytes for too long")}
    wait_until(lambda: all(peer.gone_at for peer in upstream.peers))
    for client in clients:
        client.close()


# --- upstreams ---

def called(start, script, body=STREAM, changes=None):
    """What one call comes to: the answer's status, its body, the record."""
    gateway, _ = start(script, changes or all_deployments(
        timeouts={"first_token": "400ms", "gap": "400ms", "total": "2s"}))
    message = gateway.call(request("POST", CHAT, KEY, body))
    return message, gateway.wait_records(1)[0], gateway


def after_request(data, then=None):
    def script(peer):
        peer.read_request()
        peer.send(data)
        then(peer) if then else peer.wait_end()
    return script


def test_an_upstream_that_never_answers_is_a_504(start):
    message, record, _ = called(start, after_request(b""))
    assert (message.status, record["error_code"]) == (504, "deadline_exceeded")


def test_pings_alone_are_no_answer(start):
    def ping(peer):
        while True:
            peer.send(chunk(b": ping\n\n"))
            time.sleep(0.05)
    message, record, _ = called(start, after_request(STREAM_HEAD, ping))
    assert message.is_whole and message.status == 504
    assert (record["end"], record["error_code"]) == ("refused", "deadline_exceeded")
    assert 300 < record["duration_ms"] < 3000


def test_an_event_of_100_megabytes_breaks_the_stream_and_not_the_gateway(start):
    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD + token() + b"10000000\r\ndata: ")
        for _ in range(1600):
            peer.send(b"x" * 65536)
    message, record, gateway = called(start, script, changes={})
    assert message.is_whole and b"upstream_error" in message.body
    assert (record["end"], record["error_detail"]) == ("truncated", "an event of the stream is too large")
    wait_until(lambda: gateway.rss() < 48 << 20, why="memory given back")


@pytest.mark.parametrize("what", [
    b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * (1 << 20) + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-\0: a\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 999 What\r\n\r\n", b"\x16\x03\x03\0\x02\x02\x28",
], ids=["1 MiB", "1000 fields", "two lengths", "both framings", "bare LF", "folded", "NUL", "101",
        "HTTP 2", "status 999", "TLS alert"])
def test_a_head_that_is_no_head_is_a_502(start, what):
    def script(peer):
        peer.read_request()
        try:
            peer.send(what)
        except Gone:
            return
        time.sleep(0.05)
        peer.close()
    message, record, _ = called(start, script, BODY)
    assert (message.status, json.loads(message.body)["error"]["code"]) == (502, "upstream_error")
    assert record["end"] == "refused" and record["error_detail"]


def test_interim_answers_without_end_run_into_the_deadline(start):
    def script(peer):
        peer.read_request()
        while True:
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
            time.sleep(0.01)
    message, record, gateway = called(start, script)
    assert message.status in (502, 504)
    assert record["duration_ms"] < 3000


BAD_FRAMING = {
    "bad size": b"zz\r\nhello\r\n", "missing CRLF": b"5\r\nhelloXX", "huge size": b"fffffffffffffffff\r\n",
    "negative size": b"-5\r\nhello\r\n",
}


@pytest.mark.parametrize("name", BAD_FRAMING)
@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])
def test_wrong_chunks_of_the_upstream_are_a_cut(start, name, is_stream):
    head = STREAM_HEAD if is_stream else STREAM_HEAD.replace(b"text/event-stream", b"application/json")
    message, record, _ = called(start, after_request(head + token() + BAD_FRAMING[name]),
                                STREAM if is_stream else BODY)
    assert record["end"] == ("truncated" if is_stream else "refused") and record["error_source"] == "upstream"
    if is_stream:
        assert message.is_whole and b'"upstream_error"' in message.body and b"[DONE]" not in message.body
    else:
        assert message.is_whole and message.status == 502


def test_more_bytes_than_announced_are_not_the_next_answer(start):
    forged = answer('{"forged":true}')

    def script(peer):
        while True:
            peer.read_request()
            peer.send(answer('{"good":true}') + forged)

    gateway, upstream = start(script)
    with gateway.connect() as client:
        for _ in range(5):
            client.send(request("POST", CHAT, KEY, BODY))
            assert client.message().body == b'{"good":true}'
    assert len(upstream.peers) == 5


def test_an_answer_that_came_before_the_question_is_thrown_away(start):
    """Both are there when the gateway looks: the client's request first, then the upstream's bytes."""
    def script(peer):
        while True:
            peer.read_request()
            peer.send(answer('{"good":true}'))

    gateway, upstream = start(script)
    with gateway.connect() as client:
        client.send(request("POST", CHAT, KEY, BODY))
        assert client.message().body == b'{"good":true}'
        wait_until(lambda: gateway.metrics()["tollgate_upstream_connections", "idle"] == 1)
        gateway.signal(19)  # SIGSTOP
        client.send(request("POST", CHAT, KEY, BODY))
        time.sleep(0.02)
        upstream.peers[0].send(answer('{"forged":true}'))
        time.sleep(0.02)
        gateway.signal(18)  # SIGCONT
        assert client.message().body == b'{"good":true}'
    assert len(upstream.peers) == 2


# --- all of it at once ---

class Latency:
    """A well-behaved client: one call after the other on one connection."""

    def __init__(self, gateway):
        self.gateway = gateway

    def measure(self, seconds):
        times = []
        data = request("POST", CHAT, KEY, BODY)
        with self.gateway.connect() as client:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                since = time.perf_counter()
                client.send(data)
                message = client.message()
                times.append(time.perf_counter() - since)
                assert message.status == 200 and message.is_whole and b"choices" in message.body
                time.sleep(0.002)
        return statistics.quantiles(times, n=100)[98], len(times)


def flood(gateway, until, counts, seed):
    """One attacker: a random misdeed after the other."""
    noise = random.Random(seed)
    cases = list(SMUGGLING.values())
    stream = request("POST", CHAT, KEY, STREAM)

    def bad_request():
        data, _ = noise.choice(cases)
        client = gateway.connect()
        counts.append("bad")
        try:
            send_all(client, data[:200_000])
            client.sock.settimeout(0.05)
            client.sock.recv(100)
        finally:
            reset(client.sock)

    def cut_request():
        client = gateway.connect()
        data = noise.choice([stream, request("POST", CHAT, KEY, BODY)])
        client.send(data[:noise.randrange(len(data))])
        leave(client, noise.choice(["reset", "close"]))
        client.close()

    def cut_stream():
        client = gateway.connect()
        client.send(stream)
        client.sock.settimeout(0.2)
        client.sock.recv(100)
        leave(client, noise.choice(["reset", "close"]))

    def garbage():
        client = gateway.connect()
        send_all(client, noise.randbytes(2000))
        reset(client.sock)

    while time.monotonic() < until:
        try:
            noise.choice([bad_request, cut_request, cut_stream, garbage])()
        except OSError:
            pass
        time.sleep(0.003)


def test_a_flood_of_all_this_does_not_reach_the_others(start):
    def script(peer):
        while True:
            message = peer.read_request(30)
            if b'"stream":true' not in message.body:
                peer.send(PLAIN)
                continue
            peer.send(STREAM_HEAD)
            for _ in range(20):
                peer.send(token())
                time.sleep(0.01)
            peer.send(DONE)

    gateway, _ = start(script, {**SHORT_TIMES, "server/workers": 2})
    honest = Latency(gateway)
    honest.measure(0.3)
    quiet, _ = honest.measure(1.5)
    wait_until(lambda: gateway.metrics()["tollgate_client_connections"] == 0)
    memory, descriptors = gateway.rss(), gateway.descriptors()
    until = time.monotonic() + 6
    attackers = [threading.Thread(target=flood, args=(gateway, until, [], seed)) for seed in range(4)]
    sleepers = [gateway.connect() for _ in range(200)]  # slow heads, all the while
    for client in sleepers:
        client.send(b"GET / HTTP/1.1\r\n")
    for thread in attackers:
        thread.start()
    loud, calls = honest.measure(5)
    for thread in attackers:
        thread.join()
    for client in sleepers:
        client.close()
    assert calls > 100
    # The attackers, the upstream and the client share one interpreter and two busy cores with the
    # gateway: the bound finds a blocked loop, not a slow one.
    assert loud < max(20 * quiet, 0.25), f"p99 {quiet * 1000:.1f} ms before, {loud * 1000:.1f} ms in the flood"
    wait_until(gateway.is_at_rest, 10)
    wait_until(lambda: gateway.metrics()["tollgate_client_connections"] == 0)
    wait_until(lambda: gateway.descriptors() <= descriptors + 8, 5,
               why="descriptors near the start")
    assert gateway.rss() < memory + (16 << 20)
