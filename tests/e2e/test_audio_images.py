"""Multipart in, binary out: audio and images."""

import base64

import httpx
import pytest

from clients import API_VERSION
from harness import AZURE_KEY
from settings import APP_KEY

SOUND = bytes(i * 37 % 256 for i in range(200_000))
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(3000)


def sound(name="speech.wav"):
    return (name, SOUND, "audio/wav")


def test_transcription_in_every_format(both):
    def story(client):
        said = [client.audio.transcriptions.create(model="whisper", file=sound(), prompt="tolls").model_dump()]
        for form in ("text", "srt", "vtt"):
            said.append(client.audio.transcriptions.create(model="whisper", file=sound(), response_format=form))
        said.append(client.audio.transcriptions.create(
            model="whisper", file=sound(), response_format="verbose_json", language="en").model_dump())
        return said
    as_json, text, srt, vtt, verbose = both(story)
    assert "200000 bytes of sound about tolls" in as_json["text"]
    assert text.startswith("You sent") and srt.startswith("1\n") and vtt.startswith("WEBVTT")
    assert verbose["segments"]


def test_translation(both):
    def story(client):
        return client.audio.translations.create(model="whisper", file=sound()).model_dump()
    assert "200000 bytes" in both(story)["text"]


def form(*parts, boundary="---------------------------toll"):
    out = b""
    for name, filename, content in parts:
        extra = f'; filename="{filename}"' if filename else ""
        out += (f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n').encode()
        out += content + b"\r\n"
    return out + f"--{boundary}--\r\n".encode(), f'multipart/form-data; boundary="{boundary}"'


@pytest.mark.parametrize("path", ["/openai/v1/audio/transcriptions", "/v1/audio/transcriptions",
                                  f"/openai/deployments/whisper/audio/transcriptions?api-version={API_VERSION}"])
@pytest.mark.parametrize("order", ["model first", "file first"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_order_and_framing_of_a_form(gateway, twin, mock, path, order, chunked):
    parts = [("model", None, b"whisper"), ("file", "a.wav", SOUND + order.encode())]
    if order == "file first":
        parts.reverse()
    content, content_type = form(*parts)
    def send(http, key):
        pieces = (content[i:i + 30_000] for i in range(0, len(content), 30_000))
        return http.post(path, content=pieces if chunked else content,
                         headers={"api-key": key, "content-type": content_type})
    ours, theirs = send(gateway.http, APP_KEY), send(twin.http, AZURE_KEY)
    assert ours.status_code == 200, ours.text
    assert ours.json() == theirs.json()
    entry = mock.seen(ours.headers["x-request-id"])
    assert entry["body_bytes"] == len(content)


def test_a_form_for_a_deployment_of_another_name(gateway, mock):
    """The model field is the one thing that changes in the body."""
    content, content_type = form(("file", "a.png", PICTURE), ("model", None, b"helpdesk"),
                                 ("prompt", None, b"a gate"))
    answer = gateway.http.post("/openai/v1/images/edits", content=content,
                               headers={"api-key": APP_KEY, "content-type": content_type})
    entry = mock.seen(answer.headers["x-request-id"])
    assert entry["deployment"] == "contoso-chat"
    assert entry["body_bytes"] == len(content) - len("helpdesk") + len("contoso-chat")


def test_speech(both):
    def story(client):
        asked = {"model": "tts-1", "voice": "alloy", "input": "Stop at the gate. " * 40}
        whole = client.audio.speech.create(**asked, response_format="wav")
        with client.audio.speech.with_streaming_response.create(**asked, response_format="pcm") as streamed:
            kind = streamed.headers["content-type"]
            pieces = b"".join(streamed.iter_bytes(1000))
        return whole.content, kind, pieces
    whole, kind, pieces = both(story)
    assert whole.startswith(b"RIFF") and len(whole) > 10_000
    assert kind == "audio/pcm" and len(pieces) > 10_000


def test_images(both):
    def story(client):
        made = client.images.generate(model="gpt-image-1", prompt="A toll gate at dusk", n=2)
        edited = client.images.edit(model="gpt-image-1", prompt="Open the gate",
                                    image=("gate.png", PICTURE, "image/png"))
        return made.model_dump(), edited.model_dump()
    made, edited = both(story)
    assert len(made["data"]) == 2
    assert base64.b64decode(edited["data"][0]["b64_json"]).startswith(b"\x89PNG")


def test_a_form_without_a_model(gateway):
    content, content_type = form(("file", "a.wav", SOUND))
    answer = gateway.http.post("/v1/audio/transcriptions", content=content,
                               headers={"api-key": APP_KEY, "content-type": content_type})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "model"
    again = httpx.get(gateway.url + "/v1/models", headers={"api-key": APP_KEY})
    assert again.status_code == 200
