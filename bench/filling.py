"""The inbox filled beforehand, in the form the intake writes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zlib import crc32

from psycopg import Connection

_INBOX = "COPY inbox (partition, received_at, via, events, body) FROM STDIN (FORMAT BINARY)"


def fill(connection: Connection[Any], batches: Iterable[tuple[datetime, list[bytes]]], partitions: int) -> int:
    """Write every batch as one row a partition, received when the batch was complete, and commit; the events."""
    total = 0
    with connection.cursor().copy(_INBOX) as copy:
        copy.set_types(["int2", "timestamptz", "text", "int4", "bytea"])
        for received_at, events in batches:
            for partition, own in enumerate(divided(events, partitions)):
                if own:
                    copy.write_row((partition, received_at, "bench", len(own), b"[" + b",".join(own) + b"]"))
            total += len(events)
    connection.commit()
    return total


def divided(events: list[bytes], partitions: int) -> list[list[bytes]]:
    """The events by the partition of their root."""
    parts: list[list[bytes]] = [[] for _ in range(partitions)]
    for event in events:
        parts[crc32(_root(event)) % partitions].append(event)
    return parts


def _root(event: bytes) -> bytes:
    start = event.find(b'"order_id":"') + 12
    if start == 11:
        start = event.find(b'"merchant_id":"') + 15
    return event[start : event.find(b'"', start)]
