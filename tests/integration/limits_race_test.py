"""Budgets and limits under a thousand requests at once: what is settled never passes them, and
nothing stays reserved."""

import random
import threading
import time

import pytest

from harness import KEY
from limits_setup import (PARTNER_KEY, TOP_UP, WORDS, ask, at_once, dollars_in, exchange, tell, tokens_in,
                          tokens_of)
from upstream import serve
from wire import answer

TOKENS = 60_000
DOLLARS = 0.40
CLIENTS = 48


def mixed_jobs(addresses, count, seed, keys=(KEY, PARTNER_KEY)):
    """Plain answers, streams, streams that the client leaves, and faults, of random lengths."""
    chance = random.Random(seed)
    jobs = []
    for number in range(count):
        length = chance.choice([5, 40, 150, 400, 900])
        kind = chance.choices(["plain", "stream", "leave", "leave_plain", "fault"], [30, 40, 15, 5, 10])[0]
        address, key = addresses[number % len(addresses)], keys[number // 2 % len(keys)]
        directive, leave = f"tokens={length} gap_us=400", None  # much faster than any real model
        is_stream = kind in ("stream", "leave") or (kind == "fault" and chance.random() < 0.5)
        if kind in ("leave", "leave_plain"):
            leave = chance.uniform(0.01, 0.15)
        elif kind == "fault":
            directive += " " + chance.choice(["status=500", "status=429 retry_after=1", "reset k=0", "cut k=7"])
        more = {"stream": True} if is_stream else {}
        if chance.random() < 0.3:
            more["max_tokens"] = chance.choice([20, 200, 2000])
        data = ask(f"[[mock {directive}]] {WORDS} " * chance.choice([1, 1, 3]), key, **more)
        jobs.append(lambda address=address, data=data, leave=leave: exchange(address, data, leave))
    chance.shuffle(jobs)
    return jobs


def learn(gateway, keys=(KEY, PARTNER_KEY)):
    """The mock counts directives higher than we do: one answer teaches the gateway by how much."""
    for key in keys:
        text = f"[[mock tokens=400 status_ gap_us=400]] {WORDS} " * 3
        assert gateway.chat(text, key=key, max_tokens=5).status == 200


def use_up(gateway, key):
    """Spends what the race has left, in ever smaller pieces."""
    for text, more in ((f"[[mock tokens=500]] {WORDS}", {"stream": True}), (WORDS, {"max_tokens": 5})):
        for _ in range(200):
            if gateway.chat(text, key=key, **more).status != 200:
                break
        else:
            raise AssertionError("the budget does not run out")


def test_racing_requests_never_spend_more_than_the_budgets(limited):
    gateway, mock = limited(changes={"subscriptions": {
        "app": {"budgets": {"tokens": f"{TOKENS}/day"}},
        "partner": {"budgets": {"money": f"${DOLLARS}/day"}},
    }})
    learn(gateway)
    answers = at_once(mixed_jobs([gateway.data], 1500, seed=7), CLIENTS)
    for key in (KEY, PARTNER_KEY):
        use_up(gateway, key)
    rows = gateway.settled()
    journal = mock.journal()

    # The budgets ran out on the way, and only they refused.
    codes = [a.code for a in answers if a and a.status == 429 and a.is_whole]
    assert codes.count("insufficient_quota") > 100
    assert sum(a is not None and a.status == 200 for a in answers) > 100

    # The ledger never passes the budgets, though they were used up to the last few tokens.
    tokens, dollars = tokens_in(rows, subscription="app"), dollars_in(rows, subscription="partner")
    assert TOKENS - 50 < tokens <= TOKENS
    assert DOLLARS - 0.001 < dollars <= DOLLARS
    metrics = gateway.metrics()
    # Under way it may be passed for a moment by what the mock counts higher than we expected.
    overshoot = {rule: metrics["tollgate_limit_overshoot_total", rule]
                 for rule in ("app.tokens/day", "partner.money/day")}
    assert overshoot["app.tokens/day"] <= 10 and overshoot["partner.money/day"] <= 10 * 2500, overshoot

    # Nothing is left reserved: what the limit counts is what the ledger keeps.
    assert metrics["tollgate_limit_used", "app.tokens/day"] == tokens
    assert metrics["tollgate_limit_used", "partner.money/day"] == pytest.approx(dollars, abs=1e-9)

    # Call by call: a whole answer is booked as the provider counted it, and of a stream that ended early
    # the provider has generated little more than was delivered.
    records = {r["request_id"]: r for r in gateway.records()}
    assert sum(r["total_tokens"] or 0 for r in records.values() if r["subscription"] == "app") == tokens
    # A client may leave before its call has gone out.
    assert {id_of(entry) for entry in journal} <= {r["request_id"] for r in records.values() if r["attempts"]}
    unseen = {"whole": [0], "ended stream": [0], "left before the head": [0], "fault": [0]}
    for entry in journal:
        record = records[id_of(entry)]
        if entry["status"] == 200:
            unseen[kind_of(record, entry)].append(tokens_of([entry]) - (record["total_tokens"] or 0))
    assert set(unseen["whole"]) == {0}
    assert max(unseen["ended stream"]) <= TOP_UP
    tell(budget_tokens=TOKENS, ledger_tokens=tokens, budget_dollars=DOLLARS, ledger_dollars=dollars,
         requests=len(records), called=len(journal), refused=codes.count("insufficient_quota"), overshoot=overshoot,
         generated_beyond_what_was_booked={kind: {"calls": len(all_of) - 1, "sum": sum(all_of), "most": max(all_of)}
                                           for kind, all_of in unseen.items()})


def id_of(entry):
    return dict(entry["headers"])["x-ms-client-request-id"]


def kind_of(record, entry):
    if entry["fault"]:
        return "fault"
    if record["usage"] == "reported":
        return "whole"
    return "ended stream" if record["stream"] else "left before the head"


def test_no_more_calls_run_at_once_than_allowed(start_counting):
    gateway, counting = start_counting(7)
    jobs = [lambda: exchange(gateway.data, ask())] * 300
    answers = at_once(jobs, 40)
    assert {a.status for a in answers} == {200, 429}
    assert counting["most"] == 7
    assert all(a.code == "rate_limit_exceeded" for a in answers if a.status == 429)
    assert gateway.metrics()["tollgate_limit_used", "everything.concurrent.each-product"] == 0
    # All places are free again.
    assert [a.status for a in at_once(jobs[:7], 7)] == [200] * 7


@pytest.fixture
def start_counting(start):
    """A gateway that allows so many calls at once, before an upstream that counts those that run."""
    def begin(allowed):
        lock, counting = threading.Lock(), {"now": 0, "most": 0}

        def respond(_):
            with lock:
                counting["now"] += 1
                counting["most"] = max(counting["most"], counting["now"])
            time.sleep(0.02)
            with lock:  # before the answer, which ends the call
                counting["now"] -= 1
            return answer('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}')

        gateway, _ = start(serve(respond), {"products": {"everything": {
            "limits": {"concurrent": allowed, "each": "product"}}}, "server/workers": 2})
        return gateway, counting

    return begin
