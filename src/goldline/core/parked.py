"""Parked roots: those whose events make the step fail, kept aside in quarantine so that their neighbours go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg import Connection

PUT_OFF: Final = datetime(9999, 1, 1, tzinfo=UTC)

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


def root_of(event: Any) -> str:
    """The id that decides an event's partition."""
    return str(getattr(event.data, event.event_type.root))


def parked_roots(connection: Connection[Any], partition: int) -> dict[str, str]:
    """Parked roots of a partition with the reason of each."""
    rows = connection.execute(
        "SELECT root, why FROM parked WHERE partition = %s", (partition,), prepare=True
    ).fetchall()
    return dict(rows)


def park(connection: Connection[Any], partition: int, root: str, why: str) -> None:
    """Park a root. Its wakes, and those of what is within it, are put off until `free` brings them back."""
    connection.execute(
        "INSERT INTO parked (partition, root, why) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (partition, root, why)
    )
    connection.execute(
        "UPDATE wake SET wake_at = %(put_off)s, forced = true WHERE partition = %(partition)s"
        " AND (key = %(root)s OR split_part(key, '|', 1) = %(root)s)",
        {"put_off": PUT_OFF, "partition": partition, "root": root},
    )


def free(connection: Connection[Any], roots: Sequence[str] | None = None) -> int:
    """Give these roots, or all whose wakes were put off, another step at once. Returns how many."""
    row = connection.execute(
        "WITH freed AS (DELETE FROM parked p WHERE root = ANY(%(roots)s) OR %(roots)s::text[] IS NULL AND EXISTS"
        " (SELECT 1 FROM wake w WHERE w.partition = p.partition AND p.root IN (w.key, split_part(w.key, '|', 1))"
        " AND w.wake_at = %(put_off)s)"
        " RETURNING partition, root), woken AS (UPDATE wake w SET wake_at = 'epoch' FROM freed f"
        " WHERE w.partition = f.partition AND f.root IN (w.key, split_part(w.key, '|', 1)) AND w.wake_at = %(put_off)s)"
        " SELECT count(*) FROM freed",
        {"roots": None if roots is None else list(roots), "put_off": PUT_OFF},
    ).fetchone()
    return int(row[0]) if row else 0


def divert(
    connection: Connection[Any], events: Sequence[Any], body: bytes, via: str, parked: dict[str, str]
) -> list[Any]:
    """Send the events of parked roots to quarantine, byte for byte as they came; returns the others."""
    if not any(root_of(event) in parked for event in events):
        return list(events)
    kept = []
    for event, raw in zip(events, _split(body), strict=True):
        why = parked.get(root_of(event))
        if why is None:
            kept.append(event)
        else:
            connection.execute(
                "INSERT INTO quarantine (via, code, reason, event_id, event_type, body)"
                " VALUES (%s, 'poison', %s, %s, %s, %s)",
                (via, why, event.id, event.event_type.name, bytes(raw)),
            )
    return kept
