"""The quarantine: events that could not be accepted or folded, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import dict_row

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Conditions, Listing, Row, Slice, fetch

STATES = ("open", "redriven", "dropped")
BODY_SHOWN_BYTES = 65_536

_QUARANTINE = Listing(
    rows="""
    SELECT id, received_at, via, code, reason, event_id, event_type, state, attempts, settled_at,
           octet_length(body) AS body_bytes
    FROM quarantine""",
    key=(("id", "bigint"),),
)


@dataclass(frozen=True, slots=True)
class QuarantineFilter:
    """What to show of the quarantine; an empty field filters nothing."""

    state: str = ""
    code: str = ""
    event_type: str = ""


def quarantine(connection: Connection, chosen: QuarantineFilter, cursor: str | None = None, limit: int = 50) -> Slice:
    """One page of quarantined events, without their bodies."""
    conditions = Conditions()
    conditions.add("state = %s", chosen.state)
    conditions.add("code = %s", chosen.code)
    conditions.add("event_type = %s", chosen.event_type)
    return fetch(connection, _QUARANTINE, conditions, cursor, limit)


def quarantined(connection: Connection, quarantine_id: int) -> Row | None:
    """One quarantined event, with its body as text (undecodable bytes shown as such)."""
    with connection.cursor(row_factory=dict_row) as reader:
        found = reader.execute("SELECT * FROM quarantine WHERE id = %s", [quarantine_id]).fetchone()
    if found is None:
        return None
    body = bytes(found.pop("body"))
    text = body[:BODY_SHOWN_BYTES].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    return {**found, "body": text, "body_bytes": len(body), "body_cut": len(body) > BODY_SHOWN_BYTES}
