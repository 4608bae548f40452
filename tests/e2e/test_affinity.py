"""Conversations, files and batches of a gateway with two resources, told to the official client."""

import json

import openai
import pytest

import settings
from clients import Side, dumps
from harness import AZURE_KEY, Gateway, Mock


@pytest.fixture(scope="module")
def two(folder, environment):
    """A client of a gateway whose models live in different resources; the home is the first one's."""
    mocks = [Mock(name, folder) for name in ("east", "west")]
    lines = ["server: {listen: '127.0.0.1:0', admin: '127.0.0.1:0', workers: 2}", "records: {path: two.jsonl}",
             "ledger: {path: two.db}", "deployments:"]
    for mock in mocks:
        lines.append(f"  {mock.name}: {{endpoint: {mock.url}, deployment: gpt-4o, credential: {{api_key: env:AZURE_KEY}}}}")
    lines += ["models:", *(f"  {mock.name}: {{route: [{mock.name}]}}" for mock in mocks),
              "products: {plan: {models: [east, west]}}",
              "subscriptions: {apps: {product: plan, keys: [env:APP_KEY]}, others: {product: plan, keys: [env:NARROW_KEY]}}"]
    gateway = Gateway("two", folder, "\n".join(lines), environment)
    with Side(gateway.url, settings.APP_KEY) as side:
        yield side, gateway
    for service in (gateway, *reversed(mocks)):
        service.stop()


@pytest.mark.parametrize("surface", ["v1", "azure"])
@pytest.mark.parametrize("model", ["east", "west"])
def test_a_conversation(two, twin, surface, model):
    """Turn by turn the same as with the resource itself."""
    def story(client, name):
        first = client.responses.create(model=name, input="What is a toll?", instructions="Be brief.")
        second = client.responses.create(model=name, input="And a toll gate?", previous_response_id=first.id)
        with client.responses.stream(model=name, input="Who keeps it?", previous_response_id=second.id) as stream:
            third = [event for event in stream][-1].response
        items = dumps(client.responses.input_items.list(third.id).data)
        kept = client.responses.retrieve(second.id)
        client.responses.delete(first.id)
        with pytest.raises(openai.NotFoundError) as gone:
            client.responses.retrieve(first.id)
        return [first.model_dump(), second.model_dump(), third.model_dump(), items, kept.model_dump(), gone.value.body]

    side, _ = two
    with Side(twin.url, AZURE_KEY) as directly:
        assert story(side.client(surface), model) == story(directly.client(surface), "gpt-4o")


def test_background_work_is_polled_where_it_runs(two):
    client = two[0].client()
    made = client.responses.create(model="west", input="Take your time.", background=True)
    seen = [made.status]
    while seen[-1] in ("queued", "in_progress") and len(seen) < 10:
        seen.append(client.responses.retrieve(made.id).status)
    assert seen[-1] == "completed"


def test_a_batch_and_what_comes_of_it(two):
    client = two[0].client()
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions",
            "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Batch"}]}}
    questions = client.files.create(purpose="batch", file=("q.jsonl", json.dumps(line).encode()))
    batch = client.batches.create(input_file_id=questions.id, endpoint="/v1/chat/completions", completion_window="24h")
    for _ in range(4):
        batch = client.batches.retrieve(batch.id)
    assert json.loads(client.files.content(batch.output_file_id).text)["custom_id"] == "a"


def test_others_get_the_sdks_not_found(two):
    side, gateway = two
    mine = side.client().responses.create(model="west", input="Mine alone.")
    with Side(gateway.url, settings.NARROW_KEY) as other:
        with pytest.raises(openai.NotFoundError):
            other.client().responses.retrieve(mine.id)
        with pytest.raises(openai.BadRequestError) as refused:
            other.client().responses.create(model="west", input="Go on.", previous_response_id=mine.id)
        assert refused.value.code == "previous_response_not_found"
    assert side.client().responses.retrieve(mine.id).id == mine.id
