#!/usr/bin/env python3
"""Measures Tollgate, nginx and HAProxy in front of the same mock, in one run; see run.sh.

Rules: all peers are up at once and are visited in turn for half a second each, many times, because a
virtual machine's host may change its speed by a third within seconds; Tollgate is compared with another
within the same repetition, and the table shows the median of these comparisons and their quartiles. What
other work took of the cores is measured with every row, and rows that lost more than LOUD of a core to it
are left out while enough others remain.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import peers

TOLLGATE, LOAD, OUT = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
REPETITIONS = int(os.environ.get("TOLLGATE_BENCH_REPETITIONS", "16"))
RATE = int(os.environ.get("TOLLGATE_BENCH_RATE", "500"))
IDLE_STREAMS = int(os.environ.get("TOLLGATE_BENCH_STREAMS", "2000"))
LOUD = 0.12
TURN = 0.5  # seconds
MEMORY_REPETITIONS = 2
# "no ledger" is Tollgate without one: the ledger syncs its file some twenty times a second, and on a virtual
# disk that delays whatever runs on the machine, whoever it is that syncs.
NAMES = ["tollgate", "no ledger", "nginx", "haproxy"]
COMPARED = [("Tollgate to HAProxy", "tollgate", "haproxy"), ("to nginx", "tollgate", "nginx"),
            ("no ledger to nginx", "no ledger", "nginx")]


def body(directive="", stream=False):
    """A request of 1 KiB."""
    request = {"model": "gpt-4o", "messages": [{"role": "system", "content": "You are a helpful assistant."},
                                               {"role": "user", "content": ""}], "max_tokens": 256}
    if stream:
        request["stream"] = True
        # What Tollgate would ask for on its own, so that all peers get the same stream.
        request["stream_options"] = {"include_usage": True}
    text = (directive + " " if directive else "") + "Why do proxies keep their connections open? " * 40
    request["messages"][1]["content"] = text[:1024 - len(json.dumps(request))]
    return json.dumps(request)


BODIES = {
    "plain": body("[[mock tokens=40]]"),
    "stream": body("[[mock stamp tokens=50 gap_ms=2]]", True),
    "idle": body("[[mock stamp tokens=60 gap_ms=1000]]", True),
}
MEASURES = {  # name: (mode, body, connections, seconds, further arguments)
    "saturation": ("closed", "plain", 32, TURN, []),
    "fixed rate": ("open", "plain", 32, TURN, [str(RATE)]),
    "streams": ("closed", "stream", 20, TURN, []),
}


def busy_seconds():
    user, nice, system, _, _, irq, soft, steal = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_load(core, port, mode, kind, connections, seconds, further, key):
    (OUT / f"{kind}.json").write_text(BODIES[kind])
    return subprocess.Popen(
        [LOAD, mode, f"127.0.0.1:{port}", str(OUT / f"{kind}.json"), str(connections), str(seconds), *further],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, "LOAD_KEY": key},
        preexec_fn=lambda: os.sched_setaffinity(0, {core}))


def measure(name, ports, own, core, measure_name):
    mode, kind, connections, seconds, further = MEASURES[measure_name]
    cpu = {n: p.cpu_seconds() for n, p in own.items()}
    busy, children, began = busy_seconds(), children_seconds(), time.monotonic()
    key = peers.MOCK_KEY if name == "direct" else peers.APP_KEY
    load = run_load(core, ports[name], mode, kind, connections, seconds, further, key)
    out, _ = load.communicate(timeout=seconds + 20)
    if load.returncode != 0:
        raise SystemExit(f"error: the load on {name} failed")
    row = json.loads(out)
    wall = time.monotonic() - began
    used = {n: p.cpu_seconds() - cpu[n] for n, p in own.items()}
    mine = sum(used.values()) + children_seconds() - children
    row.update(peer=name, measure=measure_name, foreign=round(max(0.0, (busy_seconds() - busy - mine) / wall), 3))
    if name in used:
        row["core_share"] = round(used[name] / wall, 3)
        row["cpu_us_per_request"] = round(used[name] / max(1, row["all"]) * 1e6, 2)
        row["cpu_us_per_event"] = round(used[name] / max(1, row["events"]) * 1e6, 2)
    return row


def measure_memory(name, mock_port, gateway_core, load_core):
    """A fresh process: its memory after one request, and with open streams that say little."""
    port = peers.free_port()
    process = peers.start(name, TOLLGATE, port, mock_port, gateway_core, OUT)
    try:
        run_load(load_core, port, "closed", "plain", 1, 0.5, [], peers.APP_KEY).communicate(timeout=20)
        idle = process.rss_bytes()
        load = run_load(load_core, port, "hold", "idle", IDLE_STREAMS, 4.0, [], peers.APP_KEY)
        time.sleep(3.5)
        full = process.rss_bytes()
        out, _ = load.communicate(timeout=20)
        row = json.loads(out)
    finally:
        process.stop()
    row.update(peer=name, measure="memory", idle_bytes=idle, bytes_per_stream=(full - idle) / max(1, row["opened"]))
    if row["opened"] < IDLE_STREAMS:
        print(f"    note: {name} had {row['opened']} of {IDLE_STREAMS} streams open", flush=True)
    return row


def main():
    began = time.monotonic()
    cores = sorted(os.sched_getaffinity(0))
    gateway_core, load_core = cores[0], cores[-1]
    print(f"    gateway on core {gateway_core}, mock and load on core {load_core}", flush=True)
    own, rows, ports = {}, [], {}
    raw = open(OUT / "raw.jsonl", "w")

    def keep(row, repetition):
        rows.append({**row, "repetition": repetition})
        raw.write(json.dumps(rows[-1]) + "\n")
        raw.flush()

    try:
        ports["direct"] = peers.free_port()
        own["mock"] = peers.start_mock(TOLLGATE, ports["direct"], load_core, OUT)
        for core in sorted({gateway_core, load_core}):
            # Keeps a virtual core awake: else small latencies measure the hypervisor. Takes idle time
            # only; a session of its own, because the kernel shares time out by session.
            own[f"spin{core}"] = peers.Process([LOAD, "spin", "-", "-", "0", str(120 + 10 * REPETITIONS)], core, OUT, f"spin{core}",
                                               own_session=True)
        for repetition in range(MEMORY_REPETITIONS):
            print(f"    memory, repetition {repetition + 1}", flush=True)
            for name in NAMES:
                keep(measure_memory(name, ports["direct"], gateway_core, load_core), repetition)
        for name in NAMES:
            ports[name] = peers.free_port()
            own[name] = peers.start(name, TOLLGATE, ports[name], ports["direct"], gateway_core, OUT)
        for name in ["direct", *NAMES]:  # connections, caches
            key = peers.MOCK_KEY if name == "direct" else peers.APP_KEY
            run_load(load_core, ports[name], "closed", "plain", 8, 0.5, [], key).communicate(timeout=20)
        for repetition in range(REPETITIONS):
            print(f"    {', '.join(MEASURES)}: repetition {repetition + 1} of {REPETITIONS}", flush=True)
            for measure_name in MEASURES:
                for name in ["direct", *NAMES]:
                    keep(measure(name, ports, own, load_core, measure_name), repetition)
    finally:
        for process in own.values():
            process.stop()
        raw.close()
    report(rows, time.monotonic() - began)


def series(rows, peer, measure_name, field):
    """The quiet rows' values, by repetition."""
    mine = [r for r in rows if r["peer"] == peer and r["measure"] == measure_name]
    quiet = [r for r in mine if r.get("foreign", 0) <= LOUD]
    return {r["repetition"]: r[field] for r in (quiet if len(quiet) * 2 > len(mine) else mine)}


def median(values):
    return statistics.median(values.values())


def compared(ours, theirs, by, form):
    """The median of what they differ by in the same repetition, and the quartiles."""
    pairs = sorted(by(ours[r], theirs[r]) for r in ours if r in theirs and theirs[r] > 0)
    if not pairs:
        return "-"
    quarter = (len(pairs) - 1) // 4
    return f"{form(statistics.median(pairs))} [{form(pairs[quarter])} {form(pairs[-1 - quarter])}]"


def report(rows, seconds):
    ratio = (lambda a, b: a / b, "{:.2f}x".format)
    difference = (lambda a, b: a - b, "{:+.0f}".format)
    table = [
        ("requests a second, saturated", "saturation", "rps", "{:.0f}", ratio),
        ("CPU us a request, saturated", "saturation", "cpu_us_per_request", "{:.1f}", ratio),
        (f"us at {RATE}/s, p50", "fixed rate", "p50_us", "{:.0f}", difference),
        (f"us at {RATE}/s, p99", "fixed rate", "p99_us", "{:.0f}", difference),
        ("us to the first event, p50", "streams", "first_event_p50_us", "{:.0f}", difference),
        ("us an event, p50", "streams", "transit_p50_us", "{:.0f}", difference),
        ("us an event, p99", "streams", "transit_p99_us", "{:.0f}", difference),
        ("CPU us an event", "streams", "cpu_us_per_event", "{:.1f}", ratio),
        ("memory idle, bytes", "memory", "idle_bytes", "{:.0f}", ratio),
        ("memory an open stream, bytes", "memory", "bytes_per_stream", "{:.0f}", ratio),
    ]
    print(f"\n{'medians':32}" + "".join(f"{n:>10}" for n in ["direct", *NAMES])
          + "".join(f"{title:>24}" for title, _, _ in COMPARED))
    for title, measure_name, field, form, (by, told) in table:
        values = {n: series(rows, n, measure_name, field) for n in ["direct", *NAMES]
                  if any(field in r for r in rows if r["peer"] == n and r["measure"] == measure_name)}
        print(f"{title:32}" + "".join(f"{form.format(median(values[n])) if n in values else '':>10}" for n in ["direct", *NAMES])
              + "".join(f"{compared(values[ours], values[theirs], by, told):>24}" for _, ours, theirs in COMPARED))
    saturated = [median(series(rows, n, "saturation", "core_share")) for n in NAMES]
    print("share of its core that each had when saturated: "
          + ", ".join(f"{n} {s:.0%}" for n, s in zip(NAMES, saturated))
          + "; below 95% the load generator was the limit, and CPU a request is the figure to read")
    foreign = statistics.median(r["foreign"] for r in rows if "foreign" in r)
    print(f"other work took {foreign:.0%} of a core (median)"
          + ("; THE MACHINE WAS NOT QUIET, do not quote these figures" if foreign > LOUD else ""))
    print(f"errors: {sum(r['errors'] for r in rows)}; raw data: build/bench/raw.jsonl; it took {seconds:.0f} s")


if __name__ == "__main__":
    main()
