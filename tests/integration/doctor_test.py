"""`tollgate doctor`: every kind of fault is told for what it is, with what to do about it.

Most faults are deployments of one configuration, examined in one run.
"""

import email.utils
import json
import re
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack

import pytest

from credentials_test import APP, APP_WITH_SECRET, SECRET, TENANT, Azure, certificate
from harness import AZURE_KEY, Gateway, Mock, binary, config, merge
from limits_setup import Redis, hash_of
from name_server import NameServer, Reply
from network_test import CONNECT, asking, can_trace
from upstream import Upstream, serve
from wire import Gone, answer

ZONE = "privatelink.openai.azure.com"
PUBLIC = "203.0.113.7"  # reserved for documentation
WRONG_KEY = "wrong-key-0123456789abcdef"
REDIS_PASSWORD = "redis-password-Zx81"


def run(folder, settings, *arguments, environment=None, before=()):
    """(exit status, output, errors) of one run; no secret is ever in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gateway.yaml").write_text(json.dumps(settings))
    done = subprocess.run(
        [*before, binary(), "doctor", "--config", "gateway.yaml", *arguments], cwd=folder, capture_output=True, text=True,
        timeout=60, env={"AZURE_KEY": AZURE_KEY, "WRONG_KEY": WRONG_KEY, "APP_SECRET": SECRET,
                         "REDIS_PASSWORD": REDIS_PASSWORD, **(environment or {})})
    for secret in (AZURE_KEY, WRONG_KEY, SECRET, REDIS_PASSWORD, "eyJ"):
        assert secret not in done.stdout + done.stderr, "a secret is told"
    return done.returncode, done.stdout, done.stderr


def examined(folder, settings, *arguments, **options):
    """(exit status, {target: {check: the rest}}) of one run."""
    status, output, errors = run(folder, settings, "--json", *arguments, **options)
    assert status in (0, 1), errors
    return status, {t["target"]: {c["check"]: c for c in t["checks"]} for t in json.loads(output)["targets"]}


def deployments(all_of_them, changes=None):
    """A configuration with these deployments alone."""
    for one in all_of_them.values():
        one.setdefault("model", "gpt-4o")
        one.setdefault("credential", {"api_key": "env:AZURE_KEY"})
    base = {
        "server": {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0"},
        "deployments": all_of_them,
        "models": {name: {"route": [name]} for name in all_of_them},
        "products": {"all": {"models": list(all_of_them)}},
        "subscriptions": {"apps": {"product": "all", "keys": [hash_of("tg-0123456789abcdef")]}},
    }
    return merge(base, changes or {})


def error(status, code, message, *fields):
    body = json.dumps({"error": {"code": code, "message": message}})
    return answer(body, status, ("Content-Type: application/json", "Connection: close", *fields))


READ = error("400 Bad Request", "invalid_request_error", "[] is too short - 'messages'")


def on_v1_alone(reply):
    """What answers calls of /openai/v1, and ends the connection at others."""
    def respond(message):
        if "api-version" in message.first_line:
            raise Gone("on the dated path")
        return reply
    return respond


def black_hole(stack):
    """The port of a listener that takes no connection any more: what is sent to it is dropped."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(3):
        filler = stack.enter_context(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return listener.getsockname()[1]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def faults(tmp_path_factory, tls_files):
    """(exit status, targets, seconds) of one run over a deployment for each fault."""
    folder = tmp_path_factory.mktemp("doctor")
    with ExitStack() as stack:
        def upstream(reply, tls=None):
            made = Upstream(serve(reply if callable(reply) else lambda _: reply), tls)
            stack.callback(made.close)
            return made.url

        def secured(name, *arguments, **options):
            files = tls_files.certificate(name, *arguments, **options)
            return upstream(READ, tls_files.server(files))

        names = NameServer()
        stack.callback(names.close)
        names.say("public.openai.azure.com", Reply(a=[PUBLIC]))
        names.say("half.openai.azure.com", Reply(a=[PUBLIC, "127.0.0.1"]))
        mock = Mock(folder / "mock", settings={"accept_any_deployment": False, "deployments": {
            "gpt-4o-prod": {"model": "gpt-4o"}, "gpt-4o-mini": {}}})
        stack.callback(mock.kill)
        trusted = {"ca": str(tls_files.authority)}
        plain_port = re.search(r":(\d+)$", upstream(READ))[1]
        not_tls = Upstream(lambda peer: (peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), peer.wait_end()))
        stack.callback(not_tls.close)
        skewed = email.utils.formatdate(time.time() - 45, usegmt=True)
        all_of_them = {
            "good": {"endpoint": secured("doctor-good", "DNS:localhost"), **trusted},
            "no-name": {"endpoint": "https://missing.openai.azure.com"},
            "public": {"endpoint": "https://public.openai.azure.com", "network": "private"},
            "half": {"endpoint": f"http://half.openai.azure.com:{plain_port}", "allow_plain_http": True, "network": "private"},
            "refused": {"endpoint": f"http://127.0.0.1:{closed_port()}"},
            "lost": {"endpoint": f"http://127.0.0.1:{black_hole(stack)}", "timeouts": {"connect": "500ms"}},
            "strange-ca": {"endpoint": secured("doctor-theirs", "DNS:localhost", authority="theirs"), **trusted},
            "no-ca": {"endpoint": secured("doctor-ours", "DNS:localhost")},
            "wrong-name": {"endpoint": secured("doctor-name", "DNS:other.example"), **trusted},
            "expired": {"endpoint": secured("doctor-expired", "DNS:localhost", days=-1), **trusted},
            "plain": {"endpoint": f"https://localhost:{not_tls.port}"},
            "wrong-key": {"endpoint": mock.url, "deployment": "gpt-4o-mini", "credential": {"api_key": "env:WRONG_KEY"}},
            "mistyped": {"endpoint": mock.url, "deployment": "gpt4o-prod"},
            "by-model": {"endpoint": mock.url, "deployment": "chat", "model": "gpt-4o-mini"},
            "well": {"endpoint": mock.url, "deployment": "gpt-4o-prod"},
            "no-role": {"endpoint": upstream(error(
                "401 Unauthorized", "PermissionDenied", "The principal `1` lacks the required data action `x`"))},
            "no-public": {"endpoint": upstream(error(
                "403 Forbidden", "403", "Public access is disabled. Please configure private endpoint."))},
            "firewall": {"endpoint": upstream(error(
                "403 Forbidden", "403", "Access denied due to Virtual Network/Firewall rules."))},
            "no-version": {"endpoint": upstream(error("404 Not Found", "404", "Resource not found"))},
            "busy": {"endpoint": upstream(error("429 Too Many Requests", "429", "Rate limit is exceeded."))},
            "echo": {"endpoint": upstream(error("401 Unauthorized", "401", f"who has the key {AZURE_KEY}?"))},
            "skewed": {"endpoint": upstream(error(
                "400 Bad Request", "x", "read", f"Date: {skewed}", "x-ms-region: West US")), "region": "eastus2"},
            "portal": {"endpoint": upstream(answer("<html>Sign in</html>", "200 OK", ("Content-Type: text/html", "Connection: close")))},
            "v1-down": {"endpoint": upstream(lambda message: READ if "api-version" in message.first_line else error(
                "503 Service Unavailable", "Busy", "later"))},
            "dated-cut": {"endpoint": upstream(on_v1_alone(error("400 Bad Request", "x", "read", f"Date: {skewed}")))},
            "mutual": {"endpoint": upstream(READ, asking(tls_files)), **trusted},
            "slow": {"endpoint": upstream(lambda message: [2.1, READ] if "api-version" in message.first_line else READ)},
        }
        settings = deployments(all_of_them, {"network": {"nameservers": [names.address]}})
        began = time.monotonic()
        status, targets = examined(folder, settings)
        yield status, targets, time.monotonic() - began, mock


@pytest.mark.parametrize("name, check, result, detail, fix", [
    ("no-name", "name", "fail", "there is no such name", f"link the private DNS zone {ZONE}"),
    ("public", "network", "fail", f"not connected to: {PUBLIC} is a public address", f"Link the private DNS zone {ZONE}"),
    ("half", "network", "warn", "only the other addresses are used", ZONE),
    ("half", "deployment", "ok", "half is there", None),
    ("refused", "connect", "fail", "refused", "Nothing listens there"),
    ("lost", "connect", "fail", "no answer in 5", "Packets are lost"),
    ("strange-ca", "tls", "fail", "authority is not trusted (issued by CN=Test authority theirs)", "the file that `ca` names"),
    ("no-ca", "tls", "fail", "not trusted", "name its PEM file as `ca`"),
    ("wrong-name", "tls", "fail", "the certificate is for other.example, not for localhost", "Write the name"),
    ("expired", "tls", "fail", "has expired; the server's ends on", "Renew the certificate of localhost"),
    ("plain", "tls", "fail", "wrong version number", "http://"),
    ("good", "tls", "warn", "TLSv1.3, localhost, ends", "Renew"),
    ("good", "deployment", "ok", "good is there", None),
    ("wrong-key", "credential", "fail", "401: Access denied", "The key is not one of 127.0.0.1"),
    ("mistyped", "credential", "ok", "the key is accepted", None),
    ("mistyped", "deployment", "fail", "there is no deployment gpt4o-prod", "Did you mean gpt-4o-prod?"),
    ("by-model", "deployment", "fail", "there is no deployment chat", "There are: gpt-4o-mini"),
    ("well", "deployment", "ok", "gpt-4o-prod is there", None),
    ("well", "api-version", "ok", "2024-10-21 and v1", None),
    ("well", "clock", "ok", "right to 1 s", None),
    ("half", "clock", "skipped", "tells no time", None),
    ("no-role", "credential", "fail", "PermissionDenied", "Cognitive Services OpenAI User"),
    ("no-public", "access", "fail", "Public access is disabled", "private endpoint"),
    ("firewall", "access", "fail", "Firewall rules", "selected networks"),
    ("no-version", "api-version", "fail", "neither 2024-10-21 nor v1", "`endpoint`"),
    ("busy", "deployment", "warn", "full at the moment (429)", "quota"),
    ("echo", "credential", "fail", "who has the key ***?", "Keys and Endpoint"),
    ("skewed", "clock", "warn", "s ahead", "NTP"),
    ("skewed", "region", "warn", "served from West US, configured eastus2", "`region`"),
    ("portal", "deployment", "fail", "200, where a refusal was due", "does not look like Azure OpenAI"),
    ("v1-down", "deployment", "ok", "v1-down is there", None),
    ("v1-down", "api-version", "fail", "2024-10-21, not v1: 503 Busy", "status page"),
    ("dated-cut", "api-version", "fail", "v1, not 2024-10-21: the answer broke off", "in between"),
    ("dated-cut", "deployment", "skipped", "maybe before it looks for dated-cut", None),
    ("dated-cut", "clock", "warn", "s ahead", "NTP"),
    ("dated-cut", "latency", "ok", "first byte", None),
    ("mutual", "tls", "warn", "TLSv1.3", "Renew"),
    ("mutual", "answer", "fail", "alert certificate required", "client_certificate"),
    ("slow", "latency", "warn", "first byte 2.", "proxy"),
])
def test_each_fault_is_told_with_its_fix(faults, name, check, result, detail, fix):
    targets = faults[1]
    found = targets[f"deployment {name}"][check]
    assert found["result"] == result, found
    assert detail in found["detail"]
    assert fix in found["fix"] if fix else "fix" not in found


def test_all_are_looked_at_at_the_same_time_and_cost_no_tokens(faults):
    status, targets, seconds, mock = faults
    assert status == 1
    assert len(targets) == 28  # and this machine
    assert seconds < 6
    assert targets["deployment no-name"].keys() == {"name"}  # nothing is said of what was not reached
    host, port = mock.ready[1].split(":")
    with socket.create_connection((host, int(port)), 5) as admin:
        admin.sendall(b"GET /mock/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        stats = json.loads(b"".join(iter(lambda: admin.recv(65536), b"")).split(b"\r\n\r\n", 1)[1])
    assert stats["requests"] > 0 and stats["prompt_tokens"] == stats["completion_tokens"] == stats["status_2xx"] == 0


@pytest.mark.skipif(not can_trace(), reason="strace cannot trace here")
def test_nothing_is_connected_to_that_the_rules_refuse(tmp_path):
    names = NameServer()
    names.say("public.openai.azure.com", Reply(a=[PUBLIC]))
    names.say("hooks.example", Reply(a=[PUBLIC]))
    names.say("pots.example", Reply(a=[PUBLIC]))
    trace = tmp_path / "trace"
    settings = deployments({"public": {"endpoint": "https://public.openai.azure.com"}}, {
        "network": {"nameservers": [names.address], "mode": "private"}, "sharing": {"redis": "redis://pots.example:6379"},
        "alerts": {"webhook": "https://hooks.example/secret"},
        "products/all/budgets": {"requests": "1000/day", "alert": ["1%"], "when_unshared": "open"}})
    try:
        status, targets = examined(tmp_path, settings, environment={"PATH": "/usr/bin:/bin"}, before=[
            shutil.which("strace"), "-f", "-e", "trace=connect", "-o", str(trace)])
    finally:
        names.close()
    assert status == 1
    for target in ("deployment public", "redis", "webhook"):
        assert targets[target]["network"]["result"] == "fail"
    assert {a or b for a, b in CONNECT.findall(trace.read_text())} <= {"127.0.0.1"}


# --- what else the gateway needs ---

def test_a_setup_that_is_well(tmp_path, tls_files):
    azure, redis, hook = Azure(tmp_path / "mock"), Redis(tmp_path / "redis"), Upstream(lambda peer: peer.wait_end())
    try:
        redis.command("CONFIG", "SET", "requirepass", REDIS_PASSWORD)
        settings = deployments({"gpt-4o": {"endpoint": azure.url, "credential": "azure"}}, {
            "server/tls": {"certificate": str(tls_files.good[0]), "key": str(tls_files.good[1])},
            "credentials": {"azure": json.loads(json.dumps(APP_WITH_SECRET).replace("{url}", azure.url))},
            "subscriptions/robots": {"product": "all", "claims": {"app": APP}},
            "identity/entra": {"tenants": [TENANT], "audiences": ["api://tollgate"], "authority": azure.url},
            "sharing": {"redis": redis.url, "password": "env:REDIS_PASSWORD", "timeout": "5s"},
            "alerts": {"webhook": hook.url + "/secret-path"},
            "products/all/budgets": {"requests": "1000/day", "alert": ["1%"], "when_unshared": "open"}})
        status, output, errors = run(tmp_path / "doctor", settings)
        assert status == 0, output
        assert errors == "" and "\x1b" not in output and "secret-path" not in output
        for line in (r"deployment gpt-4o  http://127\.0\.0\.1:\d+\n", r"  credential +ok +the token is accepted\n",
                     r"credential azure  http", r"  token +ok +good for 60 min\n", rf"tenant {TENANT}  http",
                     r"  keys +ok +\d signing keys?\n", r"redis  redis://", r"  redis +ok +answers", r"  clock +ok +right to 1 s\n",
                     r"webhook  http://127\.0\.0\.1:\d+\n", r"  certificate  warn  \S+good\.pem, ends", r", 1 warning, 0 faults\n$"):
            assert re.search(line, output), line + "\n" + output
        hook.check()
        assert not hook.requests  # nothing is posted
        assert not list((tmp_path / "doctor").glob("tollgate-*"))  # nothing is made
    finally:
        redis.stop()
        hook.close()
        azure.kill()


def test_faults_of_side_services(tmp_path):
    azure, redis, authority = Azure(tmp_path / "mock", apps={APP: {"secret": "another"}}), Redis(tmp_path / "redis"), Upstream(
        serve(lambda _: error("400 Bad Request", "invalid_tenant", "AADSTS90002: Tenant not found")))
    try:
        redis.command("CONFIG", "SET", "requirepass", "another")
        down = f"http://127.0.0.1:{closed_port()}"

        def credential(url):
            return json.loads(json.dumps(APP_WITH_SECRET).replace("{url}", url))

        settings = deployments({
            "refused": {"endpoint": azure.url, "credential": "refused"}, "down": {"endpoint": azure.url, "credential": "down"}}, {
            "credentials": {"refused": credential(azure.url), "down": credential(down)},
            "subscriptions/robots": {"product": "all", "claims": {"app": APP}},
            "identity/entra": {"tenants": [TENANT], "audiences": ["api://tollgate"], "authority": authority.url},
            "ledger/path": "missing/ledger.db",
            "sharing": {"redis": redis.url, "password": "env:REDIS_PASSWORD"}})
        status, targets = examined(tmp_path / "doctor", settings)
        assert status == 1

        def told(target, check):
            found = targets[target][check]
            return found["result"], found["detail"] + " / " + found.get("fix", "")

        for target, check, words in [
                ("credential refused", "token", "AADSTS7000215.*not its id"), ("credential down", "connect", "refused.*Nothing"),
                (f"tenant {TENANT}", "keys", "status 400.*identity.entra.tenants"), ("redis", "redis", "WRONGPASS.*sharing.password"),
                ("this machine", "ledger", "missing: No such file.*Make the folder")]:
            result, text = told(target, check)
            assert result == "fail" and re.search(words, text), (target, result, text)
        assert told("deployment down", "credential")[0] == "skipped"
        assert "cannot be reached" in told("deployment down", "credential")[1]
    finally:
        redis.stop()
        authority.close()
        azure.kill()


def test_certificates_of_our_own_that_have_expired(tmp_path, tls_files):
    own = tls_files.certificate("doctor-old", "DNS:localhost", usage="serverAuth,clientAuth", days=-1)
    fresh, app_key = certificate(tmp_path / "pki")
    app = tmp_path / "pki" / "old.crt"
    subprocess.run(["openssl", "x509", "-in", fresh, "-signkey", app_key, "-days", "-1", "-out", app], check=True, capture_output=True)
    down = f"https://localhost:{closed_port()}"
    pair = {"certificate": str(own[0]), "key": str(own[1])}
    settings = deployments({
        "mutual": {"endpoint": down, "client_certificate": pair}, "by-app": {"endpoint": down, "credential": "app"}}, {
        "server/tls": pair, "credentials": {"app": {"authority": down.replace("https:", "http:"), "client_certificate": {
            "tenant": TENANT, "client_id": APP, "certificate": str(app), "key": str(app_key)}}}})
    status, targets = examined(tmp_path / "doctor", settings)
    assert status == 1
    for target, words in (("this machine", "doctor-old.pem, ended"), ("deployment mutual", "doctor-old.pem, ended"),
                          ("credential app", f"of {APP}, ended")):
        found = targets[target]["certificate"]
        assert found["result"] == "fail" and words in found["detail"] and "Renew" in found["fix"]
    checked = subprocess.run([binary(), "check", "gateway.yaml"], cwd=tmp_path / "doctor", capture_output=True, text=True,
                             env={"AZURE_KEY": AZURE_KEY})
    assert checked.returncode == 0
    for place in ("server.tls", "deployments.mutual.client_certificate", "credential app"):
        assert f"warning: {place}: the certificate has expired" in checked.stderr


def test_redis_that_is_something_else(tmp_path):
    other = Upstream(lambda peer: (peer.send(b"220 not what you think\r\n"), peer.wait_end()))
    settings = deployments({"a": {"endpoint": f"http://127.0.0.1:{closed_port()}"}}, {
        "sharing": {"redis": f"redis://127.0.0.1:{other.port}"}})
    try:
        _, targets = examined(tmp_path, settings)
    finally:
        other.close()
    assert "does not speak Redis" in targets["redis"]["redis"]["detail"]
    assert "rediss://" in targets["redis"]["redis"]["fix"]


def test_addresses_that_are_taken(tmp_path):
    mock = Mock(tmp_path / "mock")
    data, admin = closed_port(), closed_port()
    settings = deployments({"gpt-4o": {"endpoint": mock.url}}, {
        "server": {"listen": f"127.0.0.1:{data}", "admin": f"127.0.0.1:{admin}", "workers": 1}})
    try:
        _, targets = examined(tmp_path / "doctor", settings)
        assert "is free" in targets["this machine"]["listen"]["detail"]
        gateway = Gateway(tmp_path / "gateway", settings)
        try:
            status, targets = examined(tmp_path / "gateway", settings)
            assert status == 0 and "served by a gateway" in targets["this machine"]["listen"]["detail"]
        finally:
            gateway.stop()
        with socket.create_server(("127.0.0.1", data)):
            status, targets = examined(tmp_path / "doctor", settings)
        assert status == 1 and "another program" in targets["this machine"]["listen"]["detail"]
    finally:
        mock.kill()


# --- how it is called ---

def test_it_ends_in_time(tmp_path):
    silent = Upstream(lambda peer: peer.wait_end())
    try:
        began = time.monotonic()
        status, targets = examined(tmp_path, deployments({"silent": {"endpoint": silent.url}}), "--timeout", "1s")
        assert 0.9 < time.monotonic() - began < 4
        assert status == 1 and "no answer in time" in targets["deployment silent"]["answer"]["detail"]
    finally:
        silent.close()


def test_another_api_version(tmp_path):
    mock = Mock(tmp_path / "mock")
    try:
        status, targets = examined(tmp_path, deployments({"gpt-4o": {"endpoint": mock.url}}), "--api-version", "2020-01-01")
        found = targets["deployment gpt-4o"]["api-version"]
        assert (status, found["result"]) == (1, "fail") and "v1, not 2020-01-01" in found["detail"]
    finally:
        mock.kill()


@pytest.mark.parametrize("arguments, words", [
    (["--timeout", "1h"], "--timeout: 1s to 5m"), (["--timeout", "soon"], "--timeout"), (["--timeout"], "needs a value"),
    (["--api-version", "2024 x"], "--api-version"), (["gateway.yaml"], "unknown argument gateway.yaml")])
def test_wrong_arguments(tmp_path, arguments, words):
    status, output, errors = run(tmp_path, {}, *arguments)
    assert (status, output) == (2, "") and words in errors and "usage: tollgate doctor" in errors


def test_a_configuration_that_cannot_be_used(tmp_path):
    status, output, errors = run(tmp_path, config("http://127.0.0.1:1", {"deployments/gpt-4o/endpont": "x"}))
    assert (status, output) == (2, "") and "did you mean" in errors.lower()
