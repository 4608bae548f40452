"""HTTP itself, for clients that are not SDKs: what is on the wire, told by plain sockets."""

import gzip
import json
import socket

import httpx
import pytest

import settings
from clients import ask

HEAD = f"Host: gateway\r\napi-key: {settings.APP_KEY}\r\n"
CHAT = "POST /v1/chat/completions HTTP/1.1\r\n" + HEAD


class Wire:
    def __init__(self, url):
        parts = httpx.URL(url)
        self.socket = socket.create_connection((parts.host, parts.port), timeout=5)
        self.file = self.socket.makefile("rb")

    def send(self, text, body=b""):
        self.socket.sendall(text.encode() + body)

    def answer(self, has_body=True):
        """One answer: status, headers, body."""
        status = int(self.file.readline().split()[1])
        headers = {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = b""
        if has_body and "content-length" in headers:
            body = self.file.read(int(headers["content-length"]))
        elif has_body and headers.get("transfer-encoding") == "chunked":
            while size := int(self.file.readline(), 16):
                body += self.file.read(size)
                assert self.file.readline() == b"\r\n"
            assert self.file.readline() == b"\r\n"
        return status, headers, body

    def is_closed(self):
        return self.file.read(1) == b""


@pytest.fixture
def wire(gateway):
    opened = Wire(gateway.url)
    yield opened
    opened.file.close()
    opened.socket.close()


def body_of(**more):
    return json.dumps(ask("On the wire.", **more)).encode()


def test_one_connection_for_many_answers(wire):
    body = body_of()
    for _ in range(3):
        wire.send(f"{CHAT}Content-Length: {len(body)}\r\n\r\n", body)
        status, headers, answer = wire.answer()
        assert status == 200 and json.loads(answer)["choices"] and "connection" not in headers
    stream = body_of(stream=True)
    wire.send(f"{CHAT}Content-Length: {len(stream)}\r\n\r\n", stream)
    status, headers, answer = wire.answer()
    assert headers["transfer-encoding"] == "chunked" and answer.endswith(b"data: [DONE]\n\n")
    wire.send(f"GET /v1/models HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n")
    assert wire.answer()[0] == 200 and wire.is_closed()


def test_two_requests_at_once(wire):
    body = body_of()
    one = f"{CHAT}Content-Length: {len(body)}\r\n\r\n".encode() + body
    wire.socket.sendall(one + f"GET /v1/models HTTP/1.1\r\n{HEAD}\r\n".encode())
    assert json.loads(wire.answer()[2])["object"] == "chat.completion"
    assert json.loads(wire.answer()[2])["object"] == "list"


def test_a_body_in_chunks(wire):
    body = body_of()
    wire.send(CHAT + "Transfer-Encoding: chunked\r\n\r\n")
    for i in range(0, len(body), 7):
        piece = body[i:i + 7]
        wire.send(f"{len(piece):x};name=value\r\n", piece + b"\r\n")
    wire.send("0\r\nTrailer: x\r\n\r\n")
    assert wire.answer()[0] == 200


def test_continue(wire):
    body = body_of()
    wire.send(f"{CHAT}Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n")
    assert wire.answer(has_body=False)[0] == 100
    wire.send("", body)
    assert wire.answer()[0] == 200


def test_a_refusal_comes_before_the_body(wire):
    wire.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
              "Content-Length: 1000000\r\n\r\n")
    assert wire.answer()[0] == 401


def test_http_1_0(gateway):
    body = body_of(stream=True)
    post = f"POST /v1/chat/completions HTTP/1.0\r\n{HEAD}Content-Length: {len(body)}\r\n\r\n"
    for version_head, content in ((f"GET /v1/models HTTP/1.0\r\n{HEAD}\r\n", b""), (post, body)):
        wire = Wire(gateway.url)
        wire.send(version_head, content)
        status, headers, _ = wire.answer(has_body=False)
        assert status == 200 and headers["connection"] == "close" and "transfer-encoding" not in headers
        assert wire.file.read()
        wire.socket.close()


def test_head_has_no_body(wire):
    wire.send(f"HEAD /v1/models HTTP/1.1\r\n{HEAD}\r\nGET /v1/models HTTP/1.1\r\n{HEAD}\r\n")
    assert wire.answer(has_body=False)[0] == 405
    status, _, body = wire.answer()
    assert status == 200 and json.loads(body)["object"] == "list"


@pytest.mark.parametrize("head", [
    "GET /v1/models\r\n\r\n", "GET  /v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /v1/models HTTP/2.0\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n",
    f"{CHAT}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    f"{CHAT}Content-Length: 5\r\nContent-Length: 6\r\n\r\n", f"{CHAT}Content-Length: -1\r\n\r\n",
    f"{CHAT}Transfer-Encoding: gzip, chunked\r\n\r\n", f"{CHAT}Transfer-Encoding : chunked\r\n\r\n",
    f"GET /v1/models HTTP/1.1\r\n{HEAD} folded\r\n\r\n", f"GET /v1/models HTTP/1.1\r\n{HEAD}x\0y: z\r\n\r\n"],
    ids=range(11))
def test_what_is_not_http_is_refused_and_closed(wire, head):
    wire.send(head)
    status, headers, body = wire.answer()
    assert status in (400, 501, 505) and headers["connection"] == "close"
    assert json.loads(body)["error"]["message"]
    assert wire.is_closed()


def test_bad_chunks(wire):
    wire.send(CHAT + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")
    status, _, body = wire.answer()
    assert status == 400 and json.loads(body)["error"]["code"] == "invalid_request_error"
    assert wire.is_closed()


def test_a_compressed_body(raw):
    answer = raw.post("/v1/chat/completions", content=gzip.compress(body_of()),
                      headers={"content-encoding": "gzip", "content-type": "application/json"})
    assert answer.status_code == 415 and answer.json()["error"]["code"] == "unsupported_encoding"
    plain = raw.post("/v1/chat/completions", content=body_of(), headers={"content-encoding": "identity"})
    assert plain.status_code == 200


def test_nobody_compresses_a_stream(raw):
    answer = raw.post("/v1/chat/completions", json=ask("Plain, please.", stream=True),
                      headers={"accept-encoding": "gzip, br, zstd"})
    assert "content-encoding" not in answer.headers


def test_connections_that_are_given_up(gateway):
    wire = Wire(gateway.url)
    wire.socket.close()
    for _ in range(50):
        with Wire(gateway.url).socket as quick:
            quick.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert httpx.get(gateway.url + "/v1/models", headers={"api-key": settings.APP_KEY}).status_code == 200
