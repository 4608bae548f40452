"""The asynchronous clients, many calls at once."""

import asyncio

import openai
import pytest

from clients import ask


@pytest.fixture
async def clients(through, directly, surface):
    async with through.async_client(surface) as ours, directly.async_client(surface) as theirs:
        yield ours, theirs


async def stream_of(awaitable):
    return [event.model_dump() async for event in await awaitable]


async def story(client, number):
    text = f"Call number {number}."
    whole, chunks, events, vector, sound, heard = await asyncio.gather(
        client.chat.completions.create(**ask(text)),
        stream_of(client.chat.completions.create(
            **ask(text + " [[mock gap_ms=2]]", stream=True, stream_options={"include_usage": True}))),
        stream_of(client.responses.create(model="gpt-4o", input=text, stream=True)),
        client.embeddings.create(model="text-embedding-3-small", input=text),
        client.audio.speech.create(model="tts-1", voice="alloy", input=text),
        client.audio.transcriptions.create(model="whisper", file=("a.wav", text.encode() * 5000)))
    return (whole.model_dump(), chunks, events, vector.model_dump(), sound.content, heard.model_dump())


async def test_many_at_once(clients):
    ours, theirs = clients
    said = await asyncio.gather(*[story(ours, i) for i in range(15)])
    assert said == await asyncio.gather(*[story(theirs, i) for i in range(15)])


async def test_a_hundred_streams(through):
    async with through.async_client() as client:
        streams = await asyncio.gather(*[stream_of(client.chat.completions.create(
            **ask(f"Stream {i}. [[mock tokens=30 gap_ms=10]]", stream=True))) for i in range(100)])
    assert all(chunks[-1]["choices"][0]["finish_reason"] == "stop" for chunks in streams)
    assert len({chunks[1]["id"] for chunks in streams}) == 100


async def test_errors(clients):
    ours, theirs = clients
    with pytest.raises(openai.NotFoundError):
        await ours.chat.completions.create(**ask("Who?", model="gpt-9"))
    with pytest.raises(openai.RateLimitError):
        await ours.chat.completions.create(**ask("Full. [[mock status=429]]"))
    bodies = []
    for client in (ours, theirs):
        with pytest.raises(openai.BadRequestError) as refused:
            await client.chat.completions.create(**ask("Bad. [[mock filter]]"))
        bodies.append(refused.value.body)
    assert bodies[0] == bodies[1]
    with pytest.raises(openai.APIError):
        await stream_of(ours.chat.completions.create(**ask("Cut. [[mock cut k=5]]", stream=True)))


async def test_the_stream_helpers(clients):
    async def helped(client):
        async with client.chat.completions.stream(**ask("Help.")) as stream:
            kinds = [event.type async for event in stream]
            final = await stream.get_final_completion()
        async with client.responses.stream(model="gpt-4o", input="Help.") as stream:
            kinds += [event.type async for event in stream]
            response = await stream.get_final_response()
        return kinds, final.model_dump(), response.model_dump()
    ours, theirs = [await helped(client) for client in clients]
    assert ours == theirs and "response.completed" in ours[0]


async def test_cancelling_a_task_cancels_upstream(through, mock):
    text = "Never mind after all. [[mock ttft_ms=8000]]"
    async with through.async_client() as client:
        task = asyncio.create_task(client.chat.completions.create(**ask(text)))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    for _ in range(300):
        if mock.journal(text):
            break
        await asyncio.sleep(0.01)
    entry, = mock.journal(text)
    assert entry["end"] == "client_gone"
