"""What reaches the deployment, and what of its answer reaches the client."""

import hashlib
import json

import pytest

from clients import API_VERSION, ask
from harness import AZURE_KEY
from settings import APP_KEY, KEYS

V1 = "/openai/v1/chat/completions"
DATED = f"/openai/deployments/gpt-4o/chat/completions?api-version={API_VERSION}"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOISE = {
    "cookie": "session=secret-cookie", "x-stainless-lang": "python", "x-stainless-retry-count": "0",
    "x-tollgate-session": "s-1", "x-tollgate-task": "t-1", "x-tollgate-cache": "no-cache",
    "x-tollgate-trace": "on", "x-tollgate-route": "gpt-4o", "x-forwarded-for": "10.1.2.3",
    "x-forwarded-host": "intern.example", "forwarded": "for=10.1.2.3", "x-real-ip": "10.1.2.3",
    "x-ms-spillover-deployment": "someone-elses", "proxy-authorization": "Basic secret-proxy",
    "x-mock-fault": "status=500", "connection": "keep-alive, x-hop", "x-hop": "secret-hop",
    "ocp-apim-subscription-key": APP_KEY, "authorization": f"Bearer {APP_KEY}",
    **{f"x-custom-{i}": "noise" for i in range(15)},
}
STANDARD = {"host", "content-length", "content-type", "accept", "user-agent", "traceparent", "tracestate",
            "api-key", "connection", "transfer-encoding"}


@pytest.fixture
def sent(raw, mock):
    """Sends a request; its answer and what the deployment got."""
    def send(path, **more):
        answer = raw.post(path, **more)
        return answer, mock.seen(answer.headers["x-request-id"])
    return send


@pytest.mark.parametrize("path", [V1, DATED])
def test_headers_that_go_and_that_stay(sent, path):
    answer, entry = sent(path, json=ask("Noise."), headers={
        **NOISE, "traceparent": TRACE, "tracestate": "vendor=1", "user-agent": "AzureOpenAI/Python 3.54.0"})
    assert answer.status_code == 200, answer.text
    got = {name.lower(): value for name, value in entry["headers"]}
    assert set(got) - STANDARD == {"x-ms-client-request-id"}
    assert got["traceparent"] == TRACE and got["tracestate"] == "vendor=1"
    assert got["user-agent"] == "AzureOpenAI/Python 3.54.0"
    assert got["api-key"] == "sha256:" + hashlib.sha256(AZURE_KEY.encode()).hexdigest()[:16]
    everything = json.dumps(entry)
    assert not any(key in everything for key in KEYS.values())
    assert "secret" not in everything


def test_the_clients_own_request_id(raw, mock):
    answer = raw.post(V1, json=ask("Mine."), headers={"x-ms-client-request-id": "mine-17"})
    assert answer.headers["x-ms-client-request-id"] == "mine-17"
    assert answer.headers["x-request-id"] != "mine-17"
    assert mock.seen("mine-17")


def test_feature_headers_and_their_bound(sent):
    """The deployment refuses more than ten headers that it does not know."""
    answer, entry = sent(V1, json=ask("Features."), headers={
        "openai-beta": "assistants=v2", **{f"aoai-feature-{i}": "preview" for i in range(20)}})
    assert answer.status_code == 200, answer.text
    names = [name.lower() for name, _ in entry["headers"]]
    assert len([name for name in names if name not in STANDARD]) <= 10
    assert "aoai-feature-0" in names


@pytest.mark.parametrize("body", [
    b'{ "messages" : [ {"content":"Spaces \\u00e9 \xc3\xa9", "role":"user"} ],\n "temperature":1.0e0 }\n',
    b'{"model":"other","messages":[{"role":"user","content":"A model that does not count"}]}',
    b'{"messages":[{"role":"user","content":"Big"}],"seed":12345678901234567890}',
    json.dumps({"messages": [{"role": "user", "content": "long " * 200_000}]}).encode()],
    ids=["spaces", "model", "number", "long"])
def test_bodies_are_not_touched(sent, body):
    answer, entry = sent(DATED, content=body, headers={"content-type": "application/json"})
    assert entry["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert entry["body_bytes"] == len(body)
    assert entry["path"] + "?" + entry["query"] == DATED


def test_v1_bodies_are_not_touched_either(sent):
    body = b'{"messages":[{"role":"user","content":"v1"}],  "model" : "gpt-4o"}'
    answer, entry = sent(V1, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert entry["body_sha256"] == hashlib.sha256(body).hexdigest()


def test_only_the_model_and_the_usage_change(sent):
    body = b'{"stream" : true, "messages":[{"role":"user","content":"model \\"helpdesk\\""}],  "model" : "helpdesk"}'
    answer, entry = sent(V1, content=body, headers={"content-type": "application/json"})
    expected = json.loads(body) | {"model": "contoso-chat", "stream_options": {"include_usage": True}}
    assert json.loads(entry["body"]) == expected
    assert b'"model" : "contoso-chat"' in entry["body"].encode()


def test_the_query_goes_on_without_credentials(raw, mock):
    raw.headers.pop("api-key")
    answer = raw.get(f"/openai/files?api-version={API_VERSION}&limit=5&subscription-key={APP_KEY}&purpose=batch")
    assert answer.status_code == 200
    entry = mock.seen(answer.headers["x-request-id"])
    assert entry["query"] == f"api-version={API_VERSION}&limit=5&purpose=batch"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_response_headers(raw, mock, stream):
    answer = raw.post(V1, json=ask("Who served me?", model="helpdesk", stream=stream))
    told = {name: answer.headers.get(f"x-tollgate-{name}") for name in ("model", "deployment", "route")}
    assert told == {"model": "helpdesk", "deployment": "swc-chat", "route": "primary"}
    names = set(answer.headers)
    assert {"x-request-id", "apim-request-id"} <= names
    hidden = {"x-ms-region", "x-ms-deployment-name", "azure-openai-deployment-utilization", "server",
              "x-ms-spillover-from-deployment", "strict-transport-security"}
    assert not hidden & names
    assert not [name for name in names if name.startswith("x-ratelimit-")]  # the deployment's own
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert "contoso-chat" not in str(answer.headers) and "East US" not in str(answer.headers)


def test_errors_name_the_request_too(raw):
    for answer in (raw.post(V1, json=ask("x", model="gpt-9")), raw.get("/nowhere"),
                   raw.post(V1, json=ask("Fails. [[mock status=500]]"))):
        assert answer.status_code >= 400 and answer.headers["x-request-id"]


def test_utilization_of_reserved_capacity_stays_here(raw):
    answer = raw.post(V1, json=ask("Reserved.", model="full-ptu", max_tokens=1))
    assert answer.status_code in (200, 429)
    assert "azure-openai-deployment-utilization" not in answer.headers


def test_every_request_has_its_own_id(raw):
    ids = {raw.get("/v1/models").headers["x-request-id"] for _ in range(50)}
    assert len(ids) == 50
