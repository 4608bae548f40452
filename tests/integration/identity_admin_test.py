"""Keys that are made and taken back while the gateway runs, and the dates of those in the file."""

import datetime
import json
import secrets
import stat
import threading
import time

import pytest

from harness import KEY, NARROW_KEY, Gateway, Mock, config, wait_until
from wire import Connection, request

CHAT = "/openai/v1/chat/completions"
BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
TOKEN = "admin-" + secrets.token_hex(20)


@pytest.fixture
def start_admin(tmp_path, monkeypatch):
    """start_admin(changes) -> gateway with an admin token; called again, the same gateway anew."""
    monkeypatch.setenv("ADMIN_TOKEN", TOKEN)
    started = []

    def start(changes=None, token="env:ADMIN_TOKEN"):
        if not started:
            started.append(Mock(tmp_path / "mock", 2))
        settings = config(started[0].url, {"server/admin_token": token, **(changes or {})})
        if len(started) > 1:
            before = started.pop()
            before.check()
            before.stop()
            before.records_path.unlink(missing_ok=True)  # counted anew, as the metrics are
        gateway = Gateway(tmp_path / "gateway", settings)
        started.append(gateway)
        return gateway

    yield start
    for service in reversed(started):
        try:
            if isinstance(service, Gateway):
                service.check()
            service.stop()
        finally:
            service.kill()


def admin(gateway, method, path, body=None, token=TOKEN, host="127.0.0.1", fields=()):
    """(status, JSON or text) of a call to the admin plane."""
    fields = [*fields, *([f"Authorization: Bearer {token}"] if token else [])]
    data = request(method, path, None, json.dumps(body) if body is not None else b"", fields)
    with Connection(gateway.admin) as client:
        client.send(data.replace(b"Host: gateway", f"Host: {host}".encode()))
        message = client.message()
    is_json = message["Content-Type"] == "application/json"
    return message.status, json.loads(message.body) if is_json else message.body.decode()


def call(gateway, key):
    return gateway.call(request("POST", CHAT, key, BODY))


def audit(gateway):
    path = gateway.folder / "tollgate-audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_key_is_made_used_kept_over_a_restart_and_taken_back(start_admin):
    gateway = start_admin({"server/workers": 2})
    status, made = admin(gateway, "POST", "/keys", {"subscription": "narrow"})
    assert status == 201 and made["key"].startswith("tg-"), made
    for _ in range(4):  # every worker knows it, each connection may be another's
        assert call(gateway, made["key"]).status == 200
    wait_until(gateway.is_at_rest)
    assert gateway.records()[-1]["subscription"] == "narrow"

    gateway = start_admin()
    assert call(gateway, made["key"]).status == 200
    listed = admin(gateway, "GET", "/keys")[1]["keys"]
    mine = [key for key in listed if key["id"] == made["id"]]
    assert mine[0]["source"] == "admin plane" and mine[0]["state"] == "active"
    assert made["key"] not in json.dumps(listed)

    assert admin(gateway, "DELETE", f"/keys/{made['id']}") == (200, {"done": True})
    wait_until(lambda: call(gateway, made["key"]).status == 401)
    assert admin(gateway, "DELETE", f"/keys/{made['id']}")[0] == 404
    assert call(gateway, NARROW_KEY).status == 200

    keys = gateway.folder / "tollgate-keys.json"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    everything = keys.read_text() + gateway.output() + json.dumps(audit(gateway))
    assert made["key"] not in everything and TOKEN not in everything
    assert [(entry["action"], entry["outcome"]) for entry in audit(gateway)] == [
        ("key.create", "begun"), ("key.create", "done"), ("key.delete", "begun"), ("key.delete", "done")]
    assert {(entry["who"], entry["key"]) for entry in audit(gateway)} == {("127.0.0.1", made["id"])}


def test_keys_are_replaced_under_load_without_a_gap(start_admin):
    gateway = start_admin({"server/workers": 2})
    made = admin(gateway, "POST", "/keys", {"subscription": "narrow"})[1]
    current = {"key": made["key"]}
    statuses, is_over = [], threading.Event()

    def load():
        with gateway.connect() as client:
            while not is_over.is_set():
                client.send(request("POST", CHAT, current["key"], BODY))
                statuses.append(client.message().status)

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        following = admin(gateway, "POST", "/keys", {"subscription": "narrow"})[1]
        wait_until(lambda: call(gateway, following["key"]).status == 200)
        time.sleep(0.02)  # the other worker has it too
        current["key"] = following["key"]
        time.sleep(0.05)  # nobody is sending the old one any more
        assert admin(gateway, "DELETE", f"/keys/{made['id']}")[0] == 200
        made = following
    is_over.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200} and len(statuses) > 100


def test_a_subscription_is_suspended_and_resumed(start_admin):
    gateway = start_admin()
    assert admin(gateway, "POST", "/subscriptions/narrow/suspend")[0] == 200
    message = wait_until(lambda: (m := call(gateway, NARROW_KEY)).status == 403 and m)
    assert json.loads(message.body)["error"]["code"] == "subscription_suspended"
    assert call(gateway, KEY).status == 200
    gateway = start_admin()
    assert call(gateway, NARROW_KEY).status == 403
    assert admin(gateway, "GET", "/keys")[1]["suspended"] == ["narrow"]
    assert admin(gateway, "POST", "/subscriptions/narrow/resume")[0] == 200
    wait_until(lambda: call(gateway, NARROW_KEY).status == 200)
    assert admin(gateway, "POST", "/subscriptions/paused/resume")[0] == 409  # the file says so
    assert admin(gateway, "POST", "/subscriptions/nobody/suspend")[0] == 404
    assert admin(gateway, "POST", "/subscriptions/narrow/forget")[0] == 404


def test_a_key_keeps_to_its_dates(start_admin):
    gateway = start_admin()
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    expires = soon.strftime("%Y-%m-%dT%H:%M:%SZ")
    made = admin(gateway, "POST", "/keys", {"subscription": "narrow", "expires": expires})[1]
    later = admin(gateway, "POST", "/keys", {"subscription": "narrow", "not_before": expires})[1]
    assert made["expires"] == expires
    assert call(gateway, made["key"]).status == 200
    assert call(gateway, later["key"]).status == 401
    wait_until(lambda: call(gateway, made["key"]).status == 401)
    assert call(gateway, later["key"]).status == 200
    states = {key["id"]: key["state"] for key in admin(gateway, "GET", "/keys")[1]["keys"]}
    assert (states[made["id"]], states[later["id"]]) == ("expired", "active")


@pytest.mark.parametrize("body, status", [
    ({}, 400), ([], 400), ({"subscription": 7}, 400), ({"subscription": "nobody"}, 404),
    ({"subscription": "narrow", "expire": "2030-01-01"}, 400),
    ({"subscription": "narrow", "expires": "tomorrow"}, 400),
    ({"subscription": "narrow", "expires": "2020-01-01"}, 400),
    ({"subscription": "narrow", "not_before": "2031-01-01", "expires": "2030-01-01"}, 400),
])
def test_what_makes_no_key_is_refused(start_admin, body, status):
    gateway = start_admin()
    assert admin(gateway, "POST", "/keys", body)[0] == status
    assert not (gateway.folder / "tollgate-keys.json").exists()


def test_only_who_has_the_admin_token_may(start_admin):
    gateway = start_admin()
    for token in (None, "wrong", TOKEN + "x", TOKEN[:-1], KEY):
        for method, path in (("GET", "/keys"), ("POST", "/keys"), ("DELETE", "/keys/12345678"),
                             ("POST", "/subscriptions/narrow/suspend")):
            assert admin(gateway, method, path, {"subscription": "narrow"}, token)[0] == 401, (token, path)
    assert admin(gateway, "PUT", "/keys")[0] == 405
    assert call(gateway, NARROW_KEY).status == 200
    assert gateway.call(request("GET", "/keys", TOKEN)).status == 404  # the data plane has no such path


def test_without_an_admin_token_in_the_configuration_nobody_may(start_admin):
    gateway = start_admin(token=None)
    status, body = admin(gateway, "POST", "/keys", {"subscription": "narrow"})
    assert status == 403 and "admin_token" in body["error"]["message"]


def test_a_web_page_cannot_reach_the_admin_plane_under_a_name_of_its_own(start_admin):
    gateway = start_admin()
    for path in ("/keys", "/status"):
        for host in ("localhost:8081", "127.0.0.1", "[::1]:8081"):
            assert admin(gateway, "GET", path, host=host)[0] == 200, host
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8081", "10.0.0.1", ""):
            assert admin(gateway, "GET", path, host=host)[0] in (400, 421), host


def test_keys_of_the_file_cannot_be_deleted_there(start_admin):
    gateway = start_admin()
    key = admin(gateway, "GET", "/keys")[1]["keys"][0]
    assert key["source"] == "configuration"
    assert admin(gateway, "DELETE", f"/keys/{key['id']}")[0] == 409


def test_a_damaged_file_of_keys_is_not_taken_for_an_empty_one(start_admin):
    gateway = start_admin()
    admin(gateway, "POST", "/keys", {"subscription": "narrow"})
    (gateway.folder / "tollgate-keys.json").write_text("{")
    with pytest.raises(RuntimeError, match="damaged"):
        start_admin()
    (gateway.folder / "tollgate-keys.json").unlink()


def test_dates_of_the_file_are_kept_to(start_admin):
    sha = "sha256:" + "00" * 32
    gateway = start_admin({
        "subscriptions/apps": {"not_before": "2020-01-01", "expires": "2021-01-01"},
        "subscriptions/narrow": {"keys": [{"key": config("http://x")["subscriptions"]["narrow"]["keys"][0],
                                           "not_before": "2020-01-01", "expires": "2021-01-01T00:00:00Z"}, sha]}})
    message = call(gateway, KEY)
    assert (message.status, json.loads(message.body)["error"]["code"]) == (403, "subscription_suspended")
    message = call(gateway, NARROW_KEY)
    assert (message.status, json.loads(message.body)["error"]["code"]) == (401, "invalid_api_key")
    assert "expired" in json.loads(message.body)["error"]["message"]
