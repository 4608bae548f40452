"""What the tests of limits and budgets share: a mock that keeps a journal, a gateway whose books can
be read, many clients at once, and a Redis of our own."""

import asyncio
import copy
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time

import pytest

from harness import AZURE_KEY, KEY, Gateway, Service, binary, merge, wait_until
from wire import Connection, Message, request

OTHER_KEY = "tg-" + secrets.token_hex(20)   # the same subscription's second key
PARTNER_KEY = "tg-" + secrets.token_hex(20)  # another subscription to the same product
CHAT = "/openai/v1/chat/completions"
WORDS = "one two red car big sun low top"    # one token a word, for the mock and for us
TOP_UP = 256                                 # tokens that a stream reserves at a time

MODELS = ["gpt-4o", "gpt-4o-mini", "o4-mini", "text-embedding-3-small", "whisper"]
PRICES = {
    "gpt-4o": {"input": "$2.50", "cached": "$1.25", "output": "$10"},
    "gpt-4o-mini": {"input": "$0.15", "output": "$0.60"},
    "o4-mini": {"input": "$1.10", "output": "$4.40"},
    "text-embedding-3-small": {"input": "$0.02", "output": "$0"},
    "whisper": {"input": "$0", "output": "$0"},
}


def hash_of(key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


# These tests are about what is spent: a deployment that fails is called all the same.
NEVER_OPEN = {"consecutive": 1000, "failures": "100%", "calls": 100000, "retry_after_most": "1ms"}


def settings(endpoint, product=None, changes=None):
    """A product with the given limits; `app` has two keys of it, `partner` one."""
    base = {
        "server": {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 2, "drain": "2s"},
        "records": {"path": "records.jsonl"},
        "deployments": {model: {"endpoint": endpoint, "model": model,
                                "credential": {"api_key": "env:AZURE_KEY"}, "breaker": NEVER_OPEN} for model in MODELS},
        "models": {model: {"route": [model]} for model in MODELS},
        "prices": copy.deepcopy(PRICES),
        "products": {"plan": {"models": MODELS, "home": "gpt-4o", **(product or {})}},
        "subscriptions": {
            "app": {"product": "plan", "cost_center": "CC-1", "keys": [hash_of(KEY), hash_of(OTHER_KEY)]},
            "partner": {"product": "plan", "cost_center": "CC-1", "keys": [hash_of(PARTNER_KEY)]},
        },
    }
    return merge(base, changes or {})


class JournalMock(Service):
    """The stand-in for Azure, with its journal."""

    def __init__(self, folder, deployments=None):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mock.yaml").write_text(json.dumps({
            "keys": [AZURE_KEY], "accept_any_deployment": True, "deployments": deployments or {"other": {}},
            "journal": {"entries": 100000, "body_kib": 1}}))
        super().__init__("mock", folder, ["mock-azure", "--listen", "127.0.0.1:0", "--config", "mock.yaml"],
                         r"mock-azure listening on (\S+)")
        host, port = self.ready[1].split(":")
        self.address, self.url = (host, int(port)), f"http://{self.ready[1]}"

    def ask(self, method, path):
        with Connection(self.address) as connection:
            connection.send(request(method, path))
            return connection.message(30).body

    def journal(self):
        """What was asked, once nothing is under way any more."""
        wait_until(lambda: json.loads(self.ask("GET", "/mock/stats"))["in_flight"] == 0, 10)
        return json.loads(self.ask("GET", "/mock/journal"))

    def forget(self):
        self.ask("DELETE", "/mock/journal")


def tokens_of(entries):
    return sum(e["prompt_tokens"] + e["completion_tokens"] for e in entries)


def ask(text=WORDS, key=KEY, model="gpt-4o", fields=(), path=CHAT, **more):
    """The bytes of one chat call."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    return request("POST", path, key, json.dumps(body), fields)


def error_of(message):
    return json.loads(message.body)["error"]


class BookedGateway(Gateway):
    def chat(self, text=WORDS, **more):
        return self.call(ask(text, **more))

    def records(self):
        """Of requests; alerts stand among them."""
        return [record for record in super().records() if "request_id" in record]

    def used(self, rule, *labels):
        """What is used or reserved of a fixed pot."""
        return self.metrics()["tollgate_limit_used", rule, *labels]

    def status(self):
        with Connection(self.admin) as admin:
            admin.send(request("GET", "/status").replace(b"Host: gateway", b"Host: localhost"))
            return json.loads(admin.message().body)

    def usage(self, *arguments):
        """What `tollgate usage` tells of the ledger, while the gateway runs or after its end."""
        return usage(self.folder / "tollgate-ledger.db", *arguments)

    def settled(self, seconds=10):
        """The ledger's sums, when everything has been booked and written."""
        wait_until(self.is_at_rest, seconds)
        charges = self.metrics()["tollgate_ledger_charges_total"]
        wait_until(lambda: sum(row["requests"] for row in self.usage()) >= charges, 5,
                   step=0.05, why="all charges in the ledger")
        return self.usage("--by", "subscription")

    def reload(self, settings):
        before = self.metrics()["tollgate_config_reloads_total", "ok"]
        self.write_config(settings)
        wait_until(lambda: self.metrics()["tollgate_config_reloads_total", "ok"] > before,
                   why=f"reloaded: {self.output()[-500:]}")


def usage(ledger, *arguments):
    done = subprocess.run([binary(), "usage", "--ledger", str(ledger), "--format", "json", *arguments],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return told if isinstance(told, list) else told["rows"]


def tokens_in(rows, **wanted):
    return sum(row["prompt_tokens"] + row["completion_tokens"] for row in rows
               if all(row[key] == value for key, value in wanted.items()))


def dollars_in(rows, **wanted):
    return sum(float(row["cost_usd"]) for row in rows if all(row[k] == v for k, v in wanted.items()))


@pytest.fixture
def limited(tmp_path):
    """limited(product, changes) -> (gateway, mock). Checked and stopped at the end."""
    started = []

    def start(product=None, changes=None):
        mock = JournalMock(tmp_path / "mock")
        started.append(mock)
        gateway = BookedGateway(tmp_path / "gateway", settings(mock.url, product, changes))
        started.append(gateway)
        return gateway, mock

    start.services = started
    yield start
    try:
        for service in reversed(started):
            if isinstance(service, Gateway):
                service.check()
            service.stop()
    finally:
        for service in started:
            service.kill()


class Redis:
    """A redis-server of our own that keeps nothing."""

    def __init__(self, folder):
        program = shutil.which("redis-server")
        assert program, "the Debian package redis-server is needed"
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.url = f"redis://127.0.0.1:{self.port}"
        wait_until(self._answers)

    def _answers(self):
        """redis-server answers"""
        try:
            return self.command("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def command(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(b"*%d\r\n" % len(words) + b"".join(
                b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
            return connection.recv(65536)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def tell(**measured):
    """What a test measured, for those who run it with -s."""
    print("\n" + json.dumps(measured))


# --- many clients at once ---


class Answer(Message):
    """What a client got. `left`: it went away itself; `at`: when it had all."""

    def __init__(self, head):
        super().__init__(head)
        self.left = False
        self.at = 0.0

    @property
    def code(self):
        return json.loads(self.body)["error"]["code"] if self.status >= 400 else None


async def exchange(address, data, leave_after=None):
    """One call on a connection of its own, closed after `leave_after` seconds. None: it got no head."""
    data = data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    answer, writer = None, None
    try:
        async with asyncio.timeout(leave_after or 30):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(data)
            answer = Answer(await reader.readuntil(b"\r\n\r\n"))
            if answer["Transfer-Encoding"]:
                while size := int(await reader.readuntil(b"\r\n"), 16):
                    answer.body += (await reader.readexactly(size + 2))[:-2]
            else:
                answer.body = await reader.readexactly(int(answer["Content-Length"] or 0))
            answer.is_whole, answer.at = True, time.monotonic()
    except TimeoutError:
        assert leave_after, "no answer within 30 s"
        if answer:
            answer.left = True
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        if writer:
            writer.transport.abort()
    return answer


def at_once(jobs, clients):
    """Runs `jobs` (functions that return a coroutine) in order, `clients` at a time; their results."""
    async def run():
        results, numbers = [None] * len(jobs), iter(range(len(jobs)))

        async def client():
            for number in numbers:
                results[number] = await jobs[number]()

        await asyncio.gather(*(client() for _ in range(clients)))
        return results

    return asyncio.run(run())
