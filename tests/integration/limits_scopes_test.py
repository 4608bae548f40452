"""Whose pot it is, and what keeps it: keys, users, sessions, tasks, reloads, restarts, alerts."""

import json

import pytest

from harness import KEY, merge, wait_until
from limits_setup import (CHAT, OTHER_KEY, PARTNER_KEY, WORDS, BookedGateway, ask, error_of, tokens_in)
from wire import request

CALLER = {  # scope: how a caller names itself
    "session": lambda name: {"fields": [f"x-tollgate-session: {name}"]},
    "task": lambda name: {"fields": [f"x-tollgate-task: {name}"]},
    "user": lambda name: {"user": name},
}


def statuses(gateway, count, **more):
    return [gateway.chat(**more).status for _ in range(count)]


@pytest.mark.parametrize("scope", CALLER)
def test_every_user_session_and_task_has_a_pot_of_its_own_inside_its_subscription(limited, scope):
    gateway, _ = limited({"limits": {"requests": "2/minute", "each": scope}})
    a, b = CALLER[scope]("a"), CALLER[scope]("b")
    assert statuses(gateway, 3, **a) == [200, 200, 429]
    assert statuses(gateway, 3, **b) == [200, 200, 429]
    # The same name in another subscription is somebody else; with another key it is not.
    assert statuses(gateway, 3, key=PARTNER_KEY, **a) == [200, 200, 429]
    assert statuses(gateway, 1, key=OTHER_KEY, **a) == [429]
    # Who names nobody has only the limits of the subscription.
    assert statuses(gateway, 3) == [200] * 3
    refused = gateway.chat(**a)
    assert f"limit `plan.requests/minute.each-{scope}` (2 requests a minute)" in error_of(refused)["message"]
    record = next(r for r in gateway.wait_records(14) if r["request_id"] == refused["x-request-id"])
    assert record["refused_by"] == f"plan.requests/minute.each-{scope}"
    assert gateway.metrics()["tollgate_limit_named_pots"] == 3


def test_to_name_more_only_adds_limits(limited):
    gateway, _ = limited({"limits": [{"requests": "3/minute"}, {"requests": "2/minute", "each": "session"}]})
    one, two = CALLER["session"]("one"), CALLER["session"]("two")
    assert statuses(gateway, 3, **one) == [200, 200, 429]
    assert statuses(gateway, 2, **two) == [200, 429]  # its session has room, its subscription has none
    assert statuses(gateway, 1) == [429]
    assert "plan.requests/minute`" in error_of(gateway.chat(**two))["message"]
    assert statuses(gateway, 1, key=PARTNER_KEY) == [200]


def test_two_keys_of_a_subscription_share_its_limit(limited):
    gateway, _ = limited({"limits": {"requests": "2/minute"}})
    assert statuses(gateway, 1) + statuses(gateway, 2, key=OTHER_KEY) == [200, 200, 429]
    assert statuses(gateway, 1) == [429]


def test_each_key_has_a_limit_of_its_own_where_that_is_said(limited):
    gateway, _ = limited({"limits": {"requests": "2/minute", "each": "key"}})
    assert statuses(gateway, 3) == [200, 200, 429]
    assert statuses(gateway, 3, key=OTHER_KEY) == [200, 200, 429]


def test_a_product_and_a_cost_center_may_share_one_pot_among_subscriptions(limited):
    gateway, _ = limited({"limits": {"requests": "4/minute", "each": "product"}},
                         {"cost_centers": {"CC-1": {"limits": {"requests": "3/minute"}}}})
    assert statuses(gateway, 2) + statuses(gateway, 2, key=PARTNER_KEY) == [200, 200, 200, 429]
    assert "CC-1.requests/minute" in error_of(gateway.chat())["message"]


def test_a_spent_budget_falls_to_the_cheaper_model_and_then_refuses(limited):
    gateway, mock = limited({"budgets": [{"money": "$0.0005/day", "when_spent": "gpt-4o-mini"},
                                         {"tokens": "250/day"}]})
    served = []
    for _ in range(40):
        message = gateway.chat(max_tokens=10)
        if message.status != 200:
            break
        served.append((message["x-tollgate-model"], message["x-tollgate-route"]))
    switched = served.index(("gpt-4o-mini", "budget:cheaper"))
    assert set(served[:switched]) == {("gpt-4o", "primary")} and switched >= 2
    assert set(served[switched:]) == {("gpt-4o-mini", "budget:cheaper")} and len(served) > switched + 2
    assert error_of(message)["code"] == "insufficient_quota" and "plan.tokens/day" in error_of(message)["message"]
    assert [e["deployment"] or e["model"] for e in mock.journal()] == (
        ["gpt-4o"] * switched + ["gpt-4o-mini"] * (len(served) - switched))
    metrics = gateway.metrics()
    # The last one fell back too, before the other budget refused it.
    assert metrics["tollgate_limit_fallbacks_total", "plan.money/day"] >= len(served) - switched
    gateway.settled()
    rows = gateway.usage("--by", "model_asked,model")
    assert {(r["model_asked"], r["model"]) for r in rows} == {("gpt-4o", "gpt-4o"), ("gpt-4o", "gpt-4o-mini")}


def test_audit_counts_and_never_refuses(limited):
    gateway, _ = limited({"limits": {"requests": "2/minute", "mode": "audit"},
                          "budgets": {"tokens": "20/day", "mode": "audit"}})
    assert statuses(gateway, 5) + statuses(gateway, 1, stream=True) == [200] * 6
    rows = gateway.settled()
    assert gateway.used("plan.requests/minute") == 6
    assert gateway.used("plan.tokens/day") == tokens_in(rows) > 60
    assert gateway.metrics()["tollgate_limit_refusals_total"] == 0


def test_a_reload_changes_a_limit_and_keeps_what_is_used(limited):
    gateway, _ = limited({"limits": {"requests": "3/minute"}})
    assert statuses(gateway, 4) == [200, 200, 200, 429]
    gateway.reload(merge(gateway.settings, {"products/plan/limits": {"requests": "5/minute"}}))
    assert statuses(gateway, 3) == [200, 200, 429]
    assert gateway.used("plan.requests/minute") == 5
    gateway.reload(merge(gateway.settings, {"products/plan/limits": {"requests": "2/minute"}}))
    assert statuses(gateway, 1) == [429]
    assert gateway.metrics()["tollgate_limit", "plan.requests/minute", "app"] == 2


def restarted(limited, gateway, changes=None):
    gateway.check()
    gateway.stop()
    gateway.records_path.unlink()  # check() compares them with the metrics of one process
    again = BookedGateway(gateway.folder, merge(gateway.settings, changes or {}))
    limited.services.append(again)
    limited.services.remove(gateway)
    return again


def test_a_restart_keeps_budgets_and_the_last_minute(limited):
    gateway, _ = limited({"limits": [{"requests": "3/minute"}, {"tokens": "10k/minute", "each": "session"}],
                          "budgets": {"tokens": "10k/day"}})
    assert statuses(gateway, 3, **CALLER["session"]("s")) == [200] * 3
    gateway.settled()
    used = gateway.used("plan.tokens/day")
    gateway = restarted(limited, gateway)
    assert gateway.used("plan.tokens/day") == used > 0
    assert gateway.used("plan.requests/minute") == 3
    assert statuses(gateway, 1) == [429]


def test_an_alert_is_counted_once(limited):
    gateway, _ = limited({"budgets": {"requests": "4/day", "alert": ["50%", "100%"]}})

    def alerts():
        metrics = gateway.metrics()
        return [metrics["tollgate_budget_alerts_total", percent] for percent in ("50", "100")]

    told = []
    for _ in range(5):
        gateway.chat()
        wait_until(gateway.is_at_rest)
        told.append(alerts())
    assert told == [[0, 0], [1, 0], [1, 0], [1, 1], [1, 1]]
    gateway.reload(gateway.settings)
    assert statuses(gateway, 1) == [429] and alerts() == [1, 1]
    assert gateway.output().count("has reached 50 %") == 1
    lines = [json.loads(line) for line in gateway.records_path.read_text().splitlines()]
    told = [line for line in lines if line.get("event") == "budget_alert"]
    assert [(a["rule"], a["owner"], a["percent"], a["used"], a["limit"], a["unit"]) for a in told] == [
        ("plan.requests/day", "app", 50, 2, 4, "requests"), ("plan.requests/day", "app", 100, 4, 4, "requests")]
    # A restart does not tell again what has been told.
    gateway.settled()
    gateway = restarted(limited, gateway, {"products/plan/budgets/requests": "8/day"})
    assert statuses(gateway, 1) == [200]
    wait_until(gateway.is_at_rest)
    assert alerts() == [0, 0]


def multipart(path, key, fields):
    body = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{value}\r\n'
                   for name, extra, value in fields) + "--b--\r\n"
    return request("POST", path, key, body, ["Content-Type: multipart/form-data; boundary=b"])


ROUTES = {
    "models": request("GET", "/openai/v1/models", KEY),
    "chat": ask(),
    "embeddings": request("POST", "/openai/v1/embeddings", KEY,
                          '{"model":"text-embedding-3-small","input":"one two"}'),
    "responses": request("POST", "/openai/v1/responses", KEY, json.dumps({"model": "gpt-4o", "input": WORDS})),
    "dated": ask(path="/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"),
    "file list": request("GET", "/openai/v1/files", KEY),
    "file": multipart("/openai/v1/files", KEY, [
        ("purpose", "", "batch"), ("file", '; filename="a.jsonl"\r\nContent-Type: application/jsonl', '{"a":1}\n')]),
    "audio": multipart("/openai/v1/audio/transcriptions", KEY, [
        ("model", "", "whisper"), ("file", '; filename="a.wav"\r\nContent-Type: audio/wav', "RIFFxxxx")]),
}


def test_every_route_is_limited(limited):
    upstream = len(ROUTES) - 1  # `models` is answered by the gateway: it needs room, and takes none
    gateway, mock = limited({"limits": {"requests": f"{upstream}/minute"}})
    for name, data in ROUTES.items():
        message = gateway.call(data)
        assert message.status == 200, (name, message)
        assert message["x-ratelimit-limit-requests"] == str(upstream), name
    assert gateway.used("plan.requests/minute") == upstream
    asked = len(mock.journal())
    for name, data in ROUTES.items():
        message = gateway.call(data)
        assert (message.status, error_of(message)["code"]) == (429, "rate_limit_exceeded"), name
    assert len(mock.journal()) == asked == upstream


def test_tokens_are_counted_on_every_route_that_has_them(limited):
    gateway, mock = limited({"budgets": {"tokens": "100k/day"}})
    for name in ("chat", "embeddings", "responses", "dated"):
        before = gateway.used("plan.tokens/day")
        assert gateway.call(ROUTES[name]).status == 200
        wait_until(gateway.is_at_rest)
        entry = mock.journal()[-1]
        assert gateway.used("plan.tokens/day") - before == entry["prompt_tokens"] + entry["completion_tokens"] > 0


def test_looking_at_a_stored_answer_costs_nothing(limited):
    gateway, _ = limited({"budgets": {"tokens": "100k/day"}})
    made = json.loads(gateway.call(ROUTES["responses"]).body)
    wait_until(gateway.is_at_rest)
    used = gateway.used("plan.tokens/day")
    assert used > 0
    for _ in range(3):
        seen = gateway.call(request("GET", f"/openai/v1/responses/{made['id']}", KEY))
        assert seen.status == 200 and json.loads(seen.body)["usage"]["total_tokens"] == used
    wait_until(gateway.is_at_rest)
    assert gateway.used("plan.tokens/day") == used


def test_counts_beyond_reason_are_refused_and_reserve_nothing(limited):
    gateway, _ = limited({"budgets": {"tokens": "1k/day", "at_limit": "finish"}})
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": WORDS}]}
    huge = gateway.call(request("POST", CHAT, KEY, json.dumps(body | {"n": 27_000_000_000_000_000}).encode()))
    assert (huge.status, error_of(huge)["param"]) == (400, "n")
    assert gateway.used("plan.tokens/day") == 0
    long = gateway.call(request("POST", CHAT, KEY, json.dumps(body | {"max_tokens": 2 ** 60}).encode()))
    assert long.status in (200, 400)
    wait_until(gateway.is_at_rest)
    assert 0 <= gateway.used("plan.tokens/day") < 1000


def test_a_soft_and_a_hard_budget_have_names_of_their_own(limited):
    gateway, _ = limited({"budgets": [{"money": "$1/day", "when_spent": "gpt-4o-mini"}, {"money": "$2/day"}]})
    names = {row["rule"] for row in gateway.status()["limits"]}
    assert names == {"plan.money/day", "plan.money/day.to-gpt-4o-mini"}
