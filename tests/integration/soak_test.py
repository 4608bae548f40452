"""Thousands of streams for a while, with clients coming and going: nothing may grow, nothing may get
lost. `run.sh -m soak` runs it alone and longer."""

import asyncio
import os
import random
import statistics
import threading
import time

import pytest

from harness import KEY, wait_until
from wire import request

SECONDS = int(os.environ.get("TOLLGATE_SOAK_SECONDS", 15))
STREAMS = 2000
KINDS = ("complete", "complete", "complete", "leaves", "resets")


def body(tokens, gap):
    return (b'{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":'
            b'"[[mock tokens=%d gap_ms=%d ttft_ms=20]] soak"}]}' % (tokens, gap))


class Crowd:
    """Clients that each make one stream after the other, some of which they leave."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.random = random.Random(11)
        self.open = self.begun = self.complete = self.left = 0
        self.problems = []

    async def client(self, until):
        await asyncio.sleep(self.random.uniform(0, 2))  # not all at once
        while time.monotonic() < until and not self.problems:
            try:
                await self.connection(until)
            except (OSError, asyncio.IncompleteReadError, AssertionError) as error:
                self.problems.append(repr(error))

    async def connection(self, until):
        reader, writer = await asyncio.open_connection(*self.gateway.data)
        try:
            for _ in range(self.random.randrange(1, 4)):
                if time.monotonic() > until:
                    break
                if not await self.stream(reader, writer, self.random.choice(KINDS)):
                    return
        finally:
            if writer.transport.get_extra_info("socket").fileno() >= 0:
                writer.close()

    async def stream(self, reader, writer, kind):
        self.begun += 1
        self.open += 1
        try:
            writer.write(request("POST", "/openai/v1/chat/completions", KEY,
                                 body(self.random.randrange(4, 12), 400)))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            assert head.startswith(b"HTTP/1.1 200 "), head
            if kind == "complete":
                text = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 30)
                assert b"data: [DONE]\n\n" in text and b'"error"' not in text, text[-300:]
                self.complete += 1
                return True
            await asyncio.sleep(self.random.uniform(0, 2))
            self.left += 1
            if kind == "resets":
                writer.transport.abort()
            return False
        finally:
            self.open -= 1

    async def run(self, until):
        await asyncio.gather(*(self.client(until) for _ in range(STREAMS)))


@pytest.mark.soak
def test_two_thousand_streams_leave_nothing_behind(start_with_mock):
    gateway, _ = start_with_mock({"server/workers": 2, **{
        f"deployments/{model}/connections": 4000 for model in ("gpt-4o-mini",)}})
    crowd = Crowd(gateway)
    # Once through at full size, so that buffers which are kept are there before the measuring.
    asyncio.run(crowd.run(time.monotonic() + 3))
    assert not crowd.problems, crowd.problems[:5]
    wait_until(gateway.is_at_rest, 15, step=0.05)
    wait_until(lambda: gateway.metrics()["tollgate_client_connections"] == 0, 10, step=0.05)
    idle_descriptors = gateway.descriptors() - gateway.metrics()["tollgate_upstream_connections", "idle"]

    samples = []  # (when, resident bytes, streams open)
    runner = threading.Thread(target=lambda: asyncio.run(crowd.run(time.monotonic() + SECONDS)))
    since = time.monotonic()
    runner.start()
    while time.monotonic() < since + SECONDS:
        samples.append((time.monotonic() - since, gateway.rss(), crowd.open))
        time.sleep(0.1)
    runner.join()
    assert not crowd.problems, crowd.problems[:5]
    assert max(count for _, _, count in samples) > STREAMS * 0.75
    assert crowd.complete > STREAMS / 2 and crowd.left > STREAMS / 4

    wait_until(gateway.is_at_rest, 15, step=0.05)
    wait_until(lambda: gateway.metrics()["tollgate_client_connections"] == 0, 10, step=0.05)
    records = gateway.records()
    assert len(records) == crowd.begun
    ends = [record["end"] for record in records]
    assert ends.count("complete") >= crowd.complete and set(ends) == {"complete", "client_gone"}
    assert len({record["request_id"] for record in records}) == len(records)

    thirds = [statistics.median(rss for when, rss, _ in samples if low <= when / SECONDS < low + 1 / 3)
              for low in (1 / 4, 2 / 3)]
    growth = thirds[1] - thirds[0]
    assert growth < (4 << 20), f"{growth >> 10} KiB more at the end than at the start"
    # A stream costs some kilobytes, its two sockets' buffers are the kernel's.
    assert max(rss for _, rss, _ in samples) < 20 * 1024 * STREAMS + (16 << 20)
    metrics = gateway.metrics()
    descriptors = gateway.descriptors() - metrics["tollgate_upstream_connections", "idle"]
    assert abs(descriptors - idle_descriptors) <= 4, (descriptors, idle_descriptors)
    assert metrics["tollgate_records_dropped_total"] == 0
