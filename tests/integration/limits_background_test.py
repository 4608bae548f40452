"""Answers that are made in the background: booked as they may become, settled once when they are looked at."""

import json

import pytest

from harness import KEY, wait_until
from limits_setup import BookedGateway, JournalMock, Redis, at_once, exchange, settings
from limits_shared_test import pot_key
from wire import request

RESPONSES = "/openai/v1/responses"
BUDGET = {"budgets": [{"tokens": "1M/day"}, {"money": "$500/day"}]}
TOKENS_RULE, MONEY_RULE = "plan.tokens/day", "plan.money/day"


class Background:
    """What a client does with background responses."""

    def __init__(self, gateway):
        self.gateway, self.made = gateway, 0

    def call(self, method, path="", body=None, gateway=None):
        data = request(method, RESPONSES + path, KEY, json.dumps(body) if body is not None else b"")
        answer = (gateway or self.gateway).call(data)
        assert answer.status == 200, answer
        return answer

    def make(self, text="tokens=3", **more):
        self.made += 1  # the mock's ids are made of what is asked
        body = {"model": "gpt-4o", "input": f"Say {self.made}. [[mock {text}]]", "background": True, **more}
        return json.loads(self.call("POST", body=body).body)["id"]

    def look(self, id, gateway=None):
        return json.loads(self.call("GET", f"/{id}", gateway=gateway).body)

    def finish(self, id, gateway=None):
        """Looks until it has ended."""
        for _ in range(4):
            seen = self.look(id, gateway)
        assert seen["status"] not in ("queued", "in_progress")
        return seen

    def booked(self):
        """What the ledger has of responses that were made: (tokens, dollars, requests, estimated)."""
        rows = [row for row in self.gateway.usage("--by", "operation") if row["operation"] == "responses"]
        return (sum(row["prompt_tokens"] + row["completion_tokens"] for row in rows), sum(float(row["cost_usd"]) for row in rows),
                sum(row["requests"] for row in rows), sum(row["estimated_requests"] for row in rows))

    def wait_until_booked(self, tokens, estimated):
        wait_until(lambda: self.booked()[0] == tokens, why=f"{tokens} tokens in the ledger, not {self.booked()}")
        assert self.booked()[2:] == (self.made, estimated)


def cost(usage):
    """By the prices of the tests."""
    cached = usage["input_tokens_details"]["cached_tokens"]
    return ((usage["input_tokens"] - cached) * 2.5 + cached * 1.25 + usage["output_tokens"] * 10) / 1e6


def test_without_limits_the_prompt_is_booked_and_then_what_it_took(limited):
    gateway, _ = limited()
    client = Background(gateway)
    id = client.make()
    record = wait_until(lambda: gateway.records()[-1:])[0]
    assert record["usage"] == "estimated" and record["prompt_tokens"] > 5 and float(record["cost_usd"]) > 0
    client.wait_until_booked(record["prompt_tokens"], estimated=1)
    took = client.finish(id)["usage"]
    client.wait_until_booked(took["total_tokens"], estimated=0)
    assert client.booked()[1] == pytest.approx(cost(took))
    # A look at a stored answer spends nothing.
    wait_until(lambda: len(gateway.records()) == 5)
    assert {record["usage"] for record in gateway.records()[1:]} == {None}


def test_a_grant_is_given_back_when_the_end_is_seen_and_once_only(limited):
    gateway, _ = limited(BUDGET)
    client = Background(gateway)
    id = client.make()
    granted = gateway.used(TOKENS_RULE)
    assert granted > 1000
    client.look(id)
    assert gateway.used(TOKENS_RULE) == granted  # it has not ended
    took = client.finish(id)["usage"]
    for _ in range(2):
        assert gateway.used(TOKENS_RULE) == took["total_tokens"]
        assert gateway.used(MONEY_RULE) == pytest.approx(cost(took))
        client.finish(id)
    client.wait_until_booked(took["total_tokens"], estimated=0)
    gateway.check()
    gateway.stop()
    gateway.records_path.unlink()
    again = BookedGateway(gateway.folder, gateway.settings)
    limited.services[limited.services.index(gateway)] = again
    assert again.used(TOKENS_RULE) == took["total_tokens"]


def test_an_answer_that_became_longer_than_its_grant_is_booked_in_full(limited):
    gateway, _ = limited()
    client = Background(gateway)
    took = client.finish(client.make("tokens=900"))["usage"]
    assert took["output_tokens"] == 900
    client.wait_until_booked(took["total_tokens"], estimated=0)


def test_it_is_settled_by_a_stream_that_is_taken_up_again(limited):
    gateway, _ = limited(BUDGET)
    client = Background(gateway)
    id = client.make()
    events = client.call("GET", f"/{id}?stream=true&starting_after=1").body
    took = json.loads(events.rsplit(b"data: ", 1)[1])["response"]["usage"]["total_tokens"]
    wait_until(lambda: gateway.used(TOKENS_RULE) == took)
    client.finish(id)
    client.wait_until_booked(took, estimated=0)


def test_one_that_is_cancelled_costs_what_such_answers_usually_take(limited):
    gateway, _ = limited(BUDGET)
    client = Background(gateway)
    id = client.make()
    granted = gateway.used(TOKENS_RULE)
    prompt = wait_until(lambda: gateway.records()[:1])[0]["prompt_tokens"]
    assert json.loads(client.call("POST", f"/{id}/cancel").body)["usage"] is None
    usual = prompt + 513  # of nothing else is known yet
    assert usual < granted
    wait_until(lambda: gateway.used(TOKENS_RULE) == usual)
    client.call("POST", f"/{id}/cancel")
    client.wait_until_booked(usual, estimated=1)


def test_one_that_failed_costs_its_prompt(limited):
    gateway, _ = limited(BUDGET)
    client = Background(gateway)
    assert client.finish(client.make("fail"))["usage"] is None
    prompt = wait_until(lambda: gateway.records()[:1])[0]["prompt_tokens"]
    wait_until(lambda: gateway.used(TOKENS_RULE) == prompt)
    client.wait_until_booked(prompt, estimated=1)


def test_many_looks_at_the_same_time_settle_it_once(limited):
    gateway, _ = limited(BUDGET)
    client = Background(gateway)
    ids = [client.make(f"tokens={n}") for n in range(1, 31)]
    for id in ids:
        client.look(id), client.look(id)
    looks = [lambda id=id: exchange(gateway.data, request("GET", f"{RESPONSES}/{id}", KEY)) for id in ids for _ in range(4)]
    took = sum(json.loads(answer.body)["usage"]["total_tokens"] for answer in at_once(looks, 8)) // 4
    wait_until(lambda: gateway.used(TOKENS_RULE) == took)
    client.wait_until_booked(took, estimated=0)


def test_a_reload_and_strict_books_change_nothing(limited):
    gateway, _ = limited(BUDGET, {"ledger": {"durability": "strict"}})
    client = Background(gateway)
    id = client.make()
    gateway.reload(gateway.settings)
    took = client.finish(id)["usage"]["total_tokens"]
    wait_until(lambda: gateway.used(TOKENS_RULE) == took)
    client.wait_until_booked(took, estimated=0)


def test_what_is_shared_is_settled_by_the_gateway_that_had_it_made(tmp_path):
    redis, mock = Redis(tmp_path / "redis"), JournalMock(tmp_path / "mock")
    started = [redis, mock]
    try:
        shared = settings(mock.url, {"budgets": {"tokens": "1M/day", "each": "product"}},
                          {"sharing": {"redis": redis.url, "mode": "exact", "timeout": "1s"}})
        gateways = [BookedGateway(tmp_path / f"gateway-{n}", shared) for n in range(2)]
        started.extend(gateways)
        client = Background(gateways[0])

        def used():
            return int(redis.command("GET", pot_key(redis)).split(b"\r\n")[1])

        id = client.make()
        granted = used()
        took = client.finish(id, gateways[1])["usage"]["total_tokens"]
        assert used() == granted > took  # the other one does not know what was booked
        client.finish(id)
        wait_until(lambda: used() == took)
    finally:
        for service in reversed(started):
            service.kill() if hasattr(service, "kill") else service.stop()
