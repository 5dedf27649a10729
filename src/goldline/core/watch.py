"""Watches: what the engine sees by itself across subjects, told as events like any other news.

A step judges one subject at a time. What only two of them together show, such as one waybill on two orders, is looked
for beside the steps, from the notes they leave, and comes back through the inbox: so it is evidence, it can be replayed
from the log, and seeing it twice changes nothing.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

from goldline.core.facts.subject import Vocabulary
from goldline.core.inbox import Intake

VIA: Final = "watch"


def look(connection: Connection[Any], vocabulary: Vocabulary, intake: Intake) -> int:
    """Let every watch look once, take in what it tells, and commit both together. Returns the events told."""
    told = 0
    for watch in vocabulary.watches:
        with connection.transaction():
            events = watch(connection)
            if events:
                told += intake.accept(connection, events, VIA).accepted
    return told
