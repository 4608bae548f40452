"""A ledger that cannot be written: requests go on or are refused, as configured, and nothing is lost."""

import sqlite3

import pytest

from harness import KEY, merge, wait_until
from limits_setup import PARTNER_KEY, BookedGateway, error_of, tokens_in

BUDGET = {"subscriptions/app": {"budgets": {"tokens": "100k/day"}}}  # `partner` has none


def failing(gateway):
    """the ledger cannot write"""
    return gateway.metrics()["tollgate_ledger_failing"] == 1


class Locked:
    """Another program holds the ledger's file, as a full disk or a lost permission would."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        self.connection.execute("BEGIN IMMEDIATE")

    def release(self):
        self.connection.execute("ROLLBACK")
        self.connection.close()


def test_requests_go_on_while_the_ledger_cannot_be_written_and_nothing_is_lost(limited):
    gateway, _ = limited(changes=BUDGET)
    assert gateway.chat().status == 200
    gateway.settled()
    locked = Locked(gateway.folder / "tollgate-ledger.db")
    assert gateway.chat().status == 200
    wait_until(lambda: failing(gateway), 20)
    assert [gateway.chat().status for _ in range(5)] == [200] * 5
    shown = gateway.status()["ledger"]
    assert shown["state"] == "failing" and "lock" in shown["reason"]
    used = gateway.used("app.tokens/day")
    assert used > tokens_in(gateway.usage())
    locked.release()
    wait_until(lambda: not failing(gateway), 20)
    assert tokens_in(gateway.settled()) == gateway.used("app.tokens/day") == used
    assert gateway.status()["ledger"]["state"] == "ok"


def test_closed_refuses_what_has_a_budget_while_the_ledger_cannot_be_written(limited):
    gateway, mock = limited(changes=merge({"ledger": {"when_broken": "closed"}}, BUDGET))
    locked = Locked(gateway.folder / "tollgate-ledger.db")
    assert gateway.chat().status == 200  # it is not known yet
    wait_until(lambda: failing(gateway), 20)
    asked = len(mock.journal())
    refused = gateway.chat()
    assert (refused.status, refused["retry-after"]) == (503, "5")
    assert error_of(refused)["message"] == (
        "Spending cannot be recorded at the moment, so requests under a budget are refused.")
    assert gateway.chat(key=PARTNER_KEY).status == 200
    assert len(mock.journal()) == asked + 1
    locked.release()
    wait_until(lambda: gateway.chat().status == 200, 20, step=0.1)


@pytest.mark.parametrize("policy, status", [("open", 200), ("closed", 503)])
def test_a_ledger_that_cannot_be_opened_does_not_keep_the_gateway_from_starting(limited, policy, status):
    gateway, _ = limited(changes=merge({"ledger": {"path": "books/ledger.db", "when_broken": policy}}, BUDGET))
    assert gateway.chat().status == status
    shown = gateway.status()["ledger"]
    assert shown["state"] == "failing" and "books/ledger.db" in shown["reason"]
    (gateway.folder / "books").mkdir()
    wait_until(lambda: not failing(gateway), 20)
    assert gateway.chat().status == 200


def test_what_was_spent_before_is_known_once_the_ledger_can_be_read(limited):
    gateway, _ = limited({"budgets": {"requests": "3/day"}})
    assert [gateway.chat().status for _ in range(3)] == [200] * 3
    gateway.check()
    gateway.stop()
    ledger = gateway.folder / "tollgate-ledger.db"
    hidden = ledger.rename(gateway.folder / "hidden.db")
    ledger.mkdir()  # nothing can be opened there
    gateway.records_path.unlink()
    again = BookedGateway(gateway.folder, gateway.settings)
    limited.services.append(again)
    limited.services.remove(gateway)
    assert failing(again) and again.chat(key=KEY).status == 200
    ledger.rmdir()
    hidden.rename(ledger)
    wait_until(lambda: not failing(again), 20)
    wait_until(lambda: again.used("plan.requests/day", "app") == 4)
    assert again.chat().status == 429
