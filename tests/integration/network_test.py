"""Private networks: what a name may resolve to, and that nothing else is ever connected to.

Public addresses are those reserved for documentation (192.0.2.0/24, 203.0.113.0/24, 2001:db8::/32), so
that nothing would leave the machine even if something went wrong.
"""

import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness import KEY, Gateway, all_deployments, config, merge, wait_until
from limits_setup import Redis
from name_server import AAAA, A, NameServer, Reply
from upstream import Upstream, serve
from wire import answer, request

HOST = "contoso.openai.azure.com"
PUBLIC, OTHER_PUBLIC, PUBLIC_V6 = "203.0.113.7", "192.0.2.1", "2001:db8::7"
ZONE = "privatelink.openai.azure.com"
CHAT = "/openai/v1/chat/completions"
PLAIN = request("POST", CHAT, KEY, b'{"model":"gpt-4o","messages":[]}')
MINI = request("POST", CHAT, KEY, b'{"model":"gpt-4o-mini","messages":[]}')
ANSWER = answer('{"choices":[]}')
CLOSING = answer('{"choices":[]}', fields=("Content-Type: application/json", "Connection: close"))


@pytest.fixture
def names():
    server = NameServer()
    yield server
    server.close()


def network(names, **more):
    return {"network": {"nameservers": [names.address], "min_ttl": "1ms", "negative_ttl": "1ms",
                        "mode": "private", **more}}


def named(upstream, host=HOST, **fields):
    """Every deployment at the upstream, by a name."""
    scheme = "https" if upstream.tls else "http"
    plain = {} if upstream.tls else {"allow_plain_http": True}
    return all_deployments(endpoint=f"{scheme}://{host}:{upstream.port}", **plain, **fields)


def call_anew(gateway):
    """A call once the answer of the name server has had its time, which is the 1 ms of min_ttl at least."""
    time.sleep(0.005)
    return gateway.call(PLAIN)


@pytest.fixture
def start_named(start, names, tmp_path):
    """start_named(script, changes) -> (gateway, upstream, names) with the deployments behind HOST."""
    def start_it(script=None, changes=None, tls=None, rules=None, **fields):
        upstream = Upstream(script or serve(lambda _: CLOSING), tls)
        started.append(upstream)
        settings = merge(config(upstream.url, named(upstream, **fields)), network(names, **(rules or {})))
        gateway = Gateway(tmp_path / "gateway", merge(settings, changes or {}))
        started.append(gateway)
        return gateway, upstream

    started = []
    yield start_it
    for service in reversed(started):
        if isinstance(service, Gateway):
            try:
                service.check()
                service.stop()
            finally:
                service.kill()
        else:
            service.close()
            service.check()


def audit(gateway):
    path = gateway.folder / "tollgate-audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def refusals(gateway, *labels):
    return gateway.metrics()[("tollgate_network_refusals_total", *labels)]


def detail(gateway):
    return gateway.records()[-1]["error_detail"]


# --- what is refused, and how it is told ---

def test_a_public_address_is_refused_and_told_without_topology(start_named, names):
    names.say(HOST, Reply(a=[PUBLIC], ttl=60))
    gateway, upstream = start_named()
    for _ in range(3):
        message = gateway.call(PLAIN)
        assert message.status == 502
        for word in (HOST.encode(), PUBLIC.encode(), b"private", b"10.0.0.0", ZONE.encode()):
            assert word not in message.head + message.body
    assert not upstream.peers
    gateway.wait_records(3)
    for word in (HOST, PUBLIC, "public address", ZONE):
        assert word in detail(gateway)
    for word in (HOST, PUBLIC, ZONE, "10.0.0.0/8"):
        assert word in gateway.output()
    assert refusals(gateway, "deployment", "gpt-4o") == 3
    wait_until(lambda: audit(gateway))
    assert len(audit(gateway)) == 1  # the others are counted
    line = audit(gateway)[0]
    assert (line["action"], line["service"], line["deployment"], line["host"], line["address"], line["zone"]) == (
        "network.refused", "deployment", "gpt-4o", HOST, PUBLIC, ZONE)


def test_of_a_mixed_answer_only_the_private_addresses_are_used(start_named, names):
    names.say(HOST, Reply(a=[PUBLIC, "127.0.0.1", OTHER_PUBLIC], aaaa=[PUBLIC_V6]))
    gateway, upstream = start_named()
    for _ in range(4):
        assert gateway.call(PLAIN).status == 200
    assert len(upstream.peers) == 4
    wait_until(lambda: len(audit(gateway)) == 3)
    assert {line["address"] for line in audit(gateway)} == {PUBLIC, OTHER_PUBLIC, PUBLIC_V6}
    assert "only its other addresses are used" in audit(gateway)[0]["message"]


@pytest.mark.parametrize("address", ["0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "168.63.129.16"])
def test_some_addresses_are_refused_on_every_network(start_named, names, address):
    names.say(HOST, Reply(a=[address]))
    gateway, _ = start_named(rules={"mode": "any"})
    assert gateway.call(PLAIN).status == 502
    gateway.wait_records(1)
    assert address in detail(gateway)
    assert refusals(gateway, "deployment") == 1


@pytest.mark.parametrize("address", ["::ffff:203.0.113.7", "64:ff9b::203.0.113.7", "64:ff9b::10.0.0.1",
                                     "2002:cb00:7107::1", "::", "fe80::1", "ff02::1", "2001:db8::1"])
def test_no_form_of_ipv6_address_is_a_way_around(start_named, names, address):
    names.say(HOST, Reply(aaaa=[address]))
    gateway, upstream = start_named()
    assert gateway.call(PLAIN).status == 502
    assert refusals(gateway, "deployment") == 1 and not upstream.peers


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 on this machine")
def test_private_ipv6_is_connected_to(start_named, names):
    gateway, upstream = start_named()
    there = socket.create_server(("::1", upstream.port), family=socket.AF_INET6)
    upstream.listener.shutdown(socket.SHUT_RDWR)
    upstream.listener = there
    threading.Thread(target=upstream._accept, daemon=True).start()
    names.say(HOST, Reply(aaaa=[PUBLIC_V6, "::1"]))
    assert gateway.call(PLAIN).status == 200


def test_a_name_that_is_rebound_to_a_public_address_is_refused_from_then_on(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1"]), Reply(a=[PUBLIC]))
    gateway, upstream = start_named()
    assert gateway.call(PLAIN).status == 200
    assert call_anew(gateway).status == 502
    assert len(upstream.peers) == 1


def test_the_repeat_on_a_fresh_connection_is_held_to_the_rule(start_named, names):
    """A kept connection that turns out to be closed is the one case in which a call is sent twice."""
    def script(peer):
        peer.read_request()
        peer.send(ANSWER)
        peer.read_request()
        peer.close()  # no answer: the gateway repeats the call

    names.say(HOST, Reply(a=["127.0.0.1"]), Reply(a=[PUBLIC]))
    gateway, upstream = start_named(script)
    assert gateway.call(PLAIN).status == 200
    assert call_anew(gateway).status == 502
    assert len(upstream.peers) == 1 and refusals(gateway, "deployment") == 1


APP = {"tenant": "11111111-2222-3333-4444-555555555555", "client_id": "aaaaaaaa-0000-0000-0000-000000000001",
       "secret": "env:AZURE_KEY"}


@pytest.mark.parametrize("order", [["open", "walled"], ["walled", "open"]])
def test_the_same_identity_under_two_rules_is_fetched_under_each(start_named, names, tls_files, order):
    """The first of the two must not decide for both. Loopback is outside the ranges here."""
    token = answer('{"token_type":"Bearer","expires_in":3599,"access_token":"a.b.c"}')
    login = Upstream(serve(lambda _: token), tls_files.server(tls_files.certificate("login", f"DNS:{HOST}")))
    names.say(HOST, Reply(a=["127.0.0.1"]))
    application = {"client_secret": APP, "authority": f"https://{HOST}:{login.port}", "ca": str(tls_files.authority)}
    try:
        gateway, _ = start_named(rules={"private_ranges": ["10.0.0.0/8"]}, network="any", changes={
            "credentials": {"open": {**application, "network": "any"}, "walled": {**application, "network": "private"}},
            "deployments": {"gpt-4o": {"credential": order[0]}, "gpt-4o-mini": {"credential": order[1]}}})
        calls = dict(zip(order, (PLAIN, MINI)))
        assert gateway.call(calls["open"]).status == 200
        assert gateway.call(calls["walled"]).status == 502
        gateway.wait_records(2)
        assert HOST in detail(gateway) and "is outside network.private_ranges" in detail(gateway)
        assert len(login.requests) == 1
        assert {(line["service"], line.get("credential")) for line in audit(gateway)} == {("token", "walled")}
        assert refusals(gateway, "token", "walled") > 0
    finally:
        login.close()


def test_a_redirect_is_not_followed(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1"]))
    moved = answer("", "307 Temporary Redirect", (f"Location: http://{PUBLIC}/openai",))
    gateway, upstream = start_named(serve(lambda _: moved))
    message = gateway.call(PLAIN)
    assert message.status == 502 and PUBLIC.encode() not in message.head + message.body
    assert len(upstream.requests) == 1 and refusals(gateway, "deployment") == 0


def test_a_deployment_may_say_otherwise_than_the_network(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1", PUBLIC]))
    gateway, _ = start_named(changes={"deployments/gpt-4o/network": "any"})
    assert gateway.call(PLAIN).status == 200
    assert refusals(gateway) == 0


def test_own_ranges_are_taken_with_a_reload_and_close_what_they_do_not_allow(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1"]))
    gateway, upstream = start_named(serve(lambda _: ANSWER), rules={"mode": "any"}, network="private")
    assert gateway.call(PLAIN).status == 200
    assert gateway.metrics()["tollgate_upstream_connections", "idle"] == 1
    gateway.write_config(merge(gateway.settings, {"network": {"private_ranges": ["10.0.0.0/8"]}}))
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.metrics()["tollgate_config_reloads_total", "ok"] >= 1)
    assert gateway.call(PLAIN).status == 502
    assert gateway.metrics()["tollgate_upstream_connections", "idle"] == 0
    assert len(upstream.requests) == 1


# --- pinned addresses ---

def test_a_pinned_address_is_used_with_the_name_of_the_host(start_named, names, tls_files):
    files = tls_files.certificate("contoso", f"DNS:{HOST}")
    gateway, upstream = start_named(tls=tls_files.server(files), ca=str(tls_files.authority),
                                    addresses=["127.0.0.1"])
    assert gateway.call(PLAIN).status == 200
    assert upstream.peers[0].server_name == HOST
    assert upstream.requests[0]["Host"] == f"{HOST}:{upstream.port}"
    assert not names.asked


def test_a_pinned_address_is_held_to_the_rule(tmp_path, names):
    settings = merge(config(f"http://{HOST}", all_deployments(allow_plain_http=True, addresses=[PUBLIC])),
                     network(names))
    with pytest.raises(RuntimeError, match=f"{PUBLIC} is a public address"):
        Gateway(tmp_path / "gateway", settings)


def test_a_webhook_is_verified_by_an_authority_of_its_own(tmp_path, tls_files):
    upstream = Upstream(serve(lambda _: CLOSING))
    hook = Upstream(serve(lambda _: answer("")), tls_files.server())
    gateway = Gateway(tmp_path / "gateway", config(upstream.url, {
        "alerts": {"webhook": hook.url + "/budget", "ca": str(tls_files.authority)},
        "products/everything/budgets": {"requests": "1000/day", "alert": ["1%"]}}))
    try:
        for _ in range(10):
            assert gateway.call(PLAIN).status == 200
        wait_until(lambda: hook.requests)
        assert b"budget_alert" in hook.requests[0].body
        gateway.stop()
    finally:
        gateway.kill()
        hook.close()
        upstream.close()


# --- every way out ---

def everything_named(upstream, redis_port, names, folder):
    """Deployments, signing keys, webhook and Redis, each by a name."""
    tenant = "11111111-2222-3333-4444-555555555555"
    return merge(config(upstream.url, named(upstream)), merge(network(names), {
        "identity": {"entra": {"tenants": [tenant], "audiences": ["api://tollgate"],
                               "authority": "https://login.example"}},
        "subscriptions/robots": {"product": "little", "claims": {"app": tenant}},
        "alerts": {"webhook": "https://hooks.example/budget"},
        "sharing": {"redis": f"redis://pots.example:{redis_port}"},
        "deployments/gpt-4o-mini": {"endpoint": upstream.url, "allow_plain_http": None},  # one that is served
        "products/everything/budgets": {"requests": "1000/day", "alert": ["1%"], "when_unshared": "open"},
        "products/everything/limits": {"requests": "1000/minute", "when_unshared": "open"},
    }))


def can_trace():
    if not shutil.which("strace"):
        return False
    done = subprocess.run(["strace", "-f", "-e", "trace=connect", "true"], capture_output=True)
    return done.returncode == 0


CONNECT = re.compile(r'connect\(\d+, \{sa_family=AF_INET6?, .*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")')


def connects(trace):
    """The addresses of every connect(2) that was traced."""
    return [a or b for a, b in CONNECT.findall(trace.read_text())]


@pytest.mark.skipif(not can_trace(), reason="strace cannot trace here")
@pytest.mark.parametrize("reply", ["public", "mixed", "rebound"])
def test_no_connect_to_a_public_address_is_ever_made(tmp_path, names, reply):
    public = Reply(a=[PUBLIC, OTHER_PUBLIC], aaaa=[PUBLIC_V6])
    mixed = Reply(a=[PUBLIC, "127.0.0.1"], aaaa=[PUBLIC_V6])
    replies = {"public": [public], "mixed": [mixed], "rebound": [Reply(a=["127.0.0.1"]), public]}[reply]
    hosts = {"deployment": HOST, "signing_keys": "login.example", "webhook": "hooks.example", "redis": "pots.example"}
    for host in hosts.values():
        names.say(host, *replies)
    upstream, redis = Upstream(serve(lambda _: CLOSING)), Redis(tmp_path / "redis")
    trace = tmp_path / "trace"
    gateway = None
    try:
        # -D: the gateway stays our child, strace is its grandchild.
        gateway = Gateway(tmp_path / "gateway", everything_named(upstream, redis.port, names, tmp_path),
                          before=["strace", "-D", "-f", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace)])
        for _ in range(12):
            gateway.call(PLAIN)
            assert gateway.call(MINI).status == 200
        redis.stop()  # what was connected to before the name moved has to be connected to again
        for service in hosts:
            wait_until(lambda: refusals(gateway, service) > 0, 10, why=f"{service} is refused")
        assert len(upstream.peers) == 12 + {"public": 0, "mixed": 12, "rebound": 1}[reply]
        gateway.stop()
    finally:
        if gateway:
            gateway.kill()
        redis.stop()
        upstream.close()
    text = trace.read_text()
    assert connects(trace), text[-2000:]
    assert {a for a in connects(trace) if a not in ("127.0.0.1", "::1")} == set()
    for public_address in (PUBLIC, OTHER_PUBLIC, PUBLIC_V6):
        assert public_address not in text


# --- name resolution ---

def test_answers_are_used_for_their_time_and_then_asked_for_anew(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1"], ttl=3600))
    gateway, upstream = start_named(rules={"max_ttl": "300ms"})
    for _ in range(5):
        assert gateway.call(PLAIN).status == 200
    assert names.questions(HOST) == 1
    time.sleep(0.35)
    assert gateway.call(PLAIN).status == 200
    assert names.questions(HOST) == 2
    assert gateway.metrics()["tollgate_name_lookups_total", "cached"] >= 4


def test_a_name_is_asked_for_once_at_a_time(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1"], ttl=60, delay=0.3))
    gateway, upstream = start_named()
    clients = [gateway.connect() for _ in range(20)]
    for client in clients:
        client.send(PLAIN)
    assert [client.message().status for client in clients] == [200] * 20
    for client in clients:
        client.close()
    assert names.questions(HOST) == 1 and names.questions(HOST, AAAA) == 1


@pytest.mark.parametrize("reply, word", [
    (Reply(rcode="NXDOMAIN"), "no such name"), (Reply(), "no such name"), (Reply(rcode="SERVFAIL"), "DNS server"),
    (Reply(is_silent=True), "too long")])
def test_a_name_that_does_not_resolve_is_told_in_the_record(start_named, names, reply, word):
    names.say(HOST, reply)
    gateway, _ = start_named(timeouts={"connect": "700ms"})
    message = gateway.call(PLAIN)
    assert message.status == 502 and HOST.encode() not in message.body
    gateway.wait_records(1)
    assert HOST in detail(gateway) and word in detail(gateway)


def test_a_name_server_that_drops_questions_for_ipv6_holds_nothing_up(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1", PUBLIC], ttl=60, drops=(AAAA,)))
    gateway, _ = start_named()
    began = time.monotonic()
    assert gateway.call(PLAIN).status == 200
    assert 0.35 < time.monotonic() - began < 1.4, "before a question is repeated"
    assert gateway.call(PLAIN).status == 200 and names.questions(HOST) == 2
    wait_until(lambda: audit(gateway))
    assert {line["address"] for line in audit(gateway)} == {PUBLIC}, "the rule holds for what there is"


def test_one_that_drops_questions_for_ipv4_is_waited_for_longer(start_named, names):
    names.say(HOST, Reply(aaaa=[PUBLIC_V6], ttl=60, drops=(A,)))
    gateway, _ = start_named()
    began = time.monotonic()
    assert gateway.call(PLAIN).status == 502
    assert 1.9 < time.monotonic() - began < 4
    gateway.wait_records(1)
    assert PUBLIC_V6 in detail(gateway)


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 on this machine")
def test_the_rest_of_an_answer_is_used_when_it_comes(start_named, names):
    """An address that is refused came first, the one that is good a repeated question later."""
    names.say(HOST, Reply(a=[PUBLIC], aaaa=["::1"], ttl=60, late=(AAAA,)))
    gateway, _ = start_named()
    assert gateway.call(PLAIN).status == 502
    gateway.wait_records(1)
    assert PUBLIC in detail(gateway) and "::1" not in detail(gateway)
    time.sleep(1.5)
    gateway.call(PLAIN)  # whoever listens there
    gateway.wait_records(2)
    assert "::1" in detail(gateway)


def test_a_chain_of_aliases_and_an_answer_over_tcp_are_read(start_named, names):
    names.say(HOST, Reply(chain=[f"contoso.{ZONE}", "frontend.example"], a=["127.0.0.1"], ttl=30, is_truncated=True))
    gateway, _ = start_named()
    assert gateway.call(PLAIN).status == 200
    assert names.questions(HOST, way="udp") == 1 and names.questions(HOST, way="tcp") == 1


def test_many_addresses_in_one_answer_are_all_tried(start_named, names):
    names.say(HOST, Reply(a=[f"127.0.1.{n}" for n in range(1, 20)] + ["127.0.0.1"]))
    gateway, _ = start_named()
    assert gateway.call(PLAIN).status == 200


@pytest.mark.parametrize("trouble", [Reply(rcode="SERVFAIL"), Reply(is_silent=True)])
def test_an_old_answer_is_used_while_no_newer_one_can_be_had(start_named, names, trouble):
    names.say(HOST, Reply(a=["127.0.0.1"]), trouble)
    gateway, _ = start_named(rules={"negative_ttl": "10s"})
    for _ in range(4):
        assert call_anew(gateway).status == 200
    assert gateway.metrics()["tollgate_name_lookups_total", "stale"] >= 1


def test_an_old_answer_is_not_used_for_ever(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1"]), Reply(rcode="SERVFAIL"))
    gateway, _ = start_named(rules={"stale": "200ms"})
    assert gateway.call(PLAIN).status == 200
    time.sleep(0.25)
    assert gateway.call(PLAIN).status == 502


def test_a_name_that_is_gone_is_gone(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.1"]), Reply(rcode="NXDOMAIN"))
    gateway, _ = start_named()
    assert [call_anew(gateway).status for _ in range(2)] == [200, 502]


def test_kept_connections_to_an_address_that_left_the_answer_are_closed(start_named, names):
    """An idle one at the next look at names, a busy one after its call."""
    names.say(HOST, Reply(a=["127.0.0.1"], ttl=1), Reply(a=["127.0.0.9"], ttl=1))
    gateway, upstream = start_named(serve(lambda _: ANSWER))
    assert gateway.call(PLAIN).status == 200
    peer = upstream.peers[0]
    wait_until(lambda: peer.gone_at, 6, why="the idle connection is closed")
    assert gateway.metrics()["tollgate_upstream_retired_total"] == 1
    assert gateway.metrics()["tollgate_upstream_connections", "idle"] == 0


def test_kept_connections_stay_while_their_address_does(start_named, names):
    names.say(HOST, Reply(a=["127.0.0.9", "127.0.0.1"], ttl=1), Reply(a=["127.0.0.1"], ttl=1))
    gateway, upstream = start_named(serve(lambda _: ANSWER))
    assert gateway.call(PLAIN).status == 200
    wait_until(lambda: names.questions(HOST) >= 3, 8, why="the name is asked for again")
    assert gateway.call(PLAIN).status == 200
    assert len(upstream.peers) == 1


def test_the_file_of_hosts_is_honoured(start_named, names):
    text = open("/etc/hosts").read()
    entries = [line.split()[1:] for line in text.splitlines() if line.split("#")[0].startswith("127.0.0.1")]
    others = [name for entry in entries for name in entry if name != "localhost"]
    if not others:
        pytest.skip("the file of hosts names nothing but localhost")
    upstream = Upstream(serve(lambda _: CLOSING))
    gateway, _ = start_named(changes=named(upstream, others[0]))
    assert gateway.call(PLAIN).status == 200
    assert not names.asked
    upstream.close()


def test_another_name_server_is_taken_with_a_reload(start_named, names):
    names.say(HOST, Reply(a=[PUBLIC], ttl=300))
    gateway, _ = start_named()
    assert gateway.call(PLAIN).status == 502
    other = NameServer()
    other.say(HOST, Reply(a=["127.0.0.1"], ttl=300))
    gateway.write_config(merge(gateway.settings, {"network": {"nameservers": [other.address]}}))
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.metrics()["tollgate_config_reloads_total", "ok"] >= 1)
    assert gateway.call(PLAIN).status == 200
    other.close()


# --- certificates ---

def asking(tls_files, authority="ours"):
    """A server that wants a certificate of the client."""
    context = tls_files.server()
    context.load_verify_locations(str(tls_files.folder / f"{authority}.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_client_certificate_is_shown_and_renewed(start, tls_files, tmp_path):
    own = tls_files.certificate("gateway", "DNS:gateway.example", usage="clientAuth")
    stranger = tls_files.certificate("stranger", "DNS:gateway.example", authority="theirs", usage="clientAuth")
    certificate, key = tmp_path / "client.crt", tmp_path / "client.key"

    def install(files):
        shutil.copy(files[0], certificate)
        shutil.copy(files[1], key)

    install(stranger)
    pair = {"certificate": str(certificate), "key": str(key)}
    gateway, upstream = start(serve(lambda _: CLOSING), {
        **all_deployments(ca=str(tls_files.authority), client_certificate=pair)}, tls=asking(tls_files))
    assert gateway.call(PLAIN).status == 502
    install(own)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.metrics()["tollgate_config_reloads_total", "ok"] >= 1)
    assert gateway.call(PLAIN).status == 200
    shutil.copy(stranger[0], certificate)  # and not the key
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.metrics()["tollgate_config_reloads_total", "failed"] >= 1)
    assert "a key that is not of its certificate" in gateway.output()
    assert gateway.call(PLAIN).status == 200


def test_a_client_certificate_that_has_expired_hinders_its_own_deployment_alone(start, tls_files):
    old = tls_files.certificate("ended", "DNS:gateway.example", usage="clientAuth", days=-1)
    asks = Upstream(serve(lambda _: CLOSING), tls=asking(tls_files))
    try:
        gateway, _ = start(serve(lambda _: CLOSING), {"deployments/gpt-4o": {"endpoint": asks.url, "ca": str(tls_files.authority),
            "client_certificate": {"certificate": str(old[0]), "key": str(old[1])}}})
        assert "deployments.gpt-4o.client_certificate: the certificate has expired" in gateway.output()
        assert gateway.call(PLAIN).status == 502
        assert gateway.call(request("POST", CHAT, KEY, b'{"model":"gpt-4o-mini","messages":[]}')).status == 200
    finally:
        asks.close()


def test_without_a_client_certificate_such_a_server_refuses(start, tls_files):
    gateway, _ = start(serve(lambda _: CLOSING), all_deployments(ca=str(tls_files.authority)), tls=asking(tls_files))
    assert gateway.call(PLAIN).status == 502


def test_the_certificate_must_name_the_host_of_the_endpoint(start_named, names, tls_files):
    names.say(HOST, Reply(a=["127.0.0.1"]))
    gateway, _ = start_named(tls=tls_files.server(), ca=str(tls_files.authority))
    assert gateway.call(PLAIN).status == 502
    gateway.wait_records(1)
    assert "certificate refused" in detail(gateway)
