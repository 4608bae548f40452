"""HTTP/1.1 as bytes: a client that sends exactly what it is told, and readers that accept no less
than correct framing."""

import re
import socket
import ssl
import struct
import time

TIMEOUT = 10  # seconds; for what has to come at once, on a busy machine


class Gone(Exception):
    """The other side closed or reset the connection before the message was whole."""


class Message:
    """A request or a response that has been read whole, or as far as it came."""

    def __init__(self, head):
        self.head = head
        lines = head.decode("latin-1").split("\r\n")
        self.first_line = lines[0]
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:] if line]
        self.body = b""
        self.chunks = []        # (when, payload) of each chunk
        self.is_whole = False

    def __getitem__(self, name):
        """The value of a field, None if there is none; given twice is an error."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} is given {len(values)} times"
        return values[0] if values else None

    @property
    def status(self):
        return int(self.first_line.split(" ")[1])

    def __repr__(self):
        return f"{self.head + self.body!r} ({'whole' if self.is_whole else 'cut'})"


class Reader:
    """Takes messages off a socket. Wrong framing is an assertion failure, a cut one is not."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.total = 0
        self.has_ended = None   # "eof" or "reset"

    def _more(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing more came; there is {self.buffer[-500:]!r}")
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(65536)
        except ssl.SSLEOFError:
            data = b""
        except (ConnectionError, ssl.SSLError) as error:
            self.has_ended = "reset"
            raise Gone("reset") from error
        if not data:
            self.has_ended = "eof"
            raise Gone("eof")
        self.total += len(data)
        self.buffer += data

    def _take(self, size, deadline):
        while len(self.buffer) < size:
            self._more(deadline)
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _line(self, deadline):
        while b"\r\n" not in self.buffer:
            assert len(self.buffer) < 1 << 20, "a line without end"
            self._more(deadline)
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def head(self, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while b"\r\n\r\n" not in self.buffer:
            self._more(deadline)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return Message(head + b"\r\n\r\n")

    def body(self, message, timeout=TIMEOUT, has_body=True, on_chunk=None):
        """Reads the body that the head announces."""
        deadline = time.monotonic() + timeout
        is_response = message.first_line.startswith("HTTP/")
        if is_response and (message.status < 200 or message.status in (204, 304)):
            has_body = False
        try:
            if not has_body:
                assert not message["Transfer-Encoding"]
            elif message["Transfer-Encoding"]:
                assert message["Transfer-Encoding"] == "chunked" and not message["Content-Length"]
                self._chunks(message, deadline, on_chunk)
            elif message["Content-Length"] is not None:
                size = int(message["Content-Length"])
                while len(self.buffer) < size:
                    try:
                        self._more(deadline)
                    except Gone:
                        message.body, self.buffer = self.buffer, b""
                        raise
                message.body = self._take(size, deadline)
            elif is_response:
                try:
                    while True:
                        self._more(deadline)
                except Gone:
                    if self.has_ended != "eof":
                        raise
                message.body, self.buffer = self.buffer, b""
            message.is_whole = True
        except Gone:
            pass
        return message

    def _chunks(self, message, deadline, on_chunk):
        while True:
            line = self._line(deadline)
            assert re.fullmatch(rb"[0-9a-fA-F]{1,8}", line), f"not a chunk size: {line!r}"
            size = int(line, 16)
            if size == 0:
                assert self._line(deadline) == b"", "trailers that nobody asked for"
                return
            chunk = self._take(size, deadline)
            assert self._take(2, deadline) == b"\r\n", "a chunk does not end with CRLF"
            message.body += chunk
            message.chunks.append((time.monotonic(), chunk))
            if on_chunk:
                on_chunk(message)

    def message(self, timeout=TIMEOUT, **options):
        return self.body(self.head(timeout), timeout, **options)

    def end(self, timeout=TIMEOUT):
        """Waits for the end of the connection; returns what came before and how it ended."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self._more(deadline)
        except Gone:
            rest, self.buffer = self.buffer, b""
            return rest, self.has_ended


class Connection(Reader):
    """One raw connection, plain or TLS."""

    def __init__(self, address, tls=None, host="localhost", receive_buffer=None):
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(TIMEOUT)
        try:
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                sock = tls.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise
        super().__init__(sock)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    def send(self, data):
        self.sock.settimeout(TIMEOUT)
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def reset(self):
        reset(self.sock)


def reset(sock):
    """Ends a connection with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def request(method, path, key=None, body=b"", fields=(), framing="length"):
    """The bytes of one request."""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: gateway"]
    if key:
        lines.append(f"api-key: {key}")
    lines += fields
    if method == "POST" and not any(f.lower().startswith("content-type:") for f in fields):
        lines.append("Content-Type: application/json")
    if framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        body = chunk(body) + LAST_CHUNK
    elif framing == "length" and (body or method == "POST"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


LAST_CHUNK = b"0\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


def answer(body, status="200 OK", fields=("Content-Type: application/json",)):
    """The bytes of one response of known length."""
    if isinstance(body, str):
        body = body.encode()
    head = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DONE = chunk(b"data: [DONE]\n\n") + LAST_CHUNK


def token(text="word "):
    """A chunk of a chat stream."""
    return chunk(b'data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-4o-2024-11-20",'
                 b'"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n'
                 % text.encode())
