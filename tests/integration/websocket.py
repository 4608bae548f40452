"""WebSocket frames as bytes (RFC 6455): both ends for tests, that send exactly what they are told."""

import base64
import hashlib
import json
import os
import struct
import time

from wire import TIMEOUT, Connection

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def mask_with(mask, data):
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))


def frame(opcode, payload=b"", final=True, mask=None, reserved=0, length=None):
    """One frame. `mask`: four bytes, as clients do. `length`: what the head says instead of the truth."""
    if isinstance(payload, str):
        payload = payload.encode()
    size = len(payload) if length is None else length
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += bytes([bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", size)
    return head + (mask + mask_with(mask, payload) if mask else payload)


def close_payload(code, reason=""):
    return struct.pack(">H", code) + reason.encode()


class Frame:
    def __init__(self, opcode, final, masked, payload):
        self.opcode, self.final, self.masked, self.payload = opcode, final, masked, payload

    @property
    def code(self):
        return struct.unpack(">H", self.payload[:2])[0] if self.payload else None

    @property
    def reason(self):
        return self.payload[2:].decode()

    @property
    def event(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f"<{self.opcode} {self.payload[:200]!r}{'' if self.final else '...'}>"


def read_frame(reader, timeout=TIMEOUT):
    """The next frame off a wire.Reader, taken apart strictly."""
    deadline = time.monotonic() + timeout
    first, second = reader._take(2, deadline)
    size = second & 0x7F
    if size == 126:
        size = struct.unpack(">H", reader._take(2, deadline))[0]
        assert size >= 126
    elif size == 127:
        size = struct.unpack(">Q", reader._take(8, deadline))[0]
        assert size > 0xFFFF
    mask = reader._take(4, deadline) if second & 0x80 else None
    payload = reader._take(size, deadline)
    assert first & 0x70 == 0, "a reserved bit is set"
    return Frame(first & 0x0F, bool(first & 0x80), bool(mask), mask_with(mask, payload) if mask else payload)


def handshake(path, key=None, fields=(), protocols=None, **instead):
    """The bytes of a client's handshake. `instead`: other values of Sec-WebSocket-... fields, None for none."""
    values = {"Key": base64.b64encode(os.urandom(16)).decode(), "Version": "13", **instead}
    lines = [f"GET {path} HTTP/1.1", "Host: gateway", "Connection: keep-alive, Upgrade", "Upgrade: websocket"]
    lines += [f"Sec-WebSocket-{name}: {value}" for name, value in values.items() if value is not None]
    if protocols:
        lines.append(f"Sec-WebSocket-Protocol: {protocols}")
    if key:
        lines.append(f"api-key: {key}")
    return "\r\n".join([*lines, *fields]).encode() + b"\r\n\r\n"


class Socket(Connection):
    """A client of the gateway."""

    def __init__(self, address, path, key=None, **options):
        tls = options.pop("tls", None)
        receive_buffer = options.pop("receive_buffer", None)
        super().__init__(address, tls, receive_buffer=receive_buffer)
        options.setdefault("Key", base64.b64encode(os.urandom(16)).decode())
        self.key = options["Key"]
        self.send(handshake(path, key, **options))
        self.answer = self.head()
        if self.answer.status == 101:
            assert self.answer["Sec-WebSocket-Accept"] == accept_of(self.key)
            assert self.answer["Upgrade"].lower() == "websocket"
            assert self.answer["Connection"].lower() == "upgrade"
            assert self.answer["Sec-WebSocket-Extensions"] is None
        else:
            self.body(self.answer)

    def say(self, payload, opcode=TEXT, **options):
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        self.send(frame(opcode, payload, mask=options.pop("mask", os.urandom(4)), **options))

    def hear(self, timeout=TIMEOUT):
        found = read_frame(self, timeout)
        assert not found.masked, "a server masks nothing"
        return found

    def event(self, timeout=TIMEOUT):
        found = self.hear(timeout)
        assert found.opcode == TEXT and found.final, found
        return found.event

    def close_frame(self, timeout=TIMEOUT):
        """The close frame that comes next; then the connection has to end."""
        found = self.hear(timeout)
        assert found.opcode == CLOSE, found
        return found


def accept(peer, fields=(), first=b"", **instead):
    """On the upstream's side: reads the handshake and answers it. `first`: what follows in the same write."""
    message = peer.read_head()
    assert message["Upgrade"] == "websocket" and message["Sec-WebSocket-Version"] == "13"
    assert len(base64.b64decode(message["Sec-WebSocket-Key"])) == 16
    values = {"Accept": accept_of(message["Sec-WebSocket-Key"]), **instead}
    lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket"]
    lines += [f"Sec-WebSocket-{name}: {value}" for name, value in values.items() if value is not None]
    peer.send("\r\n".join([*lines, *fields]).encode() + b"\r\n\r\n" + first)
    return message


def hear(peer, timeout=TIMEOUT):
    found = read_frame(peer, timeout)
    assert found.masked, "a client masks everything"
    return found


def say(peer, payload, opcode=TEXT, **options):
    if isinstance(payload, dict):
        payload = json.dumps(payload)
    peer.send(frame(opcode, payload, **options))
