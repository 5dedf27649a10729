"""Consequences of findings: the events a breach brings about, put into the inbox by the step that found it.

Their ids are made from the finding and their time from its deadline, so a replay writes the same event again, which
changes nothing. They say what a breach decided; a finding that falls later does not unsay it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.facts.event import Catalogue, cloudevent
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.policy.consequence import Consequence
from goldline.core.policy.promise import Promise

VIA: Final = "engine"
_SOURCE: Final = "goldline"
_SAMPLE_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)

# What the clock decides comes after the deadline: evidence of that very instant was still in time.
_AFTER: Final = timedelta(microseconds=1)


def bring_about(
    connection: Connection[Any],
    partition: int,
    vocabulary: Vocabulary,
    statements: Iterable[str],
    promises: Sequence[Promise],
    new: set[UUID],
    now: datetime,
) -> int:
    """Put the events of new findings into the partition's inbox; how many. The next step reads them.

    `statements` are the `consequences` of compiled findings, and read what has just turned.
    """
    events = {(each.policy, each.version): each.event for each in promises if each.event}
    rows = [row for each in statements for row in connection.execute(each.encode(), prepare=True).fetchall()]
    raws = [
        _raw(finding_id, vocabulary[kind], key, judge_at + _AFTER, events[policy, version])
        for finding_id, policy, version, kind, key, judge_at in sorted(rows, key=lambda row: row[0])
        if finding_id in new
    ]
    if raws:
        connection.execute(
            "INSERT INTO inbox (partition, received_at, via, events, body) VALUES (%s, %s, %s, %s, %b)",
            (partition, now, VIA, len(raws), b"[" + b",".join(raws) + b"]"),
        )
    return len(raws)


def _raw(finding_id: UUID, subject: type[Subject], key: str, at: datetime, event: Consequence) -> bytes:
    root, _, own = key.rpartition("|")
    ids = {subject.key: own} | ({subject.within: root} if subject.within else {})
    return cloudevent(event.type, f"auto:{finding_id}", _SOURCE, at, {**ids, **event.data})


def check_consequences(vocabulary: Vocabulary, catalogue: Catalogue, promises: Sequence[Promise]) -> None:
    """Refuse rules whose consequence would be no valid event. Raises GoldlineError('policy_event')."""
    decoder = catalogue.checked_decoder()
    for promise in promises:
        if promise.event is None:
            continue
        sample = _raw(UUID(int=0), vocabulary[promise.subject], "o|x", _SAMPLE_AT, promise.event)
        try:
            decoder.decode(sample)
        except msgspec.ValidationError as error:
            raise GoldlineError(
                f"The event of '{promise.policy}' is not valid: {error}.",
                code="policy_event",
                hint=f"See what '{promise.event.type}' takes in docs/reference/events.md.",
            ) from None
