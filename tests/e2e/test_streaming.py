"""Chat streams: the same events, byte for byte, as without the gateway."""

import json

import openai
import pytest

from clients import API_VERSION, ask, dumps
from settings import APP_KEY
from harness import AZURE_KEY
from test_chat import CLOCK, WEATHER, Verdict

V1, SHORT = "/openai/v1/chat/completions", "/v1/chat/completions"
DATED = f"/openai/deployments/gpt-4o/chat/completions?api-version={API_VERSION}"
USAGE = {"stream_options": {"include_usage": True}}


def stream(client, text, **more):
    return dumps(client.chat.completions.create(**ask(text, stream=True, **more)))


def text_of(chunks):
    return "".join(choice["delta"]["content"] or "" for chunk in chunks for choice in chunk["choices"]
                   if choice.get("delta"))


def bodies(gateway, twin, path, body):
    """The raw streams, through the gateway and without it."""
    content = json.dumps(body).encode()
    sent = {"content": content, "headers": {"content-type": "application/json", "api-key": APP_KEY}}
    ours = gateway.http.post(path, **sent)
    sent["headers"]["api-key"] = AZURE_KEY
    theirs = twin.http.post(path, **sent)
    assert ours.status_code == theirs.status_code == 200
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    return ours.content, theirs.content


def test_events_as_they_come(both):
    chunks = both(lambda client: stream(client, "Tell me of toll gates."))
    assert chunks[0]["choices"] == [] and chunks[0]["prompt_filter_results"]
    assert chunks[1]["choices"][0]["delta"]["role"] == "assistant"
    assert "toll gates" in text_of(chunks)
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert all(chunk["usage"] is None for chunk in chunks)


def test_usage_when_asked_for(both):
    chunks = both(lambda client: stream(client, "And what did it cost?", **USAGE))
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] > 0
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


@pytest.mark.parametrize("path", [V1, SHORT, DATED])
@pytest.mark.parametrize("options", [
    {}, {"stream_options": {"include_usage": True}}, {"stream_options": {"include_usage": False}},
    {"stream_options": {"include_obfuscation": False}}, {"stream_options": {}},
    {"stream_options": None}], ids=json.dumps)
def test_bytes_with_every_kind_of_stream_options(gateway, twin, path, options):
    ours, theirs = bodies(gateway, twin, path, ask("Byte for byte.", stream=True, **options))
    assert ours == theirs
    asked = bool((options.get("stream_options") or {}).get("include_usage"))
    assert (b'"usage"' in ours) == asked
    assert ours.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("mode", ["comments", "crlf", "nospace", "split", "coalesce", "async",
                                  "nolength"])
def test_odd_forms_of_event_streams(both, gateway, twin, mode):
    odd = both(lambda client: stream(client, f"Odd forms.[[mock {mode}]]"))
    plain = both(lambda client: stream(client, "Odd forms."))
    assert text_of(odd) == text_of(plain)
    if mode != "async":  # which has annotations between the tokens
        assert len(odd) == len(plain)
    for options in ({}, USAGE):
        ours, theirs = bodies(gateway, twin, V1, ask(f"Odd forms.[[mock {mode}]]", stream=True, **options))
        if mode == "comments" and not options:  # one stood before the usage that was taken out
            ours, theirs = (body.replace(b": keep-alive\n\n", b"") for body in (ours, theirs))
        assert ours == theirs


def test_a_head_that_comes_byte_by_byte(gateway, twin):
    ours, theirs = bodies(gateway, twin, V1, ask("Slow head.[[mock slowheaders]]", stream=True))
    assert ours == theirs


def test_an_old_version_is_not_asked_for_usage(gateway, twin, mock):
    path = DATED.replace(API_VERSION, "2024-02-01")
    ours, theirs = bodies(gateway, twin, path, ask("An old version of the API.", stream=True))
    assert ours == theirs
    entry, = mock.journal("An old version of the API.")
    assert "stream_options" not in entry["body"]


def test_annotations_after_the_end(both):
    chunks = both(lambda client: stream(client, "Late annotations.", model="gpt-4o-async"))
    finish = next(i for i, chunk in enumerate(chunks)
                  if chunk["choices"] and chunk["choices"][0]["finish_reason"])
    assert len(chunks) > finish + 1


def test_several_choices_and_logprobs(both):
    chunks = both(lambda client: stream(client, "Twice.", n=2, logprobs=True))
    assert {choice["index"] for chunk in chunks for choice in chunk["choices"]} == {0, 1}


def test_tools(both):
    chunks = both(lambda client: stream(client, "Weather? [[mock calls=2]]", tools=[WEATHER, CLOCK],
                                        parallel_tool_calls=True))
    arguments = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            for call in choice["delta"]["tool_calls"] or []:
                arguments.setdefault(call["index"], "")
                arguments[call["index"]] += call["function"]["arguments"] or ""
    assert sorted(arguments) == [0, 1]
    assert all(isinstance(json.loads(text), dict) for text in arguments.values())


def test_a_large_event(both):
    chunks = both(lambda client: stream(client, "Huge. [[mock huge k=2000]]"))
    assert max(len(chunk.get("padding") or "") for chunk in chunks) == 2000 * 1024


def test_a_long_stream(both):
    chunks = both(lambda client: stream(client, "Long. [[mock tokens=2000 coalesce]]", **USAGE))
    assert chunks[-1]["usage"]["completion_tokens"] == 2000


def test_broken_json_is_told_as_a_broken_stream(through, directly, surface):
    with pytest.raises(json.JSONDecodeError):
        stream(directly.client(surface), "Broken. [[mock badjson k=4]]")
    with pytest.raises(openai.APIError):
        stream(through.client(surface), "Broken. [[mock badjson k=4]]")


def test_the_stream_helper(both):
    def story(client):
        with client.chat.completions.stream(**ask("Help me.", tools=[CLOCK]), **USAGE) as events:
            kinds = [event.type for event in events]
            return kinds, events.get_final_completion().model_dump()
    kinds, final = both(story)
    assert "tool_calls.function.arguments.done" in kinds
    assert final["usage"]["total_tokens"] > 0


def test_the_stream_helper_parses(both):
    def story(client):
        with client.chat.completions.stream(**ask("Judge.", response_format=Verdict)) as events:
            kinds = [event.type for event in events]
            return kinds, events.get_final_completion().model_dump()
    kinds, final = both(story)
    assert kinds[-1] == "content.done" or "content.done" in kinds
    assert final["choices"][0]["message"]["parsed"]


def test_the_stream_helper_and_a_filtered_completion(through, directly, surface):
    for side in (through, directly):
        with pytest.raises(openai.ContentFilterFinishReasonError):
            with side.client(surface).chat.completions.stream(
                    **ask("Judge. [[mock filter=completion]]", response_format=Verdict)) as events:
                events.until_done()
                events.get_final_completion()


def test_tokens_come_one_by_one(through):
    """Nothing holds the first token back until the last."""
    import time
    began = time.monotonic()
    times = []
    for chunk in through.client().chat.completions.create(
            **ask("Slowly. [[mock ttft_ms=10 gap_ms=60 tokens=10]]", stream=True)):
        if chunk.choices and chunk.choices[0].delta.content:
            times.append(time.monotonic() - began)
    assert len(times) >= 10
    assert times[-1] - times[0] > 0.4
    assert times[0] < times[-1] / 2
