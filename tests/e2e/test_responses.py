"""The Responses API: create, parse, stream, stored objects, background."""

import json

import openai
import pytest

from clients import dumps
from harness import AZURE_KEY
from settings import APP_KEY
from test_chat import Verdict

TIME = {"type": "function", "name": "get_time", "strict": True, "parameters": {
    "type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"],
    "additionalProperties": False}}


def test_create(both):
    def story(client):
        return client.responses.create(model="gpt-4o", instructions="Be brief.", input="What is a toll?",
                                       metadata={"k": "v"}, user="u-7").model_dump()
    said = both(story)
    assert said["status"] == "completed" and "toll" in said["output"][0]["content"][0]["text"]


def test_input_items_and_tools(both):
    def story(client):
        first = client.responses.create(model="gpt-4o", tools=[TIME], input=[
            {"role": "user", "content": [{"type": "input_text", "text": "What time is it?"}]}])
        call = first.output[0]
        second = client.responses.create(model="gpt-4o", tools=[TIME], previous_response_id=first.id, input=[
            {"type": "function_call_output", "call_id": call.call_id, "output": "09:41"}])
        return first.model_dump(), second.model_dump()
    first, second = both(story)
    assert first["output"][0]["type"] == "function_call"
    assert second["previous_response_id"] == first["id"]
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]


def test_parse(both):
    def story(client):
        done = client.responses.parse(model="gpt-4o", input="Red or green?", text_format=Verdict)
        return done.model_dump(), done.output_parsed.model_dump()
    assert both(story)[1]["colour"] in ("red", "green")


def test_stream(both):
    def story(client):
        return dumps(client.responses.create(model="gpt-4o", input="Stream it.", stream=True))
    events = both(story)
    assert events[0]["type"] == "response.created"
    assert events[-1]["type"] == "response.completed" and events[-1]["response"]["usage"]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize("mode", ["", "comments", "crlf", "nospace", "split"])
@pytest.mark.parametrize("path", ["/openai/v1/responses", "/v1/responses",
                                  "/openai/responses?api-version=2025-04-01-preview"])
def test_stream_bytes(gateway, twin, path, mode):
    body = {"model": "gpt-4o", "input": f"Byte for byte. [[mock {mode}]]", "stream": True}
    ours = gateway.http.post(path, json=body, headers={"api-key": APP_KEY})
    theirs = twin.http.post(path, json=body, headers={"api-key": AZURE_KEY})
    assert ours.content == theirs.content
    assert b"response.completed" in ours.content and b"[DONE]" not in ours.content


def test_stream_helper(both):
    def story(client):
        with client.responses.stream(model="gpt-4o", input="Help me.", tools=[TIME]) as stream:
            kinds = [event.type for event in stream]
            return kinds, stream.get_final_response().model_dump()
    kinds, final = both(story)
    assert "response.function_call_arguments.done" in kinds
    assert json.loads(final["output"][0]["arguments"])


def test_endings_that_are_not_success(both):
    def story(client):
        def last(text, **more):
            return dumps(client.responses.create(model="gpt-4o", input=text, stream=True, **more))[-1]
        whole = client.responses.create(model="gpt-4o", input="Fail. [[mock fail]]")
        return (last("Be long. [[mock tokens=50]]", max_output_tokens=16), last("Fail. [[mock fail]]"),
                last("Filtered. [[mock filter=completion]]"), whole.model_dump())
    cut, failed, filtered, whole = both(story)
    assert cut["type"] == "response.incomplete"
    assert failed["type"] == "response.failed"
    assert filtered["response"]["incomplete_details"]["reason"] == "content_filter"
    assert whole["status"] == "failed"


def test_stored_objects(both):
    def story(client):
        made = client.responses.create(model="gpt-4o", input="Keep this.")
        got = client.responses.retrieve(made.id)
        again = dumps(client.responses.retrieve(made.id, stream=True, starting_after=2))
        items = client.responses.input_items.list(made.id)
        client.responses.delete(made.id)
        with pytest.raises(openai.NotFoundError) as gone:
            client.responses.retrieve(made.id)
        return made.model_dump(), got.model_dump(), again, dumps(items.data), gone.value.body
    made, got, again, items, _ = both(story)
    assert made == got
    assert again[0]["sequence_number"] == 3 and again[-1]["type"] == "response.completed"
    assert items[0]["content"][0]["text"] == "Keep this."


def test_not_stored(both):
    def story(client):
        made = client.responses.create(model="gpt-4o", input="Forget this.", store=False)
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model="gpt-4o", input="More.", previous_response_id=made.id)
        return made.model_dump(), refused.value.body
    assert both(story)[1]["code"] == "previous_response_not_found"


def test_background(both):
    def story(client):
        made = client.responses.create(model="gpt-4o", input="Later.", background=True)
        seen = [made.status]
        while seen[-1] in ("queued", "in_progress") and len(seen) < 10:
            seen.append(client.responses.retrieve(made.id).status)
        other = client.responses.create(model="gpt-4o", input="Never mind.", background=True)
        cancelled = client.responses.cancel(other.id)
        return seen, cancelled.model_dump()
    seen, cancelled = both(story)
    assert seen[0] == "queued" and seen[-1] == "completed"
    assert cancelled["status"] == "cancelled"
