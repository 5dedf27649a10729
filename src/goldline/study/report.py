"""The report on promises: what was made and what became of it, and what the broken ones cost.

Verdicts are counted from the fact tables, money from the remedies; both are what the last step committed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from psycopg import Connection, sql

from goldline.core.policy.slot import column_of

OWED: Final = ("accrued", "unknown", "paid")
"""States of a remedy that the consumer has or will have; held, refused and void ones cost nobody anything."""


@dataclass(frozen=True, slots=True)
class PromiseReport:
    """One promise. Money is in minor units: `paid` by currency, `charged` by kind of party, then by currency.

    `promise` is the id without its pack, unless two packs have the same one. `paid` is what was awarded to
    consumers, of which `settled` is what the provider has confirmed; `held` waits for a budget or a breaker.
    `overturned` is what evidence says was broken and a person has taken back: it is not among the `broken`.
    """

    promise: str
    pack: str
    subject: str
    made: int
    kept: int
    broken: int
    excused: int
    pending: int
    overturned: int
    remedies: int
    paid: dict[str, int]
    charged: dict[str, dict[str, int]]
    settled: dict[str, int]
    held: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(slots=True)
class _Money:
    remedies: int
    paid: Counter[str]
    settled: Counter[str]
    held: Counter[str]
    charged: defaultdict[str, Counter[str]]


def promises(connection: Connection[Any]) -> list[PromiseReport]:
    """Every published promise, in order of pack and first publication."""
    rows = connection.execute(
        "SELECT policy, pack, subject FROM policy_version WHERE kind = 'promise'"
        " GROUP BY policy, pack, subject ORDER BY pack, min(published_at), policy"
    ).fetchall()
    states = _states(connection, ((policy, subject) for policy, _, subject in rows))
    money = _money(connection)
    short = Counter(policy.partition(".")[2] for policy, _, _ in rows)
    return [
        _report(policy, pack, subject, states[policy], money[policy], ambiguous=short[policy.partition(".")[2]] > 1)
        for policy, pack, subject in rows
    ]


def _report(
    policy: str, pack: str, subject: str, states: dict[str, int], money: _Money, *, ambiguous: bool
) -> PromiseReport:
    return PromiseReport(
        promise=policy if ambiguous else policy.partition(".")[2],
        pack=pack,
        subject=subject,
        made=sum(states.values()),
        kept=states["k"],
        broken=states["b"],
        excused=states["e"],
        pending=states["p"],
        overturned=states["o"],
        remedies=money.remedies,
        paid=dict(sorted(money.paid.items())),
        charged={party: dict(sorted(sums.items())) for party, sums in sorted(money.charged.items())},
        settled=dict(sorted(money.settled.items())),
        held=dict(sorted(money.held.items())),
    )


def _states(connection: Connection[Any], policies: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Verdicts by policy: one scan of each fact table, whatever the number of its policies."""
    counted: dict[str, dict[str, int]] = {}
    grouped: dict[str, list[str]] = {}
    for policy, subject in policies:
        counted[policy] = dict.fromkeys("kbepo", 0)
        grouped.setdefault(subject, []).append(policy)
    for subject, own in grouped.items():
        present = [policy for policy in own if _has_column(connection, subject, column_of(policy, 0))]
        if not present:
            continue
        sums = [(policy, state) for policy in present for state in "kbep"]
        counts = sql.SQL(", ").join(
            sql.SQL("count(*) FILTER (WHERE {} = {})").format(sql.Identifier(column_of(policy, 0)), sql.Literal(state))
            for policy, state in sums
        )
        row = connection.execute(
            sql.SQL("SELECT {} FROM {}").format(counts, sql.Identifier(f"fact_{subject}"))
        ).fetchone()
        for (policy, state), number in zip(sums, row or (), strict=True):
            counted[policy][state] = number
        for policy, number in _overturned(connection, subject, present):
            counted[policy]["b"] -= number
            counted[policy]["o"] = number
    return counted


def _overturned(connection: Connection[Any], subject: str, policies: list[str]) -> list[tuple[str, int]]:
    """Of the subjects whose verdict is broken, those whose finding a person has taken back, by policy."""
    found = connection.execute(
        "SELECT DISTINCT policy FROM finding WHERE status = 'overturned' AND occurrence = 0 AND policy = ANY(%s)",
        [policies],
    ).fetchall()
    counts = [
        sql.SQL(
            "SELECT {}::text, count(*) FROM finding f JOIN {} s ON s.partition = f.partition AND s.key = f.key"
            " WHERE f.policy = {} AND f.status = 'overturned' AND f.occurrence = 0 AND s.{} = 'b'"
        ).format(sql.Literal(policy), sql.Identifier(f"fact_{subject}"), sql.Literal(policy),
                 sql.Identifier(column_of(policy, 0)))
        for (policy,) in found
    ]  # fmt: skip
    return connection.execute(sql.SQL(" UNION ALL ").join(counts)).fetchall() if counts else []


def _has_column(connection: Connection[Any], subject: str, column: str) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM information_schema.columns"
        " WHERE table_schema = 'goldline' AND table_name = %s AND column_name = %s)",
        [f"fact_{subject}", column],
    ).fetchone()
    return bool(row and row[0])


def _money(connection: Connection[Any]) -> defaultdict[str, _Money]:
    found: defaultdict[str, _Money] = defaultdict(
        lambda: _Money(0, Counter(), Counter(), Counter(), defaultdict(Counter))
    )
    rows = connection.execute(
        "SELECT policy, state, currency, split_part(account, ':', 1), sum(remedies)::bigint, sum(minor)::bigint"
        " FROM remedy CROSS JOIN LATERAL (VALUES (charged_to, amount_minor - share_minor, 1),"
        " (share_to, share_minor, 0)) AS bears (account, minor, remedies) WHERE account IS NOT NULL GROUP BY 1, 2, 3, 4"
    )
    for policy, state, currency, party, number, amount_minor in rows:
        one = found[policy]
        if state in OWED:
            one.remedies += number
            one.paid[currency] += amount_minor
            one.charged[party][currency] += amount_minor
        if state == "paid":
            one.settled[currency] += amount_minor
        if state == "held":
            one.held[currency] += amount_minor
    return found
