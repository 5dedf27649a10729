"""Notices: what is declared once for many subjects, put in force and carried to those that stand already.

A notice arrives as events and is folded like any other subject. `enforce` takes it from its facts into the rules: from
then on every step finds what it says of the subjects it touches, those that come later too. `carry` has the subjects
that stood before judged again, in bites, so that a notice for a million orders stops nobody. Until a notice that was
received is in force no partition's clock passes its receipt: nothing is found broken that it would have excused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from goldline.core.facts.coverage import covers_sql
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.facts.table import noticed_columns

BITE: Final = 5_000  # subjects looked at in one transaction
HOUR_S: Final = 3_600


def enforce(connection: Connection[Any], vocabulary: Vocabulary) -> int:
    """Put notices that were published or withdrawn since in force, and commit; returns how many changed.

    Like a publication of rules it waits for the steps under way: a subject is either folded with the notice, or stands
    when `carry` looks for it.
    """
    with connection.transaction():
        if not _has_news(connection, vocabulary):
            return 0
        connection.execute("SELECT epoch FROM goldline.ruleset FOR UPDATE")
        connection.execute(
            "DELETE FROM goldline.announced a WHERE NOT EXISTS"
            " (SELECT 1 FROM goldline.inbox i WHERE i.id = a.inbox_id AND i.done_at IS NULL)"
        )
        changed = [each for subject in _announcing(vocabulary) for each in _changed(connection, subject)]
        for row in changed:
            _keep(connection, *row)
        if changed:
            connection.execute("UPDATE goldline.ruleset SET epoch = epoch + 1")
    return len(changed)


def _announcing(vocabulary: Vocabulary) -> list[type[Subject]]:
    return [subject for subject in vocabulary if subject.announces]


def _has_news(connection: Connection[Any], vocabulary: Vocabulary) -> bool:
    """Whether a note can be struck off or a notice differs from what is in force. Reads little, locks nothing."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM goldline.announced a WHERE NOT EXISTS"
        " (SELECT 1 FROM goldline.inbox i WHERE i.id = a.inbox_id AND i.done_at IS NULL))"
    ).fetchone()
    return bool(row and row[0]) or any(_changed(connection, subject) for subject in _announcing(vocabulary))


def _changed(connection: Connection[Any], subject: type[Subject]) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"SELECT f.key, f.terms, f.published_at, f.withdrawn_at FROM goldline.fact_{subject.kind} f"
        " LEFT JOIN goldline.notice n ON n.id = f.key WHERE f.terms IS NOT NULL AND (n.id IS NULL"
        " OR (n.terms, n.published_at, n.withdrawn_at) IS DISTINCT FROM (f.terms, f.published_at, f.withdrawn_at))"
        " ORDER BY f.key".encode()
    ).fetchall()


_KEEP: Final = """
    WITH kept AS (
        INSERT INTO goldline.notice (id, terms, kind, regions, merchants, categories, begun_from, begun_until, due_from,
                                     due_until, moved_to, moved_s, reason, clause, published_at, withdrawn_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (id) DO UPDATE SET (terms, kind, regions, merchants, categories, begun_from, begun_until, due_from,
                                        due_until, moved_to, moved_s, reason, clause, published_at, withdrawn_at)
        = ROW (excluded.terms, excluded.kind, excluded.regions, excluded.merchants, excluded.categories,
               excluded.begun_from, excluded.begun_until, excluded.due_from, excluded.due_until, excluded.moved_to,
               excluded.moved_s, excluded.reason, excluded.clause, excluded.published_at, excluded.withdrawn_at)
        RETURNING id
    )
    INSERT INTO goldline.notice_reach (notice_id, partition) SELECT kept.id, p.id FROM kept, goldline.partition p
    ON CONFLICT (notice_id, partition) DO UPDATE SET after_key = '', looked = 0, done_at = NULL"""


def _keep(
    connection: Connection[Any], key: str, terms: str, published_at: datetime, withdrawn_at: datetime | None
) -> None:
    kind, *scope, moved_to, moved_h, reason, clause = json.loads(terms)
    moved_s = None if moved_h is None else moved_h * HOUR_S
    values = (key, terms, kind, *scope, moved_to, moved_s, Jsonb(reason), clause, published_at, withdrawn_at)
    connection.execute(_KEEP, values)


def carry(connection: Connection[Any], vocabulary: Vocabulary, *, bites: int = 4) -> int:
    """Have the standing subjects of notices that came or went judged again, some bites of them, each committed.

    Returns how many were looked at; 0 when every notice has reached everything it covers.
    """
    looked = 0
    for _ in range(bites):
        with connection.transaction():
            row = connection.execute(
                "SELECT notice_id, partition, after_key FROM goldline.notice_reach WHERE done_at IS NULL"
                " ORDER BY notice_id, partition LIMIT 1 FOR UPDATE SKIP LOCKED"
            ).fetchone()
            if row is None:
                break
            looked += max(1, sum(_bite(connection, subject, *row) for subject in vocabulary if subject.scope))
    return looked


def _bite(connection: Connection[Any], subject: type[Subject], notice: str, partition: int, after_key: str) -> int:
    """Wake the next subjects of one partition that the notice covers, or of which it was noticed before."""
    assert subject.scope is not None
    ids = next(name for name, fact in noticed_columns(subject) if fact.field == "ids")
    statement = f"""
        WITH next AS MATERIALIZED (
            SELECT o.key, ({covers_sql(subject.scope, "o")}) OR n.id = ANY(o.{ids}) AS concerned
            FROM goldline.fact_{subject.kind}_p{partition} o, goldline.notice n
            WHERE o.partition = {partition} AND o.key > %(after)s AND n.id = %(notice)s ORDER BY o.key LIMIT {BITE}
        ), woken AS (
            INSERT INTO goldline.wake (partition, wake_at, subject, key, forced)
            SELECT {partition}, '2000-01-01Z', '{subject.kind}', key, true FROM next WHERE concerned
        )
        UPDATE goldline.notice_reach r SET after_key = coalesce((SELECT max(key) FROM next), r.after_key),
               looked = r.looked + (SELECT count(*) FROM next),
               done_at = CASE WHEN (SELECT count(*) FROM next) < {BITE} THEN clock_timestamp() END
        WHERE r.notice_id = %(notice)s AND r.partition = {partition} RETURNING (SELECT count(*) FROM next)"""
    row = connection.execute(statement.encode(), {"after": after_key, "notice": notice}).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class NoticeInForce:
    """One notice as it stands: its terms, how many subjects it moves or voids now, and how far it was carried.

    `looked` of `standing` subjects have been looked at since it came or went; `carried` says that all were. `standing`
    is the database's own estimate, good enough for a bar.
    """

    id: str
    kind: str
    regions: list[str] | None
    merchants: list[str] | None
    categories: list[str] | None
    begun_from: datetime | None
    begun_until: datetime | None
    due_from: datetime | None
    due_until: datetime | None
    moved_to: datetime | None
    moved_s: int | None
    reason: dict[str, str]
    clause: str | None
    published_at: datetime
    withdrawn_at: datetime | None
    covered: int
    looked: int
    standing: int
    carried: bool

    @property
    def carried_share(self) -> int:
        """Per cent of the standing subjects that were looked at."""
        return 100 if self.carried else min(99, 100 * self.looked // max(self.standing, self.looked, 1))


def notices(connection: Connection[Any], subject: type[Subject], *, limit: int = 200) -> list[NoticeInForce]:
    """The newest notices, with what each covers among the subjects of one kind."""
    ids = next(name for name, fact in noticed_columns(subject) if fact.field == "ids")
    table = f"goldline.fact_{subject.kind}"
    statement = f"""
        SELECT n.id, n.kind, n.regions, n.merchants, n.categories, n.begun_from, n.begun_until, n.due_from, n.due_until,
               n.moved_to, n.moved_s, n.reason, n.clause, n.published_at, n.withdrawn_at,
               coalesce(c.covered, 0) AS covered, r.looked, r.carried,
               (SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class p JOIN pg_inherits i
                ON i.inhrelid = p.oid WHERE i.inhparent = '{table}'::regclass) AS standing
        FROM goldline.notice n
        CROSS JOIN LATERAL (SELECT coalesce(sum(looked), 0)::bigint AS looked, bool_and(done_at IS NOT NULL) AS carried
                            FROM goldline.notice_reach r WHERE r.notice_id = n.id) r
        LEFT JOIN (SELECT each.id, count(*) AS covered FROM {table} o, unnest(o.{ids}) AS each(id)
                   WHERE o.{ids} IS NOT NULL GROUP BY each.id) c ON c.id = n.id
        ORDER BY n.published_at DESC, n.id LIMIT %s"""
    with connection.cursor(row_factory=class_row(NoticeInForce)) as cursor:
        return cursor.execute(statement.encode(), [limit]).fetchall()
