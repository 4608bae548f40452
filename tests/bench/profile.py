#!/usr/bin/env python3
"""Runs typical traffic through a build that counts what it runs; see run.sh.

A plain gateway, then one with limits, a budget and a reserved deployment before one paid by the token.
What is counted is written when the gateway ends. The stand-in is the same program: its counts go elsewhere.
"""

import json
import sys
from pathlib import Path

import bench
import peers

TOLLGATE, OUT = Path(sys.argv[1]), Path(sys.argv[3]).resolve()
SECONDS = 4.0

GOVERNED = """
server: {{listen: "127.0.0.1:{port}", admin: "127.0.0.1:{admin}", workers: 1, drain: 1s, watch_files: false}}
records: {{path: records.jsonl}}
deployments:
  reserved: {{endpoint: "http://127.0.0.1:{mock}", deployment: gpt-4o, model: gpt-4o, kind: ptu, units: 100000, credential: {{api_key: env:BENCH_MOCK_KEY}}}}
  by-token: {{endpoint: "http://127.0.0.1:{mock}", deployment: gpt-4o, model: gpt-4o, credential: {{api_key: env:BENCH_MOCK_KEY}}}}
models: {{gpt-4o: {{route: [reserved, by-token]}}}}
products:
  bench: {{models: [gpt-4o], limits: {{requests: 100M/minute, tokens: 9000M/minute, concurrent: 100000}}, budgets: {{money: $900000/month}}}}
subscriptions: {{bench: {{product: bench, keys: [env:BENCH_APP_KEY]}}}}
"""


def drive(gateway, port):
    try:
        for kind, connections in [("plain", 16), ("stream", 20), ("plain", 1)]:
            load = bench.run_load(0, port, "closed", kind, connections, SECONDS, [], peers.APP_KEY)
            out, _ = load.communicate(timeout=60)
            if load.returncode != 0 or json.loads(out)["errors"] or not json.loads(out)["answers"]:
                raise SystemExit(f"error: this is no typical traffic: {kind}: {out.decode().strip()}")
            print(f"    {kind}, {connections} at a time: {out.decode().strip()}", flush=True)
    finally:
        gateway.stop()


def main():
    for old in (TOLLGATE.parent.parent).rglob("*.gcda"):
        old.unlink()
    mock_port = peers.free_port()
    elsewhere = {"GCOV_PREFIX": str(OUT / "mock-profile")}
    mock = peers.start_mock(str(TOLLGATE), mock_port, 0, OUT, environment=elsewhere)
    try:
        port = peers.free_port()
        drive(peers.start("tollgate", str(TOLLGATE), port, mock_port, 0, OUT), port)
        port = peers.free_port()
        (OUT / "governed.yaml").write_text(GOVERNED.format(port=port, admin=peers.free_port(), mock=mock_port))
        gateway = peers.Process([str(TOLLGATE), "serve", "--config", "governed.yaml"], 0, OUT, "governed",
                                {"BENCH_MOCK_KEY": peers.MOCK_KEY, "BENCH_APP_KEY": peers.APP_KEY})
        peers.wait_for_port(port, gateway, "governed")
        drive(gateway, port)
    finally:
        mock.stop()


if __name__ == "__main__":
    main()
