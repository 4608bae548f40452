"""Starts and stops the binary: the gateway, the mock of Azure OpenAI, and what belongs to them."""

import json
import os
import re
import secrets
import signal
import subprocess
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
AZURE_KEY = "azure-" + secrets.token_hex(16)
START_TIME = 20  # seconds; generous, the machine may be busy
running = []  # every service that is up, so that a failed test can show the logs


def binary() -> str:
    named = os.environ.get("TOLLGATE_BIN")
    candidates = [Path(named)] if named else [
        ROOT / "build" / kind / "src" / "tollgate" for kind in ("release", "ci", "dev")
    ]
    for path in candidates:
        if path.is_file():
            return str(path.resolve())
    raise RuntimeError("no binary to test: build one, or name it in TOLLGATE_BIN")


def wait_until(what, seconds=5.0, step=0.01):
    """Calls `what` until it returns something true; returns that."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found or time.monotonic() > end:
            assert found, f"not within {seconds} s: {getattr(what, '__doc__', None) or what}"
            return found
        time.sleep(step)


class Service:
    """A process whose output goes to a log file; ready when a line of it matches."""

    def __init__(self, name, folder, arguments, ready, env=None):
        self.name = name
        self.log = folder / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [binary(), *arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **(env or {})})
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
            time.sleep(0.01)
        state = self.process.poll()
        if state is None:
            self.kill()
        raise RuntimeError(f"{self.name} did not start (exit status {state}):\n{self.output()}")

    def output(self):
        return self.log.read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait(self, seconds=15):
        """The exit status; a process that does not end is killed and reported."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {seconds} s:\n{self.output()}")

    def stop(self):
        if self in running:
            running.remove(self)
        if self.process.poll() is not None:
            raise AssertionError(
                f"{self.name} had ended by itself ({self.process.returncode}):\n{self.output()}")
        self.signal(signal.SIGTERM)
        status = self.wait()
        assert status == 0, f"{self.name} ended with {status}:\n{self.output()}"

    def forget(self):
        """For tests that end the process themselves."""
        if self in running:
            running.remove(self)
        if self.process.poll() is None:
            self.kill()


MOCK_CONFIG = """\
region: Sweden Central
keys: [%s]
accept_any_deployment: false
deployments:
  gpt-4o: {kind: payg}
  gpt-4o-mini: {kind: payg, tokens_per_minute: 2000000, requests_per_minute: 20000}
  o4-mini: {kind: payg}
  gpt-35-turbo-instruct: {kind: payg}
  text-embedding-3-small: {kind: payg}
  whisper: {kind: payg}
  tts-1: {kind: payg}
  gpt-image-1: {kind: payg}
  gpt-realtime: {kind: payg}
  fickle-realtime: {model: gpt-realtime, kind: payg}
  contoso-chat: {model: gpt-4o, kind: payg, region: East US 2}
  gpt-4o-async: {model: gpt-4o, kind: payg, async_filter: true}
  full-payg: {model: gpt-4o, kind: payg, tokens_per_minute: 1000}
  full-ptu: {model: gpt-4o, kind: ptu, units: 1, window_seconds: 1}
"""


class Mock(Service):
    def __init__(self, name, folder, tls=None):
        config = folder / f"{name}.yaml"
        config.write_text(MOCK_CONFIG % AZURE_KEY)
        arguments = ["mock-azure", "--config", str(config), "--listen", "127.0.0.1:0"]
        if tls:
            arguments += ["--tls-cert", str(tls.certificate), "--tls-key", str(tls.key)]
        super().__init__(name, folder, arguments, r"mock-azure listening on (\S+)")
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{self.ready[1]}"
        self.http = httpx.Client(base_url=self.url, verify=tls.context() if tls else True)

    def journal(self, marker=None, **wanted):
        """Requests so far of which the body holds `marker` and the fields have the wanted values."""
        entries = self.http.get("/mock/journal").json()
        return [e for e in entries if (marker is None or marker in e["body"])
                and all(e[k] == v for k, v in wanted.items())]

    def seen(self, request_id, seconds=5.0):
        """The journal entry of what the gateway made of one request."""
        def entry():
            for e in self.http.get("/mock/journal").json():
                if dict(e["headers"]).get("x-ms-client-request-id") == request_id:
                    return e
        return wait_until(entry, seconds)

    def plant(self, deployment, fault, times=None):
        body = {"deployment": deployment, "fault": fault}
        if times:
            body["times"] = times
        self.http.post("/mock/faults", json=body).raise_for_status()

    def clear_faults(self):
        self.http.delete("/mock/faults").raise_for_status()


class Gateway(Service):
    def __init__(self, name, folder, config, env, tls=None):
        self.config = folder / f"{name}.yaml"
        self.records_path = folder / f"{name}.jsonl"
        self.config.write_text(config)
        super().__init__(name, folder, ["serve", "--config", str(self.config)],
                         r"tollgate ready: data plane (\S+), admin plane (\S+)\n", env)
        self.url, self.admin_url = self.ready[1], self.ready[2]
        if tls:  # the certificate names the host, not the address
            self.url = self.url.replace("127.0.0.1", "localhost")
        self.http = httpx.Client(base_url=self.url, verify=tls.context() if tls else True, timeout=12)
        self.admin = httpx.Client(base_url=self.admin_url, timeout=20)

    def status(self):
        return self.admin.get("/status").json()

    def records(self):
        if not self.records_path.exists():
            return []
        return [json.loads(line) for line in self.records_path.read_text().splitlines(True)
                if line.endswith("\n")]

    def record(self, request_id, seconds=5.0):
        def found():
            return next((r for r in self.records() if r["request_id"] == request_id), None)
        return wait_until(found, seconds)

    def metrics(self):
        return Metrics(self.admin.get("/metrics").text)


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

    def value(self, name, **labels):
        """The sum over all series of the name that have these labels."""
        return sum(value for n, has, value in self.series
                   if n == name and all(has.get(k) == v for k, v in labels.items()))
