"""Remedies to pay and rows to send, as the step would have left them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox.provider import Lookup, NotFound, Paid, Payment, Payout

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = timedelta(days=1)
CURRENCY = "BRL"


def remedy_id(number: int) -> UUID:
    """The id of the numbered remedy."""
    return derived_id("finding", number, "remedy", 0)


def add_remedies(
    connection: Connection[Any], count: int, *, amount_minor: int = 250, state: str = "accrued", first: int = 0
) -> list[UUID]:
    """Remedies of merchant m1 to consumers c<number>; accrued ones with postings and a payout to send. Commits."""
    ids = [remedy_id(number) for number in range(first, first + count)]
    with connection.transaction(), connection.cursor() as cursor:
        for number, each in enumerate(ids, first):
            cursor.execute(
                "INSERT INTO remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to,"
                " asked_minor, amount_minor, currency, state, why, accrued_at)"
                " VALUES (%s, %s, %s, 'demo.ship-by', %s, 'coupon', %s, 'merchant:m1', 'merchant:m1', %s, %s, %s, %s,"
                " %s, %s)",
                [number % 2, each, derived_id("finding", number), f"o{number}", f"consumer:c{number}", amount_minor,
                 amount_minor, CURRENCY, state, "budget" if state == "held" else None, NOW],
            )  # fmt: skip
            if state == "accrued":
                _accrue(cursor, each, number, amount_minor)
    return ids


def _accrue(cursor: Any, remedy: UUID, number: int, amount_minor: int) -> None:
    lines = [(0, "merchant:m1", -amount_minor), (1, "clearing:payout", amount_minor)]
    cursor.execute(
        "INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at)"
        " SELECT %s, %s, line, account, %s, amount, 'accrue', %s, %s"
        " FROM unnest(%s::smallint[], %s::text[], %s::bigint[]) AS t (line, account, amount)",
        [number % 2, derived_id(remedy, "accrue", 0), CURRENCY, remedy, NOW, *map(list, zip(*lines, strict=True))],
    )
    payload = {"remedy_id": str(remedy), "payee": f"consumer:c{number}", "amount_minor": amount_minor,
               "currency": CURRENCY, "kind": "coupon", "policy": "demo.ship-by", "key": f"o{number}"}  # fmt: skip
    cursor.execute(
        "INSERT INTO outbox (partition, kind, key, topic, payload, created_at, next_try_at)"
        " VALUES (%s, 'payout', %s, 'remedy.payout', %s, %s, %s)",
        [number % 2, str(remedy), Jsonb(payload), NOW, NOW],
    )


def states(connection: Connection[Any]) -> dict[str, int]:
    """How many remedies are in each state."""
    rows = connection.execute("SELECT state, count(*) FROM remedy GROUP BY state").fetchall()
    connection.commit()
    return dict(rows)


@dataclass(slots=True)
class ScriptedProvider:
    """A provider in memory: answers as scripted, then pays. Counts what it was asked."""

    payments: Iterator[Payment]
    lookups: Iterator[Lookup]
    paid: list[str]
    asked: list[str]

    @classmethod
    def of(cls, payments: Sequence[Payment] = (), lookups: Sequence[Lookup] = ()) -> ScriptedProvider:
        """A provider with the next answers to payouts and to look-ups."""
        return cls(iter(payments), iter(lookups), [], [])

    def pay(self, payout: Payout) -> Payment:
        """The next scripted answer, or paid."""
        self.paid.append(payout.key)
        return next(self.payments, Paid(f"ref-{payout.key}"))

    def lookup(self, key: str) -> Lookup:
        """The next scripted answer, or not found."""
        self.asked.append(key)
        return next(self.lookups, NotFound())
