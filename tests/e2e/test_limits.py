"""Budgets and rate limits as the official clients meet them, with the retries they come with: a spent
budget surfaces at once, a short wait is waited for."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import time

import openai
import pytest

from clients import Side, ask
from harness import ROOT, Gateway
from settings import new_key

FOLDER = ROOT / "tests" / "e2e" / "node"
CALLERS = ["v1", "short", "azure", "async", "stream", "responses", "node", "node_azure"]
KEYS = {f"{kind}_{caller}": new_key() for kind in ("spent", "paced") for caller in CALLERS}


@pytest.fixture(scope="module")
def limiting(folder, mock, environment):
    """A gateway on which every test has subscriptions of its own: `spent_*` with a budget of one
    request, `paced_*` with one request a second."""
    def subscriptions(kind):
        return {name: {"product": kind, "keys": ["sha256:" + hashlib.sha256(key.encode()).hexdigest()]}
                for name, key in KEYS.items() if name.startswith(kind)}

    config = {
        "server": {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 2},
        "records": {"path": "limiting.jsonl"},
        "ledger": {"path": "limiting.db"},
        "deployments": {"gpt-4o": {"endpoint": mock.url, "credential": {"api_key": "env:AZURE_KEY"}}},
        "models": {"gpt-4o": {"route": ["gpt-4o"]}},
        "products": {
            "spent": {"models": ["gpt-4o"], "budgets": {"requests": "1/day"}},
            "paced": {"models": ["gpt-4o"], "limits": {"requests": "1/second"}},
        },
        "subscriptions": {**subscriptions("spent"), **subscriptions("paced")},
    }
    service = Gateway("limiting", folder, json.dumps(config, indent=1), environment)
    yield service
    service.stop()


def attempts(gateway, name):
    """What reached the gateway from one subscription: statuses in the order of time."""
    records = [r for r in gateway.records() if r["subscription"] == name]
    return [r["status"] for r in sorted(records, key=lambda r: r["time"])]


def settled(gateway, name, expected):
    end = time.monotonic() + 3
    while attempts(gateway, name) != expected and time.monotonic() < end:
        time.sleep(0.02)
    assert attempts(gateway, name) == expected


def calls(mock, text):
    return len(mock.journal(text))


def plain(client, text):
    return client.chat.completions.create(**ask(text)).choices[0].message.content


def streamed(client, text):
    stream = client.chat.completions.create(**ask(text, stream=True))
    return "".join(c.choices[0].delta.content or "" for c in stream if c.choices)


def response(client, text):
    return client.responses.create(model="gpt-4o", input=text).output_text


PYTHON = [("v1", plain), ("short", plain), ("azure", plain), ("stream", streamed), ("responses", response)]


def client_of(gateway, name, caller):
    """As its maker delivers it: nothing is said about retries."""
    side = Side(gateway.url, KEYS[name], max_retries=openai.DEFAULT_MAX_RETRIES)
    return side.client(caller if caller in ("v1", "short", "azure") else "v1")


@pytest.mark.parametrize("caller, call", PYTHON)
def test_a_spent_budget_surfaces_once(limiting, mock, caller, call):
    name, text = f"spent_{caller}", f"The budget of {caller}."
    with client_of(limiting, name, caller) as client:
        assert text in call(client, text)
        with pytest.raises(openai.RateLimitError) as raised:
            call(client, text)
    error = raised.value
    assert (error.code, error.type, error.status_code) == ("insufficient_quota", "insufficient_quota", 429)
    assert "The budget `spent.requests/day` (1 request a day) is spent" in error.message
    settled(limiting, name, [200, 429])
    assert calls(mock, text) == 1


@pytest.mark.parametrize("caller, call", PYTHON)
def test_a_short_wait_is_waited_for_and_then_succeeds(limiting, mock, caller, call):
    name, text = f"paced_{caller}", f"The pace of {caller}."
    with client_of(limiting, name, caller) as client:
        call(client, text)
        began = time.monotonic()
        assert text in call(client, text)
        waited = time.monotonic() - began
    settled(limiting, name, [200, 429, 200])
    assert 0.3 < waited < 2.5
    assert calls(mock, text) == 2


def test_the_same_with_the_async_client(limiting, mock):
    async def tell():
        with Side(limiting.url, KEYS["spent_async"], max_retries=openai.DEFAULT_MAX_RETRIES) as side:
            async with side.async_client() as client:
                await client.chat.completions.create(**ask("The budget of async."))
                with pytest.raises(openai.RateLimitError) as raised:
                    await client.chat.completions.create(**ask("The budget of async."))
                assert raised.value.code == "insufficient_quota"
        with Side(limiting.url, KEYS["paced_async"], max_retries=openai.DEFAULT_MAX_RETRIES) as side:
            async with side.async_client() as client:
                for _ in range(2):
                    await client.chat.completions.create(**ask("The pace of async."))

    asyncio.run(tell())
    settled(limiting, "spent_async", [200, 429])
    settled(limiting, "paced_async", [200, 429, 200])
    assert (calls(mock, "The budget of async."), calls(mock, "The pace of async.")) == (1, 2)


@pytest.mark.parametrize("caller", ["node", "node_azure"])
def test_the_same_with_the_node_client(limiting, mock, caller):
    node = shutil.which("node")
    assert node, "the Node client is tested, too: install nodejs and npm"
    surface = "azure" if caller == "node_azure" else "v1"
    environment = {**os.environ, "TOLLGATE_URL": limiting.url, "SURFACE": surface, "CALLER": caller,
                   "SPENT_KEY": KEYS[f"spent_{caller}"], "PACED_KEY": KEYS[f"paced_{caller}"]}
    done = subprocess.run([node, "--test", "limits.mjs"], cwd=FOLDER, env=environment, timeout=60,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    settled(limiting, f"spent_{caller}", [200, 429])
    settled(limiting, f"paced_{caller}", [200, 429, 200])
    assert calls(mock, f"The budget of {caller}.") == 1
    assert calls(mock, f"The pace of {caller}.") == 2
