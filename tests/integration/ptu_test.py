"""Reserved capacity in front of a scripted upstream: who leaves when, who waits, what is told."""

import time

import pytest

from fault_matrix_test import CHAT, error, plain, well, WHOLE
from harness import wait_until
from limits_setup import hash_of
from ptu_load import CLASSES, KEYS, ptu_status
from upstream import Upstream
from wire import request

PTU = {"kind": "ptu", "units": 1, "capacity": {"input": "60k/minute", "answer_weight": 1}}  # 1,000 tokens a second


def ask(klass):
    return request("POST", CHAT, KEYS[klass], b'{"model":"gpt-4o","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]}')


def say(status):
    def script(peer):
        while True:
            peer.read_request(60)
            peer.send(status[0])
    return script


def objects_and(status):
    """Lists of stored objects are empty; calls of models are answered as `status[0]` says."""
    def script(peer):
        while True:
            asked = peer.read_request(60)
            peer.send(plain(200, b'{"object":"list","data":[],"has_more":false}') if asked.first_line.startswith("GET") else status[0])
    return script


def full(milliseconds):
    return error(429, "429", [f"retry-after-ms: {milliseconds}"])


@pytest.fixture
def ptu(start):
    """ptu(script, fields, route) -> gateway, upstream of the PTU, upstream of the other one"""
    opened = []

    def make(script, fields=None, route=("ptu", "payg"), at_one_place=False):
        sides = {"ptu": Upstream(script), "payg": Upstream(well)}
        opened.extend(sides.values())
        deployments = {name: {"endpoint": side.url, "deployment": name, "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"}}
                       for name, side in sides.items()}
        deployments["ptu"].update(PTU | (fields or {}))
        if at_one_place:
            deployments["payg"]["endpoint"] = sides["ptu"].url
        deployments = {name: deployments[name] for name in route} | {"gpt-4o": None}
        gateway, _ = start(well, {
            "deployments": deployments, "models": {"gpt-4o": {"route": list(route)}},
            "products": {"everything": {"home": "gpt-4o-mini"}, **{name: {"models": ["gpt-4o"], "class": name} for name in CLASSES}},
            "subscriptions": {name: {"product": name, "keys": [hash_of(KEYS[name])]} for name in CLASSES}})
        return gateway, sides["ptu"], sides["payg"]

    yield make
    for side in opened:
        side.close()


def test_classes_leave_at_their_lines_and_not_before(ptu):
    says = [plain(200, WHOLE)]
    gateway, reserved, other = ptu(say(says))
    for name in CLASSES:
        assert gateway.call(ask(name))["x-tollgate-route"] == "primary"
    says[0] = full(100)
    assert gateway.call(ask("standard"))["x-tollgate-route"] == "spill:429"
    assert gateway.call(ask("interactive"))["x-tollgate-route"] == "spill:429", "it has said how long"
    says[0] = plain(200, WHOLE)
    time.sleep(0.15)  # by now it is full to the brim and no more
    asked = len(reserved.requests)
    assert gateway.call(ask("standard"))["x-tollgate-route"] == "spill:full"
    assert gateway.call(ask("batch"))["x-tollgate-route"] == "spill:full"
    assert len(reserved.requests) == asked
    assert gateway.call(ask("interactive"))["x-tollgate-route"] == "primary"
    metrics = gateway.metrics()
    assert [metrics["tollgate_ptu_soft_spills_total", name] for name in CLASSES] == [0, 1, 1]
    assert 0.98 < metrics["tollgate_ptu_predicted_utilization_ratio", "ptu"] <= 1.0
    assert metrics["tollgate_ptu_capacity_tokens_per_minute", "configured"] == 60_000
    assert metrics["tollgate_deployment_breaker_opened_total", "ptu"] == 0, "full is not broken"


def test_calls_for_stored_objects_take_nothing_of_it(ptu):
    gateway, reserved, _ = ptu(objects_and([plain(200, WHOLE)]))
    for _ in range(10):
        assert gateway.call(request("GET", "/openai/v1/files", KEYS["batch"]))["x-tollgate-deployment"] == "ptu"
    assert ptu_status(gateway)["predicted_percent"] == 0
    gateway.call(ask("batch"))
    assert ptu_status(gateway)["predicted_percent"] > 0


def test_stored_objects_can_be_had_while_it_is_full_and_not_while_it_fails(ptu):
    says = [full(60_000)]
    gateway, reserved, _ = ptu(objects_and(says), {"breaker": {"consecutive": 1, "open": "30s"}})
    files = request("GET", "/openai/v1/files", KEYS["batch"])
    assert gateway.call(ask("batch"))["x-tollgate-route"] == "spill:429"
    assert gateway.call(ask("batch"))["x-tollgate-deployment"] == "payg"
    assert gateway.call(files)["x-tollgate-deployment"] == "ptu"
    reserved.close()
    assert gateway.call(files).status in (502, 503)
    asked = gateway.call(files)
    assert asked.status == 503 and b"ptu" in asked.body, asked


def test_without_another_one_a_call_goes_in_whatever_is_predicted(ptu):
    says = [full(100)]
    gateway, reserved, _ = ptu(say(says), route=("ptu",))
    assert gateway.call(ask("batch")).status == 429
    answer = gateway.call(ask("batch"))
    assert answer.status == 503 and 0 < int(answer["retry-after-ms"]) <= 100, "it has said how long"
    says[0] = plain(200, WHOLE)
    time.sleep(0.15)
    assert gateway.call(ask("batch"))["x-tollgate-route"] == "primary"


def test_switched_off_it_waits_until_it_is_refused(ptu):
    says = [full(50)]
    gateway, reserved, _ = ptu(say(says), {"spill": "off"})
    assert gateway.call(ask("batch"))["x-tollgate-route"] == "spill:429"
    says[0] = plain(200, WHOLE)
    time.sleep(0.1)
    assert gateway.call(ask("batch"))["x-tollgate-route"] == "primary"


def test_what_the_service_reports_is_shown_and_learnt_from(ptu):
    head, body = plain(200, WHOLE).split(b"\r\n\r\n", 1)
    told = head + b"\r\nazure-openai-deployment-utilization: 87.4%\r\n\r\n" + body
    gateway, reserved, _ = ptu(say([told]))
    assert "reported_percent" not in ptu_status(gateway)
    answer = gateway.call(ask("standard"))
    assert answer["azure-openai-deployment-utilization"] is None, "not the caller's affair"
    status = ptu_status(gateway)
    assert status["reported_percent"] == 87.4 and 86 < status["predicted_percent"] < 88
    assert gateway.metrics()["tollgate_ptu_reported_utilization_ratio", "ptu"] == pytest.approx(0.874)
    assert gateway.call(ask("batch"))["x-tollgate-route"] == "spill:full"


SENT_ON = plain(200, WHOLE[:-1] + b',"usage":{"prompt_tokens":1000,"completion_tokens":1000,"total_tokens":2000}}',
                ["x-ms-spillover-from-deployment: ptu", "x-ms-deployment-name: payg"])


@pytest.mark.parametrize("is_known", [True, False])
def test_a_call_that_the_service_sent_on_is_no_sign_of_room(ptu, is_known):
    gateway, reserved, _ = ptu(say([SENT_ON]), {"unit_price": "$1/hour"}, at_one_place=is_known)
    answer = gateway.call(ask("interactive"))
    served_by = "payg" if is_known else "ptu"
    assert (answer["x-tollgate-deployment"], answer["x-tollgate-route"]) == (served_by, "spill:native")
    assert answer["x-ms-spillover-from-deployment"] is None, "not the caller's affair"
    record = gateway.wait_records(1)[0]
    assert (record["deployment"], record["route"]) == (served_by, "spill:native")
    if is_known:
        assert record["cost_usd"] == pytest.approx(0.0125), "what gpt-4o costs by the token"
    assert gateway.metrics()["tollgate_ptu_native_spills_total", "ptu"] == 1
    assert ptu_status(gateway)["predicted_percent"] > 90
    assert gateway.call(ask("batch"))["x-tollgate-route"] == "spill:full"


def test_a_short_wait_saves_the_other_one(ptu):
    says = [full(300)]
    gateway, reserved, other = ptu(say(says), {"queue": {"max_wait": "2s"}})
    assert gateway.call(ask("interactive"))["x-tollgate-route"] == "spill:429", "what was refused goes elsewhere at once"
    says[0] = plain(200, WHOLE)
    began = time.monotonic()
    assert gateway.call(ask("interactive"))["x-tollgate-route"] == "waited"
    assert 0.1 < time.monotonic() - began < 1.5
    metrics = gateway.metrics()
    assert metrics["tollgate_ptu_queue_wait_seconds_count", "ptu"] == 1
    assert metrics["tollgate_ptu_queue_gave_up_total", "ptu"] == 0
    assert len(other.requests) == 1


def test_nobody_waits_for_what_comes_too_late(ptu):
    gateway, reserved, other = ptu(say([full(1000)]), {"queue": {"max_wait": "200ms"}})
    gateway.call(ask("interactive"))
    began = time.monotonic()
    assert gateway.call(ask("interactive"))["x-tollgate-route"] == "spill:429"
    assert time.monotonic() - began < 0.15
    assert gateway.metrics()["tollgate_ptu_queue_wait_seconds_count", "ptu"] == 0


def test_who_leaves_does_not_hold_up_the_queue(ptu):
    says = [full(400)]
    gateway, reserved, other = ptu(say(says), {"queue": {"max_wait": "2s"}})
    gateway.call(ask("interactive"))
    says[0] = plain(200, WHOLE)
    with gateway.connect() as impatient, gateway.connect() as patient:
        impatient.send(ask("interactive"))
        wait_until(lambda: gateway.metrics()["tollgate_ptu_queue_length", "ptu"] == 1)
        patient.send(ask("interactive"))
        wait_until(lambda: gateway.metrics()["tollgate_ptu_queue_length", "ptu"] == 2)
        impatient.close()
        wait_until(lambda: gateway.metrics()["tollgate_ptu_queue_length", "ptu"] <= 1)
        assert patient.message()["x-tollgate-route"] == "waited"
    assert gateway.metrics()["tollgate_ptu_queue_length", "ptu"] == 0
