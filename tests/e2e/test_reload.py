"""A new configuration under load: no call fails, a bad file changes nothing."""

import signal
import threading
import time

import httpx
import pytest

import settings
from clients import Side, ask
from harness import Gateway, wait_until

ROUNDS = 20
WORKERS = 4
OLD_KEY, NEW_KEY = settings.new_key(), settings.new_key()


class Load:
    """Threads that call without pause and keep what went wrong."""

    def __init__(self, url):
        self.side = Side(url, settings.APP_KEY)
        self.stop, self.calls, self.failures = threading.Event(), 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(i,)) for i in range(WORKERS)]

    def _run(self, number):
        client = self.side._make("azure" if number % 2 else "v1", {})
        while not self.stop.is_set():
            try:
                whole = client.chat.completions.create(**ask("Load. [[mock tokens=3]]"))
                assert whole.choices[0].finish_reason
                chunks = list(client.chat.completions.create(
                    **ask("Load. [[mock tokens=20 gap_ms=3]]", stream=True)))
                assert chunks[-1].choices[0].finish_reason
                with self.lock:
                    self.calls += 2
            except Exception as error:  # whatever it is, it is a failed call
                with self.lock:
                    self.failures.append(repr(error))
        client.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def variants(base):
    """Good, good with another key in place of one, and three that are refused."""
    old = base.replace("env:APP_KEY_2", "env:OLD_KEY")
    new = base.replace("env:APP_KEY_2", "env:NEW_KEY")
    bad = [base.replace("route: [gpt-4o]", "route: [gpt-4oo]"), base + "\nsubscriptons: {}\n",
           base.replace("workers: 2", "workers: 3")]
    return old, new, bad


def works(gateway, key):
    answer = httpx.get(gateway.url + "/v1/models", headers={"api-key": key})
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def replace(path, text):
    """As editors and configuration tools do it: never a half-written file."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


@pytest.mark.parametrize("way", ["file", "signal"])
def test_reload_under_load(folder, mock, environment, way):
    name = f"reload-{way}"
    watches = "true" if way == "file" else "false"
    base = settings.config(name, mock.url, server=f"watch_files: {watches}")
    old, new, bad = variants(base)
    gateway = Gateway(name, folder, old, {**environment, "OLD_KEY": OLD_KEY, "NEW_KEY": NEW_KEY})
    try:
        with Load(gateway.url) as load:
            good = failed = 0
            for i in range(ROUNDS):
                is_bad = i % 2 == 1
                text = bad[i // 2 % len(bad)] if is_bad else (new if i % 4 == 0 else old)
                replace(gateway.config, text)
                if way == "signal":
                    gateway.signal(signal.SIGHUP)
                good, failed = good + (not is_bad), failed + is_bad

                def reloaded():
                    """the reload is counted in /status"""
                    has = gateway.status()["configuration"]
                    return (has["reloads_ok"], has["reloads_failed"]) == (good, failed)
                wait_until(reloaded, 5)
                error = gateway.status()["configuration"]["last_error"]
                assert bool(error) == is_bad, error
                if is_bad:
                    assert any(word in error for word in ("gpt-4oo", "subscriptons", "server.workers")), error
                # The workers get the new snapshot a moment later; a refused one changes nothing.
                is_new = i % 4 in (0, 1)
                def keys_are_right():
                    """exactly the keys of the last good configuration work"""
                    return works(gateway, NEW_KEY) == is_new and works(gateway, OLD_KEY) != is_new
                wait_until(keys_are_right, 5)
                for _ in range(4):  # on every worker
                    assert works(gateway, NEW_KEY) == is_new and works(gateway, OLD_KEY) != is_new
        assert load.failures == []
        assert load.calls > 50
        metrics = gateway.metrics()
        assert metrics.value("tollgate_config_reloads_total", result="ok") == ROUNDS / 2
        assert metrics.value("tollgate_config_reloads_total", result="failed") == ROUNDS / 2
        assert metrics.value("tollgate_config_last_reload_success_timestamp_seconds") > time.time() - 60
    finally:
        gateway.stop()


def test_a_stream_keeps_its_configuration(folder, mock, environment):
    """The subscription, its model and its key may vanish: what has begun goes on to its end."""
    base = settings.config("keeps", mock.url)
    gateway = Gateway("keeps", folder, base, environment)
    try:
        with Side(gateway.url, settings.APP_KEY_2) as side:
            stream = side.client().chat.completions.create(
                **ask("Go on. [[mock tokens=60 gap_ms=20]]", model="helpdesk", stream=True))
            first = [next(stream) for _ in range(3)]
            less = base.replace(", env:APP_KEY_2", "").replace("helpdesk", "helper")
            replace(gateway.config, less)
            wait_until(lambda: gateway.status()["configuration"]["reloads_ok"] == 1)
            wait_until(lambda: not works(gateway, settings.APP_KEY_2))
            chunks = first + list(stream)
            assert chunks[-1].choices[0].finish_reason == "stop"
            request_id = stream.response.headers["x-request-id"]
        assert gateway.record(request_id)["model"] == "helpdesk"
        assert works(gateway, settings.APP_KEY)
    finally:
        gateway.stop()


def test_records_are_rotated(folder, mock, environment):
    gateway = Gateway("rotated", folder, settings.config("rotated", mock.url), environment)
    try:
        ids = []
        def call():
            answer = httpx.get(gateway.url + "/v1/models", headers={"api-key": settings.APP_KEY})
            ids.append(answer.headers["x-request-id"])
        call()
        gateway.record(ids[0])
        away = gateway.records_path.with_suffix(".1")
        gateway.records_path.rename(away)
        gateway.signal(signal.SIGHUP)
        wait_until(gateway.records_path.exists)
        call()
        gateway.record(ids[1])
        assert ids[0] in away.read_text() and ids[1] not in away.read_text()
    finally:
        gateway.stop()
