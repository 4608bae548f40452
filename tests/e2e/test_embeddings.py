"""Embeddings: the default of the SDK (base64 on the wire), plain numbers, many inputs."""

import pytest

MODEL = "text-embedding-3-small"


def test_base64_and_float_are_the_same_vector(both, mock):
    def story(client):
        packed = client.embeddings.create(model=MODEL, input="a toll gate")
        plain = client.embeddings.create(model=MODEL, input="a toll gate", encoding_format="float")
        return packed.model_dump(), plain.model_dump()
    packed, plain = both(story)
    assert len(packed["data"][0]["embedding"]) == 1536
    assert packed["data"][0]["embedding"] == pytest.approx(plain["data"][0]["embedding"], abs=1e-6)
    formats = {'"base64"' in entry["body"] for entry in mock.journal("a toll gate")}
    assert formats == {True, False}  # the SDK's own default came through


def test_dimensions_and_token_ids(both):
    def story(client):
        few = client.embeddings.create(model=MODEL, input=["one", "two"], dimensions=64)
        ids = client.embeddings.create(model=MODEL, input=[[1, 2, 3], [4, 5]])
        return few.model_dump(), ids.model_dump()
    few, ids = both(story)
    assert [len(row["embedding"]) for row in few["data"]] == [64, 64]
    assert ids["usage"]["prompt_tokens"] == 5


def test_many_inputs(both):
    def story(client):
        return client.embeddings.create(model=MODEL, input=[f"line {i}" for i in range(2048)],
                                        dimensions=8).model_dump()
    assert [row["index"] for row in both(story)["data"]] == list(range(2048))
