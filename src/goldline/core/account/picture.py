"""Pictures of accounts before and after: what a decision changed, exactly, or would change in a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

Gates = Mapping[tuple[str, str], str]
Money = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is written of some accounts: sanctions not revoked, gates, and the ledger's last line."""

    sanctions: frozenset[UUID]
    gates: Gates
    last_posting: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What changed. `money` is minor units by account and currency: + the account receives, - it gives.

    `gates` holds the state before and after of every gate that moved, by account and gate.
    """

    findings: tuple[UUID, ...] = ()
    revoked: tuple[UUID, ...] = ()
    imposed: tuple[UUID, ...] = ()
    money: Money = field(default_factory=dict)
    gates: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def plus(self, other: Effect) -> Effect:
        """Both together."""
        money = dict(self.money)
        for place, amount in other.money.items():
            money[place] = money.get(place, 0) + amount
        return Effect(
            self.findings + other.findings, self.revoked + other.revoked, self.imposed + other.imposed, money,
            {**self.gates, **other.gates},
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """For an answer in JSON."""
        return {
            "findings": [str(each) for each in self.findings],
            "revoked": [str(each) for each in self.revoked],
            "imposed": [str(each) for each in self.imposed],
            "money": [
                {"account": account, "currency": currency, "amount_minor": amount}
                for (account, currency), amount in sorted(self.money.items())
            ],
            "gates": [
                {"account": account, "gate": gate, "before": before, "after": after}
                for (account, gate), (before, after) in sorted(self.gates.items())
            ],
        }


def look(connection: Connection[Any], accounts: Sequence[str]) -> Picture:
    """How these accounts stand, and where the ledger ends, in the caller's transaction."""
    owned = (list(accounts),)
    rows = connection.execute("SELECT id FROM sanction WHERE account = ANY(%s) AND revoked_at IS NULL", owned)
    sanctions = frozenset(ident for (ident,) in rows)
    gates = connection.execute("SELECT account, gate, state FROM gate WHERE account = ANY(%s)", owned)
    states = {(account, gate): state for account, gate, state in gates}
    row = connection.execute(
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('posting', 'id')::regclass), 0)"
    ).fetchone()
    return Picture(sanctions, states, row[0] if row else 0)


def compare(
    connection: Connection[Any],
    before: Picture,
    findings: Sequence[UUID],
    accounts: Sequence[str],
    now: datetime,
) -> Effect:
    """What changed since a picture of the same accounts, which were held in between as the findings were."""
    after = look(connection, accounts)
    moved = {
        place: (before.gates.get(place, "open"), state)
        for place, state in after.gates.items()
        if before.gates.get(place, "open") != state
    }
    values = {"findings": list(findings), "accounts": list(accounts), "now": now, "last": before.last_posting}
    rows = connection.execute(_POSTED, values).fetchall()
    return Effect(
        tuple(findings),
        tuple(sorted(before.sanctions - after.sanctions)),
        tuple(sorted(after.sanctions - before.sanctions)),
        {(account, currency): amount for account, currency, amount in rows},
        moved,
    )


# Whoever holds the findings and the accounts is the only one to post for them, so the new lines are its own.
_POSTED: Final = """
    WITH own AS (
        SELECT p.partition, p.entry FROM posting p WHERE p.reason = 'overturn' AND p.id > %(last)s AND p.remedy_id IN (
            SELECT id FROM remedy WHERE finding_id = ANY(%(findings)s)
            UNION SELECT id FROM remedy WHERE bearer_ground = ANY(%(findings)s)
            UNION SELECT id FROM remedy WHERE sharer_ground = ANY(%(findings)s))
        UNION
        SELECT p.partition, p.entry FROM posting p
        WHERE p.account = ANY(%(accounts)s) AND p.posted_at = %(now)s AND p.id > %(last)s
            AND p.reason IN ('fee', 'fee_return', 'fee_waive')
    )
    SELECT p.account, p.currency, sum(p.amount_minor)::bigint FROM own JOIN posting p USING (partition, entry)
    GROUP BY p.account, p.currency HAVING sum(p.amount_minor) <> 0"""
