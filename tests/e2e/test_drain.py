"""The end: not ready first, then no new connections, then the streams finish, then the deadline."""

import signal
import threading
import time

import httpx
import openai
import pytest

import settings
from clients import Side, ask
from harness import Gateway, wait_until


@pytest.fixture
def start(folder, mock, environment, request):
    started = []
    def start(server):
        name = f"drain-{request.node.name}".replace("[", "-").rstrip("]")
        gateway = Gateway(name, folder, settings.config(name, mock.url, server=server), environment)
        started.append(gateway)
        return gateway
    yield start
    for gateway in started:
        gateway.forget()


class Streams:
    """Open streams, each read in a thread of its own."""

    def __init__(self, url, count, text):
        self.side = Side(url, settings.APP_KEY)
        self.ends, self.begun, self.request_ids = [], threading.Semaphore(0), []
        self.threads = [threading.Thread(target=self._read, args=(text,)) for _ in range(count)]
        for thread in self.threads:
            thread.start()
        for _ in self.threads:
            assert self.begun.acquire(timeout=10)

    def _read(self, text):
        client = self.side._make("v1", {})
        try:
            stream = client.chat.completions.create(**ask(text, stream=True))
            self.request_ids.append(stream.response.headers["x-request-id"])
            finish = None
            for i, chunk in enumerate(stream):
                if i == 3:
                    self.begun.release()
                if chunk.choices and chunk.choices[0].finish_reason:
                    finish = chunk.choices[0].finish_reason
            self.ends.append(finish)
        except openai.APIError as error:
            self.ends.append(error)
        finally:
            client.close()

    def join(self):
        for thread in self.threads:
            thread.join(15)
            assert not thread.is_alive()
        return self.ends


def test_streams_finish(start):
    gateway = start("drain: 10s\ndrain_grace: 900ms")
    key = {"api-key": settings.APP_KEY}
    idle = httpx.Client(base_url=gateway.url, headers=key)
    assert idle.get("/v1/models").status_code == 200
    assert gateway.admin.get("/readyz").status_code == 200
    streams = Streams(gateway.url, 6, "Let me finish. [[mock tokens=120 gap_ms=20]]")

    gateway.signal(signal.SIGTERM)
    began = time.monotonic()
    wait_until(lambda: gateway.admin.get("/readyz").status_code == 503, 0.7)
    # In the grace time there is still room for who has not heard.
    assert httpx.get(gateway.url + "/v1/models", headers=key).status_code == 200
    assert gateway.admin.get("/healthz").status_code == 200
    assert gateway.status()["state"] == "draining"

    def refused():
        """new connections are refused"""
        try:
            httpx.get(gateway.url + "/v1/models", headers=key)
        except httpx.TransportError:
            return True
    wait_until(refused, 2)
    assert gateway.admin.get("/readyz").status_code == 503  # the admin plane goes last

    assert streams.join() == ["stop"] * 6
    assert gateway.wait(5) == 0
    assert 0.9 < time.monotonic() - began < 9
    with pytest.raises(httpx.TransportError):
        gateway.admin.get("/readyz")
    idle.close()
    ends = {r["request_id"]: r["end"] for r in gateway.records()}
    assert [ends[request_id] for request_id in streams.request_ids] == ["complete"] * 6


def test_nothing_open_ends_at_once(start):
    gateway = start("drain: 30s")
    idle = httpx.Client(base_url=gateway.url, headers={"api-key": settings.APP_KEY})
    assert idle.get("/v1/models").status_code == 200  # and stays connected
    gateway.signal(signal.SIGTERM)
    assert gateway.wait(3) == 0
    idle.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_deadline_cuts(start, mock, number):
    gateway = start("drain: 600ms")
    text = f"Too long for {number.name}. [[mock tokens=2000 gap_ms=20]]"
    streams = Streams(gateway.url, 3, text)
    gateway.signal(number)
    began = time.monotonic()
    assert gateway.wait(5) == 0
    assert 0.5 < time.monotonic() - began < 3
    assert all(isinstance(end, openai.APIError) for end in streams.join())
    entries = wait_until(lambda: mock.journal(text) if len(mock.journal(text)) == 3 else None, 3)
    assert {entry["end"] for entry in entries} == {"client_gone"}
    written = {r["request_id"] for r in gateway.records()}
    assert set(streams.request_ids) <= written


def test_a_second_signal_ends_at_once(start):
    gateway = start("drain: 30s")
    streams = Streams(gateway.url, 2, "Impatient. [[mock tokens=2000 gap_ms=20]]")
    gateway.signal(signal.SIGTERM)
    time.sleep(0.2)
    assert gateway.process.poll() is None
    gateway.signal(signal.SIGTERM)
    assert gateway.wait(3) == 0
    assert all(isinstance(end, openai.APIError) for end in streams.join())
