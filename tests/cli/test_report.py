"""The report on promises: how verdicts and money are counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from goldline.study.report import PromiseReport, promises

NOW = datetime(2026, 8, 10, tzinfo=UTC)


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
