"""Client certificates: who may connect, and whose calls they are."""

import hashlib
import json
import socket
import ssl
import subprocess

import pytest

from harness import KEY, wait_until
from upstream import serve
from wire import Gone, answer, request

CHAT = "/openai/v1/chat/completions"
ANSWER = answer('{"choices":[]}')
BODY = b'{"model":"gpt-4o-mini","messages":[]}'
WITHOUT_KEY = request("POST", CHAT, None, BODY)


class Client:
    """A client certificate of the given authority and its fingerprint."""

    def __init__(self, files, name, names, authority="ours", days="2", usage="clientAuth"):
        folder = files.folder
        (folder / f"{name}.cnf").write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        self._run(folder, "req", *files.KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                  "-subj", f"/O=Contoso/CN={name}")
        self._run(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey",
                  f"{authority}.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", days,
                  "-extfile", f"{name}.cnf")
        self.files = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
        der = ssl.PEM_cert_to_DER_cert((folder / f"{name}.pem").read_text())
        self.fingerprint = hashlib.sha256(der).hexdigest()

    @staticmethod
    def _run(folder, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def context(self, files):
        context = files.client()
        context.load_cert_chain(*self.files)
        return context


@pytest.fixture
def start_tls(start, tls_files):
    """start_tls(rules, mode) -> gateway with a subscription `machine` of these certificates."""
    def start_tls(rules, mode="optional"):
        tls = {"certificate": str(tls_files.good[0]), "key": str(tls_files.good[1]),
               "client_ca": str(tls_files.authority), "client_certificates": mode}
        changes = {"server/tls": tls}
        if rules:
            changes["subscriptions/machine"] = {"product": "little", "certificates": rules}
        return start(serve(lambda _: ANSWER), changes)[0]
    return start_tls


def subscription_of_call(gateway, context, data=WITHOUT_KEY):
    """(status, subscription) of one call."""
    wait_until(gateway.is_at_rest)
    before = len(gateway.records())
    message = gateway.call(data, tls=context)
    records = gateway.wait_records(before + 1)
    return message.status, records[-1]["subscription"]


def is_refused(gateway, context):
    """The handshake fails; with TLS 1.3 the client learns of it with its first read."""
    try:
        with gateway.connect(tls=context) as client:
            client.send(WITHOUT_KEY)
            client.message()
    except (ssl.SSLError, ConnectionError, Gone):
        return True
    return False


def test_a_certificate_is_a_credential_by_each_of_its_names(start_tls, tls_files):
    client = Client(tls_files, "payments", "DNS:Payments.contoso.example,URI:spiffe://contoso/payments")
    for rule in ({"sha256": client.fingerprint}, {"san": "payments.contoso.example"},
                 {"san": "spiffe://contoso/payments"}, {"subject": "CN=payments,O=Contoso"}):
        gateway = start_tls([rule])
        assert subscription_of_call(gateway, client.context(tls_files)) == (200, "machine"), rule


def test_a_certificate_of_nobody_is_not_permitted(start_tls, tls_files):
    client = Client(tls_files, "other", "DNS:other.example")
    gateway = start_tls([{"san": "payments.contoso.example"}])
    message = gateway.call(WITHOUT_KEY, tls=client.context(tls_files))
    assert (message.status, json.loads(message.body)["error"]["code"]) == (403, "access_denied")


def test_optional_lets_those_with_keys_in_without_a_certificate(start_tls, tls_files):
    client = Client(tls_files, "payments", "DNS:payments.contoso.example")
    gateway = start_tls([{"san": "payments.contoso.example"}])
    assert gateway.call(WITHOUT_KEY, tls=tls_files.client()).status == 401
    with_key = request("POST", CHAT, KEY, BODY)
    assert subscription_of_call(gateway, tls_files.client(), with_key)[0] == 200
    # A key says more than the connection it comes on; one that nobody has says nothing.
    assert subscription_of_call(gateway, client.context(tls_files), with_key) == (200, "apps")
    unused = request("POST", CHAT, "unused", BODY)
    assert subscription_of_call(gateway, client.context(tls_files), unused) == (200, "machine")


def test_required_refuses_the_connection_without_one(start_tls, tls_files):
    client = Client(tls_files, "payments", "DNS:payments.contoso.example")
    gateway = start_tls(None, "required")
    assert is_refused(gateway, tls_files.client())
    with_key = request("POST", CHAT, KEY, BODY)
    assert gateway.call(with_key, tls=client.context(tls_files)).status == 200
    assert gateway.call(WITHOUT_KEY, tls=client.context(tls_files)).status == 401


@pytest.mark.parametrize("mode", ["optional", "required"])
def test_a_certificate_that_does_not_verify_is_worse_than_none(start_tls, tls_files, mode):
    theirs = Client(tls_files, "theirs-client", "DNS:payments.contoso.example", authority="theirs")
    server = Client(tls_files, "a-server", "DNS:payments.contoso.example", usage="serverAuth")
    gateway = start_tls([{"san": "payments.contoso.example"}], mode)
    assert is_refused(gateway, theirs.context(tls_files))
    assert is_refused(gateway, server.context(tls_files))
    assert gateway.records() == []


def test_a_resumed_session_keeps_its_certificate(start_tls, tls_files):
    client = Client(tls_files, "payments", "DNS:payments.contoso.example")
    gateway = start_tls([{"san": "payments.contoso.example"}])
    context = client.context(tls_files)
    with gateway.connect(tls=context) as first:
        first.send(WITHOUT_KEY)
        assert first.message().status == 200
        session = first.sock.session
    sock = context.wrap_socket(socket.create_connection(gateway.data), server_hostname="localhost", session=session)
    assert sock.session_reused
    sock.sendall(WITHOUT_KEY)
    assert sock.recv(4096).startswith(b"HTTP/1.1 200")
    sock.close()
