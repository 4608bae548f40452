#!/usr/bin/env python3
"""Asks one core for more than it can do: with every deployment healthy, then with half of them gone.

    tests/bench/run.sh overload

Two stand-ins for deployments and the load generator share a core, the gateway has the other. RATE requests a
second are offered on 1,000 connections for SECONDS; then one deployment ends and they are offered for SECONDS again.
Before and after each it is measured what the gateway does at most: closed loops of 64 connections and of 1,000,
the mean of the two times. Prints what was served and refused, how long a refusal took until it had reached the
client's socket, and the gateway's memory. Where less is answered than is offered all connections wait all
the time: who is served has then waited for 1,000 divided by what is answered.
`worker_wait` is 5 ms, or 1,000 connections would not be enough to be too much.

TOLLGATE_BENCH_SECONDS (60), TOLLGATE_BENCH_RATE (50000). TOLLGATE_BENCH_UPSTREAM: another program than the
stand-in of this repository, which costs more a request than the gateway and is then the limit; it is called
with `-p PORT`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import peers

TOLLGATE, LOAD, OUT = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
SECONDS = float(os.environ.get("TOLLGATE_BENCH_SECONDS", "60"))
RATE = int(os.environ.get("TOLLGATE_BENCH_RATE", "50000"))
UPSTREAM = os.environ.get("TOLLGATE_BENCH_UPSTREAM")
CONNECTIONS = 1000

CONFIG = """
server: {{listen: "127.0.0.1:{port}", admin: "127.0.0.1:{admin}", workers: 1, drain: 1s, watch_files: false, limits: {{worker_wait: 5ms}}}}
records: {{path: overload-records.jsonl}}
deployments:
  one: {{endpoint: "http://127.0.0.1:{one}", deployment: gpt-4o, model: gpt-4o, credential: {{api_key: env:BENCH_MOCK_KEY}}}}
  two: {{endpoint: "http://127.0.0.1:{two}", deployment: gpt-4o, model: gpt-4o, credential: {{api_key: env:BENCH_MOCK_KEY}}}}
models: {{gpt-4o: {{route: [{{one: 1, two: 1}}]}}}}
products: {{bench: {{models: [gpt-4o]}}}}
subscriptions: {{bench: {{product: bench, keys: [env:BENCH_APP_KEY]}}}}
"""


def start_upstream(port, core, name):
    if not UPSTREAM:
        return peers.start_mock(TOLLGATE, port, core, OUT, name)
    process = peers.Process([UPSTREAM, "-p", str(port)], core, OUT, name)
    peers.wait_for_port(port, process, name)
    return process


def load(core, port, mode, connections, seconds, *further):
    done = subprocess.run([LOAD, mode, f"127.0.0.1:{port}", str(OUT / "overload.json"), str(connections), str(seconds), *further],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, "LOAD_KEY": peers.APP_KEY},
                          preexec_fn=lambda: os.sched_setaffinity(0, {core}), timeout=seconds + 30, check=True)
    return json.loads(done.stdout)


def main():
    cores = sorted(os.sched_getaffinity(0))
    gateway_core, load_core = cores[0], cores[-1]
    (OUT / "overload.json").write_text(json.dumps({"model": "gpt-4o", "max_tokens": 256, "messages": [
        {"role": "user", "content": ("Why do proxies keep their connections open? " * 40)[:900]}]}))
    port, one, two = peers.free_port(), peers.free_port(), peers.free_port()
    (OUT / "overload.yaml").write_text(CONFIG.format(port=port, admin=peers.free_port(), one=one, two=two))
    own = []

    def keep(process):
        own.append(process)
        return process

    def at_most():
        return [load(load_core, port, "closed", connections, 4)["rps"] for connections in (64, CONNECTIONS)]

    try:
        for core in sorted({gateway_core, load_core}):  # keeps a virtual core awake; takes idle time alone
            keep(peers.Process([LOAD, "spin", "-", "-", "0", str(3 * SECONDS + 90)], core, OUT, f"spin{core}", own_session=True))
        keep(start_upstream(one, load_core, "upstream-one"))
        second = keep(start_upstream(two, load_core, "upstream-two"))
        gateway = keep(peers.Process([TOLLGATE, "serve", "--config", "overload.yaml"], gateway_core, OUT, "overload",
                                     {"BENCH_MOCK_KEY": peers.MOCK_KEY, "BENCH_APP_KEY": peers.APP_KEY}))
        peers.wait_for_port(port, gateway, "overload")
        load(load_core, port, "closed", 64, 1)
        print(f"offered: {RATE:,} a second for {SECONDS:.0f} s on {CONNECTIONS:,} connections")
        print(f"{'deployments':14}{'at most, 64':>12}{'1,000':>8}{'served/s':>10}{'of these':>9}{'':>8}"
              f"{'refused/s':>11}{'in us, p50':>12}{'p99':>7}{'errors':>8}{'MiB before':>12}{'after':>7}")
        for title in ("all healthy", "half gone"):
            if title == "half gone":
                second.stop()
                load(load_core, port, "closed", 64, 1)  # until that is known
            most = at_most()
            before = gateway.rss_bytes()
            row = load(load_core, port, "flood", CONNECTIONS, SECONDS, str(RATE))
            after = gateway.rss_bytes()
            most = [sum(both) / 2 for both in zip(most, at_most())]
            served, refused = row["rps"], row["refused"] / row["seconds"]
            print(f"{title:14}{most[0]:>12,.0f}{most[1]:>8,.0f}{served:>10,.0f}{served / most[0]:>9.1%}"
                  f"{served / most[1]:>8.1%}{refused:>11,.0f}{row['refused_p50_us']:>12.0f}"
                  f"{row['refused_p99_us']:>7.0f}{row['errors']:>8}{before / 2**20:>12.1f}{after / 2**20:>7.1f}", flush=True)
    finally:
        for process in own:
            if process.process.poll() is None:
                process.stop()


if __name__ == "__main__":
    main()
