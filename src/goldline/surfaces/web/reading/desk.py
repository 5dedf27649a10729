"""The desk for the surfaces: decisions are compiled once and kept until a policy is published."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from goldline.core.decision.desk import Desk
from goldline.core.partition import count_partitions
from goldline.core.policy.published import load_published
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.web.engine import Connection, engine_url


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""
    desk: Desk | None = None


_kept = _Kept()


def desk(connection: Connection) -> Desk:
    """The desk of the rules in force when it was made. It finds out itself when they move."""
    with _kept.lock:
        if _kept.desk is None or _kept.url != engine_url():
            words = vocabulary()
            _kept.desk = Desk(words, load_published(connection, words), count_partitions(connection))
            _kept.url = engine_url()
        return _kept.desk


def forget_desk() -> None:
    """Have the next one made anew."""
    with _kept.lock:
        _kept.desk = None
