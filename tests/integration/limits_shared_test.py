"""Budgets that three gateways share through one Redis: together they never spend more."""

import pytest

from harness import wait_until
from limits_race_test import CLIENTS, TOKENS, learn, mixed_jobs
from limits_setup import (BookedGateway, JournalMock, Redis, at_once, error_of, settings, tell, tokens_in,
                          tokens_of)

LEASE = 0.02


@pytest.fixture
def three(tmp_path):
    """three(mode) -> (gateways, mock, redis): one worker each, one Redis."""
    started = []

    def start(mode, product):
        redis, mock = Redis(tmp_path / "redis"), JournalMock(tmp_path / "mock")
        started.extend([redis, mock])
        shared = settings(mock.url, product, {
            "server/workers": 1, "sharing": {"redis": redis.url, "mode": mode, "timeout": "1s"}})
        gateways = [BookedGateway(tmp_path / f"gateway-{n}", shared) for n in range(3)]
        started.extend(gateways)
        return gateways, mock, redis

    yield start
    for service in reversed(started):
        service.kill() if hasattr(service, "kill") else service.stop()


@pytest.mark.parametrize("mode", ["exact", "leased"])
def test_three_gateways_never_spend_more_than_the_one_budget(three, mode):
    gateways, mock, redis = three(mode, {"budgets": {"tokens": f"{TOKENS}/day", "each": "product"}})
    for gateway in gateways:
        learn(gateway)
    answers = at_once(mixed_jobs([g.data for g in gateways], 900, seed=11), CLIENTS)
    spent = [tokens_in(gateway.settled()) for gateway in gateways]
    provider = tokens_of(e for e in mock.journal() if e["status"] == 200)
    bounds = [g.metrics()["tollgate_sharing_lease_bound"] for g in gateways]
    refused = sum(a is not None and a.is_whole and a.code == "insufficient_quota" for a in answers)
    away = sum(g.metrics()["tollgate_sharing_closed_refused_total"] for g in gateways)
    for gateway in gateways:
        gateway.check()
        gateway.stop()  # gives back what it has leased and held
    in_redis = int(redis.command("GET", pot_key(redis)).split(b"\r\n")[1])
    tell(mode=mode, budget=TOKENS, ledgers=spent, sum=sum(spent), redis=in_redis, provider=provider,
         lease_bound=max(bounds), refused=refused, refused_without_redis=away)

    assert refused > 100 and away == 0
    assert min(spent) > TOKENS / 20  # all three took part
    bound = max(bounds)  # the last one started with three signs of life in Redis
    assert bound == (0 if mode == "exact" else TOKENS * LEASE * 3)
    assert TOKENS * 0.7 - bound < sum(spent) <= TOKENS
    # Nothing is left reserved or leased.
    assert in_redis == sum(spent)


def pot_key(redis):
    keys = [k for k in redis.command("KEYS", "tollgate:plan.*").split(b"\r\n") if b"plan" in k]
    assert len(keys) == 1, keys
    return keys[0].decode()


def test_requests_a_minute_are_counted_over_all_gateways(three):
    gateways, _, _ = three("exact", {"limits": {"requests": "5/minute"}})
    statuses = [gateways[n % 3].chat().status for n in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    refused = gateways[0].chat()
    assert error_of(refused)["code"] == "rate_limit_exceeded"
    assert "is reached, 5 requests used or reserved" in error_of(refused)["message"]
    assert 50_000 < int(refused["retry-after-ms"]) <= 61_000


def test_without_redis_each_limit_does_what_it_says_and_says_why(three):
    gateways, mock, redis = three("exact", {"budgets": [
        {"tokens": "1M/day", "when_unshared": "open"}, {"requests": "1000/day", "each": "session"}]})
    session = {"fields": ["x-tollgate-session: s"]}
    assert gateways[0].chat(**session).status == gateways[0].chat().status == 200
    redis.stop()
    wait_until(lambda: gateways[0].metrics()["tollgate_sharing_connected"] == 0)
    asked = len(mock.journal())
    assert gateways[0].chat().status == 200  # `open` counts alone
    refused = gateways[0].chat(**session)    # `closed` is the default
    assert (refused.status, refused["x-should-retry"], refused["retry-after-ms"]) == (503, None, "1000")
    assert error_of(refused)["message"] == (
        "The budget `plan.requests/day.each-session` (1,000 requests a day) cannot be checked at the moment: "
        "the store that gateways share is away.")
    assert len(mock.journal()) == asked + 1
