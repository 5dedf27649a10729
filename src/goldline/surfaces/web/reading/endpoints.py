"""Endpoints: where webhooks go, and how the last one went. Secrets are never read here."""

from __future__ import annotations

from psycopg.rows import dict_row

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Row

SHOWN_MAX = 200


def endpoints(connection: Connection) -> list[Row]:
    """The endpoints, oldest first, each with its last try."""
    with connection.cursor(row_factory=dict_row) as reader:
        return reader.execute(
            """
            SELECT e.id, e.url, e.topics, cardinality(e.secrets) AS secrets, e.created_at, e.disabled_at,
                   e.disabled_why, last.outbox_id, last.tried_at, last.outcome, last.status_code
            FROM endpoint e LEFT JOIN LATERAL (
                SELECT d.outbox_id, d.tried_at, d.outcome, d.status_code
                FROM (SELECT id FROM outbox WHERE endpoint_id = e.id AND attempts > 0 ORDER BY id DESC LIMIT 50) sent
                JOIN delivery d ON d.outbox_id = sent.id ORDER BY d.id DESC LIMIT 1
            ) last ON true
            ORDER BY e.id LIMIT %s""",
            [SHOWN_MAX],
        ).fetchall()
