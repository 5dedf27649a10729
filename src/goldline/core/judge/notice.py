"""Notices: what the step tells the endpoints that subscribed, written to the outbox in the step's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from goldline.core.judge.finding import Turn
from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox.message import Message, queue


def notify(connection: Connection[Any], partition: int, topic: str, turns: Sequence[Turn], now: datetime) -> None:
    """Queue one webhook a finding and endpoint that listens to the topic ('finding.found', 'finding.exonerated')."""
    queue(connection, [_message(partition, topic, each) for each in turns], now)


def _message(partition: int, topic: str, each: Turn) -> Message:
    data = {
        "finding_id": str(each.finding_id),
        "policy": each.policy,
        "key": each.key,
        "due_at": each.due_at.isoformat(),
        "found_at": each.found_at.isoformat(),
        "revision": each.revision,
    }
    return Message(partition, derived_id(each.finding_id, topic, each.revision), topic, data)
