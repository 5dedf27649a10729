"""The audit trail for programs: pages by cursor, details as JSON values."""

from __future__ import annotations

import json

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Conditions, Listing, Slice, fetch

_TRAIL = Listing(
    rows="SELECT seq, at, actor_kind, actor, action, subject, detail, encode(hash, 'hex') AS hash FROM audit",
    key=(("seq", "bigint"),),
)


def trail(connection: Connection, subject: str = "", cursor: str | None = None, limit: int = 50) -> Slice:
    """One page, newest first. Raises BadCursor."""
    conditions = Conditions()
    conditions.add("subject = %s", subject)
    found = fetch(connection, _TRAIL, conditions, cursor, limit)
    return Slice([{**row, "detail": json.loads(row["detail"])} for row in found.rows], found.next_cursor)
