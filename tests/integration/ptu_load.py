"""Three classes of traffic on reserved capacity whose real size the gateway does not know: the gateway in front of
`tollgate mock-azure`, a load that does not wait for answers, and what came of it."""

import asyncio
import json
import random
import secrets
import statistics
import time

from harness import AZURE_KEY, Gateway, Service, merge
from limits_setup import hash_of
from wire import Connection, request

CLASSES = ("interactive", "standard", "batch")
MIX = (0.3, 0.4, 0.3)
KEYS = {name: "tg-" + secrets.token_hex(20) for name in CLASSES}
CHAT = "/openai/v1/chat/completions"
WORDS = "one two red car big sun low top".split()
WEIGHT = 4           # of an answer token
GAP = 0.004          # seconds between tokens


def ptu_status(gateway):
    """What /status says of the deployment `ptu`."""
    with Connection(gateway.admin) as admin:
        admin.send("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return json.loads(admin.message(30).body)["deployments"]["ptu"]["ptu"]


class Capacity:
    """What the stand-in's units really carry."""

    def __init__(self, tokens_a_second=5000, window=10, units=10):
        self.rate, self.window, self.units = tokens_a_second, window, units

    def mock(self):
        return {"model": "gpt-4o", "kind": "ptu", "units": self.units, "window_seconds": self.window,
                "input_tpm_per_unit": round(self.rate * 60 / self.units), "utilization_header": False,
                "ttft_ms": 30, "gap_ms": GAP * 1000}


class Stand:
    """A mock and a gateway that believes `believed` times the truth."""

    def __init__(self, folder, capacity, believed=1.0, fields=None, changes=None):
        self.capacity = capacity
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mock.yaml").write_text(json.dumps({
            "keys": [AZURE_KEY], "accept_any_deployment": False, "journal": {"enabled": False},
            "deployments": {"ptu": capacity.mock(),
                            "payg": {"model": "gpt-4o", "kind": "payg", "ttft_ms": 60, "gap_ms": GAP * 1000}}}))
        self.mock = Service("mock", folder, ["mock-azure", "--listen", "127.0.0.1:0", "--config", "mock.yaml"],
                            r"mock-azure listening on (\S+)")
        host, port = self.mock.ready[1].split(":")
        self.mock_address = (host, int(port))
        deployment = {"endpoint": f"http://{self.mock.ready[1]}", "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"}}
        a_unit = round(believed * capacity.rate * 60 / capacity.units)
        self.gateway = Gateway(folder, merge({
            "server": {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 1, "drain": "2s"},
            "records": {"path": "off"},
            "ledger": {"path": "off"},
            "deployments": {
                "ptu": {**deployment, "kind": "ptu", "units": capacity.units,
                        "capacity": {"input": f"{a_unit}/minute", "answer_weight": WEIGHT}, **(fields or {})},
                "payg": deployment},
            "models": {"gpt-4o": {"route": ["ptu", "payg"]}},
            "products": {name: {"models": ["gpt-4o"], "class": name} for name in CLASSES},
            "subscriptions": {name: {"product": name, "keys": [hash_of(KEYS[name])]} for name in CLASSES},
        }, changes or {}))

    def truth(self):
        """{utilization, admitted, refused, used} of the bucket itself."""
        with Connection(self.mock_address) as mock:
            mock.send(request("GET", "/mock/ptu"))
            return json.loads(mock.message(30).body)["ptu"]

    def predicted(self):
        return ptu_status(self.gateway)

    def stop(self):
        for service in (self.gateway, self.mock):
            try:
                service.stop()
            finally:
                service.kill()


class Call:
    """One call, drawn by chance."""

    def __init__(self, chance):
        self.klass = chance.choices(CLASSES, MIX)[0]
        self.answer = max(4, round(chance.lognormvariate(3.5, 0.5)))
        prompt = max(8, round(chance.lognormvariate(4.0, 0.5)))
        self.cached = prompt // 3 if chance.random() < 0.3 else 0
        self.body = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": (
            " ".join(chance.choices(WORDS, k=prompt)) + f" [[mock tokens={self.answer} cached={self.cached}]]")}]}
        if chance.random() < 0.5:
            self.body["max_tokens"] = (2 * self.answer + 9) // 10 * 10
        self.first_token = self.deployment = self.route = self.status = None

    async def run(self, address):
        data = request("POST", CHAT, KEYS[self.klass], json.dumps(self.body).encode(), ("Connection: close",))
        began = time.monotonic()
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(data if isinstance(data, bytes) else data.encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.status = int(head.split(" ")[1])
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            self.deployment, self.route = fields.get("x-tollgate-deployment"), fields.get("x-tollgate-route")
            seen = b""
            while piece := await reader.read(65536):
                seen += piece
                if self.first_token is None and b'"content":"' in seen.replace(b'"content":""', b""):
                    self.first_token = time.monotonic() - began
            assert self.status != 200 or b"[DONE]" in seen, seen[-300:]
        finally:
            writer.close()


def mean_work(calls=4000):
    """Weighted tokens of a call, as they are settled. The mock counts a few tokens around each message."""
    chance = random.Random(1)
    total = 0
    for _ in range(calls):
        call = Call(chance)
        words = len(call.body["messages"][0]["content"].split(" [[")[0].split())
        total += words + 22 - call.cached + WEIGHT * call.answer
    return total / calls


class Run:
    """`phases` of (load as a share of the capacity, seconds), one after the other."""

    def __init__(self, stand, phases, seed=1):
        self.stand, self.phases = stand, phases
        self.chance = random.Random(seed)
        self.calls = []      # (phase, call) of those that have ended
        self.samples = []    # (phase, predicted, truth), percent
        self.totals = []     # (when, truth()) at the beginning of each phase and at the end

    async def run(self):
        work = mean_work()
        sampling = asyncio.create_task(self._sample())
        tasks = set()
        for self.phase, (load, seconds) in enumerate(self.phases):
            now = time.monotonic()
            self.totals.append((now, self.stand.truth()))
            end, rate = now + seconds, load * self.stand.capacity.rate / work
            while (now := now + self.chance.expovariate(rate)) < end:
                await asyncio.sleep(max(0, now - time.monotonic()))
                task = asyncio.create_task(self._call(self.phase, Call(self.chance)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        self.totals.append((time.monotonic(), self.stand.truth()))
        sampling.cancel()
        await asyncio.gather(*tasks)
        return self

    async def _call(self, phase, call):
        await call.run(self.stand.gateway.data)
        self.calls.append((phase, call))

    async def _sample(self):
        while True:
            await asyncio.sleep(0.2)
            predicted, truth = self.stand.predicted(), self.stand.truth()
            if predicted["is_learnt"]:
                self.samples.append((self.phase, predicted["predicted_percent"], truth["utilization"]))

    # --- what came of a phase ---

    def _between(self, phase, what):
        (t0, a), (t1, b) = self.totals[phase], self.totals[phase + 1]
        return b[what] - a[what], t1 - t0

    def refused(self, phase):
        return self._between(phase, "refused")[0]

    def busy(self, phase):
        used, seconds = self._between(phase, "used")
        return used / seconds / self.stand.capacity.rate

    def of(self, phase, klass=None):
        return [c for p, c in self.calls if p == phase and klass in (None, c.klass)]

    def share_on_ptu(self, phase, klass):
        calls = self.of(phase, klass)
        return sum(c.deployment == "ptu" for c in calls) / max(1, len(calls))

    def first_token(self, phase, percent=95, klass="interactive"):
        times = [c.first_token for c in self.of(phase, klass) if c.first_token is not None]
        return statistics.quantiles(times, n=100)[percent - 1]

    def errors(self, phase):
        return [abs(predicted - truth) for p, predicted, truth in self.samples if p == phase]
