"""A small world for laws: events, rules and steps in this process, on a driven clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from psycopg import Connection

from goldline.core.database import connect
from goldline.core.engine import Engine
from goldline.core.facts.subject import Vocabulary
from goldline.core.inbox import Intake
from goldline.core.partition import Lease, claim
from goldline.core.policy.pack import Pack, locate, parse_pack, read_text
from goldline.core.policy.published import load_published, publish
from goldline.core.step import prepare, step
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

T0 = datetime(2026, 3, 2, 2, tzinfo=UTC)  # a Monday, ten in the morning in Shanghai
EARLY = datetime(2026, 1, 1, tzinfo=UTC)  # before any deadline of these worlds
END = datetime(2026, 10, 1, tzinfo=UTC)  # after all of them
ALL_EVENTS = 1_000_000


def event(kind: str, at: datetime, ident: str, /, **data: Any) -> bytes:
    """One CloudEvent as JSON."""
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in data.items()}
    envelope = {"specversion": "1.0", "source": "law", "id": ident, "type": kind, "time": at.isoformat()}
    return json.dumps({**envelope, "data": plain}).encode()


def minutes(count: float) -> datetime:
    """So many minutes after the beginning."""
    return T0 + timedelta(minutes=count)


def hours(count: float) -> datetime:
    """So many hours after the beginning."""
    return T0 + timedelta(hours=count)


def demo_pack(words: Vocabulary, *, limits: bool = True, grace: str | None = None) -> Pack:
    """The demo pack; without what couples orders (`limits=False`), or with one grace for every promise."""
    path = locate("demo")
    kept = []
    for line in read_text(path).splitlines():
        name = line.partition("=")[0].strip()
        if (name in ("budget", "breaker") and not limits) or (name == "grace" and grace):
            continue
        kept.append(line)
        if name == "made_at" and grace:
            kept.append(f'grace = "{grace}"')
    return parse_pack("\n".join(kept), "demo", path, words)


def pack_of(text: str) -> Pack:
    """A pack written in a test."""
    return parse_pack(text, "law", locate("demo"), vocabulary())


class World:
    """A database with rules, stepped by this process. A context manager."""

    def __init__(self, url: str, pack: Pack | None = None, *, partitions: int = 2) -> None:
        self.connection: Connection[Any] = connect(url)
        self.words = vocabulary()
        self.intake = Intake(catalogue(), partitions)
        self.leases: list[Lease] = []
        if pack is not None:
            publish(self.connection, pack, self.words, EARLY)
            self.connection.commit()
        self.engine = Engine(self.words, catalogue(), load_published(self.connection, self.words))
        self.connection.commit()
        prepare(self.connection, self.engine)
        self.leases = claim(self.connection, "law", 86_400, 64)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def reload(self) -> None:
        """Judge by the rules as they are published now."""
        self.engine = Engine(self.words, catalogue(), load_published(self.connection, self.words))
        self.connection.commit()

    def feed(self, events: Sequence[bytes]) -> None:
        """Take events in, all of them good, and commit."""
        receipt = self.intake.accept(self.connection, events, "law")
        assert receipt.accepted == len(events), receipt.quarantined[:3]
        self.connection.commit()

    def step(self, as_of: datetime, *, max_events: int = ALL_EVENTS) -> int:
        """Step every partition until nothing is left to do at that time; returns findings turned."""
        turned = 0
        for lease in self.leases:
            while True:
                done = step(self.connection, self.engine, lease, as_of=as_of, max_events=max_events)
                turned += done.turned
                if done.drained:
                    break
        return turned

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        found = self.connection.execute(query, values or None).fetchall()
        self.connection.commit()
        return found

    def value(self, query: str, *values: Any) -> Any:
        """The first value of a query."""
        return self.rows(query, *values)[0][0]


def interleaved(rounds: Iterable[Sequence[bytes]], world: World, as_of: datetime = EARLY) -> None:
    """Feed and step round by round, with the clock standing still."""
    for events in rounds:
        if events:
            world.feed(events)
            world.step(as_of)
