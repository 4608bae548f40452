"""TLS on both sides: what is accepted, what is refused, what is kept and what is renewed."""

import json
import os
import shutil
import signal
import socket
import ssl
import time

import pytest

from harness import KEY, all_deployments, wait_until
from upstream import serve
from wire import DONE, STREAM_HEAD, answer, request, token

CHAT = "/openai/v1/chat/completions"
PLAIN = request("POST", CHAT, KEY, b'{"model":"gpt-4o","messages":[]}')
STREAM = request("POST", CHAT, KEY, b'{"model":"gpt-4o","stream":true,"messages":[]}')
ANSWER = answer('{"choices":[]}')


def listener(files):
    return {"server/tls": {"certificate": str(files[0]), "key": str(files[1])}}


# --- the listener ---

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(start, tls_files, version):
    gateway, _ = start(serve(lambda _: ANSWER), listener(tls_files.good))
    context = tls_files.client(minimum_version=version, maximum_version=version)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with gateway.connect(tls=context) as client:
        assert client.sock.version() == version.name.replace("_", ".")
        assert client.sock.selected_alpn_protocol() == "http/1.1"
        for _ in range(3):
            client.send(PLAIN)
            assert client.message().status == 200
        client.send(request("POST", "/openai/v1/files", KEY, b"x" * 3_000_000,
                            ("Content-Type: multipart/form-data; boundary=B",)))
        assert client.message().status == 200


def test_tls_1_1_and_weak_ciphers_are_refused(start, tls_files):
    gateway, _ = start(serve(lambda _: ANSWER), listener(tls_files.good))
    old = tls_files.client()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    weak = tls_files.client(maximum_version=ssl.TLSVersion.TLSv1_2)
    weak.set_ciphers("AES128-SHA")
    for context in (old, weak):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            gateway.connect(tls=context).close()
    wait_until(lambda: gateway.metrics()["tollgate_http_errors_total", "tls"] == 2)
    assert gateway.call(PLAIN, tls=tls_files.client()).status == 200


def test_plain_http_on_the_tls_port_disturbs_nobody(start, tls_files):
    gateway, _ = start(serve(lambda _: ANSWER), listener(tls_files.good))
    with gateway.connect() as plain:
        plain.send(PLAIN)
        rest, _ = plain.end()
        assert b"200" not in rest
    silent = [gateway.connect() for _ in range(20)]  # never begin their handshake
    assert gateway.call(PLAIN, tls=tls_files.client()).status == 200
    for client in silent:
        client.close()
    wait_until(lambda: gateway.metrics()["tollgate_client_connections"] == 0)


def test_a_stream_over_tls_comes_chunk_by_chunk_and_a_client_that_leaves_is_noticed(start, tls_files):
    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD)
        for _ in range(5):
            peer.send(token())
            time.sleep(0.03)
        peer.wait_end()

    gateway, upstream = start(script, listener(tls_files.good))
    for how in ("close", "goodbye"):
        client = gateway.connect(tls=tls_files.client())
        client.send(STREAM)
        head = client.head()
        steps = [client.buffer.count(b"data:")]
        while steps[-1] < 5:
            client._more(time.monotonic() + 5)
            steps.append(client.buffer.count(b"data:"))
        assert len(set(steps)) >= 3, f"events came together: {steps}"
        since = time.monotonic()
        if how == "goodbye":  # close_notify, the socket stays open
            client.sock.settimeout(0.5)
            try:
                client.sock.unwrap()
            except (OSError, ssl.SSLError):
                pass
        else:
            client.close()
        peer = upstream.peers[-1]
        wait_until(lambda: peer.gone_at)
        assert peer.gone_at - since < 0.5 and head.status == 200
        client.close()
    assert {r["end"] for r in gateway.wait_records(2)} == {"client_gone"}


def certificate_of(gateway, context):
    with gateway.connect(tls=context) as client:
        return client.sock.getpeercert(binary_form=True)


def raw_end(sock):
    """An end of the connection below, without close_notify."""
    below = socket.socket(fileno=os.dup(sock.fileno()))
    below.shutdown(socket.SHUT_WR)
    below.close()


@pytest.mark.parametrize("asked,status", [(request("GET", "/openai/v1/models", KEY), 200),
                                          (request("GET", "/openai/v1/models", "wrong"), 401)])
def test_a_client_that_ends_without_close_notify_has_its_answer(start, tls_files, asked, status):
    """Request and end are there when the gateway first looks."""
    gateway, _ = start(serve(lambda _: ANSWER), listener(tls_files.good))
    with gateway.connect(tls=tls_files.client()) as client:
        client.send(request("GET", "/openai/v1/models", KEY))
        assert client.message().status == 200
        gateway.signal(signal.SIGSTOP)
        client.send(asked)
        raw_end(client.sock)
        time.sleep(0.02)
        gateway.signal(signal.SIGCONT)
        assert client.message().status == status


def test_a_request_that_comes_while_the_one_before_is_answered_is_answered_too(start, tls_files):
    gateway, _ = start(serve(lambda _: [0.3, ANSWER]), listener(tls_files.good))
    with gateway.connect(tls=tls_files.client()) as client:
        client.send(PLAIN)
        time.sleep(0.1)
        client.send(PLAIN)
        for _ in range(2):
            assert client.message(timeout=3).status == 200


def test_a_new_certificate_is_taken_when_its_file_changes_and_nobody_is_cut_off(start, tls_files, tmp_path):
    files = tmp_path / "live.pem", tmp_path / "live.key"
    other = tls_files.certificate("renewed", "DNS:localhost")

    def place(pair):  # as certificate managers do: each file replaced as a whole
        for source, target in zip(pair, files):
            shutil.copy(source, target.with_suffix(".new"))
            target.with_suffix(".new").rename(target)

    def script(peer):
        while True:
            message = peer.read_request(30)
            if b'"stream":true' not in message.body:
                peer.send(ANSWER)
                continue
            peer.send(STREAM_HEAD)
            for _ in range(30):
                peer.send(token())
                time.sleep(0.05)
            peer.send(DONE)

    place(tls_files.good)
    gateway, _ = start(script, listener(files))
    context = tls_files.client()
    first = certificate_of(gateway, context)
    with gateway.connect(tls=context) as kept, gateway.connect(tls=context) as streaming:
        kept.send(PLAIN)
        assert kept.message().status == 200
        streaming.send(STREAM)
        head = streaming.head()
        place(other)
        wait_until(lambda: certificate_of(gateway, context) != first, 3)
        kept.send(PLAIN)
        assert kept.message().status == 200
        streaming.body(head)
        assert head.is_whole and head.body.count(b"data:") == 31
    # A pair that does not belong together changes nothing.
    second = certificate_of(gateway, context)
    good = gateway.metrics()["tollgate_config_reloads_total", "ok"]
    shutil.copy(tls_files.good[0], files[0])
    wait_until(lambda: gateway.metrics()["tollgate_config_reloads_total", "failed"] >= 1)
    assert certificate_of(gateway, context) == second
    assert gateway.metrics()["tollgate_config_reloads_total", "ok"] == good >= 1


# --- the upstream ---

def test_the_upstream_is_told_the_name_and_its_certificate_is_checked(start, tls_files):
    gateway, upstream = start(serve(lambda _: ANSWER), all_deployments(ca=str(tls_files.authority)),
                              tls=tls_files.server())
    assert gateway.call(PLAIN).status == 200
    peer = upstream.peers[0]
    assert peer.server_name == "localhost"
    assert peer.sock.version() == "TLSv1.3"
    assert peer.requests[0]["Host"] == upstream.authority


@pytest.mark.parametrize("names, authority, why", [
    ("DNS:contoso.openai.azure.com", "ours", "hostname mismatch"),
    ("DNS:localhost", "theirs", "unable to get local issuer certificate"),
], ids=["wrong name", "unknown authority"])
def test_an_upstream_that_is_not_who_it_should_be_gets_no_request(start, tls_files, names, authority, why):
    files = tls_files.certificate(why.split()[0], names, authority)
    gateway, upstream = start(serve(lambda _: ANSWER), all_deployments(ca=str(tls_files.authority)),
                              tls=tls_files.server(files))
    message = gateway.call(PLAIN)
    assert (message.status, json.loads(message.body)["error"]["code"]) == (502, "upstream_error")
    assert b"certificate" not in message.body
    detail = gateway.wait_records(1)[0]["error_detail"]
    assert detail.lower().endswith(why), detail
    assert upstream.requests == []


def test_the_systems_authorities_do_not_know_ours(start, tls_files):
    gateway, upstream = start(serve(lambda _: ANSWER), tls=tls_files.server())
    assert gateway.call(PLAIN).status == 502
    assert "certificate refused" in gateway.wait_records(1)[0]["error_detail"]
    assert upstream.requests == []


@pytest.mark.parametrize("how", ["close_notify", "bare end"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(start, tls_files, version, how):
    def script(peer):  # one call a connection
        peer.read_request()
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        peer.send(answer('{"choices":[]}', fields=("Content-Type: application/json", "Connection: close")))
        if how == "bare end":
            raw_end(peer.sock)
            peer.wait_end(5)
        else:
            peer.sock.settimeout(5)
            peer.sock.unwrap()

    context = tls_files.server()
    context.minimum_version = context.maximum_version = version
    gateway, upstream = start(script, all_deployments(ca=str(tls_files.authority)), tls=context)
    for _ in range(4):
        assert gateway.call(PLAIN).status == 200
    assert [peer.session_was_resumed for peer in upstream.peers] == [False, True, True, True]


def test_an_upstream_connection_over_tls_is_kept(start, tls_files):
    gateway, upstream = start(serve(lambda _: ANSWER), all_deployments(ca=str(tls_files.authority)),
                              tls=tls_files.server())
    for _ in range(20):
        assert gateway.call(PLAIN).status == 200
        time.sleep(0.002)  # session tickets come on their own
    assert len(upstream.peers) == 1


def test_an_end_that_tls_tells_with_the_last_bytes_is_seen_at_once(start, tls_files):
    """One packet holds the answer and the close_notify; the connection below stays open."""
    def script(peer):
        peer.read_request()
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}")
        try:
            peer.sock.unwrap()  # waits until the gateway goes
        except OSError:
            pass

    gateway, _ = start(script, all_deployments(ca=str(tls_files.authority)), tls=tls_files.server())
    message = gateway.call(PLAIN, timeout=5)
    assert message.status == 200 and message.body == b"{}"


def test_a_large_stream_over_tls_on_both_sides_is_whole(start, tls_files):
    count = 3000

    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD)
        for i in range(count):
            peer.send(token(f"{i};" + "x" * (i % 700)))
        peer.send(DONE)
        peer.wait_end()

    changes = {**all_deployments(ca=str(tls_files.authority)), **listener(tls_files.good)}
    gateway, _ = start(script, changes, tls=tls_files.server())
    message = gateway.call(STREAM, tls=tls_files.client(), timeout=20)
    assert message.is_whole
    assert [int(part.split(b";")[0]) for part in message.body.split(b'"content":"')[1:]] == list(range(count))


def test_a_stream_over_tls_that_is_cut_is_told(start, tls_files):
    def script(peer):
        peer.read_request()
        peer.send(STREAM_HEAD + token())
        time.sleep(0.05)
        peer.close()  # no close_notify

    gateway, _ = start(script, all_deployments(ca=str(tls_files.authority)), tls=tls_files.server())
    message = gateway.call(STREAM)
    assert message.is_whole and b'"upstream_error"' in message.body
    assert gateway.wait_records(1)[0]["end"] == "truncated"


def test_new_authorities_are_taken_with_a_reload(start, tls_files, tmp_path):
    authorities = tmp_path / "ca.pem"
    shutil.copy(tls_files.folder / "theirs.pem", authorities)
    gateway, upstream = start(serve(lambda _: ANSWER), all_deployments(ca=str(authorities)),
                              tls=tls_files.server())
    assert gateway.call(PLAIN).status == 502
    shutil.copy(tls_files.authority, authorities)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.metrics()["tollgate_config_reloads_total", "ok"] >= 1)
    assert gateway.call(PLAIN).status == 200
