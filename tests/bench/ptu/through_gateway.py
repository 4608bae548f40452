"""The experiment of docs/ptu.md through the real gateway: 80 % and 120 % load on reserved capacity of which the gateway
believes twice the truth, reactive and predictive. Prints one table."""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from ptu_load import CLASSES, Capacity, Run, Stand

WAYS = {
    "on 429 only": {"spill": "off"},
    "predicted": {},
    "predicted, queue 500ms": {"queue": {"max_wait": "500ms"}},
}
CALM = [(0.8, 90)]
CROWDED = [(2.2, 25), (1.2, 120)]  # fills the bucket first


async def one(folder, fields, phases, believed):
    stand = Stand(folder, Capacity(window=20), believed, fields)
    try:
        return await Run(stand, phases).run()
    finally:
        stand.stop()


def line(name, load, run, phase):
    calls = run.of(phase)
    errors = run.errors(phase)
    within = sum(e <= 5 for e in errors) / len(errors) if errors else float("nan")
    return (f"| {name} | {load} | {len(calls)} | {run.refused(phase)} | {100 * run.busy(phase):.0f} % | "
            + " / ".join(f"{100 * run.share_on_ptu(phase, k):.0f}" for k in CLASSES) + " % | "
            f"{1000 * run.first_token(phase):.0f} ms | "
            + (f"{statistics.mean(errors):.1f}, {100 * within:.0f} % |" if errors else "|"))


def main():
    believed = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    print("| way | load | calls | 429s | units busy | on units: interactive / standard / batch | "
          "TTFT p95, interactive | prediction error: mean points, within 5 |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, fields) in enumerate(WAYS.items()):
            calm = asyncio.run(one(Path(folder) / f"calm{i}", fields, CALM, believed))
            print(line(name, "80 %", calm, 0), flush=True)
            crowded = asyncio.run(one(Path(folder) / f"crowded{i}", fields, CROWDED, believed))
            print(line(name, "120 %", crowded, 1), flush=True)


if __name__ == "__main__":
    main()
