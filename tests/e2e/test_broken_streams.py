"""Streams that end badly: the client is told, in its dialect, and never sees a clean end."""

import json
import time

import openai
import pytest

from clients import API_VERSION, ask
from test_streaming import text_of

V1 = "/openai/v1/chat/completions"
DATED = f"/openai/deployments/gpt-4o/chat/completions?api-version={API_VERSION}"


def until_error(stream):
    """The events before the error, and the error."""
    seen = []
    with pytest.raises(openai.APIError) as raised:
        for event in stream:
            seen.append(event.model_dump())
    return seen, raised.value


@pytest.mark.parametrize("fault", ["cut", "reset"])
@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}], ids=["", "usage"])
def test_cut(through, surface, fault, options, gateway):
    text = f"Broken off. [[mock {fault} k=6 tokens=20 gap_ms=2]]"
    stream = through.client(surface).chat.completions.create(**ask(text, stream=True, **options))
    seen, error = until_error(stream)
    assert error.code == "upstream_error" and not isinstance(error, openai.APIConnectionError)
    assert text_of(seen)
    assert not any(choice["finish_reason"] for chunk in seen for choice in chunk["choices"])
    record = gateway.record(stream.response.headers["x-request-id"])
    assert (record["end"], record["status"], record["error_source"]) == ("truncated", 200, "upstream")


@pytest.mark.parametrize("path", [V1, DATED])
def test_what_a_cut_looks_like_on_the_wire(raw, path):
    answer = raw.post(path, json=ask("On the wire. [[mock cut k=5 tokens=9 gap_ms=2]]", stream=True))
    assert answer.status_code == 200
    assert b"[DONE]" not in answer.content
    events = answer.content.split(b"\n\n")
    assert events[-1] == b"" and len(events) == 7  # five, the error, the end of the last
    error = json.loads(events[-2].removeprefix(b"data: "))["error"]
    assert set(error) >= {"message", "type", "code"} and error["code"] == "upstream_error"


def test_cut_before_any_event(through):
    with pytest.raises(openai.APIError):
        list(through.client().chat.completions.create(**ask("Nothing. [[mock cut k=0]]", stream=True)))


def test_stall(through, gateway):
    began = time.monotonic()
    stream = through.client().chat.completions.create(
        **ask("Hangs. [[mock stall k=6 tokens=20]]", model="hasty", stream=True))
    seen, error = until_error(stream)
    assert error.code == "deadline_exceeded" and text_of(seen)
    assert time.monotonic() - began < 4
    assert gateway.record(stream.response.headers["x-request-id"])["end"] == "truncated"


def test_pings_do_not_keep_a_stream_alive(through):
    began = time.monotonic()
    with pytest.raises(openai.APIError) as raised:
        list(through.client().chat.completions.create(
            **ask("Only pings. [[mock pings gap_ms=50]]", model="hasty", stream=True)))
    assert raised.value.code == "deadline_exceeded"
    assert time.monotonic() - began < 4


def test_pings_and_then_nothing(through):
    with pytest.raises(openai.APIError):
        list(through.client().chat.completions.create(**ask("Pings. [[mock pings k=3 gap_ms=5]]", stream=True)))


def test_error_inside_a_stream(through, directly, surface, gateway):
    text = "In the middle. [[mock inband k=6 tokens=20]]"
    ours = through.client(surface).chat.completions.create(**ask(text, stream=True))
    seen, error = until_error(ours)
    theirs, same = until_error(directly.client(surface).chat.completions.create(**ask(text, stream=True)))
    assert seen == theirs and error.body == same.body
    record = gateway.record(ours.response.headers["x-request-id"])
    assert (record["end"], record["error_source"]) == ("truncated", "upstream")


def test_the_stream_helper_sees_the_error(through):
    with pytest.raises(openai.APIError):
        with through.client().chat.completions.stream(**ask("Help. [[mock cut k=6 tokens=20]]")) as stream:
            stream.get_final_completion()


def test_legacy_completions(through):
    stream = through.client().completions.create(
        model="gpt-35-turbo-instruct", prompt="Cut. [[mock cut k=3 tokens=20]]", stream=True)
    seen, error = until_error(stream)
    assert seen and error.code == "upstream_error"


# --- the Responses dialect ---


@pytest.mark.parametrize("fault", ["cut", "reset", "inband"])
def test_responses(through, surface, fault):
    events = [event.model_dump() for event in through.client(surface).responses.create(
        model="gpt-4o", input=f"Broken off. [[mock {fault} k=8 tokens=20 gap_ms=2]]", stream=True)]
    assert events[0]["type"] == "response.created"
    assert events[-1]["type"] == "error" and events[-1]["message"]
    assert [event["sequence_number"] for event in events] == list(range(9))


def test_responses_on_the_wire(raw):
    answer = raw.post("/v1/responses", json={
        "model": "gpt-4o", "input": "On the wire. [[mock cut k=6 tokens=20 gap_ms=2]]", "stream": True})
    assert b"[DONE]" not in answer.content and b"response.completed" not in answer.content
    last = answer.content.rstrip().split(b"\n\n")[-1].split(b"\n")
    assert last[0] == b"event: error"
    data = json.loads(last[1].removeprefix(b"data: "))
    assert data["type"] == "error" and data["code"] == "upstream_error"


def test_responses_helper(through):
    with pytest.raises(Exception) as raised:
        with through.client().responses.stream(
                model="gpt-4o", input="Help. [[mock cut k=8 tokens=20]]") as stream:
            stream.get_final_response()
    assert "response.completed" in str(raised.value) or isinstance(raised.value, openai.APIError)


def test_the_next_call_on_the_connection_is_fine(raw):
    for fault in ("cut", "reset", "inband"):
        broken = raw.post(V1, json=ask(f"Broken. [[mock {fault} k=4]]", stream=True))
        assert broken.status_code == 200
        whole = raw.post(V1, json=ask("Whole.", stream=True))
        assert whole.content.endswith(b"data: [DONE]\n\n")
