"""Chat completions without streaming, in all their forms."""

import base64
import json
from typing import Literal

import pydantic

from clients import ask

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Weather of a city", "strict": True,
    "parameters": {"type": "object", "required": ["city", "unit"], "additionalProperties": False,
                   "properties": {"city": {"type": "string"},
                                  "unit": {"type": "string", "enum": ["celsius", "kelvin"]}}}}}
CLOCK = {"type": "function", "function": {
    "name": "get_time", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}},
                                       "required": ["zone"]}}}


def test_plain(both):
    def story(client):
        return client.chat.completions.create(**ask("What is a toll gate?", user="u-77")).model_dump()
    said = both(story)
    assert "toll gate" in said["choices"][0]["message"]["content"]
    assert said["choices"][0]["finish_reason"] == "stop"
    assert said["usage"]["total_tokens"] > 0
    assert said["prompt_filter_results"][0]["content_filter_results"]["hate"]["filtered"] is False


def test_a_whole_conversation_with_all_roles(both):
    def story(client):
        return client.chat.completions.create(
            model="gpt-4o", seed=7, temperature=0.2, stop=["END"], metadata={"k": "v"},
            messages=[{"role": "system", "content": "You are terse. Ünïcödé 🚦"},
                      {"role": "user", "name": "ana", "content": "First?"},
                      {"role": "assistant", "content": "One."},
                      {"role": "user", "content": "Second \u2028 \"quoted\" \\ back?"}]).model_dump()
    assert "Second" in both(story)["choices"][0]["message"]["content"]


def test_tools_and_their_results(both):
    def story(client):
        messages = [{"role": "user", "content": "How is the weather in Oslo?"}]
        first = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[WEATHER])
        messages.append(first.choices[0].message.model_dump(exclude_none=True))
        for call in first.choices[0].message.tool_calls:
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "4 degrees"})
        second = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[WEATHER])
        return first.model_dump(), second.model_dump()
    first, second = both(story)
    call, = first["choices"][0]["message"]["tool_calls"]
    assert first["choices"][0]["finish_reason"] == "tool_calls"
    assert set(json.loads(call["function"]["arguments"])) == {"city", "unit"}
    assert "4 degrees" in second["choices"][0]["message"]["content"]


def test_parallel_tools(both):
    def story(client):
        return client.chat.completions.create(
            **ask("Weather and time? [[mock calls=3]]", tools=[WEATHER, CLOCK],
                  parallel_tool_calls=True, tool_choice="required")).model_dump()
    calls = both(story)["choices"][0]["message"]["tool_calls"]
    assert len(calls) == 3 and len({call["id"] for call in calls}) == 3


def test_a_forced_tool_and_none(both):
    def story(client):
        forced = client.chat.completions.create(**ask(
            "Time?", tools=[WEATHER, CLOCK],
            tool_choice={"type": "function", "function": {"name": "get_time"}}))
        none = client.chat.completions.create(**ask("Time?", tools=[CLOCK], tool_choice="none"))
        return forced.model_dump(), none.model_dump()
    forced, none = both(story)
    assert forced["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "get_time"
    assert none["choices"][0]["message"]["tool_calls"] is None


def test_vision(both):
    picture = base64.b64encode(bytes(range(256)) * 600).decode()  # more than one read of a socket
    def story(client):
        return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": [
            {"type": "text", "text": "What is in this picture?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}",
                                                "detail": "low"}}]}]).model_dump()
    assert "picture" in both(story)["choices"][0]["message"]["content"]


class Verdict(pydantic.BaseModel):
    colour: Literal["red", "green"]
    reasons: list[str]
    score: int


def test_structured_output(both):
    def story(client):
        return client.chat.completions.parse(**ask("Red or green?", response_format=Verdict)).model_dump()
    parsed = both(story)["choices"][0]["message"]["parsed"]
    assert Verdict.model_validate(parsed).colour in ("red", "green")


def test_several_choices(both):
    def story(client):
        return client.chat.completions.create(**ask("Heads or tails?", n=2)).model_dump()
    assert [choice["index"] for choice in both(story)["choices"]] == [0, 1]


def test_json_mode_and_logprobs(both):
    def story(client):
        as_json = client.chat.completions.create(
            **ask("Answer in JSON.", response_format={"type": "json_object"}))
        sure = client.chat.completions.create(**ask("How sure are you?", logprobs=True, top_logprobs=0))
        return as_json.model_dump(), sure.model_dump()
    as_json, sure = both(story)
    assert isinstance(json.loads(as_json["choices"][0]["message"]["content"]), dict)
    pieces = sure["choices"][0]["logprobs"]["content"]
    assert "".join(p["token"] for p in pieces) == sure["choices"][0]["message"]["content"]


def test_reasoning_and_length(both):
    def story(client):
        thought = client.chat.completions.create(
            **ask("Think hard.", model="o4-mini", reasoning_effort="low", max_completion_tokens=400))
        short = client.chat.completions.create(**ask("Be long.", max_tokens=2))
        cached = client.chat.completions.create(**ask("Again. [[mock cached=1024]]"))
        return thought.model_dump(), short.model_dump(), cached.model_dump()
    thought, short, cached = both(story)
    assert thought["usage"]["completion_tokens_details"]["reasoning_tokens"] == 32
    assert short["choices"][0]["finish_reason"] == "length"
    assert cached["usage"]["prompt_tokens_details"]["cached_tokens"] > 0


def test_a_filtered_completion(both):
    def story(client):
        return client.chat.completions.create(**ask("Say it. [[mock filter=completion]]")).model_dump()
    choice = both(story)["choices"][0]
    assert choice["finish_reason"] == "content_filter"
    assert choice["content_filter_results"]["violence"]["filtered"] is True


def test_a_large_answer(both):
    def story(client):
        return client.chat.completions.create(**ask("Much. [[mock tokens=60000]]")).model_dump()
    assert both(story)["usage"]["completion_tokens"] == 60000


def test_odd_framing_of_whole_answers(both):
    def story(client):
        return [client.chat.completions.create(**ask(f"Frame it. [[mock {fault}]]")).model_dump()
                for fault in ("slowheaders", "split", "nolength", "huge k=3000")]
    said = both(story)
    assert len(said[3]["padding"]) == 3000 * 1024


def test_a_model_with_another_name_than_its_deployment(through, directly, surface):
    def story(client, model):
        plain = client.chat.completions.create(**ask("Who serves me?", model=model))
        stream = client.chat.completions.create(**ask("Who serves me?", model=model, stream=True))
        return plain.model_dump(), [chunk.model_dump() for chunk in stream]
    assert story(through.client(surface), "helpdesk") == story(directly.client(surface), "contoso-chat")


def test_the_deployment_in_the_url_wins(through, directly):
    def story(side, deployment):
        client = side.client("azure", azure_deployment=deployment)
        with client:
            return client.chat.completions.create(**ask("Which?", model="something-else")).model_dump()
    assert story(through, "helpdesk") == story(directly, "contoso-chat")


def test_legacy_completions(both):
    def story(client):
        asked = {"model": "gpt-35-turbo-instruct", "prompt": "Once upon a time", "max_tokens": 12}
        whole = client.completions.create(**asked, n=2)
        stream = client.completions.create(**asked, stream=True)
        return whole.model_dump(), [chunk.model_dump() for chunk in stream]
    whole, chunks = both(story)
    assert len(whole["choices"]) == 2 and whole["object"] == "text_completion"
    assert len(chunks) > 2 and chunks[-1]["choices"][0]["finish_reason"]
