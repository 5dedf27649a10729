"""Accounts and statements: sums of postings, nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.ledger import account, settlement
from goldline.core.ledger.entry import entry_id
from goldline.core.ledger.settlement import Answer
from tests.outbox.stock import LATER, NOW, add_remedies, remedy_id

Database = Connection[tuple[Any, ...]]


def settle(database: Database, number: int, says: str = "ref") -> list[settlement.Settled]:
    """The numbered remedy is paid, a day later. Commits."""
    settled = settlement.pay(database, [Answer(number % 2, remedy_id(number), says)], NOW + LATER)
    database.commit()
    return settled


def test_balances_are_sums_of_postings(database: Database) -> None:
    """What was charged is in clearing until it is paid, then with the consumer; the whole is zero."""
    add_remedies(database, 3)
    settle(database, 0)
    assert account.balance(database, "merchant:m1") == {"BRL": -750}
    assert account.balance(database, "clearing:payout") == {"BRL": 500}
    assert account.balance(database, "consumer:c0") == {"BRL": 250}
    assert account.balance(database, "merchant:nobody") == {}
    assert [each.account for each in account.balances(database)] == ["merchant:m1", "clearing:payout", "consumer:c0"]
    assert [each.account for each in account.balances(database, "consumer")] == ["consumer:c0"]
    assert sum(each.amount_minor for each in account.balances(database)) == 0


def test_a_statement_runs_newest_first_with_the_balance_after_each_line(database: Database) -> None:
    """The balance of a line does not depend on which lines are asked for."""
    add_remedies(database, 3)
    settle(database, 1)
    lines = account.statement(database, "clearing:payout")
    assert [(each.reason, each.amount_minor, each.balance_minor) for each in lines] == [
        ("settle", -250, 500), ("accrue", 250, 750), ("accrue", 250, 500), ("accrue", 250, 250)]  # fmt: skip
    assert account.statement(database, "clearing:payout", since=NOW + LATER) == lines[:1]
    assert account.statement(database, "clearing:payout", until=NOW + LATER, limit=2) == lines[1:3]


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_page_has_bounds(database: Database, limit: int) -> None:
    """A page nobody can read or none at all is refused."""
    with pytest.raises(GoldlineError, match="page"):
        account.balances(database, limit=limit)
    with pytest.raises(GoldlineError, match="page"):
        account.statement(database, "platform", limit=limit)


def test_a_remedy_settles_once(database: Database) -> None:
    """A second answer, the same or another, changes neither state nor books."""
    add_remedies(database, 1)
    assert [each.state for each in settle(database, 0)] == ["paid"]
    assert settle(database, 0, "other") == []
    assert settlement.refuse(database, [Answer(0, remedy_id(0), "late")], NOW) == []
    assert settlement.doubt(database, [Answer(0, remedy_id(0), "late")], NOW) == []
    assert database.execute("SELECT state, provider_ref FROM remedy").fetchall() == [("paid", "ref")]
    assert database.execute("SELECT count(*) FROM posting").fetchone() == (4,)


@pytest.mark.parametrize(("settle_as", "reason"), [(settlement.pay, "settle"), (settlement.refuse, "refuse")])
def test_the_entry_has_the_name_everybody_derives(database: Database, settle_as: Any, reason: str) -> None:
    """The statement and `entry_id` name an entry alike, so the table refuses a second posting whoever makes it."""
    add_remedies(database, 1)
    settle_as(database, [Answer(0, remedy_id(0), "said")], NOW)
    entries = database.execute("SELECT DISTINCT entry FROM posting WHERE reason = %s", [reason]).fetchall()
    assert entries == [(entry_id(remedy_id(0), reason),)]


def test_an_unknown_answer_leaves_the_books_alone(database: Database) -> None:
    """Doubt is visible at the remedy and moves no money; a later answer settles it."""
    add_remedies(database, 1)
    assert [each.state for each in settlement.doubt(database, [Answer(0, remedy_id(0), "timeout")], NOW)] == ["unknown"]
    assert account.balance(database, "clearing:payout") == {"BRL": 250}
    assert [each.why for each in settle(database, 0)] == [None]
    assert account.balance(database, "clearing:payout") == {"BRL": 0}
