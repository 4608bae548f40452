"""The official clients, set up for one side: the gateway, or a mock without it."""

import contextlib

import openai

API_VERSION = "2024-10-21"
PATHS = {"v1": "/openai/v1", "short": "/v1"}


class Side(contextlib.AbstractContextManager):
    """Makes clients for one address; they are kept and closed together."""

    def __init__(self, url, key, **options):
        self.url, self.key = url, key
        self.options = {"max_retries": 0, "timeout": 12, **options}
        self.made = {}

    def __exit__(self, *_):
        for client in self.made.values():
            client.close()

    def _arguments(self, surface, changed):
        known = {**self.options, "api_key": self.key, **changed}
        if surface == "azure":
            return {"azure_endpoint": self.url, "api_version": API_VERSION, **known}
        return {"base_url": self.url + PATHS[surface], **known}

    def client(self, surface="v1", **changed):
        if changed:
            return self._make(surface, changed)
        if surface not in self.made:
            self.made[surface] = self._make(surface, {})
        return self.made[surface]

    def _make(self, surface, changed):
        kind = openai.AzureOpenAI if surface == "azure" else openai.OpenAI
        return kind(**self._arguments(surface, changed))

    def async_client(self, surface="v1", **changed):
        """The caller closes it: it belongs to the caller's event loop."""
        kind = openai.AsyncAzureOpenAI if surface == "azure" else openai.AsyncOpenAI
        return kind(**self._arguments(surface, changed))


def ask(text, model="gpt-4o", **more):
    """Arguments of a chat call with one question."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def dumps(items):
    return [item.model_dump() for item in items]
