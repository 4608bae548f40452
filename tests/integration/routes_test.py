"""Routes of several deployments: breakers, one deadline, one retry budget, hedging."""

import json
import signal
import time

import pytest

from fault_matrix_test import CHAT, STOP, STREAM_HEAD, WHOLE, DONE, delta, error, plain, well
from harness import KEY, wait_until
from limits_setup import usage
from upstream import BlackHole, Upstream
from wire import Connection, Gone, request

PLAIN = request("POST", CHAT, KEY, b'{"model":"gpt-4o","messages":[]}')
STREAM = request("POST", CHAT, KEY, b'{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"one two three"}]}')


def say(status):
    """A script that answers everything with what `status` holds."""
    def script(peer):
        while True:
            peer.read_request(60)
            peer.send(status[0])
    return script


@pytest.fixture
def two(start):
    """two(first, second, ...) -> gateway, and the upstreams of the deployments `first` and `second`."""
    opened = []

    def make(first, second, fields=None, model=None, more=None):
        sides = {"first": Upstream(first), "second": Upstream(second)}
        opened.extend(sides.values())
        deployments = {name: {"endpoint": side.url, "deployment": name, "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"},
                              **(fields or {})} for name, side in sides.items()}
        deployments["gpt-4o"] = None
        changes = {"deployments": deployments, "models": {"gpt-4o": {"route": ["first", "second"], **(model or {})}},
                   "products": {"everything": {"home": "gpt-4o-mini"}}, **(more or {})}
        gateway, _ = start(well, changes)
        return gateway, sides["first"], sides["second"]

    yield make
    for side in opened:
        side.close()


def calls(*sides):
    return sum(len(side.requests) for side in sides)


def test_when_everything_fails_calls_are_not_multiplied(two):
    gateway, first, second = two(say([error(500, "InternalServerError")]), say([error(500, "InternalServerError")]),
                                 fields={"breaker": {"consecutive": 1000, "calls": 100000}})
    asked = 300
    with gateway.connect() as client:
        for _ in range(asked):
            client.send(PLAIN)
            assert client.message().status == 502
    assert calls(first, second) <= 1.1 * asked


def test_with_breakers_hardly_any_call_goes_out_when_everything_fails(two):
    gateway, first, second = two(say([error(500, "InternalServerError")]), say([error(500, "InternalServerError")]),
                                 fields={"breaker": {"open": "5s"}})
    statuses = []
    with gateway.connect() as client:
        for _ in range(100):
            client.send(PLAIN)
            statuses.append(client.message().status)
    assert calls(first, second) == 10, "five each, until their breakers opened"
    assert statuses[-1] == 503


def test_all_closed_says_who_frees_first_and_when(two):
    gateway, first, second = two(say([error(429, "429", ["retry-after-ms: 30000"])]), say([error(429, "429", ["retry-after-ms: 9000"])]))
    refused = gateway.call(PLAIN)
    assert refused.status == 429 and refused["x-should-retry"] == "false"
    answer = gateway.call(PLAIN)
    assert answer.status == 503
    told = json.loads(answer.body)["error"]
    assert told["code"] == "no_deployment_available" and "`second` frees first" in told["message"]
    assert 8000 < int(answer["retry-after-ms"]) <= 9000
    assert answer["x-should-retry"] is None
    assert calls(first, second) == 2


def test_all_refused_says_who_frees_first_and_when(two):
    gateway, *_ = two(say([error(429, "429", ["retry-after: 1"])]), say([error(429, "429", ["retry-after: 50"])]))
    refused = gateway.call(PLAIN)
    assert refused.status == 429
    assert 900 < int(refused["retry-after-ms"]) <= 1000 and refused["retry-after"] == "1"


def test_nobody_is_sent_away_for_a_day(two):
    gateway, *_ = two(say([error(429, "429", ["retry-after: 86400"])]), say([error(500, "X", ["retry-after: 86400"])]))
    refused = gateway.call(PLAIN)
    assert refused.status == 502 and refused["retry-after"] == "60"


def test_retry_after_0_does_not_multiply_the_calls(two):
    at_once = [error(429, "429", ["retry-after: 0"])]
    gateway, first, second = two(say(at_once), say(at_once))
    began = time.monotonic()
    with gateway.connect() as client:
        for _ in range(100):
            client.send(PLAIN)
            assert client.message().status in (429, 503)
    assert calls(first, second) <= 4 + 20 * 2 * (time.monotonic() - began)


def test_streams_that_break_off_open_the_breaker(two):
    def breaks_off(peer):
        peer.read_request(60)
        peer.send(STREAM_HEAD + delta("We"))
        peer.close()

    gateway, first, second = two(breaks_off, well, fields={"breaker": {"consecutive": 3, "open": "20s"}})
    for _ in range(5):
        assert gateway.call(STREAM).status == 200
    assert calls(first) == 3 and calls(second) == 2
    metrics = gateway.metrics()
    assert metrics["tollgate_deployment_calls_total", "first", "failed"] == 3
    assert metrics["tollgate_deployment_calls_total", "first", "good"] == 0


def test_a_stream_that_falls_silent_timed_out(two):
    def falls_silent(peer):
        peer.read_request(60)
        peer.send(STREAM_HEAD + delta("We"))
        peer.wait_end(30)

    gateway, *_ = two(falls_silent, well, fields={"timeouts": {"gap": "200ms"}})
    gateway.call(STREAM)
    metrics = gateway.metrics()
    assert metrics["tollgate_deployment_calls_total", "first", "timeout"] == 1
    assert metrics["tollgate_deployment_calls_total", "first", "failed"] == 0


def test_a_429_is_followed_by_the_second_at_once_and_then_directly(two):
    gateway, first, second = two(say([error(429, "429", ["retry-after-ms: 20000"])]), well)
    assert gateway.call(PLAIN)["x-tollgate-route"] == "spill:429"
    for _ in range(5):
        assert gateway.call(PLAIN)["x-tollgate-route"] == "spill:429"
    assert calls(first) == 1 and calls(second) == 6
    assert [r["attempts"] for r in gateway.wait_records(6)] == [2, 1, 1, 1, 1, 1]


def test_a_deployment_that_frees_is_used_again(two):
    says = [error(429, "429", ["retry-after-ms: 150"])]
    gateway, first, second = two(say(says), well)
    gateway.call(PLAIN)
    says[0] = plain(200, WHOLE)
    time.sleep(0.2)
    assert gateway.call(PLAIN)["x-tollgate-route"] == "primary"


def test_breakers_survive_a_reload_and_are_told(two):
    gateway, first, second = two(say([error(500, "X")]), well, fields={"breaker": {"consecutive": 2, "open": "20s"}})
    for _ in range(3):
        assert gateway.call(PLAIN).status == 200
    assert gateway.call(PLAIN)["x-tollgate-route"] == "spill:open"
    gateway.settings["log"] = {"level": "warn"}
    gateway.write_config(gateway.settings)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.metrics()["tollgate_config_reloads_total", "ok"] >= 1)
    assert gateway.call(PLAIN)["x-tollgate-route"] == "spill:open"
    assert calls(first) == 2
    with Connection(gateway.admin) as admin:
        admin.send("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status = json.loads(admin.message().body)
    shown = status["deployments"]["first"]
    assert shown["breaker"] == "open" and shown["why"] == "failing" and 0 < shown["opens_in_ms"] <= 20000
    assert status["models"]["gpt-4o"]["route"] == [{"first": 1}, {"second": 1}]
    assert gateway.metrics()["tollgate_deployment_breaker_state", "first", "open"] == 1
    assert gateway.metrics()["tollgate_deployment_calls_total", "first", "failed"] == 2
    assert "first is left alone for a while" in gateway.output()


def test_half_open_lets_few_through_and_a_good_answer_closes(two):
    says = [error(500, "X")]
    gateway, first, second = two(say(says), well, fields={"breaker": {"consecutive": 1, "open": "150ms", "probes": 1, "slow_start": "0s"}})
    gateway.call(PLAIN)
    time.sleep(0.2)
    assert gateway.call(PLAIN)["x-tollgate-route"] == "spill:error", "the probe failed, the caller did not notice"
    says[0] = plain(200, WHOLE)
    time.sleep(0.35)
    for _ in range(3):
        assert gateway.call(PLAIN)["x-tollgate-route"] == "primary"


def test_one_deadline_bounds_all_tries(two):
    gateway, *_ = two(silent, silent, model={"deadline": "400ms"}, fields={"timeouts": {"first_token": "250ms"}})
    began = time.monotonic()
    answer = gateway.call(STREAM)
    assert answer.status == 504 and json.loads(answer.body)["error"]["code"] == "deadline_exceeded"
    assert 0.35 < time.monotonic() - began < 1.0
    assert gateway.wait_records(1)[0]["attempts"] == 2


def opened(gateway, name):
    return gateway.metrics()["tollgate_deployment_breaker_opened_total", name]


def test_what_an_earlier_try_left_of_the_deadline_tells_nothing_of_the_next(two):
    """The first is silent for its quarter second, the second has a tenth to do what takes a fifth."""
    gateway, first, second = two(silent, paced([0.2]), model={"deadline": "350ms"},
                                 fields={"timeouts": {"first_token": "250ms"}, "breaker": {"consecutive": 2, "open": "30ms", "open_most": "30ms"}})
    for _ in range(4):
        assert gateway.call(STREAM).status == 504
        time.sleep(0.05)
    assert opened(gateway, "first") > 0 and opened(gateway, "second") == 0
    assert gateway.metrics()["tollgate_deployment_calls_total", "second", "abandoned"] == len(second.requests) == 4


def test_a_long_answer_that_the_deadline_cuts_is_no_fault_of_its_deployment(two):
    def endless(peer):
        peer.read_request(60)
        peer.send(STREAM_HEAD)
        while True:
            peer.send(delta("on "))
            time.sleep(0.02)

    gateway, *_ = two(endless, well, model={"deadline": "200ms"}, fields={"breaker": {"calls": 2}})
    for _ in range(4):
        answer = gateway.call(STREAM)
        assert answer["x-tollgate-deployment"] == "first" and b"deadline_exceeded" in answer.body
    assert opened(gateway, "first") == 0


@pytest.mark.parametrize("data", [PLAIN, STREAM])
def test_one_that_is_silent_for_all_of_the_deadline_has_failed(two, data):
    gateway, *_ = two(silent, well, model={"deadline": "150ms"}, fields={"breaker": {"consecutive": 2, "open": "20s"}})
    for _ in range(2):
        assert gateway.call(data).status == 504
    assert gateway.call(data)["x-tollgate-route"] == "spill:open"


def test_a_body_that_streams_through_is_sent_elsewhere_only_untouched(two):
    def never(peer):
        peer.read_head()
        peer.reset()

    gateway, first, second = two(never, well, more={"products": {"everything": {"home": "first"}}})
    upload = request("POST", "/openai/v1/files", KEY, b"x" * 200_000, ("Content-Type: multipart/form-data; boundary=B",))
    assert gateway.call(upload).status == 502
    assert calls(second) == 0


def silent(peer):
    peer.read_request(60)
    peer.wait_end(30)


def is_asked(side):
    return lambda: side.requests


def test_a_client_that_leaves_during_the_second_try_pays_for_its_prompt(two):
    gateway, first, second = two(say([error(500, "X")]), silent)
    with gateway.connect() as client:
        client.send(STREAM)
        wait_until(is_asked(second))
        time.sleep(0.6)
    record, = gateway.wait_records(1)
    assert (record["end"], record["attempts"], record["deployment"]) == ("client_gone", 2, "second")
    assert record["upstream_status"] is None, "of the last try, and that has not answered"
    assert record["usage"] == "estimated" and record["prompt_tokens"] == record["prompt_counted"] > 0
    assert record["overhead_us"] < 400_000, "waiting for a deployment is not our doing, however it ends"


def test_a_second_try_that_reached_nobody_costs_no_prompt(two):
    hole = BlackHole()
    gateway, first, _ = two(say([error(500, "X")]), silent, more={"deployments/second/endpoint": f"http://127.0.0.1:{hole.port}"})
    with gateway.connect() as client:
        client.send(STREAM)
        wait_until(is_asked(first))
        time.sleep(0.6)
    record, = gateway.wait_records(1)
    hole.close()
    assert (record["end"], record["attempts"], record["usage"]) == ("client_gone", 2, None)
    assert record["overhead_us"] < 400_000


def test_an_empty_answer_with_a_finish_reason_is_an_answer(two):
    def empty(peer):
        peer.read_request(60)
        peer.send(STREAM_HEAD + STOP + DONE)

    gateway, *_ = two(empty, well)
    answer = gateway.call(STREAM)
    assert answer["x-tollgate-route"] == "primary" and answer.body == STOP + DONE


# --- hedging ---

def paced(times):
    """Streams whose first token comes after the seconds in `times[0]`; keeps what it was asked."""
    def script(peer):
        while True:
            peer.read_request(60)
            end = time.monotonic() + times[0]
            while time.monotonic() < end:
                peer.sock.settimeout(max(0.001, end - time.monotonic()))
                try:
                    if peer.sock.recv(1) == b"":
                        raise Gone("eof")
                except TimeoutError:
                    pass
            body = delta("We") + delta("ll") + STOP + DONE
            peer.send(STREAM_HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(body)) + body)
    return script


HEDGE = {"hedge": {"after": "90%", "cost": "50%", "least": "50ms"}}


def test_the_second_wins_when_the_first_is_slow(two):
    times = [0.0]
    gateway, first, second = two(paced(times), paced([0.0]), model=HEDGE,
                                 more={"products": {"everything": {"home": "gpt-4o-mini", "limits": {"tokens": "1M/minute"}}},
                                       "prices": {"gpt-4o": {"input": "$2.50", "output": "$10"}}})
    for _ in range(25):
        assert gateway.call(STREAM)["x-tollgate-route"] == "primary"
    times[0] = 5.0
    began = time.monotonic()
    answer = gateway.call(STREAM)
    assert time.monotonic() - began < 2.0
    assert answer["x-tollgate-route"] == "hedge" and answer["x-tollgate-deployment"] == "second"
    assert answer.body == delta("We") + delta("ll") + STOP + DONE
    record = gateway.wait_records(26)[-1]
    assert record["attempts"] == 2 and record["deployment"] == "second"
    wait_until(lambda: any(peer.gone_at for peer in first.peers), why="the slow call was not cancelled")
    metrics = gateway.metrics()
    assert metrics["tollgate_hedge_calls_total", "gpt-4o"] == metrics["tollgate_hedge_wins_total", "gpt-4o"] == 1
    assert metrics["tollgate_deployment_calls_total", "first", "abandoned"] == 1
    # Its prompt is booked beside the answer's: once more than for a call alone.
    alone, both = gateway.wait_records(26)[0], record
    assert alone["prompt_counted"] > 0
    used = metrics["tollgate_limit_used", "everything.tokens/minute"]
    answers = sum(r["prompt_counted"] + 2 for r in gateway.records())
    assert used == pytest.approx(answers + both["prompt_counted"], abs=26)
    # On its own deployment, and as no request: there were 26.
    prompt_price = 2.5e-6 * record["prompt_counted"]
    costs = {name: metrics["tollgate_cost_dollars_total", name] for name in ("first", "second")}
    assert costs["first"] == pytest.approx(sum(float(r["cost_usd"]) for r in gateway.records()[:25]) + prompt_price)
    assert costs["second"] == pytest.approx(float(record["cost_usd"]) - prompt_price)
    rows = wait_until(lambda: (r := usage(gateway.folder / "tollgate-ledger.db", "--by", "deployment")) and len(r) == 2 and r)
    assert {row["deployment"]: row["requests"] for row in rows} == {"first": 25, "second": 1}


def test_the_slower_of_two_is_learnt_to_be_slow(two):
    times = [0.05]
    gateway, first, second = two(paced(times), paced([0.05]),
                                 model={"hedge": {"after": "95%", "cost": "50%", "least": "20ms"}, "route": [{"first": 1, "second": 1}]})
    for _ in range(60):
        gateway.call(STREAM)
    times[0] = 1.0
    for _ in range(40):
        gateway.call(STREAM)
    before = calls(first)
    for _ in range(40):
        gateway.call(STREAM)
    assert calls(first) - before < 10
    assert gateway.metrics()["tollgate_deployment_first_token_seconds", "first"] > 0.075


def test_the_first_may_still_win(two):
    times = [0.0]
    gateway, first, second = two(paced(times), paced([3.0]), model=HEDGE)
    for _ in range(25):
        gateway.call(STREAM)
    times[0] = 0.3
    answer = gateway.call(STREAM)
    assert answer["x-tollgate-deployment"] == "first" and answer["x-tollgate-route"] == "primary"
    assert calls(second) == 1
    assert gateway.metrics()["tollgate_hedge_wins_total", "gpt-4o"] == 0


@pytest.mark.parametrize("first_fails", [False, True])
def test_a_client_that_leaves_while_both_are_asked_pays_for_both(two, first_fails):
    times = [0.0]

    def quick_then_failing(peer):
        while True:
            peer.read_request(60)
            time.sleep(times[0])
            body = delta("Well") + STOP + DONE
            peer.send(error(500, "X") if times[0] else
                      STREAM_HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(body)) + body)

    gateway, first, second = two(quick_then_failing if first_fails else paced(times), silent, model=HEDGE,
                                 more={"products": {"everything": {"home": "gpt-4o-mini", "limits": {"tokens": "1M/minute"}}}})
    for _ in range(25):
        gateway.call(STREAM)
    before = gateway.metrics()["tollgate_limit_used", "everything.tokens/minute"]
    times[0] = 0.3 if first_fails else 5.0
    with gateway.connect() as client:
        client.send(STREAM)
        wait_until(is_asked(second))
        time.sleep(0.6)
    record = gateway.wait_records(26)[-1]
    assert (record["end"], record["attempts"]) == ("client_gone", 2)
    assert record["deployment"] == ("second" if first_fails else "first")
    assert record["usage"] == "estimated" and record["prompt_tokens"] == record["prompt_counted"]
    assert record["overhead_us"] < 400_000
    # One that has answered with an error costs nothing.
    prompts = 1 if first_fails else 2
    assert gateway.metrics()["tollgate_limit_used", "everything.tokens/minute"] - before == prompts * record["prompt_counted"]


def test_second_calls_keep_to_their_share_of_the_money(two):
    times = [0.0]
    gateway, first, second = two(paced(times), paced([0.0]), model={"hedge": {"after": "90%", "cost": "5%", "least": "20ms"}})
    for _ in range(40):
        gateway.call(STREAM)
    times[0] = 0.1
    for _ in range(20):
        gateway.call(STREAM)
    assert calls(second) == 2, "five percent of some forty calls"
