"""Starts and stops the gateway under test, and asks it how it is."""

import copy
import hashlib
import json
import os
import re
import secrets
import signal
import subprocess
import time
from pathlib import Path

from wire import TIMEOUT, Connection, request

ROOT = Path(__file__).resolve().parents[2]
START_TIME = 20  # seconds; generous, the machine may be busy
running = []     # every service that is up, so that a failed test can show the logs

AZURE_KEY = "azure-" + secrets.token_hex(16)
KEY = "tg-" + secrets.token_hex(20)           # may use everything
NARROW_KEY = "tg-" + secrets.token_hex(20)    # may use gpt-4o-mini alone
PREFIX_KEY = "tg-" + secrets.token_hex(20)    # calls below /team-a
PAUSED_KEY = "tg-" + secrets.token_hex(20)    # suspended


def binary():
    path = Path(os.environ.get("TOLLGATE_BIN") or ROOT / "build/release/src/tollgate")
    if not path.is_file():
        raise RuntimeError(f"no binary to test at {path}: build one, or name it in TOLLGATE_BIN")
    return str(path.resolve())


def wait_until(what, seconds=5.0, step=0.005, why=""):
    """Calls `what` until it returns something true; returns that."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {why or what.__doc__ or what}"
        time.sleep(step)


def merge(into, changes):
    """Changes a configuration: values by dotted path, or nested."""
    for path, value in changes.items():
        *folders, last = path.split("/")
        place = into
        for folder in folders:
            place = place.setdefault(folder, {})
        if value is None:
            place.pop(last, None)
        elif isinstance(value, dict) and isinstance(place.get(last), dict):
            merge(place[last], value)
        else:
            place[last] = copy.deepcopy(value)
    return into


MODELS = {  # model: what its deployment is called upstream
    "gpt-4o": "contoso-chat", "gpt-4o-mini": "gpt-4o-mini", "gpt-35-turbo-instruct": "instruct",
    "text-embedding-3-small": "embeddings", "whisper": "contoso-whisper", "tts-1": "contoso-tts",
}


def config(endpoint, changes=None):
    """The configuration of most tests: one upstream behind every model, one worker."""
    def key_of(key):
        return "sha256:" + hashlib.sha256(key.encode()).hexdigest()

    base = {
        "server": {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 1, "drain": "2s",
                   "limits": {}},
        "records": {"path": "records.jsonl"},
        "deployments": {
            model: {"endpoint": endpoint, "deployment": name, "model": model,
                    "credential": {"api_key": "env:AZURE_KEY"}}
            for model, name in MODELS.items()
        },
        "models": {model: {"route": [model]} for model in MODELS},
        "products": {
            "everything": {"models": list(MODELS), "home": "gpt-4o"},
            "little": {"models": ["gpt-4o-mini"]},
        },
        "subscriptions": {
            "apps": {"product": "everything", "cost_center": "CC-1", "keys": [key_of(KEY)]},
            "narrow": {"product": "little", "keys": [key_of(NARROW_KEY)]},
            "team-a": {"product": "everything", "keys": [key_of(PREFIX_KEY)], "path_prefix": "/team-a"},
            "paused": {"product": "little", "keys": [key_of(PAUSED_KEY)], "suspended": True},
        },
    }
    return merge(base, changes or {})


def all_deployments(**fields):
    """Changes for config(): the same fields for every deployment."""
    return {"deployments": {model: fields for model in MODELS}}


class Service:
    """A process whose output goes to a log file; ready when a line of it matches."""

    def __init__(self, name, folder, arguments, ready, environment=None, before=()):
        """`before`: a command to run it under."""
        self.name = name
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*before, binary(), *arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, "AZURE_KEY": AZURE_KEY, **(environment or {})})
        running.append(self)
        self.ready = self._wait_for(ready)

    def _wait_for(self, pattern):
        end = time.monotonic() + START_TIME
        while time.monotonic() < end:
            match = re.search(pattern, self.output())
            if match:
                return match
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        state = self.process.poll()
        self.kill()
        raise RuntimeError(f"{self.name} did not start (exit status {state}):\n{self.output()}")

    def output(self):
        return self.log.read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """For what must not be left behind, whatever has happened."""
        if self in running:
            running.remove(self)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self, seconds=15):
        assert self.process.poll() is None, (
            f"{self.name} had ended by itself ({self.process.returncode}):\n{self.output()}")
        self.signal(signal.SIGTERM)
        self.wait(seconds)

    def wait(self, seconds=15):
        """The end, which a signal has asked for."""
        if self in running:
            running.remove(self)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {seconds} s:\n{self.output()}")
        assert status == 0, f"{self.name} ended with {status}:\n{self.output()}"

    def is_alive(self):
        return self.process.poll() is None

    def rss(self):
        """Resident memory in bytes."""
        text = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def address_of(url):
    host, port = url.split("//")[1].rsplit(":", 1)
    return host, int(port)


class Gateway(Service):
    def __init__(self, folder, settings, environment=None, before=()):
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.config = folder / "tollgate.yaml"
        self.records_path = folder / "records.jsonl"
        self.write_config(settings)
        super().__init__("tollgate", folder, ["serve", "--config", str(self.config)],
                         r"tollgate ready: data plane (\S+), admin plane (\S+)\n", environment, before)
        self.data, self.admin = address_of(self.ready[1]), address_of(self.ready[2])

    def write_config(self, settings):
        """JSON is YAML."""
        self.config.write_text(json.dumps(settings, indent=1))

    def connect(self, **options):
        return Connection(self.data, **options)

    def call(self, data, timeout=TIMEOUT, **options):
        """One exchange on a connection of its own."""
        with self.connect(**options) as client:
            client.send(data)
            return client.message(timeout)

    def records(self):
        if not self.records_path.exists():
            return []
        lines = self.records_path.read_text().splitlines(True)
        return [json.loads(line) for line in lines if line.endswith("}\n")]  # a killed process may leave one cut off

    def wait_records(self, count, seconds=5.0):
        wait_until(lambda: len(self.records()) >= count, seconds,
                   why=f"{count} records; there are {len(self.records())}")
        records = self.records()
        assert len(records) == count, [r["path"] for r in records]
        return records

    def metrics(self):
        with Connection(self.admin) as admin:
            admin.send(request("GET", "/metrics"))
            return Metrics(admin.message().body.decode())

    def is_at_rest(self):
        """no request is in flight and every exchange has its record"""
        metrics = self.metrics()
        return (metrics["tollgate_requests_in_flight"] == 0 and
                metrics["tollgate_requests_total"] == len(self.records()))

    def check(self):
        """What must be true after any test, when its clients have gone."""
        assert self.is_alive(), f"the gateway ended ({self.process.returncode}):\n{self.output()}"
        wait_until(self.is_at_rest)
        metrics = self.metrics()
        assert metrics["tollgate_records_dropped_total"] == 0
        assert metrics["tollgate_upstream_connections", "busy"] == 0
        assert "internal_error" not in str({r["error_code"] for r in self.records()})


class Metrics:
    LINE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')

    def __init__(self, text):
        self.series = []
        for line in text.splitlines():
            if line.startswith("#") or not line:
                continue
            match = self.LINE.match(line)
            assert match, f"not a line of the Prometheus text format: {line}"
            labels = dict(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
            self.series.append((match[1], labels, float(match[3])))

    def __getitem__(self, what):
        """The sum of a metric's series, or of those with the given label values."""
        name, *wanted = what if isinstance(what, tuple) else (what,)
        return sum(value for n, labels, value in self.series
                   if n == name and set(wanted) <= set(labels.values()))


class Mock(Service):
    """The stand-in for Azure that comes with the binary."""

    def __init__(self, folder, threads=1, settings=None):
        """Keeps no journal unless the settings say something of one."""
        quiet = [] if "journal" in (settings or {}) else ["--no-journal"]
        super().__init__("mock", folder, ["mock-azure", "--listen", "127.0.0.1:0", *quiet,
                                          "--threads", str(threads), "--config", self._config(folder, settings)],
                         r"mock-azure listening on (\S+)")
        self.url = f"http://{self.ready[1]}"

    @staticmethod
    def _config(folder, settings):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "mock.yaml"
        path.write_text(json.dumps({"keys": [AZURE_KEY], "accept_any_deployment": True, **(settings or {})}))
        return str(path)
