"""Entra ID tokens: from a tenant's signing keys to a subscription, while keys roll and the tenant is down."""

import json
import signal
import threading
import time
import urllib.request

import pytest

from harness import KEY, Gateway, Mock, config, wait_until
from wire import request

CHAT = "/openai/v1/chat/completions"
BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
TENANT = "11111111-2222-3333-4444-555555555555"
APP = "aaaaaaaa-0000-0000-0000-000000000001"
AUDIENCE = "api://tollgate"


class Entra:
    """The tenant that comes with the stand-in."""

    def __init__(self, url):
        self.url = url

    def post(self, path, body=None):
        sent = urllib.request.Request(self.url + path, json.dumps(body or {}).encode())
        with urllib.request.urlopen(sent, timeout=10) as answer:
            return json.load(answer)

    def token(self, claims=None, header=None, version="2.0"):
        asked = {"tenant": TENANT, "app": APP, "audience": AUDIENCE, "version": version,
                 "claims": claims or {}, "header": header or {}}
        return self.post("/mock/entra/token", asked)["access_token"]

    def rotate(self, forget=False):
        self.post("/mock/entra/rotate", {"forget": forget})

    def outage(self, status):
        self.post("/mock/entra/outage", {"status": status})

    def key_reads(self):
        with urllib.request.urlopen(self.url + "/mock/entra", timeout=10) as answer:
            return json.load(answer)["key_reads"]


@pytest.fixture
def start_entra(tmp_path):
    """start_entra(rule, **entra) -> (gateway, entra): subscription `robots` with claims `rule`."""
    started = []

    def start(rule, outage=0, changes=None, **settings):
        mock = Mock(tmp_path / "mock", 2)
        started.append(mock)
        entra = Entra(mock.url)
        if outage:
            entra.outage(outage)
        entra_settings = {"tenants": [TENANT], "audiences": [AUDIENCE], "authority": mock.url, **settings}
        gateway = Gateway(tmp_path / "gateway", config(mock.url, {
            "identity": {"entra": entra_settings},
            "subscriptions/robots": {"product": "little", "cost_center": "CC-7", "claims": rule},
            **(changes or {})}))
        started.append(gateway)
        return gateway, entra

    yield start
    for service in reversed(started):
        try:
            if isinstance(service, Gateway):
                service.check()
            service.stop()
        finally:
            service.kill()


def call(gateway, token, body=BODY, path=CHAT):
    return gateway.call(request("POST", path, None, body, [f"Authorization: Bearer {token}"]))


def until_loaded(gateway, token):
    """Calls until the signing keys are there."""
    def is_answered():
        """the signing keys are loaded"""
        return call(gateway, token).status != 503
    wait_until(is_answered)


def error_of(message):
    return message.status, json.loads(message.body)["error"]["code"]


def test_a_token_is_a_credential_and_never_leaves_the_gateway(start_entra):
    gateway, entra = start_entra({"app": APP})
    token = entra.token()
    until_loaded(gateway, token)
    message = call(gateway, token)
    assert message.status == 200, message
    wait_until(gateway.is_at_rest)
    record = gateway.records()[-1]
    assert (record["subscription"], record["cost_center"]) == ("robots", "CC-7")
    assert token not in gateway.records_path.read_text() + gateway.output()
    assert call(gateway, token, BODY.replace(b"gpt-4o-mini", b"gpt-4o")).status == 403  # not of its product


def test_both_forms_of_tokens_are_accepted(start_entra):
    gateway, entra = start_entra({"app": [APP]})
    until_loaded(gateway, entra.token())
    for version in ("1.0", "2.0"):
        until_loaded(gateway, entra.token(version=version))
        assert call(gateway, entra.token(version=version)).status == 200


def test_an_application_gets_a_token_by_itself(start_entra):
    gateway, entra = start_entra({"app": APP})
    form = (f"grant_type=client_credentials&client_id={APP}&client_secret=x&"
            "scope=api%3A%2F%2Ftollgate%2F.default").encode()
    with urllib.request.urlopen(f"{entra.url}/{TENANT}/oauth2/v2.0/token", form, timeout=10) as answer:
        token = json.load(answer)["access_token"]
    until_loaded(gateway, token)
    assert call(gateway, token).status == 200


@pytest.mark.parametrize("claims, header, why", [
    ({"exp": 1_700_000_000}, {}, "has expired"),
    ({"nbf": 4_000_000_000}, {}, "not valid yet"),
    ({"aud": "https://graph.microsoft.com"}, {}, "another audience"),
    ({"iss": "https://login.microsoftonline.com/x/v2.0"}, {}, "issuer"),
    ({"tid": "99999999-2222-3333-4444-555555555555"}, {}, "tenant"),
    ({}, {"alg": "none"}, "RS256"),
    ({}, {"alg": "HS256"}, "RS256"),
    ({}, {"nonce": "x"}, "Microsoft API"),
    ({"tid": None}, {}, "malformed"),
])
def test_a_token_that_breaks_a_rule_is_told_which(start_entra, claims, header, why):
    gateway, entra = start_entra({"app": APP})
    until_loaded(gateway, entra.token())
    message = call(gateway, entra.token(claims, header))
    assert error_of(message) == (401, "invalid_api_key")
    assert why in json.loads(message.body)["error"]["message"]
    assert message["www-authenticate"].startswith('Bearer realm="tollgate", error="invalid_token", ')


def test_a_token_with_a_changed_letter_is_refused(start_entra):
    gateway, entra = start_entra({"app": APP})
    token = entra.token()
    until_loaded(gateway, token)
    changed = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    assert error_of(call(gateway, changed)) == (401, "invalid_api_key")
    assert call(gateway, "eyJ." * 2 + "x").status == 401
    assert call(gateway, token + "A" * 20_000).status == 401


def test_a_valid_token_of_nobody_is_not_permitted(start_entra):
    gateway, entra = start_entra({"app": APP, "roles": ["Chat.Invoke"]})
    until_loaded(gateway, entra.token())
    message = call(gateway, entra.token())
    assert error_of(message) == (403, "access_denied")
    assert 'error="insufficient_scope"' in message["www-authenticate"]
    assert call(gateway, entra.token({"roles": ["Chat.Invoke"]})).status == 200
    user = {"roles": ["Chat.Invoke"], "scp": "Other", "sub": "somebody"}
    assert call(gateway, entra.token(user)).status == 403


def test_keys_work_and_tokens_wait_while_the_tenant_is_down(start_entra):
    gateway, entra = start_entra({"app": APP}, outage=503)
    message = call(gateway, entra.token())
    assert error_of(message) == (503, "identity_unavailable")
    assert int(message["retry-after"]) > 0
    assert gateway.call(request("POST", CHAT, KEY, BODY)).status == 200
    entra.outage(0)
    until_loaded(gateway, entra.token())
    assert call(gateway, entra.token()).status == 200


def test_known_keys_are_used_while_the_tenant_is_down(start_entra):
    gateway, entra = start_entra({"app": APP}, refresh="1s")
    until_loaded(gateway, entra.token())
    entra.outage(500)
    wait_until(lambda: "the keys of before stay in use" in gateway.output())
    assert call(gateway, entra.token()).status == 200


def test_a_new_signing_key_is_fetched_when_a_token_names_it(start_entra):
    gateway, entra = start_entra({"app": APP})
    until_loaded(gateway, entra.token())
    until_loaded(gateway, entra.token(version="1.0"))
    reads = entra.key_reads()
    old = entra.token()
    entra.rotate()
    assert call(gateway, entra.token()).status == 200
    assert call(gateway, old).status == 200
    assert entra.key_reads() == reads + 1
    # A second unknown key within `refresh_gap` does not make the gateway ask again.
    since = time.monotonic()
    for number in range(20):
        assert call(gateway, entra.token(header={"kid": f"random-{number}"})).status == 401
    assert time.monotonic() - since < 2
    assert entra.key_reads() == reads + 1


def test_a_key_that_is_not_published_any_more_is_not_trusted(start_entra):
    gateway, entra = start_entra({"app": APP}, refresh_gap="1s")
    old = entra.token()
    until_loaded(gateway, old)
    assert call(gateway, old).status == 200
    entra.rotate(forget=True)
    assert call(gateway, entra.token()).status == 200
    assert call(gateway, old).status == 401


def test_signing_keys_roll_under_load_without_a_gap(start_entra):
    gateway, entra = start_entra({"app": APP}, refresh_gap="1s", changes={"server/workers": 2})
    until_loaded(gateway, entra.token())
    statuses, is_over = [], threading.Event()
    tokens = {"now": entra.token()}

    def load():
        with gateway.connect() as client:
            while not is_over.is_set():
                client.send(request("POST", CHAT, None, BODY, [f"Authorization: Bearer {tokens['now']}"]))
                statuses.append(client.message().status)

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(1.2)
        entra.rotate()
        tokens["now"] = entra.token()
    time.sleep(0.3)
    is_over.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert len(statuses) > 200


def test_a_reload_takes_new_rules_and_keeps_the_keys(start_entra):
    gateway, entra = start_entra({"app": APP})
    token = entra.token()
    until_loaded(gateway, token)
    until_loaded(gateway, entra.token(version="1.0"))
    reads = entra.key_reads()
    settings = gateway.settings
    settings["subscriptions"]["robots"]["claims"] = {"roles": ["Chat.Invoke"]}
    gateway.write_config(settings)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: call(gateway, token).status == 403)
    entra.outage(503)
    settings["identity"]["entra"]["audiences"].append("api://other")
    gateway.write_config(settings)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: call(gateway, entra.token({"aud": "api://other", "roles": ["Chat.Invoke"]})).status == 200)
    assert entra.key_reads() == reads
