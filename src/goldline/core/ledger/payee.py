"""Payees that were not known when a remedy was decided: found out later, and paid then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection

from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.ledger.clearing import release_held

MOST = 1_000


def find_payees(connection: Connection[Any], vocabulary: Vocabulary, now: datetime) -> int:
    """Name the payee, and the bearer, of held remedies whose subject knows them by now, and let them go; commits.

    Returns how many were let go.
    """
    released = 0
    for subject in vocabulary:
        if "consumer" in subject.parties:
            with connection.transaction():
                named = [row[0] for row in connection.execute(_naming(subject), {"most": MOST})]
                released += release_held(connection, named, "payee known", now) if named else 0
    return released


def _naming(subject: type[Subject]) -> bytes:
    def named(column: str) -> str:
        known = " ".join(
            f"WHEN r.{column} = '{party}:unknown' AND f.{fact} IS NOT NULL THEN '{party}:' || f.{fact}"
            for party, fact in subject.parties.items()
        )
        return f"CASE {known} ELSE r.{column} END"

    names = ("bearer", "charged_to", "sharer", "share_to")
    found = ", ".join(f"{named(column)} AS {column}" for column in names)
    sets = ", ".join(f"{column} = x.{column}" for column in names)
    consumer = f"f.{subject.parties['consumer']}"
    return (
        f"UPDATE remedy u SET payee = x.payee, {sets} FROM (SELECT r.partition, r.id,"
        f" 'consumer:' || {consumer} AS payee, {found} FROM remedy r"
        f" JOIN fact_{subject.kind} f ON f.partition = r.partition AND f.key = r.key"
        f" WHERE r.state IN ('accrued', 'unknown', 'held') AND r.state = 'held' AND r.why = 'payee'"
        f" AND {consumer} IS NOT NULL LIMIT %(most)s) x"
        f" WHERE u.partition = x.partition AND u.id = x.id AND u.state = 'held' RETURNING u.id"
    ).encode()
