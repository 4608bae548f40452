"""Realtime sessions: the handshake, what is relayed, and how sessions end."""

import json
import os
import signal
import threading
import time

import pytest

import websocket as ws
from harness import AZURE_KEY, KEY, NARROW_KEY, PREFIX_KEY, all_deployments, wait_until
from upstream import serve
from websocket import BINARY, CLOSE, PING, PONG, TEXT, Socket, close_payload, frame
from wire import Gone, answer, request

V1 = "/openai/v1/realtime?model=gpt-4o"
DATED = "/openai/realtime?api-version=2025-04-01-preview&deployment=gpt-4o"
DONE = {"type": "response.done", "response": {"id": "resp_1", "status": "completed", "usage": {
    "total_tokens": 275, "input_tokens": 127, "output_tokens": 148,
    "input_token_details": {"text_tokens": 119, "audio_tokens": 8, "cached_tokens": 64},
    "output_token_details": {"text_tokens": 36, "audio_tokens": 112}}}}


def echo(peer):
    """Accepts, and says everything again until the client closes."""
    ws.accept(peer)
    while True:
        heard = ws.hear(peer)
        ws.say(peer, heard.payload, heard.opcode)
        if heard.opcode == CLOSE:
            peer.finished = True
            return


def end(socket, code=1000):
    """The client's own end, answered by an echo."""
    socket.say(close_payload(code), CLOSE)
    found = socket.close_frame()
    assert found.code == code
    socket.end()
    socket.close()


def record_of(gateway, count=1):
    return gateway.wait_records(count)[-1]


# --- the handshake ---

SURFACES = [
    (V1, "/openai/v1/realtime?model=contoso-chat"),
    ("/v1/realtime?model=gpt%2D4o&intent=transcription", "/openai/v1/realtime?model=contoso-chat&intent=transcription"),
    (DATED, "/openai/realtime?deployment=contoso-chat&api-version=2025-04-01-preview"),
    ("/v1/realtime?x=1&model=gpt-4o&mod%65l=other&model=other&deployment=other&%61pi-key=k",
     "/openai/v1/realtime?model=contoso-chat&x=1"),
]


def test_the_surfaces(start):
    gateway, upstream = start(echo)
    for path, upstream_path in SURFACES:
        socket = Socket(gateway.data, path, KEY)
        assert socket.answer.status == 101, socket.answer
        assert socket.answer["x-tollgate-deployment"] == "gpt-4o" and socket.answer["x-request-id"]
        socket.say("hello")
        assert socket.hear().payload == b"hello"
        end(socket)
        head = upstream.requests[-1]
        assert head.first_line == f"GET {upstream_path} HTTP/1.1"
        assert head["api-key"] == AZURE_KEY and head["Authorization"] is None
        assert head["Sec-WebSocket-Key"] != socket.key
        assert head["Sec-WebSocket-Protocol"] is None and head["Sec-WebSocket-Extensions"] is None
        assert head["Content-Length"] is None
    for record in gateway.wait_records(len(SURFACES)):
        assert record["status"] == 101 and record["operation"] == "realtime" and record["end"] == "complete"
        assert record["session_end"] == "client_closed" and record["closed_by"] == "client" and record["close_code"] == 1000
        assert record["frames_in"] == 2 and record["frames_out"] == 2 and record["model"] == "gpt-4o"
        assert record["bytes_in"] == 6 + 5 + 6 + 2 and record["bytes_out"] == 2 + 5 + 2 + 2


def test_over_tls(start, tls_files):
    certificate, key = tls_files.good
    gateway, _ = start(echo, {"server/tls": {"certificate": str(certificate), "key": str(key)},
                              **all_deployments(ca=str(tls_files.authority))}, tls=tls_files.server())
    socket = Socket(gateway.data, V1, KEY, tls=tls_files.client())
    for size in (0, 100, 16_384, 1_000_000):
        socket.say(b"x" * size, BINARY)
        assert socket.hear().payload == b"x" * size
    end(socket)
    assert record_of(gateway)["session_end"] == "client_closed"


def test_a_path_prefix(start):
    gateway, _ = start(echo)
    end(Socket(gateway.data, "/team-a" + V1, PREFIX_KEY))
    assert Socket(gateway.data, "/team-b" + V1, PREFIX_KEY).answer.status == 404


CREDENTIALS = [
    (V1, {"fields": [f"Authorization: Bearer {KEY}"]}),
    (V1, {"fields": [f"Ocp-Apim-Subscription-Key: {KEY}"]}),
    (f"{V1}&api-key={KEY}", {}),
    (f"{V1}&subscription-key={KEY}", {}),
    (V1, {"protocols": f"realtime, openai-insecure-api-key.{KEY}, openai-beta.realtime-v1"}),
    (V1, {"protocols": f"openai-insecure-api-key.{KEY}"}),
]


def test_credentials(start):
    gateway, upstream = start(echo)
    for path, options in CREDENTIALS:
        socket = Socket(gateway.data, path, **options)
        assert socket.answer.status == 101, (options, socket.answer)
        offers = "realtime," in options.get("protocols", "")
        assert socket.answer["Sec-WebSocket-Protocol"] == ("realtime" if offers else None)
        end(socket)
        head = upstream.requests[-1]
        assert KEY not in head.head.decode()
        assert head["Sec-WebSocket-Protocol"] == ("realtime, openai-beta.realtime-v1" if offers else None)
    for record in gateway.wait_records(len(CREDENTIALS)):
        assert record["subscription"] == "apps" and KEY not in json.dumps(record)


def test_no_extension_is_agreed_on(start):
    gateway, upstream = start(echo)
    end(Socket(gateway.data, V1, KEY, Extensions="permessage-deflate; client_max_window_bits"))
    assert upstream.requests[0]["Sec-WebSocket-Extensions"] is None


REFUSED = [
    (V1, None, {}, 401, "invalid_api_key"),
    (V1, "tg-nobody", {}, 401, "invalid_api_key"),
    (V1, NARROW_KEY, {}, 403, "model_not_allowed"),
    ("/openai/v1/realtime?model=nothing", KEY, {}, 404, "model_not_found"),
    ("/openai/v1/realtime", KEY, {}, 400, "invalid_request_error"),
    ("/openai/v1/realtime?deployment=gpt-4o", KEY, {}, 400, "invalid_request_error"),
    ("/openai/realtime?api-version=2025-04-01-preview&model=gpt-4o", KEY, {}, 400, "invalid_request_error"),
    ("/openai/v1/realtime/calls?model=gpt-4o", KEY, {}, 404, "not_found"),
    (V1, KEY, {"Version": "8"}, 426, "upgrade_required"),
    (V1, KEY, {"Version": None}, 426, "upgrade_required"),
    (V1, KEY, {"Key": "c2hvcnQ="}, 400, "invalid_request_error"),
]


def test_refused_handshakes(start):
    gateway, upstream = start(echo)
    for path, key, options, status, code in REFUSED:
        with Socket(gateway.data, path, key, **options) as socket:
            assert socket.answer.status == status, (path, socket.answer)
            assert json.loads(socket.answer.body)["error"]["code"] == code
            if status == 426:
                assert socket.answer["Sec-WebSocket-Version"] == "13" and socket.answer["Upgrade"] == "websocket"
            # The connection goes on as HTTP.
            socket.send(request("GET", "/openai/v1/models", KEY))
            assert socket.message().status == 200
    assert not upstream.requests
    assert {record["session_end"] for record in gateway.wait_records(2 * len(REFUSED))} == {None}


def test_the_route_without_an_upgrade_and_other_routes_with_one(start):
    gateway, _ = start(serve(lambda message: answer(b'{"id":"r","object":"x"}')))
    assert gateway.call(request("GET", V1, KEY)).status == 426
    assert gateway.call(request("POST", V1, KEY, b"{}")).status == 405
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    assert gateway.call(request("GET", V1, KEY, b"x", fields=upgrade)).status == 400
    old = request("GET", V1, KEY, fields=upgrade).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert gateway.call(old).status == 400
    assert gateway.call(request("GET", "/openai/v1/models", KEY, fields=upgrade)).status == 200
    chat = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
    plain = gateway.call(request("POST", "/openai/v1/chat/completions", KEY, chat, fields=upgrade))
    assert plain.status == 200 and plain["Upgrade"] is None


@pytest.mark.parametrize("told, status, code", [
    (answer(b'{"error":{"message":"no","code":"bad"}}', "400 Bad Request"), 400, "bad"),
    (answer(b'{"error":{"code":"DeploymentNotFound"}}', "404 Not Found"), 502, "upstream_error"),
    (answer(b"{}", "401 Unauthorized"), 502, "upstream_error"),
    (answer(b"{}", "429 Too Many Requests", ["retry-after: 7"]), 429, "rate_limit_exceeded"),
    (answer(b"{}", "503 Service Unavailable"), 503, "no_deployment_available"),
    (answer(b"{}"), 502, "upstream_error"),
    (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 502, "upstream_error"),
    (b"", 502, "upstream_error"),
])
def test_the_deployment_refuses(start, told, status, code):
    def script(peer):
        peer.read_head()
        if told:
            peer.send(told)

    gateway, _ = start(script)
    with Socket(gateway.data, V1, KEY) as socket:
        assert socket.answer.status == status, socket.answer
        assert json.loads(socket.answer.body)["error"]["code"] == code
    record = record_of(gateway)
    assert record["session_end"] is None and record["status"] == status


@pytest.mark.parametrize("instead", [
    {"Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, {"Extensions": "permessage-deflate"}, {"Protocol": "other"},
])
def test_the_deployment_accepts_wrongly(start, instead):
    gateway, _ = start(lambda peer: (ws.accept(peer, **instead), peer.wait_end()))
    with Socket(gateway.data, V1, KEY, protocols="realtime") as socket:
        assert socket.answer.status == 502, socket.answer
    assert "handshake is not valid" in record_of(gateway)["error_detail"]


def test_another_deployment_is_tried_before_the_client_is_told(start):
    def script(peer):
        head = peer.read_head()
        if "model=contoso-chat" in head.first_line:
            return peer.send(answer(b"{}", "500 Internal Server Error"))
        peer.send("\r\n".join(["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket",
                               f"Sec-WebSocket-Accept: {ws.accept_of(head['Sec-WebSocket-Key'])}"]).encode() + b"\r\n\r\n")
        heard = ws.hear(peer)
        ws.say(peer, heard.payload, CLOSE)

    gateway, upstream = start(script, {"models": {"gpt-4o": {"route": ["gpt-4o", "gpt-4o-mini"]}}})
    socket = Socket(gateway.data, V1, KEY)
    assert socket.answer.status == 101 and socket.answer["x-tollgate-deployment"] == "gpt-4o-mini"
    end(socket)
    assert [r.first_line.split(" ")[1] for r in upstream.requests] == [
        "/openai/v1/realtime?model=contoso-chat", "/openai/v1/realtime?model=gpt-4o-mini"]
    assert record_of(gateway)["attempts"] == 2


# --- frames ---

def test_client_frames_go_up_as_they_are(start):
    heard = []

    def script(peer):
        ws.accept(peer)
        heard.append(peer._take(len(data), time.monotonic() + 10))
        ws.say(peer, close_payload(1000), CLOSE)
        ws.hear(peer)

    data = (frame(TEXT, b"one ", final=False, mask=b"abcd") + frame(PING, b"in between", mask=b"\0\0\0\0")
            + frame(0, b"two", mask=b"wxyz") + frame(BINARY, os.urandom(70_000), mask=b"1234")
            + frame(PONG, b"", mask=b"5678") + frame(TEXT, b"\xff\xfe", mask=b"9abc"))
    gateway, _ = start(script)
    socket = Socket(gateway.data, V1, KEY)
    for i in range(0, 60):  # heads and payloads in pieces
        socket.send(data[i:i + 1])
    socket.send(data[60:])
    assert socket.close_frame().code == 1000
    socket.say(close_payload(1000), CLOSE)
    socket.end()
    assert heard == [data]
    record = record_of(gateway)
    assert record["frames_in"] == 7 and record["session_end"] == "upstream_closed" and record["closed_by"] == "upstream"


def test_what_the_deployment_says(start):
    big = "x" * 200_000

    def script(peer):
        ws.accept(peer, first=frame(TEXT, b"with the head"))
        for data in (frame(TEXT, "b"), frame(BINARY, b"\0\xff"), frame(TEXT, big), frame(PING, b"are you there")):
            peer.send(data)
        peer.send(frame(TEXT, "frag", final=False) + frame(PING, b"between") + frame(0, "", final=False) + frame(0, "ments"))
        for byte in frame(TEXT, "bytes"):
            peer.send(bytes([byte]))
        for _ in range(2):
            assert ws.hear(peer).opcode == PONG
        ws.say(peer, close_payload(4123, "why"), CLOSE)
        assert ws.hear(peer).payload == close_payload(4123)

    gateway, _ = start(script)
    socket = Socket(gateway.data, V1, KEY)
    found = [socket.hear() for _ in range(8)]
    assert [(f.opcode, f.payload) for f in found] == [
        (TEXT, b"with the head"), (TEXT, b"b"), (BINARY, b"\0\xff"), (TEXT, big.encode()), (PING, b"are you there"),
        (PING, b"between"), (TEXT, b"fragments"), (TEXT, b"bytes")]
    socket.say(b"are you there", PONG)
    socket.say(b"between", PONG)
    closed = socket.close_frame()
    assert (closed.code, closed.reason) == (4123, "why")
    socket.say(close_payload(4123), CLOSE)
    assert socket.end() == (b"", "eof")
    assert record_of(gateway)["close_code"] == 4123


def test_usage_is_in_record_and_metrics(start):
    def script(peer):
        ws.accept(peer)
        ws.say(peer, {"type": "session.created", "session": {"model": "gpt-realtime-2025-08-28"}})
        for _ in range(2):
            ws.say(peer, {"type": "response.created", "response": {"id": "resp_1"}})
            ws.say(peer, DONE)
        ws.say(peer, {"type": "error", "error": {"type": "invalid_request_error", "code": "bad_thing", "message": "m"}})
        ws.hear(peer)
        ws.say(peer, close_payload(1000), CLOSE)

    gateway, _ = start(script)
    socket = Socket(gateway.data, V1, KEY)
    for _ in range(6):
        socket.event()
    assert gateway.metrics()["tollgate_realtime_sessions"] == 1
    end(socket)
    record = record_of(gateway)
    assert (record["prompt_tokens"], record["cached_tokens"], record["completion_tokens"]) == (254, 128, 296)
    assert (record["prompt_audio_tokens"], record["completion_audio_tokens"]) == (16, 224)
    assert record["usage"] == "reported" and record["responses"] == 2 and record["ttft_ms"] is None
    assert record["response_model"] == "gpt-realtime-2025-08-28" and record["error_detail"] == "error event: bad_thing"
    wait_until(lambda: gateway.metrics()["tollgate_realtime_sessions"] == 0)
    metrics = gateway.metrics()
    assert metrics["tollgate_tokens_total", "completion"] == 296
    assert metrics["tollgate_realtime_sessions_ended_total", "client_closed"] == 1
    assert metrics["tollgate_realtime_frames_total", "to_client"] == 7
    assert metrics["tollgate_requests_total", "realtime", "101"] == 1


# --- ends ---

@pytest.mark.parametrize("how", ["eof", "reset", "inside a frame"])
def test_the_deployment_breaks_off(start, how):
    def script(peer):
        ws.accept(peer, first=frame(TEXT, "one"))
        ws.hear(peer)
        if how == "inside a frame":
            peer.send(frame(TEXT, "half", length=1000))
        if how == "reset":
            return peer.reset()

    gateway, _ = start(script)
    socket = Socket(gateway.data, V1, KEY)
    assert socket.hear().payload == b"one"
    socket.say("go")
    closed = socket.close_frame()
    assert closed.code == 1011 and "broke off" in closed.reason
    assert socket.end()[0] == b""
    record = record_of(gateway)
    assert record["session_end"] == "upstream_gone" and record["end"] == "truncated" and record["close_code"] == 1011
    assert record["error_source"] == "upstream"


@pytest.mark.parametrize("how", ["close", "reset", "half_close"])
def test_the_client_leaves(start, how):
    seen = []

    def script(peer):
        ws.accept(peer, first=frame(TEXT, "one"))
        seen.append(ws.hear(peer))
        seen.append(peer.wait_end())

    gateway, _ = start(script)
    socket = Socket(gateway.data, V1, KEY)
    assert socket.hear().payload == b"one"
    getattr(socket, how)()
    wait_until(lambda: len(seen) == 2)
    assert seen[0].opcode == CLOSE and seen[0].code == 1001
    record = record_of(gateway)
    assert record["session_end"] == "client_gone" and record["end"] == "client_gone" and record["close_code"] is None


def test_a_client_that_leaves_inside_a_frame(start):
    seen = []

    def script(peer):
        ws.accept(peer)
        seen.append(peer.end())

    gateway, _ = start(script)
    with Socket(gateway.data, V1, KEY) as socket:
        socket.send(frame(TEXT, b"half", mask=b"abcd", length=1000))
        time.sleep(0.05)
    wait_until(lambda: seen)
    assert seen[0][0] == frame(TEXT, b"half", mask=b"abcd", length=1000)  # and no close frame inside of it


FAULTS = {
    "not masked": (frame(TEXT, b"x"), 1002), "a reserved bit": (frame(TEXT, b"x", mask=b"abcd", reserved=4), 1002),
    "unknown opcode": (frame(3, b"x", mask=b"abcd"), 1002), "a long ping": (frame(PING, b"x" * 126, mask=b"abcd"), 1002),
    "a fragmented ping": (frame(PING, b"x", final=False, mask=b"abcd"), 1002),
    "nothing to continue": (frame(0, b"x", mask=b"abcd"), 1002),
    "a message inside another": (frame(TEXT, b"x", final=False, mask=b"abcd") + frame(TEXT, b"x", mask=b"abcd"), 1002),
    "a code that is never sent": (frame(CLOSE, close_payload(1006), mask=b"abcd"), 1002),
    "half a code": (frame(CLOSE, b"\x03", mask=b"abcd"), 1002),
    "too large": (frame(TEXT, b"x", mask=b"abcd", length=70_000), 1009),
    "too large in all": (frame(TEXT, b"x" * 40_000, final=False, mask=b"abcd") + frame(0, b"x" * 40_000, mask=b"abcd"), 1009),
    "absurdly large": (frame(TEXT, b"x", mask=b"abcd", length=1 << 63), 1009),
}


def test_the_client_breaks_the_protocol(start):
    seen = []

    def script(peer):
        ws.accept(peer)
        mine = []
        try:
            while True:
                mine.append(ws.hear(peer))
        except Gone:
            seen.append(mine)

    gateway, _ = start(script, {"server/limits/message": "64KiB"})
    for number, (fault, (data, code)) in enumerate(FAULTS.items(), 1):
        socket = Socket(gateway.data, V1, KEY)
        socket.send(data)
        assert socket.close_frame().code == code, fault
        assert socket.end()[0] == b""
        wait_until(lambda: len(seen) == number)
        relayed = [f for f in seen[-1] if f.opcode != CLOSE]
        assert all(f.opcode in (TEXT, 0) and not f.final for f in relayed), fault  # nothing of what was wrong
        assert [f.code for f in seen[-1] if f.opcode == CLOSE] == [1001], fault
        record = record_of(gateway, number)
        assert record["session_end"] == "client_fault" and record["close_code"] == code, fault
        assert record["error_source"] == "client"


UPSTREAM_FAULTS = {
    "masked": (frame(TEXT, b"x", mask=b"abcd"), 1002), "not UTF-8": (frame(TEXT, b"caf\xc3"), 1007),
    "not UTF-8 in fragments": (frame(TEXT, b"\xc3", final=False) + frame(0, b"x"), 1007),
    "a reserved bit": (frame(TEXT, b"x", reserved=4), 1002), "too large": (frame(TEXT, b"x", length=70_000), 1009),
    "too large in all": (frame(TEXT, b"x" * 40_000, final=False) + frame(0, b"x" * 40_000), 1009),
    "a bad close": (frame(CLOSE, close_payload(1005)), 1002),
}


def test_the_deployment_breaks_the_protocol(start):
    faults = list(UPSTREAM_FAULTS.values())
    seen = []

    def script(peer):
        ws.accept(peer, first=frame(TEXT, "fine"))
        peer.send(faults[peer.index][0])
        seen.append(ws.hear(peer))

    gateway, _ = start(script, {"server/limits/message": "64KiB"})
    for number, (fault, (_, code)) in enumerate(UPSTREAM_FAULTS.items(), 1):
        socket = Socket(gateway.data, V1, KEY)
        assert socket.hear().payload == b"fine"
        closed = socket.close_frame()
        assert closed.code == 1011 and "protocol" in closed.reason, fault
        wait_until(lambda: len(seen) == number)
        assert seen[-1].opcode == CLOSE and seen[-1].code == code, fault
        socket.end()
        assert record_of(gateway, number)["session_end"] == "upstream_fault"


def test_who_does_not_answer_a_close_frame(start):
    """The close is answered in its place, after a time."""
    def script(peer):
        ws.accept(peer)
        assert ws.hear(peer).code == 1000
        peer.wait_end()

    gateway, _ = start(script)
    socket = Socket(gateway.data, V1, KEY)
    begun = time.monotonic()
    socket.say(close_payload(1000, "bye"), CLOSE)
    assert socket.close_frame().code == 1000
    assert 4 < time.monotonic() - begun < 8
    assert socket.end()[0] == b""
    assert record_of(gateway)["session_end"] == "client_closed"


@pytest.mark.parametrize("rules, end", [({"max_session": "1s", "idle": "1s"}, "expired"), ({"idle": "1s"}, "idle")])
def test_sessions_that_last_too_long(start, rules, end):
    seen = []

    def script(peer):
        ws.accept(peer)
        try:
            while True:
                heard = ws.hear(peer)
                seen.append(heard.code if heard.opcode == CLOSE else heard.opcode)
                ws.say(peer, heard.payload, PONG)
        except Gone:
            pass

    gateway, _ = start(script, {"products/everything/realtime": rules})
    socket = Socket(gateway.data, V1, KEY)
    begun = time.monotonic()
    if end == "idle":
        time.sleep(0.4)
        socket.say("something")
        assert socket.hear().opcode == PONG
    found = None
    while found is None or found.opcode == PONG:
        if time.monotonic() - begun < 1.2:  # pings keep nobody alive
            socket.say("ping", PING)
        found = socket.hear(3)
    lasted = time.monotonic() - begun
    assert found.event["type"] == "error" and found.event["error"]["code"] == "session_expired"
    while (closed := socket.hear()).opcode == PONG:
        pass
    assert closed.opcode == CLOSE and closed.code == 1001
    assert (0.95 < lasted < 1.4) if end == "expired" else (1.35 < lasted < 1.9)
    record = record_of(gateway)
    assert record["session_end"] == end and record["closed_by"] == "gateway" and record["end"] == "stopped"
    assert seen[-1] == 1000


def test_who_reads_slowly_costs_no_memory(start):
    """Who reads slowly stops the other side; nothing is collected in between."""
    sent = {"up": 0, "down": 0}
    chunk = frame(BINARY, bytes(60_000))
    both_stand = threading.Event()

    def script(peer):
        ws.accept(peer)
        peer.sock.settimeout(0.4)
        try:
            while sent["down"] < 100 << 20:
                peer.sock.sendall(chunk)
                sent["down"] += len(chunk)
        except TimeoutError:
            pass
        both_stand.wait(30)  # reading before would let the client write on
        peer.wait_end(30)

    gateway, _ = start(script)
    before = gateway.rss()
    socket = Socket(gateway.data, V1, KEY, receive_buffer=65536)
    socket.sock.settimeout(0.4)
    data = frame(BINARY, bytes(60_000), mask=b"abcd")
    try:
        while sent["up"] < 100 << 20:
            socket.sock.sendall(data)
            sent["up"] += len(data)
    except TimeoutError:
        pass
    wait_until(lambda: sent["down"] > 0)
    time.sleep(0.5)
    grown = gateway.rss() - before
    both_stand.set()
    assert sent["down"] < 40 << 20 and sent["up"] < 40 << 20
    assert grown < 4 << 20
    socket.reset()
    assert record_of(gateway)["session_end"] in ("client_gone", "upstream_gone")


def test_drain(start):
    """Sessions go on until the drain is over; then each is closed with a word."""
    gateway, upstream = start(echo, {"server": {"drain": "1s"}})
    socket, late = Socket(gateway.data, V1, KEY), gateway.connect()
    asked = ws.handshake(V1, KEY)
    late.send(asked[:20])  # a connection that is not idle
    time.sleep(0.05)
    gateway.signal(signal.SIGTERM)
    begun = time.monotonic()
    wait_until(lambda: "draining" in gateway.output())
    time.sleep(0.1)
    socket.say("still here")
    assert socket.hear().payload == b"still here"
    late.send(asked[20:])
    assert late.message().status == 503  # no new sessions
    closed = socket.close_frame()
    assert closed.code == 1001 and 0.8 < time.monotonic() - begun < 2.5
    socket.close()
    gateway.wait()
    refused, record = gateway.wait_records(2)
    assert refused["error_code"] == "overloaded"
    assert record["session_end"] == "drained" and record["end"] == "stopped"
