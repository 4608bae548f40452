"""TLS on both sides: a listener with a certificate of a private authority, and such a deployment."""

import httpx
import openai
import pytest

import settings
from clients import Side, ask, dumps
from harness import Gateway, Mock


@pytest.fixture(scope="module")
def secure_mock(folder, tls_files):
    service = Mock("secure-mock", folder, tls_files)
    yield service
    service.stop()


@pytest.fixture(scope="module")
def secure(folder, secure_mock, tls_files, environment):
    server = f"tls: {{certificate: {tls_files.certificate}, key: {tls_files.key}}}"
    config = settings.config("secure", secure_mock.url, server=server,
                             extra_deployment=f"ca: {tls_files.authority}")
    service = Gateway("secure", folder, config, environment, tls=tls_files)
    yield service
    service.stop()


@pytest.fixture
def client(secure, tls_files):
    with Side(secure.url, settings.APP_KEY,
              http_client=openai.DefaultHttpxClient(verify=tls_files.context())) as side:
        yield side.client()


def test_calls(client, directly):
    def story(client):
        whole = client.chat.completions.create(**ask("Secretly. " * 20_000))
        stream = client.chat.completions.create(**ask("Secretly. [[mock tokens=300]]", stream=True))
        events = client.responses.create(model="gpt-4o", input="Secretly.", stream=True)
        sound = client.audio.speech.create(model="tts-1", voice="alloy", input="Secretly. " * 100)
        return whole.model_dump(), dumps(stream), dumps(events), sound.content
    assert story(client) == story(directly.client())


def test_the_end_of_a_broken_stream(client):
    for fault in ("cut", "reset"):
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(**ask(f"Broken. [[mock {fault} k=6]]", stream=True)))
    assert client.chat.completions.create(**ask("Whole again.")).choices


def test_a_client_that_does_not_know_the_authority(secure):
    with pytest.raises(httpx.ConnectError):
        httpx.get(secure.url + "/v1/models", headers={"api-key": settings.APP_KEY})


def test_plain_http_on_the_secure_port(secure):
    with pytest.raises(httpx.TransportError):
        httpx.get(secure.url.replace("https", "http") + "/v1/models")
    assert secure.http.get("/v1/models", headers={"api-key": settings.APP_KEY}).status_code == 200
    assert secure.metrics().value("tollgate_http_errors_total", kind="tls") >= 1


def test_a_deployment_with_an_unknown_authority(folder, secure_mock, environment):
    gateway = Gateway("distrusting", folder, settings.config("distrusting", secure_mock.url), environment)
    try:
        with Side(gateway.url, settings.APP_KEY) as side, pytest.raises(openai.InternalServerError) as refused:
            side.client().chat.completions.create(**ask("Who are you?"))
        assert refused.value.status_code in (502, 503)
        record = gateway.record(refused.value.request_id)
        assert "certificate" in (record["error_detail"] or "")
    finally:
        gateway.stop()
