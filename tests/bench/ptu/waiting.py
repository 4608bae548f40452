"""The queue of docs/ptu.md through the real gateway: interactive calls of two subscriptions, twice as many as fifteen full
units carry, with and without a deployment behind them that is paid by the token. Prints one table. A minute."""

import asyncio
import json
import secrets
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from limits_setup import hash_of
from ptu_load import CHAT, KEYS, Capacity, Stand
from wire import request

UNITS = Capacity(tokens_a_second=625, window=60, units=15)
OTHER_KEY = "tg-" + secrets.token_hex(20)
CALLS_A_SECOND = {KEYS["interactive"]: 10, OTHER_KEY: 2}
SECONDS = 20


class Load:
    def __init__(self, address):
        self.address = address
        self.seen = Counter()  # (status, deployment, route)
        self.waits = []        # seconds, of calls that the units served after a wait

    async def call(self, key, answer):
        body = {"model": "gpt-4o", "max_tokens": answer,
                "messages": [{"role": "user", "content": f"{secrets.token_hex(4)} [[mock tokens={answer} ttft_ms=5 gap_us=10]]"}]}
        began = time.monotonic()
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(request("POST", CHAT, key, json.dumps(body).encode(), ("Connection: close",)))
        head = (await reader.read()).split(b"\r\n\r\n")[0].decode("latin-1")
        writer.close()
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        came_out = int(head.split(" ")[1]), fields.get("x-tollgate-deployment"), fields.get("x-tollgate-route")
        self.seen[came_out] += 1
        if came_out == (200, "ptu", "waited"):
            self.waits.append(time.monotonic() - began)

    async def stream(self, key, calls_a_second):
        began, tasks = time.monotonic(), []
        for i in range(calls_a_second * SECONDS):
            await asyncio.sleep(max(0, began + i / calls_a_second - time.monotonic()))
            tasks.append(asyncio.create_task(self.call(key, 20)))
        await asyncio.gather(*tasks)

    async def run(self):
        await asyncio.gather(*(self.stream(*one) for one in CALLS_A_SECOND.items()))

    def count(self, **wanted):
        return sum(n for (status, deployment, route), n in self.seen.items()
                   if all(dict(status=status, deployment=deployment, route=route)[k] == v for k, v in wanted.items()))


async def fill(stand):
    load = Load(stand.gateway.data)
    while not load.count(route="spill:429") + load.count(status=429):
        await load.call(KEYS["interactive"], 200)


def main():
    print("| behind the units | calls | by the units: after a wait, at once | elsewhere | refused: 429, 503 | "
          "429s of the units | wait: median, p95 |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, route in {"a deployment paid by the token": ["ptu", "payg"], "nothing": ["ptu"]}.items():
            stand = Stand(Path(folder) / route[-1], UNITS, fields={"queue": {"max_wait": "500ms"}}, changes={
                "models/gpt-4o/route": route, **({} if "payg" in route else {"deployments/payg": None}),
                "subscriptions": {"other": {"product": "interactive", "keys": [hash_of(OTHER_KEY)]}}})
            try:
                asyncio.run(fill(stand))
                load, refused_before = Load(stand.gateway.data), stand.truth()["refused"]
                asyncio.run(load.run())
                refused = stand.truth()["refused"] - refused_before
            finally:
                stand.stop()
            waits = statistics.quantiles(load.waits, n=100) if len(load.waits) > 1 else [float("nan")] * 99
            print(f"| {name} | {load.seen.total()} | {len(load.waits)}, {load.count(status=200, deployment='ptu', route='primary')} | "
                  f"{load.count(deployment='payg')} | {load.count(status=429)}, {load.count(status=503)} | "
                  f"{refused} | {1000 * waits[49]:.0f}, {1000 * waits[94]:.0f} ms |", flush=True)


if __name__ == "__main__":
    main()
