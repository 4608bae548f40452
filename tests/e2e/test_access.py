"""Who is calling: every place of a credential, and every reason for a refusal."""

import httpx
import openai
import pytest

import settings
from clients import API_VERSION, Side, ask
from harness import AZURE_KEY

V1 = "/openai/v1/chat/completions"
DATED = f"/openai/deployments/gpt-4o-mini/chat/completions?api-version={API_VERSION}"
BODY = ask("Who am I?", model="gpt-4o-mini")


@pytest.fixture
def bare(gateway):
    """Plain HTTP without any key."""
    with httpx.Client(base_url=gateway.url) as client:
        yield client


@pytest.mark.parametrize("path", [V1, DATED])
@pytest.mark.parametrize("headers", [
    {"api-key": settings.APP_KEY}, {"Api-Key": settings.APP_KEY_2},
    {"Authorization": f"Bearer {settings.APP_KEY}"}, {"authorization": f"bearer {settings.APP_KEY}"},
    {"Ocp-Apim-Subscription-Key": settings.APP_KEY}], ids=lambda h: " ".join(h))
def test_headers(bare, gateway, mock, path, headers):
    answer = bare.post(path, json=BODY, headers=headers)
    assert answer.status_code == 200, answer.text
    request_id = answer.headers["x-request-id"]
    assert gateway.record(request_id)["subscription"] == "apps"
    sent = [name.lower() for name, _ in mock.seen(request_id)["headers"]]
    assert "api-key" in sent and "authorization" not in sent
    assert "ocp-apim-subscription-key" not in sent


@pytest.mark.parametrize("path", [V1, DATED])
def test_query(bare, gateway, mock, path):
    parameter = f"subscription-key={settings.APP_KEY}"
    answer = bare.post(path + ("&" if "?" in path else "?") + parameter, json=BODY)
    assert answer.status_code == 200
    request_id = answer.headers["x-request-id"]
    assert "subscription-key" not in mock.seen(request_id)["query"]
    assert settings.APP_KEY not in gateway.record(request_id)["path"]


def test_the_sdks_with_other_places(gateway):
    with Side(gateway.url, "not-used") as side:
        with side.client("v1", default_headers={"api-key": settings.APP_KEY}) as client:
            assert client.chat.completions.create(**BODY).choices
        with side.client("azure", api_key=None, azure_ad_token=settings.APP_KEY) as client:
            assert client.chat.completions.create(**BODY).choices
        with side.client("v1", default_query={"subscription-key": settings.NARROW_KEY}) as client:
            models = client.models.list(extra_headers={"Authorization": openai.Omit()})
            assert [m.id for m in models] == ["gpt-4o-mini"]


def test_path_prefix(gateway, bare):
    with Side(gateway.url + "/team-a", settings.PREFIXED_KEY) as side:
        for surface in ("v1", "short", "azure"):
            assert side.client(surface).chat.completions.create(**BODY).choices
    with Side(gateway.url + "/team-a", settings.APP_KEY) as side:
        with pytest.raises(openai.AuthenticationError):
            side.client().chat.completions.create(**BODY)
    assert bare.post("/team-b" + V1, json=BODY, headers={"api-key": settings.PREFIXED_KEY}).status_code == 404


def test_bad_keys(gateway, surface):
    for key in ("wrong", settings.APP_KEY[:-1], settings.APP_KEY + "0", AZURE_KEY):
        with Side(gateway.url, key) as side, pytest.raises(openai.AuthenticationError) as refused:
            side.client(surface).chat.completions.create(**BODY)
        assert refused.value.code == "invalid_api_key"
        assert refused.value.request_id and key not in str(refused.value)


def test_no_key_and_a_key_that_is_no_bearer(bare):
    for headers in ({}, {"authorization": f"Basic {settings.APP_KEY}"}, {"api-key": ""}):
        answer = bare.post(V1, json=BODY, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert answer.headers["content-type"].startswith("application/json")


def test_an_unknown_caller_reaches_nothing(bare, mock):
    before = len(mock.journal())
    for path in (V1, DATED, "/openai/v1/files", "/openai/v1/responses/resp_1"):
        assert bare.post(path, json=BODY).status_code in (401, 405)
    assert len(mock.journal()) == before


def test_a_model_outside_the_product(gateway, surface):
    with Side(gateway.url, settings.NARROW_KEY) as side:
        client = side.client(surface)
        assert client.chat.completions.create(**BODY).choices
        with pytest.raises(openai.PermissionDeniedError) as refused:
            client.chat.completions.create(**ask("May I?", model="gpt-4o"))
        assert (refused.value.code, refused.value.param) == ("model_not_allowed", "model")
        with pytest.raises(openai.PermissionDeniedError):
            client.responses.create(model="gpt-4o", input="May I?")
        with pytest.raises(openai.PermissionDeniedError):
            client.audio.transcriptions.create(model="whisper", file=("a.wav", b"sound"))


def test_a_suspended_subscription(gateway, surface):
    with Side(gateway.url, settings.PAUSED_KEY) as side:
        with pytest.raises(openai.PermissionDeniedError) as refused:
            side.client(surface).chat.completions.create(**BODY)
        assert refused.value.code == "subscription_suspended"
        with pytest.raises(openai.PermissionDeniedError):
            side.client(surface).models.list()
