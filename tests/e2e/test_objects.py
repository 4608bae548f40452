"""What is kept on the resource: files, batches, fine-tuning jobs, vector stores. And models."""

import json

import openai
import pytest

import settings
from clients import Side, dumps


def jsonl(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def test_files(both):
    content = jsonl({"a": 1}) + bytes(range(256)) * 1000
    def story(client):
        made = client.files.create(file=("data.jsonl", content), purpose="assistants")
        listed = [f.id for f in client.files.list(purpose="assistants")]
        got = client.files.retrieve(made.id)
        back = client.files.content(made.id).content
        gone = client.files.delete(made.id)
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(made.id)
        assert back == content and made.id in listed
        return made.model_dump(), got.model_dump(), gone.model_dump()
    assert both(story)[0]["bytes"] == len(content)


def test_batches(both):
    def story(client):
        questions = client.files.create(purpose="batch", file=("questions.jsonl", jsonl(*[
            {"custom_id": f"q{i}", "method": "POST", "url": "/v1/chat/completions",
             "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": f"Question {i}"}]}}
            for i in range(3)])))
        batch = client.batches.create(input_file_id=questions.id, endpoint="/v1/chat/completions",
                                      completion_window="24h")
        seen = [batch.status]
        while batch.status != "completed" and len(seen) < 10:
            batch = client.batches.retrieve(batch.id)
            seen.append(batch.status)
        answers = client.files.content(batch.output_file_id).text
        other = client.batches.create(input_file_id=questions.id, endpoint="/v1/completions",
                                      completion_window="24h")
        cancelled = client.batches.cancel(other.id)
        assert batch.id in [b.id for b in client.batches.list(limit=20)]
        return seen, batch.model_dump(), answers, cancelled.model_dump()
    seen, batch, answers, cancelled = both(story)
    assert seen[0] == "validating" and seen[-1] == "completed"
    assert batch["request_counts"] == {"completed": 3, "failed": 0, "total": 3}
    assert [json.loads(line)["custom_id"] for line in answers.splitlines()] == ["q0", "q1", "q2"]
    assert cancelled["status"] == "cancelling"


def test_fine_tuning(both):
    def story(client):
        data = client.files.create(purpose="fine-tune", file=("train.jsonl", jsonl({"messages": []})))
        job = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=data.id)
        got = client.fine_tuning.jobs.retrieve(job.id)
        listed = job.id in [j.id for j in client.fine_tuning.jobs.list()]
        events = dumps(client.fine_tuning.jobs.list_events(job.id).data)
        stopped = client.fine_tuning.jobs.cancel(job.id)
        assert listed
        return job.model_dump(), got.model_dump(), events, stopped.model_dump()
    job, *_ = both(story)
    assert job["object"] == "fine_tuning.job"


def test_vector_stores(both):
    def story(client):
        page = client.files.create(purpose="assistants", file=("page.txt", b"The toll gate opens at six."))
        store = client.vector_stores.create(name="handbook", file_ids=[page.id])
        changed = client.vector_stores.update(store.id, name="manual")
        files = dumps(client.vector_stores.files.list(store.id).data)
        found = dumps(client.vector_stores.search(store.id, query="When does the gate open?").data)
        listed = store.id in [s.id for s in client.vector_stores.list()]
        gone = client.vector_stores.delete(store.id)
        assert listed
        return store.model_dump(), changed.model_dump(), files, found, gone.model_dump()
    store, changed, files, found, gone = both(story)
    assert changed["name"] == "manual" and gone["deleted"]
    assert "opens at six" in found[0]["content"][0]["text"]


def test_models_are_those_that_the_caller_may_use(through, gateway, surface):
    with Side(gateway.url, settings.NARROW_KEY) as narrow:
        assert [m.id for m in narrow.client(surface).models.list()] == ["gpt-4o-mini"]
        with pytest.raises(openai.PermissionDeniedError):
            narrow.client(surface).models.retrieve("gpt-4o")
        with pytest.raises(openai.NotFoundError):
            narrow.client(surface).models.retrieve("gpt-9")
    everything = [m.id for m in through.client(surface).models.list()]
    assert set(settings.PLAIN_MODELS) <= set(everything) and "helpdesk" in everything
    one = through.client(surface).models.retrieve("helpdesk")
    assert (one.id, one.object) == ("helpdesk", "model")
