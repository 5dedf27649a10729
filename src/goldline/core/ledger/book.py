"""The book: accruals written down as remedies, postings and payouts to send, in the step's own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from goldline.core.ledger.accrual import REFUND, Accrual, Candidate, Limit, Standing, decide, derived_id
from goldline.core.ledger.entry import CLEARING, OPENING
from goldline.core.ledger.limit import lock_limits, period_start, save_limits
from goldline.core.policy.promise import Promise


def accrue(
    connection: Connection[Any],
    partition: int,
    candidates: Sequence[Candidate],
    promises: dict[str, Promise],
    now: datetime,
) -> list[str]:
    """Decide the candidates against caps, budgets and breakers, and write down what follows.

    Returns the policies whose breaker has tripped over them.
    """
    if not candidates:
        return []
    limited = sorted({c.policy for c in candidates if promises[c.policy].budget or promises[c.policy].breaker})
    limits: dict[str, Limit] = lock_limits(connection, [promises[policy] for policy in limited], now)
    standing = Standing(_charged(connection, candidates), limits, _refunded(connection, candidates))
    accruals = decide(candidates, standing)
    _write(connection, partition, accruals, _periods(promises, limited, now), now)
    save_limits(connection, [promises[policy] for policy in limited], limits, now)
    return [policy for policy in limited if limits[policy].newly_tripped]


def _periods(promises: dict[str, Promise], policies: Iterable[str], now: datetime) -> dict[str, date]:
    """The period of each policy that has a budget: what is owed is charged to it."""
    budgets = {policy: promises[policy].budget for policy in policies}
    return {policy: period_start(budget.period, now) for policy, budget in budgets.items() if budget is not None}


def _charged(connection: Connection[Any], candidates: Iterable[Candidate]) -> dict[str, int]:
    """What each root has been charged already, with all that is within it and over all policies: refused and void
    remedies do not count, and neither do refunds.
    """
    roots = list({c.root for c in candidates if c.cap_minor is not None})
    if not roots:
        return {}
    return dict(connection.execute(_CHARGED, (roots,), prepare=True).fetchall())


_CHARGED: Final = """
    SELECT t.root, sum(r.amount_minor)::bigint FROM unnest(%s::text[]) AS t (root) CROSS JOIN LATERAL (
        SELECT o.amount_minor, o.state, o.kind FROM remedy o WHERE o.key = t.root
        UNION ALL
        SELECT o.amount_minor, o.state, o.kind FROM remedy o WHERE o.key > t.root || '|' AND o.key < t.root || '}'
    ) r WHERE r.state NOT IN ('void', 'refused') AND r.kind <> 'refund' GROUP BY t.root"""


def _refunded(connection: Connection[Any], candidates: Iterable[Candidate]) -> dict[str, dict[str, int]]:
    """What was given back of each root already, by the key it was given for; refused and void remedies do not count."""
    roots = list({c.root for c in candidates if c.kind == REFUND})
    refunded: dict[str, dict[str, int]] = {}
    rows = connection.execute(_REFUNDED, (roots,), prepare=True).fetchall() if roots else []
    for root, key, amount_minor in rows:
        refunded.setdefault(root, {})[key] = amount_minor
    return refunded


_REFUNDED: Final = """
    SELECT t.root, r.key, sum(r.amount_minor)::bigint FROM unnest(%s::text[]) AS t (root) CROSS JOIN LATERAL (
        SELECT o.key, o.amount_minor, o.state, o.kind FROM remedy o WHERE o.key = t.root
        UNION ALL
        SELECT o.key, o.amount_minor, o.state, o.kind FROM remedy o
        WHERE o.key > t.root || '|' AND o.key < t.root || '}'
    ) r WHERE r.state NOT IN ('void', 'refused') AND r.kind = 'refund' GROUP BY t.root, r.key"""


_REMEDY_COPY = (
    "COPY remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor, amount_minor,"
    " currency, state, why, accrued_at, budget_period) FROM STDIN"
)
_POSTING_COPY = (
    "COPY posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at) FROM STDIN"
)
_OPEN: Final = f"""
    WITH opened AS (SELECT * FROM remedy WHERE partition = %(partition)s AND id = ANY(%(ids)s)), {OPENING}
    SELECT count(*) FROM opened"""


def _write(
    connection: Connection[Any], partition: int, accruals: list[Accrual], periods: dict[str, date], now: datetime
) -> None:
    with connection.cursor().copy(_REMEDY_COPY) as copy:
        copy.write("".join([_line(_remedy_row(partition, each, periods, now)) for each in accruals]))
    ids = [each.candidate.remedy_id for each in accruals if each.state == "accrued"]
    values = {"partition": partition, "ids": ids, "now": now, "by": None, "clearing": CLEARING}
    connection.execute(_OPEN, values, prepare=True)


def _line(values: tuple[Any, ...]) -> str:
    """One row of a text COPY."""
    return "\t".join(["\\N" if value is None else _escaped(str(value)) for value in values]) + "\n"


def _escaped(value: str) -> str:
    if "\\" in value or "\t" in value or "\n" in value or "\r" in value:
        return value.translate({92: "\\\\", 9: "\\t", 10: "\\n", 13: "\\r"})
    return value


def _remedy_row(partition: int, accrual: Accrual, periods: dict[str, date], now: datetime) -> tuple[Any, ...]:
    asked = accrual.candidate
    period = periods.get(asked.policy) if accrual.state == "accrued" else None
    return (
        partition, asked.remedy_id, asked.finding_id, asked.policy, asked.key, asked.kind,
        asked.payee or "consumer:unknown", asked.bearer, asked.bearer, asked.asked_minor, accrual.amount_minor,
        asked.currency, accrual.state, accrual.why, now, period,
    )  # fmt: skip


def entry_rows(
    partition: int,
    remedy_id: UUID,
    reason: str,
    revision: int,
    giver: str,
    receiver: str,
    amount_minor: int,
    currency: str,
    now: datetime,
) -> list[tuple[Any, ...]]:
    """Two balanced lines; the entry's id is made from the remedy, the reason and the revision."""
    entry = derived_id(remedy_id, reason, revision)
    return [
        (partition, entry, 0, giver, currency, -amount_minor, reason, remedy_id, now),
        (partition, entry, 1, receiver, currency, amount_minor, reason, remedy_id, now),
    ]


def move_charges(
    connection: Connection[Any], partition: int, turned: Sequence[tuple[UUID, int]], reason: str, now: datetime
) -> int:
    """Move the charge of findings' remedies: 'exonerate' from their bearer to the platform, 'reinstate' back.

    `turned` pairs a finding with its revision, which makes the entry's id. The consumer keeps what was paid: only who
    bears it changes. A remedy still held becomes void when its finding is exonerated. Returns remedies moved.
    """
    if not turned:
        return 0
    revisions = dict(turned)
    rows = connection.execute(
        "SELECT id, finding_id, bearer, charged_to, amount_minor, currency, state FROM remedy"
        " WHERE partition = %s AND finding_id = ANY(%s) AND state <> 'refused' ORDER BY id FOR UPDATE",
        (partition, list(revisions)),
    ).fetchall()
    moved = 0
    for remedy_id, finding_id, bearer, charged_to, amount, currency, state in rows:
        target = "platform" if reason == "exonerate" else bearer
        if state in ("held", "void"):
            _void_or_hold(connection, partition, remedy_id, reason)
        elif charged_to != target:
            _move(
                connection,
                partition,
                remedy_id,
                charged_to,
                target,
                amount,
                currency,
                reason,
                revisions[finding_id],
                now,
            )
            moved += 1
    return moved


def _void_or_hold(connection: Connection[Any], partition: int, remedy_id: UUID, reason: str) -> None:
    if reason == "exonerate":
        change, was, why = "void", "held", "exonerated"
    else:
        change, was, why = "held", "void", "reinstated"
    connection.execute(
        "UPDATE remedy SET state = %s, why = %s WHERE partition = %s AND id = %s AND state = %s AND amount_minor > 0",
        (change, why, partition, remedy_id, was),
    )


def _move(
    connection: Connection[Any], partition: int, remedy_id: UUID, source: str, target: str, amount_minor: int,
    currency: str, reason: str, revision: int, now: datetime,
) -> None:  # fmt: skip
    """The target gives what the source gave: the source is made whole."""
    rows = entry_rows(partition, remedy_id, reason, revision, target, source, amount_minor, currency, now)
    with connection.cursor().copy(_POSTING_COPY) as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute(
        "UPDATE remedy SET charged_to = %s WHERE partition = %s AND id = %s", (target, partition, remedy_id)
    )
