"""Realtime sessions under limits and budgets: each answer is booked as it comes, and a session ends where
there is no more."""

import base64

import pytest

from harness import KEY, wait_until
from limits_setup import OTHER_KEY, Redis, dollars_in, settings, tokens_in
from limits_setup import BookedGateway, JournalMock
from websocket import CLOSE, TEXT, Socket, close_payload

V1 = "/openai/v1/realtime?model=gpt-4o"
WORDS = "one two red car big sun low top"


class Voice(Socket):
    """A session with the mock, that answers with text."""

    def __init__(self, gateway, key=KEY, path=V1, **options):
        super().__init__(gateway.data, path, key, **options)
        self.closed = self.error = None
        self.usages = []
        if self.answer.status == 101:
            assert self.event()["type"] == "session.created"
            self.say({"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}})
            assert self.event()["type"] == "session.updated"

    def tell(self, text):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.say({"type": "conversation.item.create", "item": item})

    def ask(self, text=WORDS, until="response.done"):
        """The events of one answer; fewer when the session ends."""
        self.tell(text)
        self.say({"type": "response.create"})
        events = []
        while not events or events[-1]["type"] != until:
            found = self.hear()
            if found.opcode == CLOSE:
                self.closed = found
                return events
            assert found.opcode == TEXT, found
            events.append(found.event)
            if events[-1]["type"] == "error":
                self.error = events[-1]["error"]
            if events[-1]["type"] == "response.done":
                self.usages.append(events[-1]["response"]["usage"])
        return events

    @property
    def tokens(self):
        return sum(usage["total_tokens"] for usage in self.usages)

    @property
    def dollars(self):
        def cost(usage):
            cached = usage["input_token_details"]["cached_tokens"]
            return (usage["input_tokens"] - cached) * 2.50 + cached * 1.25 + usage["output_tokens"] * 10
        return sum(map(cost, self.usages)) / 1e6

    def leave(self):
        self.say(close_payload(1000), CLOSE)
        assert self.close_frame().code == 1000
        self.close()


def test_reserved_capacity_is_charged_with_each_answer_and_not_with_the_session(limited):
    gateway, _ = limited(changes={"deployments": {"gpt-4o": {
        "kind": "ptu", "units": 1, "capacity": {"input": "6k/minute", "answer_weight": 4}}}})  # 100 tokens a second, 6,000 in all
    predicted = lambda: gateway.metrics()["tollgate_ptu_predicted_utilization_ratio", "gpt-4o"]
    voice = Voice(gateway)
    assert predicted() == 0, "an open session takes nothing"
    before = 0
    for answers in (1, 2):
        voice.ask("[[mock tokens=500]]" + WORDS)
        took = 4 * 500 / 6000
        assert before + 0.8 * took < (now := predicted()) < answers * 1.4 * took
        before = now
    voice.leave()
    gateway.wait_records(1)
    assert predicted() <= before, "the sum of its answers is not charged once more"


def test_answers_are_booked_as_they_come(limited):
    gateway, _ = limited({"budgets": [{"tokens": "1M/day"}, {"money": "$10/day"}], "limits": {"requests": "100/minute"}})
    voice = Voice(gateway)
    for _ in range(3):
        voice.ask("[[mock tokens=30]]" + WORDS)
        used = gateway.used("plan.tokens/day")
        assert used == voice.tokens, (used, voice.usages)
        assert gateway.used("plan.money/day") == pytest.approx(voice.dollars, abs=0.0001)
    wait_until(lambda: tokens_in(gateway.usage()) == voice.tokens, 5, 0.05, "in the ledger while the session goes on")
    assert voice.usages[1]["input_token_details"]["cached_tokens"] > 0
    voice.leave()
    record = gateway.wait_records(1)[0]
    wait_until(lambda: sum(row["requests"] for row in gateway.usage()) == 1, 5, 0.05, "the session itself in the ledger")
    rows = gateway.usage("--by", "subscription")
    assert tokens_in(rows) == voice.tokens
    assert dollars_in(rows) == pytest.approx(voice.dollars, abs=1e-7)
    assert record["prompt_tokens"] + record["completion_tokens"] == voice.tokens and record["responses"] == 3
    assert float(record["cost_usd"]) == pytest.approx(voice.dollars, abs=1e-7) and record["usage"] == "reported"
    assert gateway.used("plan.tokens/day") == voice.tokens and gateway.used("plan.requests/minute") == 1


def test_audio_is_booked_at_its_own_rates(limited):
    prices = {"input": "$4", "cached": "$0.40", "output": "$16", "audio_input": "$32", "audio_cached": "$0.50", "audio_output": "$64"}
    gateway, _ = limited({"budgets": {"money": "$10/day"}}, {"prices": {"gpt-4o": prices}})
    voice = Voice(gateway)
    voice.say({"type": "session.update", "session": {"type": "realtime", "output_modalities": ["audio"]}})
    assert voice.event()["type"] == "session.updated"
    for _ in range(3):
        voice.say({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(96_000)).decode()})
        voice.say({"type": "input_audio_buffer.commit"})
        voice.ask("[[mock tokens=30]]" + WORDS)

    def cost(usage):
        asked, said = usage["input_token_details"], usage["output_token_details"]
        cached = asked["cached_tokens_details"]
        return ((asked["text_tokens"] - cached["text_tokens"]) * 4 + cached["text_tokens"] * 0.40
                + (asked["audio_tokens"] - cached["audio_tokens"]) * 32 + cached["audio_tokens"] * 0.50
                + said["text_tokens"] * 16 + said["audio_tokens"] * 64) / 1e6

    last = voice.usages[-1]["input_token_details"]
    assert last["audio_tokens"] > last["cached_tokens_details"]["audio_tokens"] > 0
    dollars = sum(map(cost, voice.usages))
    assert dollars > 2 * voice.tokens * 16 / 1e6
    assert gateway.used("plan.money/day") == pytest.approx(dollars, abs=1e-6)
    voice.leave()
    assert float(gateway.wait_records(1)[0]["cost_usd"]) == pytest.approx(dollars, abs=1e-7)


def spend_all(voice, most=100):
    for _ in range(most):
        voice.ask("[[mock tokens=100]]")
        if voice.closed:
            return
    raise AssertionError("nothing ended it")


@pytest.mark.parametrize("budget, rule", [
    ({"tokens": "4k/day"}, "plan.tokens/day"), ({"money": "$0.02/day"}, "plan.money/day"),
    ({"tokens": "4k", "each": "session"}, "plan.tokens/life.each-session"),
])
def test_a_budget_ends_the_session(limited, budget, rule):
    gateway, mock = limited({"budgets": budget})
    voice = Voice(gateway, fields=["x-tollgate-session: s"])
    spend_all(voice)
    assert voice.error["code"] == "insufficient_quota" and rule in voice.error["message"]
    assert voice.closed.code == 1008 and voice.closed.reason == "insufficient_quota"
    assert voice.end()[0] == b""  # nothing beyond
    assert len(voice.usages) > 4
    assert voice.tokens <= 4000 if "tokens" in budget else voice.dollars <= 0.02
    record = gateway.wait_records(1)[0]
    assert record["session_end"] == "spent" and record["refused_by"] == rule and record["close_code"] == 1008
    assert record["error_code"] == "insufficient_quota" and record["end"] == "stopped"
    assert gateway.metrics()["tollgate_limit_refusals_total", rule] == 1
    # What the provider had begun of the last answer is cancelled.
    entry = mock.journal()[-1]
    assert entry["end"] in ("client_gone", "complete")
    wait_until(lambda: tokens_in(gateway.usage()) == voice.tokens, 5, 0.05, "settled as told")


def test_a_rate_limit_ends_the_session_for_now(limited):
    gateway, _ = limited({"limits": {"tokens": "2k/minute"}})
    voice = Voice(gateway)
    spend_all(voice)
    assert voice.error["code"] == "rate_limit_exceeded" and voice.closed.code == 1013
    assert gateway.wait_records(1)[0]["refused_by"] == "plan.tokens/minute"


def test_audited_budgets_end_nothing(limited):
    gateway, _ = limited({"budgets": {"tokens": "500/day", "mode": "audit"}})
    voice = Voice(gateway)
    for _ in range(6):
        voice.ask("[[mock tokens=100]]")
    assert voice.tokens > 500 and not voice.closed
    voice.leave()


def test_a_spent_budget_lets_no_session_begin(limited):
    gateway, mock = limited({"budgets": {"tokens": "200/day"}})
    voice = Voice(gateway)
    voice.ask("[[mock tokens=300]]")  # who has spent nothing is let in, and told to the end
    assert voice.hear().event["error"]["code"] == "insufficient_quota" and voice.close_frame().code == 1008
    voice.close()
    seen = len(mock.journal())
    refused = Voice(gateway)
    assert refused.answer.status == 429, refused.answer
    assert b"insufficient_quota" in refused.answer.body and refused.answer["x-should-retry"] == "false"
    assert len(mock.journal()) == seen


def test_sessions_count_as_calls_at_a_time(limited):
    gateway, _ = limited({"limits": {"concurrent": 2}})
    first, second = Voice(gateway), Voice(gateway, OTHER_KEY)
    third = Voice(gateway)
    assert third.answer.status == 429 and third.answer["retry-after-ms"] == "1000"
    first.leave()
    wait_until(lambda: gateway.used("plan.concurrent") == 1)
    third = Voice(gateway)
    assert third.answer.status == 101
    second.leave()
    third.leave()


def test_an_answer_that_is_left_is_booked_as_it_was_reserved(limited):
    gateway, _ = limited({"budgets": {"tokens": "1M/day"}})
    voice = Voice(gateway)
    voice.ask("[[mock tokens=100]]")
    known = voice.tokens
    voice.ask("[[mock tokens=1000 gap_ms=20]]", until="response.output_text.delta")
    reserved = gateway.used("plan.tokens/day") - known
    assert reserved > known  # what the conversation has come to, and the answer that is to be expected
    voice.reset()
    record = gateway.wait_records(1)[0]
    assert record["usage"] == "estimated" and record["session_end"] == "client_gone"
    assert record["prompt_tokens"] + record["completion_tokens"] == known + reserved
    wait_until(lambda: tokens_in(gateway.usage()) == known + reserved, 5, 0.05, "booked")
    assert gateway.used("plan.tokens/day") == known + reserved


def test_an_answer_of_audio_that_is_left_costs_what_was_reserved(limited):
    prices = {"input": "$4", "output": "$16", "audio_input": "$32", "audio_output": "$64"}
    gateway, _ = limited({"budgets": {"money": "$10/day"}}, {"prices": {"gpt-4o": prices}})
    voice = Voice(gateway)
    voice.ask("[[mock tokens=1000 gap_ms=20]]", until="response.output_text.delta")
    reserved = gateway.used("plan.money/day")
    voice.reset()
    record = gateway.wait_records(1)[0]
    assert record["usage"] == "estimated"
    dollars = (record["prompt_tokens"] * 32 + record["completion_tokens"] * 64) / 1e6
    assert float(record["cost_usd"]) == pytest.approx(dollars, abs=1e-7) and reserved == pytest.approx(dollars, abs=1e-6)
    assert gateway.used("plan.money/day") == pytest.approx(dollars, abs=1e-6)
    wait_until(lambda: dollars_in(gateway.usage()) == pytest.approx(dollars, abs=1e-7), 5, 0.05, "booked")


def test_cancelled_answers_are_booked_as_told(limited):
    gateway, _ = limited({"budgets": {"tokens": "1M/day"}})
    voice = Voice(gateway)
    voice.ask("[[mock tokens=1000 gap_ms=20]]", until="response.output_text.delta")
    voice.say({"type": "response.cancel"})
    while (event := voice.event())["type"] != "response.done":
        pass
    assert event["response"]["status"] == "cancelled"
    usage = event["response"]["usage"]
    assert gateway.used("plan.tokens/day") == usage["total_tokens"] < 1000
    voice.leave()


def test_strict_durability(limited):
    """What the client was told of is in the file, whatever happens then."""
    gateway, _ = limited({"budgets": {"tokens": "1M/day"}}, {"ledger": {"durability": "strict"}})
    voice = Voice(gateway)
    voice.ask()
    voice.ask()
    gateway.kill()
    assert tokens_in(gateway.usage()) == voice.tokens
    limited.services.remove(gateway)


def test_gateways_that_share_their_pots(tmp_path):
    redis = Redis(tmp_path / "redis")
    mock = JournalMock(tmp_path / "mock")
    gateways = []
    try:
        rules = {"budgets": {"tokens": "4k/day"}, "limits": {"concurrent": 2}}
        for i in range(2):
            gateways.append(BookedGateway(tmp_path / f"gateway-{i}", settings(
                mock.url, rules, {"sharing": {"redis": redis.url, "timeout": "2s"}})))
        voices = [Voice(gateway) for gateway in gateways]
        assert Voice(gateways[0]).answer.status == 429
        for _ in range(100):
            for voice in voices:
                if not voice.closed:
                    voice.ask("[[mock tokens=100]]")
            if all(voice.closed for voice in voices):
                break
        assert {voice.closed.code for voice in voices} == {1008}
        total = sum(voice.tokens for voice in voices)
        assert 2000 < total <= 4000
        for gateway in gateways:
            gateway.check()
            gateway.stop()
    finally:
        for service in [*gateways, mock]:
            service.kill()
        redis.stop()
