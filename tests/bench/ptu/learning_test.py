"""Reserved capacity whose real size nobody told the gateway: it is found out, and calls leave before they are refused."""

import asyncio
import statistics

import pytest

from ptu_load import CLASSES, Capacity, Run, Stand

FILLING, CROWDED = 0, 1
PHASES = [(2.2, 9), (1.25, 18)]  # the bucket fills up, then somewhat more is asked for than it carries


@pytest.fixture
def stand(tmp_path):
    """stand(name, believed, fields) -> Stand"""
    up = []

    def make(name, believed, fields=None):
        up.append(Stand(tmp_path / name, Capacity(), believed, fields))
        return up[-1]

    yield make
    for one in up:
        one.stop()


def test_capacity_is_learnt_and_calls_leave_before_they_are_refused(stand):
    """One gateway that believes in half of the truth, one in twice as much, and one that only reacts; all at once."""
    low, high = stand("low", 0.5), stand("high", 2.0)
    reactive = stand("reactive", 1.0, {"spill": "off"})

    async def all_at_once():
        return await asyncio.gather(*(Run(s, PHASES, seed).run() for seed, s in enumerate((low, high, reactive))))

    low, high, reactive = asyncio.run(all_at_once())
    for run in (low, high):
        errors = run.errors(CROWDED)
        assert len(errors) > 30, "it has been learnt early"
        assert statistics.mean(errors) < 7, errors
        assert run.stand.predicted()["tokens_a_minute"] == pytest.approx(60 * run.stand.capacity.rate, rel=0.2)
        assert run.busy(CROWDED) > 0.88
        assert run.refused(CROWDED) < 0.4 * reactive.refused(CROWDED)
        shares = [run.share_on_ptu(CROWDED, name) for name in CLASSES]
        assert shares[0] > 0.9 and shares[0] > shares[1] > shares[2]
        assert {c.status for c in run.of(CROWDED)} == {200}
        spills = [c for c in run.of(CROWDED) if c.route == "spill:full"]
        metrics = run.stand.gateway.metrics()
        assert 0 < len(spills) <= metrics["tollgate_ptu_soft_spills_total"]
    assert reactive.stand.gateway.metrics()["tollgate_ptu_soft_spills_total"] == 0
