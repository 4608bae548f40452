"""What callers are told of limits: headers, waits that are exact, messages, and how streams end."""

import json
import time

import pytest

from harness import KEY, wait_until
from limits_setup import CHAT, PARTNER_KEY, WORDS, ask, error_of
from wire import request


def seconds_of(text):
    """"1m2.5s" -> 62.5"""
    total, number = 0.0, ""
    for part in text.replace("ms", "x"):
        if part in "hmsx":
            total += float(number) * {"h": 3600, "m": 60, "s": 1, "x": 0.001}[part]
            number = ""
        else:
            number += part
    return total


def test_answers_say_what_is_left_of_the_tightest_limits(limited):
    gateway, _ = limited({"limits": [{"requests": "3/minute", "tokens": "2000/minute"}, {"requests": "1000/hour"}],
                          "budgets": {"tokens": "100k/day"}})
    for left in (2, 1, 0):
        message = gateway.chat(max_tokens=10)
        assert (message["x-ratelimit-limit-requests"], message["x-ratelimit-remaining-requests"]) == ("3", str(left))
        assert message["x-ratelimit-limit-tokens"] == "2000"
        assert 1 < seconds_of(message["x-ratelimit-reset-requests"]) <= 61
        used = 2000 - int(message["x-ratelimit-remaining-tokens"])
        usage = json.loads(message.body)["usage"]["total_tokens"]
        wait_until(gateway.is_at_rest)
        settled = gateway.used("plan.tokens/minute")
        # The head goes out before the answer is known: it counts what was reserved for this one.
        assert settled - usage < used <= settled + 30
    refused = gateway.chat()
    assert refused.status == 429
    assert (refused["x-ratelimit-limit-requests"], refused["x-ratelimit-remaining-requests"]) == ("3", "0")
    assert refused["x-ratelimit-limit-tokens"] == "2000"
    wait = int(refused["retry-after-ms"])
    assert 50_000 < wait <= 61_000 and refused["retry-after"] == str(-(-wait // 1000))
    # The official clients wait no longer than a minute; told a longer time they would ask at once.
    assert refused["x-should-retry"] == ("false" if wait > 60_000 else None)
    error = error_of(refused)
    assert (error["code"], error["type"]) == ("rate_limit_exceeded", "rate_limit_error")
    assert error["message"].startswith("The limit `plan.requests/minute` (3 requests a minute) is reached, "
                                       "3 requests used or reserved. Please try again in ")


def test_who_waits_exactly_as_long_as_told_is_let_in_and_fifty_milliseconds_less_is_not_enough(limited):
    gateway, _ = limited({"limits": {"requests": "2/second"}})
    early = exact = 0
    for _ in range(8):
        time.sleep(1.05)  # nothing is left of the round before
        with gateway.connect() as client:
            def call(client=client):
                sent = time.monotonic()
                client.send(ask(max_tokens=1))
                return sent, client.message(), time.monotonic()

            call(), call()
            sent, refused, told = call()
            assert refused.status == 429
            wait = int(refused["retry-after-ms"]) / 1000
            assert 0.5 < wait <= 1.02
            time.sleep(max(0, sent + wait - 0.050 - time.monotonic()))
            _, too_early, read = call()
            if read < sent + wait:  # else the machine was busy, and it was not too early
                assert too_early.status == 429
                early += 1
            time.sleep(max(0, told + wait - time.monotonic()))
            assert call()[1].status == 200
            exact += 1
        if early == 3:
            break
    assert early == 3 and exact >= 3


def test_a_request_larger_than_the_limit_is_told_so_and_not_to_try_again(limited):
    gateway, mock = limited({"limits": {"tokens": "50/minute"}})
    refused = gateway.chat(WORDS * 20)
    assert refused.status == 429 and refused["x-should-retry"] == "false" and refused["retry-after-ms"] is None
    assert error_of(refused) == {
        "message": "This request alone is more than the limit `plan.tokens/minute` (50 tokens a minute) ever allows; "
                   "make it smaller.", "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"}
    assert not mock.journal() and gateway.used("plan.tokens/minute") == 0
    # Who asks for more answer than there is gets what there is.
    message = gateway.chat(max_tokens=500)
    assert message.status == 200
    assert json.loads(mock.journal()[0]["body"])["max_tokens"] < 50


def test_a_spent_budget_says_which_and_when_it_resets_and_not_to_try_again(limited):
    gateway, mock = limited({"budgets": {"requests": "1/day"}})
    assert gateway.chat().status == 200
    refused = gateway.chat()
    assert (refused.status, refused["x-should-retry"]) == (429, "false")
    tomorrow = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 86_400))
    assert error_of(refused) == {
        "message": "The budget `plan.requests/day` (1 request a day) is spent, 1 request used or reserved. "
                   f"It resets at {tomorrow}.",
        "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}
    assert 0 < int(refused["retry-after-ms"]) <= 86_400_000
    assert len(mock.journal()) == 1


def events_of(message):
    return [json.loads(line[6:]) for line in message.body.decode().splitlines()
            if line.startswith("data: ") and line != "data: [DONE]"]


def long_answer(**more):
    return ask("[[mock tokens=3000 gap_us=200]]", stream=True, **more)


@pytest.mark.parametrize("asks_for_usage", [False, True])
def test_a_stream_that_meets_its_budget_ends_with_a_valid_last_chunk(limited, asks_for_usage):
    gateway, mock = limited({"budgets": {"tokens": "700/day"}})
    options = {"stream_options": {"include_usage": True}} if asks_for_usage else {}
    message = gateway.call(long_answer(**options), timeout=20)
    assert message.status == 200 and message.is_whole
    assert message.body.endswith(b"data: [DONE]\n\n")
    events = events_of(message)
    assert [c["finish_reason"] for e in events for c in e["choices"] if c["finish_reason"]] == ["length"]
    assert ("usage" in events[-1]) == asks_for_usage
    record = gateway.wait_records(1)[0]
    assert (record["end"], record["usage"], record["status"]) == ("stopped", "estimated", 200)
    assert record["total_tokens"] == gateway.used("plan.tokens/day", "app")
    if asks_for_usage:
        assert events[-1]["usage"]["total_tokens"] == record["total_tokens"]
    assert 600 < record["total_tokens"] <= 700
    delivered = sum(bool(c["delta"].get("content")) for e in events for c in e["choices"])
    assert record["completion_tokens"] - 20 <= delivered <= record["completion_tokens"]
    entry = mock.journal()[0]  # it was cancelled upstream, far from its end
    assert entry["end"] == "client_gone" and entry["completion_tokens"] < 3000
    assert gateway.call(long_answer()).status == 429


def test_a_responses_stream_that_meets_its_budget_ends_as_incomplete(limited):
    gateway, _ = limited({"budgets": {"tokens": "700/day"}})
    body = {"model": "gpt-4o", "stream": True, "input": "[[mock tokens=3000 gap_us=200]]"}
    message = gateway.call(request("POST", "/openai/v1/responses", KEY, json.dumps(body)), timeout=20)
    last = events_of(message)[-1]
    assert message.is_whole and last["type"] == "response.incomplete"
    assert last["response"]["status"] == "incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert 600 < gateway.used("plan.tokens/day", "app") <= 700


def test_with_at_limit_finish_an_answer_ends_as_it_should_and_the_excess_is_counted(limited):
    gateway, mock = limited({"budgets": {"tokens": "700/day", "at_limit": "finish"}})
    message = gateway.call(ask("[[mock tokens=1500]]", stream=True), timeout=20)
    assert [c["finish_reason"] for e in events_of(message) for c in e["choices"] if c["finish_reason"]] == ["stop"]
    wait_until(gateway.is_at_rest)
    used = mock.journal()[0]["prompt_tokens"] + 1500
    assert gateway.used("plan.tokens/day", "app") == used
    assert gateway.metrics()["tollgate_limit_overshoot_total", "plan.tokens/day"] == used - 700
    assert gateway.chat().status == 429


@pytest.mark.parametrize("model, path, field", [
    ("gpt-4o", CHAT, "max_completion_tokens"), ("o4-mini", CHAT, "max_completion_tokens"),
    ("gpt-4o", "/openai/v1/responses", "max_output_tokens")])
def test_an_answer_that_comes_whole_is_bounded_in_the_request(limited, model, path, field):
    gateway, mock = limited({"budgets": {"tokens": "400/day"}})
    text = "[[mock tokens=3000]]"
    question = {"input": text} if "responses" in path else {"messages": [{"role": "user", "content": text}]}
    body = json.dumps({"model": model, "stream": model == "o4-mini", **question})
    assert gateway.call(request("POST", path, KEY, body)).status == 200
    sent = json.loads(mock.journal()[0]["body"])
    assert 300 < sent[field] < 400
    wait_until(gateway.is_at_rest)
    assert 300 < gateway.used("plan.tokens/day", "app") <= 400 + 20  # the mock counts directives higher


def test_what_the_client_left_is_charged_for_prompt_and_what_was_delivered(limited):
    gateway, mock = limited({"budgets": {"tokens": "100k/day"}})
    with gateway.connect() as client:
        client.send(long_answer())
        client.head()
        wait_until(lambda: (client.sock.recv(65536), True)[1] and gateway.used("plan.tokens/day") > 0)
        time.sleep(0.1)
    with gateway.connect() as client:  # a plain answer is left before anything of it is there
        client.send(ask("[[mock ttft_ms=2000]]", key=PARTNER_KEY))
        time.sleep(0.2)
    stream, plain = sorted(gateway.wait_records(2), key=lambda r: not r["stream"])
    assert {stream["end"], plain["end"]} == {"client_gone"}
    assert stream["usage"] == plain["usage"] == "estimated"
    assert stream["completion_tokens"] > 20 and plain["completion_tokens"] == 0
    assert stream["prompt_tokens"] == stream["prompt_counted"] and plain["prompt_tokens"] == plain["prompt_counted"] > 0
    assert gateway.used("plan.tokens/day", "app") == stream["total_tokens"]
    assert gateway.used("plan.tokens/day", "partner") == plain["total_tokens"]
    provider = next(e for e in mock.journal() if e["stream"])
    assert abs(stream["completion_tokens"] - provider["completion_tokens"]) <= 256
