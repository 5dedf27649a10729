"""The book: accruals written down as remedies, postings and payouts to send, in the step's own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection

from goldline.core.ledger.accrual import REFUND, Accrual, Candidate, Limit, Standing, decide
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
    " currency, state, why, accrued_at, budget_period, sharer, share_to, share_minor, bearer_ground, sharer_ground)"
    " FROM STDIN"
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
    sharer = asked.sharer if accrual.share_minor else None
    return (
        partition, asked.remedy_id, asked.finding_id, asked.policy, asked.key, asked.kind,
        asked.payee or "consumer:unknown", asked.bearer, asked.bearer, asked.asked_minor, accrual.amount_minor,
        asked.currency, accrual.state, accrual.why, now, period,
        sharer, sharer, accrual.share_minor, asked.bearer_ground, asked.sharer_ground if sharer else None,
    )  # fmt: skip
