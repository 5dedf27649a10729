"""Notices: what the step tells the endpoints that subscribed, written to the outbox in the step's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from goldline.core.judge.finding import Turn
from goldline.core.ledger.accrual import derived_id
from goldline.core.ledger.limit import TRIPPED_WHY
from goldline.core.outbox.message import Message, queue, wanted


def notify(connection: Connection[Any], partition: int, topic: str, turns: Sequence[Turn], now: datetime) -> None:
    """Queue one webhook a finding and endpoint that listens to the topic ('finding.found', 'finding.exonerated')."""
    # Most installations have few endpoints or none: ask before making a message of every finding.
    if turns and wanted(connection, topic):
        queue(connection, [_message(partition, topic, each) for each in turns], now)


def notify_tripped(connection: Connection[Any], partition: int, policies: Sequence[str], now: datetime) -> None:
    """Queue 'breaker.tripped' for each policy. The id is made from the policy and when: one trip is told once."""
    topic = "breaker.tripped"
    queue(
        connection,
        [
            Message(partition, derived_id(policy, topic, now.isoformat()), topic,
                    {"policy": policy, "tripped_at": now.isoformat(), "why": TRIPPED_WHY})
            for policy in policies
        ],
        now,
    )  # fmt: skip


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
