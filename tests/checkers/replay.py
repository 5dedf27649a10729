"""Replay: the same inbox fed to a fresh database decides the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from tests.checkers.digest import lines

_TAKE = "SELECT id, partition, received_at, via, events, body FROM inbox WHERE id > %s AND id <= %s ORDER BY id"
_PUT = (
    "INSERT INTO inbox (id, partition, received_at, via, events, body) OVERRIDING SYSTEM VALUE"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)


def copy_inbox(source: Connection[Any], target: Connection[Any], after: int = 0, until: int = 2**62) -> int:
    """Copy inbox rows `after` < id <= `until` as if they had just come in; returns how many. Commits."""
    rows = source.execute(_TAKE, (after, until)).fetchall()
    source.commit()
    with target.cursor() as cursor:
        cursor.executemany(_PUT, rows)
    target.commit()
    return len(rows)


def differences(source: Connection[Any], target: Connection[Any]) -> Sequence[str]:
    """Sentences on what one database has decided and the other has not; nothing when they agree."""
    ours, theirs = lines(source), lines(target)
    source.commit()
    target.commit()
    lost, added = set(ours) - set(theirs), set(theirs) - set(ours)
    found = [f"only before: {line}" for line in sorted(lost)] + [
        f"only in the replay: {line}" for line in sorted(added)
    ]
    if not found and len(ours) != len(theirs):
        found.append(f"{len(ours)} lines before, {len(theirs)} in the replay")
    return found
