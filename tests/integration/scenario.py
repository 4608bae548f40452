"""Reads a scenario file of tests/golden/scenarios and plays it.

A file is a title, then sections, each begun by `---- name`:

  config         changes to the configuration: a path, a colon, a JSON value
  client         what the client sends
  upstream       what the upstream does
  upstream gets  every request that reaches it
  client gets    every response that reaches the client
  record         fields of the access record, a name, a colon, a JSON value each

Messages are written as they are, with plain line ends: those of a head are sent as CRLF, those of a
body as LF, the last one is left out. `{length}` in a head is the size of the body. Lines that begin
with `@` are directives:

  @next            in `client` and `upstream`, the end of a message whose size is asked for; in
                   expectations, the next message; `@next connection` for one on a fresh connection; in `record`, the
                   next record
  @read, @head     upstream: take a whole request, or only its head
  @await           client: wait for the answer to what was sent
  @connect         client: a fresh connection
  @pause 20ms
  @chunk TEXT      a chunk in chunked coding; \\r \\n \\0 \\\\ \\xNN are escapes
  @event TEXT      the same with "data: TEXT\\n\\n"
  @event NAME: TEXT  with an event name in front
  @last            the last chunk
  @bytes TEXT      bytes as they are
  @repeat N TEXT   the text N times
  @close, @reset, @half   end the connection (@half: only the sending side)
  @closed          expectation: the connection is closed behind this message
  @cut             expectation: the message is not whole, and the connection is closed
  @bodiless        expectation: the answer to HEAD

In expectations chunked bodies stand decoded, whatever the chunks were; bodies that were cut too.
{key}, {narrow_key}, {prefix_key}, {paused_key}, {azure_key} and {upstream} are filled in; {date} and
{id} stand for what changes. The id told to the client has to be the one in the record.
"""

import json
import re
import threading
import time

import harness
from harness import wait_until
from wire import chunk

ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)")


def unescape(text):
    def one(match):
        code = match[1]
        if code[:1] == b"x":
            return bytes([int(code[1:], 16)])
        return {b"n": b"\n", b"r": b"\r", b"0": b"\0", b"\\": b"\\", b"t": b"\t"}[code]
    return ESCAPE.sub(one, text.encode())


def event(text):
    name = re.match(r"([a-z_.]+): (\{.*)", text)
    if name:
        return b"event: %s\ndata: %s\n\n" % (name[1].encode(), name[2].encode())
    return b"data: %s\n\n" % text.encode()


def steps_of(lines):
    """[("text", bytes) or (directive, argument)], text heads with CRLF and {length} filled in."""
    steps = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("@"):
            word, _, argument = line[1:].partition(" ")
            steps.append((word, argument))
            at += 1
            continue
        end = next((i for i in range(at, len(lines)) if lines[i].startswith("@")), len(lines))
        text = lines[at:end]
        at = end
        blank = text.index("") if "" in text else len(text)
        head, body = text[:blank], "\n".join(text[blank + 1:]).encode()
        size = len(body)
        for word, argument in steps_after(lines, end):
            if word == "repeat":
                size += len(repeated(argument))
            elif word == "bytes":
                size += len(unescape(argument))
        head = [line.replace("{length}", str(size)) for line in head]
        steps.append(("text", "\r\n".join(head).encode() + b"\r\n\r\n" + body))
    return steps


def steps_after(lines, at):
    """Directives that belong to the body of the message before them."""
    for line in lines[at:]:
        word, _, argument = line[1:].partition(" ")
        if not line.startswith("@") or word not in ("repeat", "bytes", "pause"):
            return
        yield word, argument


def repeated(argument):
    count, _, text = argument.partition(" ")
    return unescape(text) * int(count)


def data_of(word, argument):
    """The bytes of a step that sends, else None."""
    if word == "text":
        return argument
    if word == "chunk":
        return chunk(unescape(argument))
    if word == "event":
        return chunk(event(argument))
    if word == "last":
        return b"0\r\n\r\n"
    if word == "bytes":
        return unescape(argument)
    if word == "repeat":
        return repeated(argument)
    return None


def pause_of(argument):
    assert argument.endswith("ms"), argument
    return int(argument[:-2]) / 1000


class Expected:
    """One message as it has to come."""

    def __init__(self):
        self.head, self.body = b"", b""
        self.is_cut = self.is_closed = self.is_on_fresh_connection = False
        self.has_body = True


def expectations(lines):
    messages = [Expected()]
    for word, argument in steps_of(lines):
        message = messages[-1]
        if word == "next":
            messages.append(Expected())
            messages[-1].is_on_fresh_connection = argument == "connection"
        elif word == "text":
            message.head, message.body = argument.split(b"\r\n\r\n", 1)
            message.head += b"\r\n\r\n"
        elif word == "cut":
            message.is_cut = message.is_closed = True
        elif word == "closed":
            message.is_closed = True
        elif word == "bodiless":
            message.has_body = False
        elif word == "event":
            message.body += event(argument)
        elif word in ("bytes", "chunk"):
            message.body += unescape(argument)
        elif word == "repeat":
            message.body += repeated(argument)
        else:
            raise ValueError(f"@{word} in an expectation")
    return [m for m in messages if m.head]


class Scenario:
    SECTIONS = {"config", "client", "upstream", "upstream gets", "client gets", "record"}

    def __init__(self, path):
        parts = re.split(r"^---- (.*)\n", path.read_text(), flags=re.M)
        self.title = parts[0].strip()
        self.sections = dict(zip(parts[1::2], (text.removesuffix("\n") for text in parts[2::2])))
        assert self.title and set(self.sections) <= self.SECTIONS, self.sections.keys()
        assert {"client", "client gets"} <= set(self.sections)

    def lines(self, name, upstream):
        text = self.sections.get(name, "")
        for key, value in {"key": harness.KEY, "narrow_key": harness.NARROW_KEY,
                           "prefix_key": harness.PREFIX_KEY, "paused_key": harness.PAUSED_KEY,
                           "azure_key": harness.AZURE_KEY,
                           "upstream": upstream.authority if upstream else ""}.items():
            text = text.replace("{" + key + "}", value)
        return text.split("\n") if text else []

    def changes(self):
        changes = {}
        for line in self.lines("config", None):
            path, _, value = line.partition(": ")
            changes[path] = json.loads(value)
        return changes

    def play(self, start):
        steps = None
        turn = threading.Lock()

        def script(peer):
            nonlocal steps
            with peer.upstream.lock:
                if steps is None:
                    steps = steps_of(self.lines("upstream", peer.upstream))
            play_upstream(peer, steps, turn)

        gateway, upstream = start(script, self.changes())
        wanted = expectations(self.lines("client gets", upstream))
        got = play_client(gateway, steps_of(self.lines("client", upstream)), wanted)
        ids = compare_all("the client", got, wanted)
        self.check_records(gateway, ids)
        wait_until(lambda: not steps or upstream.failures, 5, why=f"the upstream's script: {steps}")
        upstream.check()
        requests = [(peer.index > 0 and i == 0, message) for peer in upstream.peers
                    for i, message in enumerate(peer.requests)]
        wanted = expectations(self.lines("upstream gets", upstream))
        told = compare_all("the upstream", [message for _, message in requests], wanted)
        assert [fresh for fresh, _ in requests] == [m.is_on_fresh_connection for m in wanted], \
            "connections of the upstream"
        assert all(id in ids for id in told), (told, ids)

    def check_records(self, gateway, ids):
        wanted = [{}]
        for line in self.lines("record", None):
            if line == "@next":
                wanted.append({})
                continue
            if not line:
                continue
            name, _, value = line.partition(": ")
            wanted[-1][name] = json.loads(value)
        if wanted == [{}]:
            wanted = []
        records = gateway.wait_records(len(wanted))
        for record, fields in zip(records, wanted):
            assert {name: record[name] for name in fields} == fields, record
        if ids and len(ids) == len(records):
            assert [record["request_id"] for record in records] == ids


def play_upstream(peer, steps, turn):
    """Takes steps until its connection has ended; the next connection goes on from there.

    `turn` is held from a request's end to the end of what is said to it: who has been answered may be here
    again, on another connection, before this one is closed.
    """
    with turn:
        goes_on = say(peer, steps)
    while goes_on and steps:
        peer.read_request() if steps[0][0] == "read" else peer.read_head()
        with turn:
            steps.pop(0)
            goes_on = say(peer, steps)
    if goes_on:
        peer.wait_end(30)  # keeps the connection, as servers do, until the gateway ends


def say(peer, steps):
    """Takes steps up to the next that reads. False: the connection has ended."""
    while steps and steps[0][0] not in ("read", "head"):
        word, argument = steps.pop(0)
        data = data_of(word, argument)
        if data is not None:
            peer.send(data)
        elif word == "pause":
            time.sleep(pause_of(argument))
        elif word == "next":
            pass  # what follows is not part of the message
        elif word == "close":
            peer.close()
            return False
        elif word == "reset":
            peer.reset()
            return False
        elif word == "gone":
            peer.wait_end(5)
            return False
        else:
            raise ValueError(f"@{word} in the upstream's script")
    return True


def play_client(gateway, steps, wanted):
    """Sends what the steps say and reads as many answers as are wanted."""
    got = []
    connection = gateway.connect()
    try:
        for word, argument in steps:
            data = data_of(word, argument)
            if data is not None:
                try:
                    connection.send(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # an early answer is there to be read
            elif word == "pause":
                time.sleep(pause_of(argument))
            elif word == "await":
                got.append(take(connection, steps, wanted[len(got)]))
            elif word == "connect":
                connection.close()
                connection = gateway.connect()
            elif word == "half":
                connection.half_close()
            elif word == "close":
                connection.close()
                return got
            elif word == "reset":
                connection.reset()
                return got
            elif word != "next":
                raise ValueError(f"@{word} in the client's script")
        while len(got) < len(wanted):
            got.append(take(connection, steps, wanted[len(got)]))
        if not (wanted and wanted[-1].is_closed):
            assert_quiet(connection)
        return got
    finally:
        connection.close()


def take(connection, steps, wanted):
    message = connection.message(has_body=wanted.has_body)
    if wanted.is_closed:
        rest, how = connection.end()
        assert (rest, how) == (b"", "eof"), f"behind the message: {rest!r}, {how}"
    return message


def assert_quiet(connection):
    """The connection stays open and nothing more comes."""
    assert not connection.buffer, f"behind the last message: {connection.buffer!r}"
    connection.sock.settimeout(0.02)
    try:
        more = connection.sock.recv(4096)
    except TimeoutError:
        return
    raise AssertionError(f"behind the last message: {more or 'the end of the connection'!r}")


def compare_all(who, got, wanted):
    """Returns the ids that stood for {id}."""
    ids = []
    for message, expected in zip(got, wanted):
        head = re.escape(expected.head.decode("latin-1"))
        head = head.replace(re.escape("{date}"), r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
        head = head.replace(re.escape("{id}"), r"([A-Za-z0-9_-]{16,64})")
        match = re.fullmatch(head, message.head.decode("latin-1"))
        if not match:
            assert message.head.decode("latin-1") == expected.head.decode("latin-1"), f"head at {who}"
        ids += match.groups()
        assert message.body.decode("latin-1") == expected.body.decode("latin-1"), f"body at {who}"
        assert message.is_whole is not expected.is_cut, f"the message at {who} is whole: {message.is_whole}"
    assert len(got) == len(wanted), f"messages at {who}: {[m.first_line for m in got]}"
    return ids
