"""Ways to tamper with the audit trail, for who can write to the database. Each says which record it touched first."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from psycopg import Connection

from goldline.core import audit
from goldline.core.audit import Actor, Record

KEY = audit.key_of("an installation's secret, kept outside")
START = datetime(2026, 8, 1, tzinfo=UTC)
COLUMNS = "seq, at, actor_kind, actor, action, subject, detail, hash"


def write(connection: Connection[Any], count: int, first: int = 0) -> None:
    """A trail of `count` changes, no two the same."""
    for number in range(first, first + count):
        actor = Actor("operator", ("olga", "nina", "金线")[number % 3])
        detail = {"why": f'checked "{number}"', "amounts": ["CNY 1200"], "n": number, "held": number % 2 == 0}
        audit.record(connection, actor, "remedy.release", f"remedy:{number}", detail, START + timedelta(seconds=number))


def read(connection: Connection[Any]) -> list[Record]:
    """The trail as it lies in the table."""
    return [Record(*row) for row in connection.execute(f"SELECT {COLUMNS} FROM audit ORDER BY seq")]


def put(connection: Connection[Any], trail: list[Record], *, head: bool) -> None:
    """Write another trail over the one there is, round the trigger; with `head` its head too."""
    connection.execute("SET LOCAL session_replication_role = replica")
    connection.execute("DELETE FROM audit")
    with connection.cursor().copy(f"COPY audit ({COLUMNS}) FROM STDIN") as copy:
        for each in trail:
            copy.write_row(
                (each.seq, each.at, each.actor_kind, each.actor, each.action, each.subject, each.detail, each.hash)
            )
    if head:
        last = trail[-1] if trail else None
        values = (last.seq, last.hash) if last else (0, audit.GENESIS)
        connection.execute("UPDATE audit_head SET seq = %s, hash = %s", values)


def sealed(record: Record, before: bytes) -> Record:
    """The record with the hash it would have after `before`."""
    micros = (record.at - audit.EPOCH) // audit.MICROSECOND
    body = audit._body(micros, record.actor_kind, record.actor, record.action, record.subject, record.detail)
    return replace(record, hash=sha256(before + record.seq.to_bytes(8, "big") + body).digest())


def resealed(trail: list[Record], start: int = 0) -> list[Record]:
    """The trail with every hash from the place `start` on made new, as one without the key would forge it."""
    made = list(trail)
    for place in range(start, len(made)):
        made[place] = sealed(made[place], made[place - 1].hash if place else audit.GENESIS)
    return made


@dataclass(frozen=True)
class Tampered:
    """What was done: the trail now, whether the head was forged too, and the numbers of which one must be named."""

    trail: list[Record]
    head: bool
    named: range


Tamper = Callable[[random.Random, list[Record]], Tampered]


def _one(seq: int) -> range:
    return range(seq, seq + 1)


def flip(chance: random.Random, trail: list[Record]) -> Tampered:
    """One bit of one column of one record."""
    place = chance.randrange(len(trail))
    record = trail[place]
    column = chance.choice(["at", "actor_kind", "actor", "action", "subject", "detail", "hash"])
    changed: Any
    if column == "at":
        changed = record.at + timedelta(microseconds=chance.choice([-1, 1, 10**6]))
    elif column == "hash":
        byte = chance.randrange(32)
        changed = record.hash[:byte] + bytes([record.hash[byte] ^ (1 << chance.randrange(8))]) + record.hash[byte + 1 :]
    else:
        text = getattr(record, column)
        at = chance.randrange(len(text))
        changed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
    changes: dict[str, Any] = {column: changed}
    return Tampered([*trail[:place], replace(record, **changes), *trail[place + 1 :]], False, _one(record.seq))


def flip_and_seal(chance: random.Random, trail: list[Record]) -> Tampered:
    """One record rewritten and its own hash made new: the record after it no longer fits, or the head."""
    place = chance.randrange(len(trail))
    forged = replace(trail[place], actor="mallory")
    made = sealed(forged, trail[place - 1].hash if place else audit.GENESIS)
    return Tampered([*trail[:place], made, *trail[place + 1 :]], False, range(place + 1, place + 3))


def drop(chance: random.Random, trail: list[Record]) -> Tampered:
    """One record taken out, the numbers left or closed up."""
    place = chance.randrange(len(trail))
    rest = trail[place + 1 :]
    if chance.random() < 0.5:
        rest = [replace(each, seq=each.seq - 1) for each in rest]
    return Tampered([*trail[:place], *rest], False, _one(place + 1))


def swap(chance: random.Random, trail: list[Record]) -> Tampered:
    """Two records in each other's place, with or without their hashes."""
    first, second = sorted(chance.sample(range(len(trail)), 2))
    made = list(trail)
    made[first] = replace(trail[second], seq=trail[first].seq)
    made[second] = replace(trail[first], seq=trail[second].seq)
    if chance.random() < 0.5:
        made[first] = replace(made[first], hash=trail[first].hash)
        made[second] = replace(made[second], hash=trail[second].hash)
    return Tampered(made, False, _one(first + 1))


def insert(chance: random.Random, trail: list[Record]) -> Tampered:
    """A record put in, with a made-up hash or the one it would have; the later ones move up."""
    place = chance.randrange(len(trail) + 1)
    forged = replace(trail[0], seq=place + 1, actor="mallory", hash=chance.randbytes(32))
    if chance.random() < 0.5:
        forged = sealed(forged, trail[place - 1].hash if place else audit.GENESIS)
    later = [replace(each, seq=each.seq + 1) for each in trail[place:]]
    return Tampered([*trail[:place], forged, *later], False, range(place + 1, place + 3))


def cut(chance: random.Random, trail: list[Record]) -> Tampered:
    """The end taken off, with or without the head set back."""
    left = chance.randrange(len(trail))
    return Tampered(trail[:left], chance.random() < 0.5, _one(left + 1))


def rewrite(chance: random.Random, trail: list[Record]) -> Tampered:
    """A record rewritten and the whole chain after it made new, head included: only the anchors differ."""
    place = chance.randrange(len(trail))
    made = list(trail)
    made[place] = replace(made[place], subject="remedy:other")
    return Tampered(resealed(made, place), True, range(place + 1, len(trail) + 1))


TAMPERINGS: tuple[Tamper, ...] = (flip, flip_and_seal, drop, swap, insert, cut, rewrite)
