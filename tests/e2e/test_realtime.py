"""Realtime sessions with the official client and with what a browser sends; the mock answers the same with and
without the gateway in between."""

import json

import pytest
import websockets.exceptions
from websockets.sync.client import connect

from clients import Side
from harness import AZURE_KEY, wait_until
from settings import APP_KEY, NARROW_KEY

TEXT = {"type": "realtime", "output_modalities": ["text"]}


def client_of(side, surface):
    """Of the dated form the SDK makes wss:// unless it is told the address."""
    if surface != "azure":
        return side.client(surface)
    return side.client(surface, websocket_base_url=side.url.replace("http", "ws") + "/openai")


def message(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def until(connection, last):
    events = []
    while not events or events[-1].type != last:
        events.append(connection.recv())
    return events


@pytest.fixture
def both_sessions(through, directly, surface):
    """Tells a story to a session through the gateway and to one without it; both must hear the same."""
    def tell(story):
        heard = []
        for side in (through, directly):
            client = client_of(side, surface)
            with client.realtime.connect(model="gpt-realtime") as connection:
                heard.append([event.model_dump() for event in story(connection)])
        assert heard[0] == heard[1]
        return heard[0]
    return tell


def test_a_conversation(both_sessions, surface):
    def story(connection):
        events = until(connection, "session.created")
        connection.session.update(session=TEXT if surface != "azure" else {"modalities": ["text"]})
        events += until(connection, "session.updated")
        for text in ("What is a toll?", "And a gate?"):
            connection.conversation.item.create(item=message(text))
            connection.response.create()
            events += until(connection, "response.done")
        return events

    events = both_sessions(story)
    names = [event["type"] for event in events]
    delta = "response.text.delta" if surface == "azure" else "response.output_text.delta"
    assert names.count("response.done") == 2 and names.count(delta) > 4
    usage = events[-1]["response"]["usage"]
    assert usage["input_token_details"]["cached_tokens"] > 0 and usage["output_tokens"] > 0


def test_sound(both_sessions, surface):
    def story(connection):
        events = until(connection, "session.created")
        connection.input_audio_buffer.append(audio="AAAA" * 8000)
        connection.input_audio_buffer.commit()
        connection.response.create()
        return events + until(connection, "response.done")

    events = both_sessions(story)
    sound = "response.audio.delta" if surface == "azure" else "response.output_audio.delta"
    assert sound in [event["type"] for event in events]
    usage = events[-1]["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 5 and usage["output_token_details"]["audio_tokens"] > 0


def test_errors_inside_a_session(both_sessions, surface):
    def story(connection):
        events = until(connection, "session.created")
        connection.send({"type": "no.such.event", "event_id": "mine"})
        return events + until(connection, "error")

    error = both_sessions(story)[-1]["error"]
    assert error["type"] == "invalid_request_error" and error["event_id"] == "mine"


async def test_async(through):
    async with through.async_client() as client:
        async with client.realtime.connect(model="gpt-realtime") as connection:
            await connection.session.update(session=TEXT)
            await connection.conversation.item.create(item=message("Hello"))
            await connection.response.create()
            async for event in connection:
                if event.type == "response.done":
                    break
    assert event.response.status == "completed"


def test_record_and_metrics(gateway, through):
    before = gateway.metrics()
    with through.client().realtime.connect(model="gpt-realtime") as connection:
        connection.session.update(session=TEXT)
        connection.conversation.item.create(item=message("Hello"))
        connection.response.create()
        done = until(connection, "response.done")[-1]
    usage = done.response.usage

    def record():
        return next((r for r in reversed(gateway.records()) if r["operation"] == "realtime" and r["total_tokens"] == usage.total_tokens), None)

    found = wait_until(record)
    assert found["status"] == 101 and found["session_end"] == "client_closed" and found["close_code"] == 1000
    assert found["response_model"].startswith("gpt-realtime") and found["responses"] == 1 and found["duration_ms"] > 0
    after = gateway.metrics()
    assert after.value("tollgate_requests_total", operation="realtime", status="101") > before.value(
        "tollgate_requests_total", operation="realtime", status="101")
    wait_until(lambda: gateway.metrics().value("tollgate_realtime_sessions") == 0)


@pytest.mark.parametrize("model, key, status, code", [
    ("gpt-realtime", "tg-wrong", 401, "invalid_api_key"), ("no-such-model", APP_KEY, 404, "model_not_found"),
    ("gpt-realtime", NARROW_KEY, 403, "model_not_allowed"),
])
def test_refusals(gateway, model, key, status, code):
    with Side(gateway.url, key) as side, pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        with side.client().realtime.connect(model=model):
            pass
    response = refused.value.response
    assert response.status_code == status and json.loads(response.body)["error"]["code"] == code


@pytest.mark.parametrize("fault, status", [("status=500", 502), ("reset k=0", 502)])
def test_the_deployment_refuses(mock, through, fault, status):
    mock.plant("fickle-realtime", fault)
    try:
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            with through.client().realtime.connect(model="fickle-voice"):
                pass
    finally:
        mock.clear_faults()
    assert refused.value.response.status_code == status


@pytest.mark.parametrize("fault, code", [("cut k=5", 1011), ("reset k=5", 1011), ("close k=5 code=4001", 4001)])
def test_the_deployment_ends_it(through, fault, code):
    with through.client().realtime.connect(model="fickle-voice") as connection:
        connection.session.update(session=TEXT)
        connection.conversation.item.create(item=message(f"[[mock {fault}]]"))
        connection.response.create()
        with pytest.raises(websockets.exceptions.ConnectionClosedError) as ended:
            while True:
                connection.recv()
    assert ended.value.rcvd.code == code


@pytest.mark.parametrize("fault", ["pings", "fragments", "split"])
def test_frames_of_every_form(through, directly, fault):
    heard = []
    for side in (through, directly):
        with side.client().realtime.connect(model="gpt-realtime") as connection:
            connection.session.update(session={**TEXT, "instructions": f"[[mock {fault}]]"})
            connection.conversation.item.create(item=message("Hello"))
            connection.response.create()
            heard.append([event.model_dump() for event in until(connection, "response.done")])
    assert heard[0] == heard[1]


@pytest.mark.parametrize("by", ["subprotocol", "query"])
def test_a_browser(gateway, mock, by):
    """No headers, so the key is a subprotocol or in the URL; compression is offered, and not taken."""
    url = gateway.url.replace("http", "ws") + "/openai/v1/realtime?model=gpt-realtime"
    protocols = ["realtime", "openai-beta.realtime-v1"]
    if by == "subprotocol":
        protocols.insert(1, f"openai-insecure-api-key.{APP_KEY}")
    else:
        url += f"&api-key={APP_KEY}"
    with connect(url, subprotocols=protocols, origin="https://app.example") as socket:
        assert socket.subprotocol == "realtime" and "Sec-WebSocket-Extensions" not in socket.response.headers
        assert json.loads(socket.recv())["type"] == "session.created"
        request_id = socket.response.headers["x-request-id"]
    entry = mock.seen(request_id)
    seen = json.dumps(entry)
    assert APP_KEY not in seen and AZURE_KEY not in seen and "app.example" not in seen
    headers = {name.lower(): value for name, value in entry["headers"]}
    assert headers["sec-websocket-protocol"] == "realtime, openai-beta.realtime-v1"
    assert "permessage-deflate" not in seen


def test_pings_are_answered_by_the_other_end(through):
    with through.client().realtime.connect(model="gpt-realtime") as connection:
        assert connection._connection.ping().wait(5)
