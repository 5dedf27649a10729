"""Waybills used twice: one number of one carrier on the orders of different people.

Parcels may be merged: one waybill for several orders of one buyer at one shop is how they are saved a box, and no
fault. The order that had the number first keeps it; of every other the trace is not its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import md5
from typing import Any, Final

from psycopg import Connection

from goldline.core.facts.event import cloudevent

MOST: Final = 5_000  # notes a look, so that it is short
# Carriers use their numbers again after some months; parcels that lie further apart are not the same one.
REUSED_AFTER_DAYS: Final = 90
# A number that one shop gives its parcels ('1', 'box-2') says nothing about another's.
_WAYBILL: Final = "^(?=.{8})(.*[0-9]){6}"

_TAKEN: Final = """
    DELETE FROM noted_parcel WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM noted_parcel LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )) RETURNING key"""
_REPEATED: Final = """
    WITH known AS NOT MATERIALIZED (
        SELECT p.key, p.carrier_id, p.created_at, p.consumer_id, p.merchant_id,
               split_part(p.key, '|', 1) AS order_id, split_part(p.key, '|', 2) AS waybill
        FROM fact_parcel p
        WHERE p.created_at IS NOT NULL AND p.consumer_id IS NOT NULL AND p.merchant_id IS NOT NULL
    )
    SELECT DISTINCT ON (p.key) p.order_id, p.waybill, p.carrier_id, p.at, p.first_order_id
    FROM unnest(%(keys)s::text[]) AS note (key)
    JOIN known a ON a.waybill = split_part(note.key, '|', 2) AND a.key = note.key
    JOIN known b ON b.waybill = split_part(note.key, '|', 2) AND b.key <> a.key AND b.carrier_id = a.carrier_id
        AND (b.consumer_id, b.merchant_id) <> (a.consumer_id, a.merchant_id)
    CROSS JOIN LATERAL (VALUES
        (a.key, a.order_id, a.waybill, a.carrier_id, a.created_at, b.key, b.order_id, b.created_at),
        (b.key, b.order_id, b.waybill, b.carrier_id, b.created_at, a.key, a.order_id, a.created_at)
    ) AS p (key, order_id, waybill, carrier_id, at, first_key, first_order_id, first_at)
    WHERE (p.first_at, p.first_key) < (p.at, p.key) AND p.at - p.first_at <= %(reused_after)s
        AND p.waybill ~ %(waybill)s
    ORDER BY p.key, p.first_at, p.first_key"""


def repeated_waybills(connection: Connection[Any]) -> list[bytes]:
    """Take the notes of parcels with news, and tell of each whose number an earlier order of somebody else has."""
    keys = [key for (key,) in connection.execute(_TAKEN, {"most": MOST})]
    if not keys:
        return []
    values = {"keys": keys, "reused_after": f"{REUSED_AFTER_DAYS} days", "waybill": _WAYBILL}
    return [_event(*row) for row in connection.execute(_REPEATED, values)]


def _event(order_id: str, waybill: str, carrier_id: str, created_at: datetime, first_order_id: str) -> bytes:
    said = f"waybill {waybill} of {carrier_id} was made for order {first_order_id} first"
    ident = f"repeated-waybill:{md5(f'{order_id}|{waybill}'.encode(), usedforsecurity=False).hexdigest()}"
    data = {"order_id": order_id, "parcel_id": waybill, "kind": "repeated_waybill", "text": said}
    return cloudevent("parcel.anomaly_found", ident, "goldline/watch", created_at.astimezone(UTC), data)
