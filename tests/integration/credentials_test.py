"""How the gateway proves itself to deployments: tokens of every kind, and what happens when they end, are refused or
cannot be had."""

import json
import re
import signal
import subprocess
import threading
import time
import urllib.request

import pytest

from harness import KEY, MODELS, Gateway, Mock, all_deployments, config, wait_until
from wire import request

CHAT = "/openai/v1/chat/completions"
BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
TENANT = "11111111-2222-3333-4444-555555555555"
APP = "aaaaaaaa-0000-0000-0000-000000000001"
SECRET = "app-secret-Zx81~not.for-logs"


class Azure(Mock):
    """The stand-in as a resource that takes tokens alone, with the endpoints that give them out."""

    def __init__(self, folder, **entra):
        super().__init__(folder, 2, {"journal": {"entries": 10_000}, "entra": {"accept": "tokens", **entra}})
        # Its key is made when it is first needed, which takes seconds on a busy machine.
        urllib.request.urlopen(f"{self.url}/{TENANT}/discovery/v2.0/keys", timeout=60).close()

    def post(self, path, body):
        sent = urllib.request.Request(self.url + path, json.dumps(body).encode())
        with urllib.request.urlopen(sent, timeout=10) as answer:
            return json.load(answer)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def settings(self, **changes):
        self.post("/mock/entra/settings", changes)

    def fail(self, fault, times=None, endpoint="*"):
        self.post("/mock/faults", {"deployment": f"token:{endpoint}", "fault": fault, **({"times": times} if times else {})})

    def mend(self):
        urllib.request.urlopen(urllib.request.Request(self.url + "/mock/faults", method="DELETE"), timeout=10).close()

    def revoke(self, claims=None):
        self.post("/mock/entra/revoke", {"claims": claims} if claims else {})

    @property
    def asked(self):
        return self.get("/mock/entra")["asked"]

    def calls(self, count):
        """Calls of deployments, when that many have ended."""
        wait_until(lambda: len(self.get("/mock/journal")) >= count)
        return self.get("/mock/journal")


@pytest.fixture
def start_azure(tmp_path):
    """start_azure(credential, changes, entra=.., environment=..) -> (gateway, azure); "{url}" is the stand-in's."""
    started = []

    def start(credential, changes=None, entra=None, environment=None, before=None):
        azure = Azure(tmp_path / "mock", **(entra or {}))
        started.append(azure)
        if before:
            before(azure)
        settings = config(azure.url, all_deployments(timeouts={"connect": "2s"}))
        for model in MODELS:
            settings["deployments"][model]["credential"] = "azure"
        if credential is not None:
            settings["credentials"] = {"azure": json.loads(json.dumps(credential).replace("{url}", azure.url))}
        settings.update(changes or {})
        environment = {"APP_SECRET": SECRET, "HEADER": "mock-identity-header",
                       **{name: value.replace("{url}", azure.url) for name, value in (environment or {}).items()}}
        gateway = Gateway(tmp_path / "gateway", settings, environment)
        started.append(gateway)
        return gateway, azure

    yield start
    for service in reversed(started):
        try:
            if isinstance(service, Gateway):
                service.check()
                assert SECRET not in service.output() and "eyJ" not in service.output(), "a secret is in the log"
                assert "eyJ" not in service.records_path.read_text() if service.records_path.exists() else True
            service.stop()
        finally:
            service.kill()


IMDS = {"managed_identity": {"host": "imds", "endpoint": "{url}"}}
APP_WITH_SECRET = {"client_secret": {"tenant": TENANT, "client_id": APP, "secret": "env:APP_SECRET"}, "authority": "{url}"}


def call(gateway, body=BODY, **options):
    return gateway.call(request("POST", CHAT, KEY, body), **options)


def status(gateway):
    with urllib.request.urlopen("http://%s:%d/status" % gateway.admin, timeout=10) as answer:
        return answer.read().decode()


def credential_status(gateway):
    return json.loads(status(gateway))["credentials"]["azure"]


def in_parallel(count, work):
    """The results of `count` calls of work at a time."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    return results


def certificate(folder):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tollgate",
                    "-keyout", folder / "app.key", "-out", folder / "app.crt"], check=True, capture_output=True)
    return folder / "app.crt", folder / "app.key"


# --- every kind

@pytest.mark.parametrize("credential, environment, endpoint, selector, owner", [
    (IMDS, {}, "imds", "", "system"),
    ({"managed_identity": {"host": "imds", "endpoint": "{url}", "client_id": APP}}, {}, "imds", "client_id", APP),
    ({"managed_identity": {"host": "imds", "endpoint": "{url}", "resource_id": "/subscriptions/x/y"}}, {}, "imds",
     "msi_res_id", "/subscriptions/x/y"),
    ({"managed_identity": {"host": "app_service", "endpoint": "{url}/msi/token", "header": "env:HEADER", "object_id": APP}},
     {}, "app-service", "object_id", APP),
    ({"managed_identity": {"host": "azure_ml", "endpoint": "{url}/msi/token", "header": "env:HEADER", "client_id": APP}},
     {}, "app-service", "clientid", APP),
    ({"managed_identity": {}}, {"IDENTITY_ENDPOINT": "{url}/msi/token", "IDENTITY_HEADER": "mock-identity-header"},
     "app-service", "", "system"),
    (None, {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{url}/"}, "imds", "", "system"),
    ({**IMDS, "cloud": "usgov"}, {}, "imds", "", "system"),
])
def test_a_managed_identity_is_asked_for_where_it_is(start_azure, credential, environment, endpoint, selector, owner):
    gateway, azure = start_azure(credential, environment=environment)
    assert call(gateway).status == 200
    cloud = "us" if credential and "cloud" in credential else "com"
    assert [(a["endpoint"], a["selector"], a["owner"], a["audience"]) for a in azure.asked] == [
        (endpoint, selector, owner, f"https://cognitiveservices.azure.{cloud}")]
    calls = azure.calls(1)
    assert [c["credential"] for c in calls] == [f"token 1 of {owner}"]
    sent = {name.lower() for name, _ in calls[0]["headers"]}
    assert "authorization" in sent and "api-key" not in sent


def test_an_application_proves_itself_with_a_secret(start_azure):
    gateway, azure = start_azure(APP_WITH_SECRET, entra={"apps": {APP: {"secret": SECRET}}})
    assert call(gateway).status == 200
    assert [(a["proof"], a["owner"]) for a in azure.asked] == [("secret", APP)]
    shown = credential_status(gateway)
    assert (shown["state"], shown["kind"], shown["client_id"]) == ("good", "client_secret", APP)
    assert SECRET not in status(gateway) and "eyJ" not in status(gateway)


def test_an_application_proves_itself_with_a_certificate(start_azure, tmp_path):
    crt, key = certificate(tmp_path / "pki")
    credential = {"client_certificate": {"tenant": TENANT, "client_id": APP, "certificate": str(crt), "key": str(key)},
                  "authority": "{url}"}
    gateway, azure = start_azure(credential, entra={"apps": {APP: {"certificate": str(crt)}}})
    assert call(gateway).status == 200
    assert [(a["proof"], a["status"]) for a in azure.asked] == [("certificate", 200)]


def test_a_pods_token_is_read_for_each_request(start_azure, tmp_path):
    file = tmp_path / "federated"
    file.write_text("\n first.service.token \n")
    credential = {"workload_identity": {"tenant": TENANT, "client_id": APP, "token_file": str(file)}, "authority": "{url}"}
    gateway, azure = start_azure(credential, entra={"apps": {APP: {"federated": "first.service.token"}}})
    assert call(gateway).status == 200
    file.write_text("second.service.token\n")
    azure.post("/mock/entra/app", {"client_id": APP, "federated": "second.service.token"})
    azure.revoke()
    assert call(gateway).status == 200
    assert [(a["proof"], a["status"]) for a in azure.asked] == [("federated", 200), ("federated", 200)]


def test_deployments_with_the_same_credential_share_a_token(start_azure):
    gateway, azure = start_azure(None, environment={"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{url}"})
    settings = gateway.settings
    for model in MODELS:
        settings["deployments"][model]["credential"] = {"managed_identity": {}}
    gateway.write_config(settings)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: "deployment/gpt-4o" in json.loads(status(gateway)).get("credentials", {}))
    assert call(gateway).status == 200
    assert call(gateway, BODY.replace(b"gpt-4o-mini", b"gpt-4o")).status == 200
    assert len(azure.asked) == 2, "one by the name `azure`, one for all that are written in place"
    assert len({labels["credential"] for name, labels, _ in gateway.metrics().series if name.startswith("tollgate_cred")}) == 1


# --- one token for all

def test_two_hundred_first_requests_make_one_fetch(start_azure):
    gateway, azure = start_azure(IMDS, {"server": {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 4}},
                                 before=lambda a: a.settings(delay_ms=600))
    assert set(in_parallel(200, lambda: call(gateway).status)) == {200}
    assert len(azure.asked) == 1
    assert gateway.metrics()["tollgate_credential_waits_total"] > 0


def test_a_token_is_replaced_ahead_of_its_end(start_azure):
    gateway, azure = start_azure(IMDS, before=lambda a: a.settings(token_seconds=3600, refresh_in=1))
    wait_until(lambda: len(azure.asked) >= 3)
    assert call(gateway).status == 200
    assert gateway.metrics()["tollgate_credential_waits_total"] <= 1


def test_a_reload_keeps_the_token(start_azure):
    gateway, azure = start_azure(APP_WITH_SECRET)
    assert call(gateway).status == 200
    settings = gateway.settings
    settings["log"] = {"level": "warn"}
    gateway.write_config(settings)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: json.loads(status(gateway))["configuration"]["reloads_ok"] == 1)
    azure.fail("status=503")
    assert call(gateway).status == 200
    assert len(azure.asked) == 1
    assert azure.calls(2)[-1]["credential"] == f"token 1 of {APP}"


def test_a_new_secret_is_tried_at_once_and_a_wrong_one_takes_nothing_away(start_azure, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    credential = {**APP_WITH_SECRET, "client_secret": {"tenant": TENANT, "client_id": APP, "secret": f"file:{secret}"}}
    gateway, azure = start_azure(credential, entra={"apps": {APP: {"secret": SECRET}}})
    assert call(gateway).status == 200
    secret.write_text(SECRET + "-wrong")  # files are watched
    wait_until(lambda: "AADSTS7000215" in gateway.output())
    assert call(gateway).status == 200
    assert credential_status(gateway)["state"] == "refreshing fails"
    azure.post("/mock/entra/app", {"client_id": APP, "secret": SECRET + "-2"})
    secret.write_text(SECRET + "-2")
    wait_until(lambda: credential_status(gateway)["state"] == "good")
    assert call(gateway).status == 200


def test_a_reload_tries_what_has_failed_at_once(start_azure):
    gateway, azure = start_azure(IMDS, before=lambda a: a.fail("status=503"))
    wait_until(lambda: credential_status(gateway)["failures_in_a_row"] == 4, 15)  # the next is due in 14 s
    azure.mend()
    settings = gateway.settings
    settings["credentials"]["azure"]["network"] = "private"
    gateway.write_config(settings)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: credential_status(gateway)["state"] == "good", 5)
    assert call(gateway).status == 200


# --- the token endpoint fails

def test_no_call_fails_while_the_token_is_good_although_the_endpoint_fails(start_azure):
    gateway, azure = start_azure(IMDS, {"server": {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 2}},
                                 before=lambda a: a.settings(token_seconds=5))
    assert call(gateway).status == 200
    began = time.monotonic()
    azure.fail("status=503")
    answers = []

    def load():
        with gateway.connect() as client:
            while not answers or all(code == 200 for _, code in answers):
                sent = time.monotonic()
                client.send(request("POST", CHAT, KEY, BODY))
                answers.append((sent - began, client.message().status))

    in_parallel(4, load)
    bad = [when for when, code in answers if code != 200]
    assert min(bad) > 3.5, "a token of five seconds"
    assert len(answers) > 200
    assert {code for _, code in answers} == {200, 502}
    assert gateway.metrics()["tollgate_credential_failures_in_a_row"] > 0
    azure.mend()
    wait_until(lambda: call(gateway).status == 200, 10)


def test_a_refusal_is_told_loudly_and_not_waited_for(start_azure):
    gateway, azure = start_azure(APP_WITH_SECRET, entra={"apps": {APP: {"secret": "another"}}})
    wait_until(lambda: "AADSTS7000215" in gateway.output())
    began = time.monotonic()
    message = call(gateway)
    assert time.monotonic() - began < 1
    assert (message.status, json.loads(message.body)["error"]["code"]) == (502, "upstream_error")
    assert SECRET.encode() not in message.body and b"AADSTS" not in message.body
    wait_until(gateway.is_at_rest)
    assert "no token for credential azure" in gateway.records()[-1]["error_detail"]
    assert len(azure.asked) == 1, "no retry loop"
    assert gateway.metrics()["tollgate_credential_fetches_total", "refused"] == 1
    shown = credential_status(gateway)
    assert shown["state"] == "failing" and "AADSTS7000215" in shown["last_error"]
    assert SECRET not in status(gateway)


def test_another_deployment_serves_while_there_is_no_token(start_azure):
    gateway, azure = start_azure(APP_WITH_SECRET, entra={"accept": "both", "apps": {APP: {"secret": "another"}}})
    settings = gateway.settings
    settings["deployments"]["spare"] = {"endpoint": azure.url, "model": "gpt-4o-mini", "credential": {"api_key": "env:AZURE_KEY"}}
    settings["models"]["gpt-4o-mini"]["route"] = ["gpt-4o-mini", "spare"]
    gateway.write_config(settings)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: json.loads(status(gateway))["configuration"]["reloads_ok"] == 1)
    assert call(gateway).status == 200
    assert azure.calls(1)[0]["credential"].startswith("key sha256:")


@pytest.mark.parametrize("fault", ["status=404", "status=410", "status=500 html", "badjson", "reset k=0", "cut"])
def test_the_metadata_service_is_asked_again_after(start_azure, fault):
    gateway, azure = start_azure(IMDS, before=lambda a: a.fail(fault, times=1))
    assert call(gateway).status == 200
    assert len(azure.asked) == 2
    assert gateway.metrics()["tollgate_credential_fetches_total", "failed"] == 1


def test_a_call_waits_for_a_silent_endpoint_no_longer_than_for_a_connection(start_azure):
    gateway, azure = start_azure(IMDS, before=lambda a: a.settings(delay_ms=30_000))
    began = time.monotonic()
    assert call(gateway).status == 502
    assert 1.5 < time.monotonic() - began < 4
    assert gateway.metrics()["tollgate_credential_unavailable_total"] == 1


def test_a_client_that_leaves_while_it_waits_harms_nobody(start_azure):
    gateway, azure = start_azure(IMDS, before=lambda a: a.settings(delay_ms=1_000))
    for _ in range(20):
        with gateway.connect() as client:
            client.send(request("POST", CHAT, KEY, BODY))
            time.sleep(0.01)
    assert call(gateway).status == 200


# --- a deployment refuses the token

def test_a_refused_token_is_replaced_once_and_the_call_repeated(start_azure):
    gateway, azure = start_azure(IMDS)
    assert call(gateway).status == 200
    azure.revoke()
    assert set(in_parallel(30, lambda: call(gateway).status)) == {200}
    assert len(azure.asked) == 2
    assert gateway.metrics()["tollgate_credential_renewals_total"] == 1
    assert b"token" not in b"".join(json.dumps(r).encode() for r in gateway.records() if r["error_code"])


def test_a_stream_begins_after_the_token_was_replaced(start_azure):
    gateway, azure = start_azure(IMDS)
    assert call(gateway).status == 200
    azure.revoke()
    message = call(gateway, BODY.replace(b'"messages"', b'"stream":true,"messages"'))
    assert message.status == 200 and b"data: [DONE]" in message.body


def test_app_service_is_told_which_token_was_refused(start_azure):
    gateway, azure = start_azure({"managed_identity": {"host": "app_service", "endpoint": "{url}/msi/token", "header": "env:HEADER"}})
    assert call(gateway).status == 200
    azure.revoke()
    assert call(gateway).status == 200
    assert [bool(re.fullmatch("[0-9a-f]{64}", a["to_refresh"])) for a in azure.asked] == [False, True]


def test_claims_of_a_challenge_are_asked_for(start_azure):
    gateway, azure = start_azure(APP_WITH_SECRET)
    assert call(gateway).status == 200
    claims = {"access_token": {"nbf": {"essential": True, "value": "1790000000"}}}
    azure.revoke(claims)
    assert set(in_parallel(10, lambda: call(gateway).status)) == {200}
    assert [a["claims"] and json.loads(a["claims"]) for a in azure.asked] == ["", claims]


def test_a_deployment_that_refuses_every_token_does_not_make_us_ask_for_each_call(start_azure):
    gateway, azure = start_azure(IMDS)
    assert call(gateway).status == 200
    azure.settings(accept="keys")
    for _ in range(5):
        message = call(gateway)
        assert (message.status, json.loads(message.body)["error"]["code"]) == (502, "upstream_error")
    assert len(azure.asked) == 2


# --- nobody else gets there

def test_nothing_that_a_client_sends_leads_to_the_token_endpoints(start_azure):
    gateway, azure = start_azure(IMDS)
    assert call(gateway).status == 200
    path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com"
    for target in (path, "/openai/v1/../.." + path, "/openai/v1/%2e%2e/%2e%2e" + path, "/msi/token",
                   f"/{TENANT}/oauth2/v2.0/token", "/v1" + path, "/openai" + path):
        message = gateway.call(request("GET", target, KEY, b"", ["Metadata: true", "X-IDENTITY-HEADER: mock-identity-header"]))
        assert message.status in (400, 404), (target, message)
        assert b"access_token" not in message.body
    message = gateway.call(b"GET http://169.254.169.254" + path.encode() + b" HTTP/1.1\r\nHost: 169.254.169.254\r\napi-key: " +
                           KEY.encode() + b"\r\nMetadata: true\r\n\r\n")
    assert message.status in (400, 404)
    assert len(azure.asked) == 1 and len(azure.calls(1)) == 1
