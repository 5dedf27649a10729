"""The report on promises: how verdicts and money are counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from goldline.study.report import PromiseReport, promises
from tests.cli.conftest import Goldline

NOW = datetime(2026, 8, 10, tzinfo=UTC)
ANSWERS = (("instant", ["clean"], 500), ("review", ["new-buyer"], 0), ("review", ["new-buyer", "high-value"], 0))


def publish(database: Connection[Any], *policies: str) -> None:
    """Policies as published, with their verdict columns."""
    for policy in policies:
        pack, _, name = policy.partition(".")
        database.execute(
            "INSERT INTO policy_version (policy, version, pack, subject, kind, digest, body)"
            " VALUES (%s, 1, %s, 'order', 'promise', '', '{}'), (%s, 2, %s, 'order', 'promise', '', '{}')",
            [policy, pack, policy, pack],
        )
        database.execute(f'ALTER TABLE fact_order ADD COLUMN v_{pack}__{name}_0 "char"')


def owe(
    database: Connection[Any], state: str, amount_minor: int, *, currency: str = "BRL", to: str = "merchant:m"
) -> None:
    """One remedy of 'a.late'."""
    database.execute(
        "INSERT INTO remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor,"
        " amount_minor, currency, state, accrued_at)"
        " VALUES (0, %s, %s, 'a.late', 'o', 'coupon', 'consumer:c', %s, %s, %s, %s, %s, %s, %s)",
        [uuid4(), uuid4(), "merchant:m", to, amount_minor, amount_minor, currency, state, NOW],
    )


def only(database: Connection[Any]) -> PromiseReport:
    """The report, which must have one row."""
    [found] = promises(database)
    return found


def test_nothing_published_is_an_empty_report(database: Connection[Any]) -> None:
    """Not an error."""
    assert promises(database) == []


def test_verdicts_are_counted_over_all_partitions(database: Connection[Any]) -> None:
    """Made is the sum of the four states; an order that was promised nothing is none of them."""
    publish(database, "a.late")
    for number, state in enumerate(["k", "k", "k", "b", "b", "e", "p", None]):
        database.execute(
            "INSERT INTO fact_order (partition, key, v_a__late_0) VALUES (%s, %s, %s)", [number % 2, str(number), state]
        )
    found = only(database)
    assert (found.made, found.kept, found.broken, found.excused, found.pending) == (7, 3, 2, 1, 1)


def test_money_is_summed_by_currency_and_by_who_bears_it(database: Connection[Any]) -> None:
    """What was refused, voided or is held is not paid; what moved to the platform is charged to it."""
    publish(database, "a.late")
    owe(database, "accrued", 100)
    owe(database, "paid", 20, to="carrier:x")
    owe(database, "unknown", 3, currency="CNY")
    owe(database, "accrued", 5, to="platform")
    for state in ("refused", "void"):
        owe(database, state, 9_000)
    owe(database, "held", 7)
    found = only(database)
    assert found.remedies == 4
    assert found.paid == {"BRL": 125, "CNY": 3}
    assert found.charged == {"merchant": {"BRL": 100, "CNY": 3}, "carrier": {"BRL": 20}, "platform": {"BRL": 5}}
    assert (found.settled, found.held) == ({"BRL": 20}, {"BRL": 7})


@pytest.mark.parametrize(
    ("policies", "names"),
    [(("a.late", "b.lost"), ["late", "lost"]), (("a.late", "b.late"), ["a.late", "b.late"])],
)
def test_a_promise_is_named_without_its_pack_where_that_is_enough(
    database: Connection[Any], policies: tuple[str, ...], names: list[str]
) -> None:
    """Two packs with a promise of the same id keep their packs' names."""
    publish(database, *policies)
    assert [each.promise for each in promises(database)] == names


def test_a_policy_published_before_its_column_counts_nothing(database: Connection[Any]) -> None:
    """A report in the middle of a publication is not an error."""
    publish(database, "a.late")
    database.execute("ALTER TABLE fact_order DROP COLUMN v_a__late_0")
    assert only(database).made == 0


def test_what_a_person_took_back_is_not_broken(database: Connection[Any]) -> None:
    """As long as evidence still says so it is counted as overturned; an exonerated one is neither."""
    publish(database, "a.late")
    for key, state, status in (("1", "b", "standing"), ("2", "b", "overturned"), ("3", "k", "overturned")):
        database.execute("INSERT INTO fact_order (partition, key, v_a__late_0) VALUES (0, %s, %s)", [key, state])
        database.execute(
            "INSERT INTO finding (partition, id, policy, version, subject, key, due_at, found_at, facts, nodes, status)"
            " VALUES (0, %s, 'a.late', 1, 'order', %s, %s, %s, '{}', '{}', %s)",
            [uuid4(), key, NOW, NOW, status],
        )
    found = only(database)
    assert (found.made, found.kept, found.broken, found.overturned) == (3, 1, 1, 1)


def test_the_promises_are_reported_by_the_command(goldline: Goldline, database: Connection[Any]) -> None:
    """In JSON as the function counts them; as a table with money written out; without a policy with a hint."""
    assert "goldline policy publish" in goldline("report", "promises").err
    publish(database, "a.late")
    database.execute("INSERT INTO fact_order (partition, key, v_a__late_0) VALUES (0, '1', 'b')")
    owe(database, "paid", 1_250)
    database.commit()
    (told,) = json.loads(goldline("report", "promises", "--format", "json").out)
    assert told == only(database).as_dict()
    assert (told["broken"], told["overturned"], told["paid"]) == (1, 0, {"BRL": 1_250})
    shown = goldline("report", "promises")
    assert shown.code == 0
    for words in ("overturned", "late", "12.50"):
        assert words in shown.out


def test_the_decisions_are_reported_by_the_command(goldline: Goldline, database: Connection[Any]) -> None:
    """How often each answer was given and for what; granted of asked; covered of the orders paid."""
    assert goldline("policy", "publish", "baseline").code == 0
    row = database.execute("SELECT policy FROM policy_version WHERE kind = 'decision' ORDER BY 1").fetchone()
    assert row is not None
    (policy,) = row
    for number, (answer, reasons, spent) in enumerate(ANSWERS):
        database.execute(
            "INSERT INTO decision (id, policy, version, question, partition, key, asked_as, asker, via, amount_minor,"
            " currency, answer, spent_minor, held, reasons, facts, nodes, decided_at)"
            " VALUES (%s, %s, 1, 'refund_question', 0, %s, 'x', 'consumer:c', 'cli', 500, 'CNY', %s, %s, '{}', %s,"
            " '{}',"
            " '[]', %s)",
            [uuid4(), policy, f"o{number}", answer, spent, reasons, NOW],
        )
    database.execute("INSERT INTO fact_order (partition, key, paid_at) VALUES (0, '1', %s)", [NOW])
    database.commit()
    reports = json.loads(goldline("report", "decisions", "--format", "json").out)
    (told,) = [each for each in reports if each["policy"] == policy]
    assert (told["asked"], told["granted"], told["granted_minor"], told["orders"]) == (3, 1, 500, 1)
    assert told["reasons"]["review"] == {"new-buyer": 2, "high-value": 1}
    shown = goldline("report", "decisions").out
    for words in (policy, "new-buyer 2", "1 of 3 asked"):
        assert words in shown
