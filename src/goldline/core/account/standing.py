"""Standing: what accounts score on a day, worked out for all in one statement and kept, or for one on demand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import set_json_loads

from goldline.core.account import gate, score_sql
from goldline.core.facts.subject import Aggregate, Vocabulary
from goldline.core.policy.published import RuleSet
from goldline.core.policy.score import Score, facts_of
from goldline.core.policy.verdict_sql import instant_sql

SCORING_LOCK: Final = 0x601D_5C0E
GROWTH, FORMAL = "growth", "formal"
PARTS: Final = 2  # of the accounts, so that two workers share them
NEVER_HELD: Final = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_bitmapscan")


@dataclass(frozen=True, slots=True)
class Standing:
    """What one account scores by one version of a score, for a day that ended at `ends_at`.

    `dimensions` and `adjustments` hold how it came about, by the ids of the score: of each dimension its points, weight
    and indicators; of each indicator `sum`, `of`, `bad`, `value`, `points`, `weight`, the `facts` it was read from, and
    whether a small sample `held` it up. Numbers are Decimal. `small` says that the sample is small.
    """

    account: str
    policy: str
    version: int
    day: date
    ends_at: datetime
    valid: Decimal
    small: bool
    stage: str
    score: Decimal
    stars: Decimal | None
    dimensions: Mapping[str, Any]
    adjustments: Mapping[str, Any]


def party_of(vocabulary: Vocabulary, score: Score) -> str:
    """Whose score it is: the first word of the accounts it is about."""
    parties = vocabulary[score.subject].parties
    return next(party for party, fact in parties.items() if fact == "owner")


def keep(connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, now: datetime, *, again: bool) -> int:
    """Work out and keep the standing of every account whose day has ended, and commit; returns how many were written.

    What is kept already is left as it is, unless `again`. One process scores a part of the accounts at a time; to the
    others there is nothing to do in it.
    """
    written = 0
    for part in range(PARTS) if rules.scores else ():
        with connection.transaction():
            alone = connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (SCORING_LOCK, part)).fetchone()
            if alone is not None and alone[0]:
                _plan_freely(connection)
                connection.execute("CREATE TEMPORARY TABLE scored (account text, policy text)")
                written += sum(_keep(connection, vocabulary, each, now, part, again=again) for each in rules.scores)
                gate.follow(connection, rules.gates, now)
                connection.execute("DROP TABLE scored")
    return written


def _plan_freely(connection: Connection[Any]) -> None:
    """A worker's plans never scan a table; this statement reads all of a day, and must be allowed to."""
    for setting in NEVER_HELD:
        connection.execute(f"SET LOCAL {setting} = on".encode())
    connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    connection.execute("SET LOCAL work_mem = '256MB'")


def _keep(
    connection: Connection[Any], vocabulary: Vocabulary, score: Score, now: datetime, part: int, *, again: bool
) -> int:
    values = {"now": now, "policy": score.policy, "version": score.version}
    days = _day_just_ended(score)
    party = party_of(vocabulary, score)
    own = f"mod(('x' || substr(md5({{}}), 9, 8))::bit(32)::bigint, {PARTS}) = {part}"
    if not again:
        same = f"t.policy = %(policy)s AND t.account = '{party}:' || d.owner AND t.day = d.day"
        missing = f"SELECT EXISTS (SELECT FROM fact_{score.subject} d WHERE {days} AND {own.format('d.owner')}"
        missing += " AND NOT EXISTS"
        missing = f"{missing} (SELECT FROM standing t WHERE {same}))"
        row = connection.execute(missing.encode(), values).fetchone()
        if row is None or not row[0]:
            return 0
    columns = ", ".join(score_sql.COLUMNS)
    # Peers are everybody's; without peers nobody reads more than their part.
    whose = "true" if score.small_sample == "shrink" else own.format("d.owner")
    scored = score_sql.select(score, party, rows_of(vocabulary, score, f"{days} AND {whose}"), own.format("r.owner"))
    told = ("version", *(name for name in score_sql.COLUMNS if name not in ("account", "day")))
    changes = ", ".join(f"{name} = excluded.{name}" for name in (*told, "kept_at"))
    before, after = (", ".join(f"{row}.{name}" for name in told) for row in ("t", "excluded"))
    conflict = f"UPDATE SET {changes} WHERE ({before}) IS DISTINCT FROM ({after})"
    found = connection.execute(
        (
            f"WITH kept AS (INSERT INTO standing AS t ({columns}, policy, version, kept_at)"
            f" SELECT {columns}, %(policy)s, %(version)s::integer, %(now)s FROM ({scored}) x"
            f" ON CONFLICT (account, policy, day) DO {conflict if again else 'NOTHING'} RETURNING account)"
            # Gates that ask for standing are looked at in the same transaction.
            " INSERT INTO scored SELECT account, %(policy)s FROM kept"
        ).encode(),
        values,
    )
    return found.rowcount


def _day_just_ended(score: Score) -> str:
    """The condition on days `d` that ended, grace included, within the last 24 hours."""
    over = f"d.ends_at + interval '{score.grace_s} seconds'"
    back = 3 + score.grace_s // 86_400
    today = "(%(now)s::timestamptz AT TIME ZONE 'UTC')::date"
    return (
        f"d.day BETWEEN {today} - {back} AND {today} AND {over} <= %(now)s"
        f" AND {over} > %(now)s::timestamptz - interval '1 day' AND {_in_force(score)}"
    )


def _in_force(score: Score) -> str:
    bounds = [f"d.ends_at > {instant_sql(score.effective_from)}"] if score.effective_from else []
    bounds += [f"d.ends_at <= {instant_sql(score.effective_until)}"] if score.effective_until else []
    return " AND ".join(bounds) or "true"


def rows_of(vocabulary: Vocabulary, score: Score, where: str) -> str:
    """Days `d` with what a score reads of them and of their holder."""
    subject = vocabulary[score.subject]
    assert issubclass(subject, Aggregate), "a score goes by days"
    names = ("owner", "day", *subject.facts)
    own = ", ".join(f"d.{name}" for name in names)
    if subject.holder is None:
        return f"SELECT {own} FROM fact_{score.subject} d WHERE {where}"
    beside = "".join(f", h.{name}" for name in facts_of(subject) if name not in subject.facts)
    return (
        f"SELECT {own}{beside} FROM fact_{score.subject} d LEFT JOIN fact_{subject.holder.kind} h ON h.key = d.owner"
        f" WHERE {where}"
    )


def stand(
    connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, account: str, now: datetime
) -> list[Standing]:
    """What an account scores now by every score in force, from its last day that has ended. Keeps nothing."""
    party, _, owner = account.partition(":")
    found: list[Standing] = []
    for score in rules.scores:
        if party_of(vocabulary, score) == party:
            found += _stand(connection, vocabulary, score, owner, now)
    return sorted(found, key=lambda each: each.policy)


def _stand(
    connection: Connection[Any], vocabulary: Vocabulary, score: Score, owner: str, now: datetime
) -> list[Standing]:
    """One version's word, if it is in force for the account's last day; peers are read only where they matter."""
    last = (
        f"SELECT l.ends_at FROM fact_{score.subject} l WHERE l.owner = %(owner)s"
        f" AND l.ends_at + interval '{score.grace_s} seconds' <= %(now)s ORDER BY l.day DESC LIMIT 1"
    )
    whose = "true" if score.small_sample == "shrink" else "d.owner = %(owner)s"
    where = f"{whose} AND d.ends_at = ({last}) AND {_in_force(score)}"
    scored = score_sql.select(score, party_of(vocabulary, score), rows_of(vocabulary, score, where))
    named = "%(policy)s AS policy, %(version)s::integer AS version"
    statement = f"SELECT x.*, {named} FROM ({scored}) x WHERE account = %(account)s"
    values = {"owner": owner, "now": now, "policy": score.policy, "version": score.version,
              "account": f"{party_of(vocabulary, score)}:{owner}"}  # fmt: skip
    return _read(connection, statement, values)


def latest(connection: Connection[Any], account: str, policy: str, days: int = 1) -> list[Standing]:
    """The last standings that were kept of an account by a score, newest first."""
    names = ", ".join((*score_sql.COLUMNS, "policy", "version"))
    statement = (
        f"SELECT {names} FROM standing WHERE account = %(account)s AND policy = %(policy)s ORDER BY day DESC"
        " LIMIT %(days)s"
    )
    return _read(connection, statement, {"account": account, "policy": policy, "days": days})


def _read(connection: Connection[Any], statement: str, values: Mapping[str, Any]) -> list[Standing]:
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        set_json_loads(exact, cursor)
        return cursor.execute(statement.encode(), values).fetchall()


def exact(text: str | bytes) -> Any:
    """JSON whose numbers stay exact."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)
