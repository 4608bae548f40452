"""More requests than a worker can do: what is too much is refused at once, the rest is served."""

import json
import os
import threading
import time

from harness import KEY, Gateway, config, wait_until
from upstream import serve
from wire import answer, request

CHAT = "/openai/v1/chat/completions"
MODELS = request("GET", "/openai/v1/models", KEY)


def flood(gateway, connections, seconds):
    """Keeps every connection full of requests; gives back how many there were of each answer."""
    counts = {b"200": 0, b"503": 0}
    lock, over = threading.Lock(), time.monotonic() + seconds

    def write(client):
        try:
            while time.monotonic() < over:
                client.sock.sendall(MODELS * 200)
        except OSError:
            pass

    def read(client):
        rest, found = b"", {status: 0 for status in counts}
        try:
            while time.monotonic() < over:
                data = rest + client.sock.recv(1 << 20)
                cut = data.rfind(b"HTTP/1.1 ")
                for status in found:
                    found[status] += data.count(b"HTTP/1.1 " + status, 0, cut)
                rest = data[cut:]
        except OSError:
            pass
        with lock:
            for status in found:
                counts[status] += found[status]

    clients = [gateway.connect() for _ in range(connections)]
    for client in clients:
        client.sock.settimeout(1)
    threads = [threading.Thread(target=role, args=[client]) for client in clients for role in (write, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    return counts


def test_what_is_too_much_is_refused_until_it_is_no_more(start):
    gateway, _ = start(serve(lambda _: answer('{"choices":[]}')),
                       {"server": {"workers": 1}, "server/limits": {"worker_wait": "1ms"}})
    counts = flood(gateway, connections=8, seconds=6)  # long enough for a slow build, too
    assert counts[b"200"] > 100 and counts[b"503"] > 100, counts

    # It told why, when to come again, and booked it like every other request.
    def told():
        found = [record for record in gateway.records() if record["status"] == 503]
        return found if len(found) >= counts[b"503"] else None

    refused = wait_until(told)  # records are written a little later than answers
    assert {(record["error_code"], record["error_source"], record["subscription"]) for record in refused} == {
        ("overloaded", "gateway", None)}

    # And it takes everything again.
    time.sleep(1.1)
    assert gateway.call(MODELS).status == 200
    call = gateway.call(request("POST", CHAT, KEY, b'{"model":"gpt-4o","messages":[]}'))
    assert call.status == 200 and json.loads(call.body) == {"choices": []}


def test_a_burst_is_no_overload(start):
    gateway, _ = start(serve(lambda _: answer('{"choices":[]}')),
                       {"server": {"workers": 1}, "server/limits": {"worker_wait": "1ms"}})
    counts = flood(gateway, connections=8, seconds=0.5)
    assert counts[b"200"] > 100 and counts[b"503"] == 0, counts


def test_memory_of_records_that_had_to_wait_is_given_back(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)  # closed with the process at the latest
    gateway = Gateway(tmp_path / "gateway", config("http://127.0.0.1:9", {"records": {"path": str(tmp_path / "fifo")}}))
    try:
        before = gateway.rss()
        with gateway.connect() as client:
            for _ in range(100):
                client.send(MODELS * 500)
                for _ in range(500):
                    assert client.message().status == 200
                if gateway.metrics()["tollgate_records_dropped_total"] > 0:
                    break
        waiting = gateway.rss()
        assert waiting > before + (6 << 20)

        def is_written():
            try:
                while os.read(reader, 1 << 20):
                    pass
            except BlockingIOError:
                pass
            metrics = gateway.metrics()
            return (metrics["tollgate_records_written_total"] + metrics["tollgate_records_dropped_total"]
                    == metrics["tollgate_requests_total"])

        wait_until(is_written, 10)
        wait_until(lambda: gateway.rss() < waiting - (4 << 20), why=f"4 MiB less than {waiting} bytes")
        gateway.stop()
    finally:
        gateway.kill()
        os.close(reader)
