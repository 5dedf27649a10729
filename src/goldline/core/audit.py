"""The audit trail: every change by a person or a key, chained by hashes, in the transaction that made it.

Each record's hash covers the hash before it, so that a record that was changed, dropped, swapped or put in is found
and named. Who can rewrite the database can rewrite the whole chain; the anchors, kept elsewhere and signed with a
secret the database does not hold, find that and a tail that was cut.

Details hold ids, figures and reasons: never a secret and nothing about a consumer.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Literal

import msgspec
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError

ActorKind = Literal["operator", "key", "shell", "merchant", "creator", "engine"]
Detail = Mapping[str, "str | int | bool | Sequence[str] | None"]

GENESIS: Final = bytes(32)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
PURPOSE: Final = b"goldline audit anchor 1"
TEXT_MAX: Final = 1_000
FETCH: Final = 5_000
SECRETIVE: Final = ("secret", "password", "token", "consumer", "payee", "phone", "address")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a person by the name they sign in with, a key by its name, or whoever had the shell."""

    kind: ActorKind
    name: str


@dataclass(frozen=True, slots=True)
class Record:
    """One change. `action` is an operation of the permissions; `subject` is '<kind>:<id>'; `detail` is JSON."""

    seq: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    subject: str
    detail: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain's head as it was at `at`, signed. Kept where who writes the database cannot write."""

    seq: int
    hash: str
    at: str
    mac: str


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record that is not as it was written: its number, and what is wrong."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification saw: how many records, the last hash, anchors that agree, and the first fault if any."""

    records: int
    hash: str
    anchors: int
    fault: Fault | None


def record(connection: Connection[Any], actor: Actor, action: str, subject: str, detail: Detail, now: datetime) -> int:
    """Append one record in the caller's transaction; gives its number.

    Call it last: the chain's head stays locked until the transaction ends, and whoever writes next waits for that.
    Raises GoldlineError('unfit_detail') for a detail that names a secret or a person, or is too long.
    """
    text = _canonical(detail)
    name, about = _fitting(actor.name), _fitting(subject)
    body = _body(_micros(now), actor.kind, name, action, about, text)
    row = connection.execute(_APPEND, (body, now, actor.kind, name, action, about, text)).fetchone()
    assert row is not None, "the head is always there"
    return int(row[0])


# One statement: the head is locked, moved on and read; the record takes its number and hash from it. A writer that
# waited for the lock sees the head the one before it left.
_APPEND: Final = """
    WITH head AS (
        UPDATE goldline.audit_head SET seq = seq + 1, hash = sha256(hash || int8send(seq + 1) || %b::bytea)
        RETURNING seq, hash
    )
    INSERT INTO goldline.audit (seq, at, actor_kind, actor, action, subject, detail, hash)
    SELECT seq, %s, %s, %s, %s, %s, %s, hash FROM head RETURNING seq"""


def records(
    connection: Connection[Any], *, before: int | None = None, subject: str | None = None, limit: int = 50
) -> list[Record]:
    """The newest first, at most `limit`; `before` is the number a former page ended with."""
    with connection.cursor(row_factory=class_row(Record)) as cursor:
        return cursor.execute(
            "SELECT seq, at, actor_kind, actor, action, subject, detail, hash FROM goldline.audit"
            " WHERE (%(before)s::bigint IS NULL OR seq < %(before)s)"
            " AND (%(subject)s::text IS NULL OR subject = %(subject)s) ORDER BY seq DESC LIMIT %(limit)s",
            {"before": before, "subject": subject, "limit": limit},
        ).fetchall()


def anchored(connection: Connection[Any], key: bytes, now: datetime) -> Anchor:
    """The head as it stands, signed."""
    seq, last = _head(connection)
    at = now.astimezone(UTC).isoformat()
    return Anchor(seq, last.hex(), at, _mac(key, seq, last.hex(), at))


def key_of(secret: str) -> bytes:
    """The key that signs anchors, made from the installation's secret: the database never sees it."""
    return hmac.digest(secret.encode(), PURPOSE, "sha256")


def written(anchor: Anchor) -> str:
    """An anchor as a line of a file."""
    return msgspec.json.encode(anchor).decode()


def read_anchors(lines: Iterable[str], where: str) -> list[Anchor]:
    """The anchors of a file. Raises GoldlineError('bad_anchor') with the line."""
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found += [msgspec.json.decode(line, type=Anchor)] if line.strip() else []
        except msgspec.MsgspecError as fault:
            raise GoldlineError(
                "This line is no anchor.",
                code="bad_anchor",
                where=f"{where}:{number}",
                hint="Anchors are written by `goldline audit anchor` and are not edited.",
            ) from fault
    return found


def unreadable(path: str, why: str) -> GoldlineError:
    """The fault that a file of anchors cannot be read."""
    return GoldlineError(
        f"The anchors cannot be read: {why}.", code="bad_anchor", where=path, hint="Name the file with --anchor."
    )


def verify(connection: Connection[Any], anchors: Iterable[Anchor] = (), key: bytes | None = None) -> Verified:
    """Walk the whole chain and compare it with its head and the anchors. Reads one snapshot; changes nothing.

    Without `key` the anchors' signatures are not checked, only what they say.
    """
    if connection.info.transaction_status == TransactionStatus.IDLE:
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return _verified(connection, anchors, key)
    return _verified(connection, anchors, key)


def _verified(connection: Connection[Any], anchors: Iterable[Anchor], key: bytes | None) -> Verified:
    pinned = sorted(set(anchors), key=lambda each: each.seq)
    forged = next((each for each in pinned if key is not None and not _genuine(each, key)), None)
    if forged is not None:
        return Verified(0, "", 0, Fault(forged.seq, "its anchor is not signed with this installation's secret"))
    head_seq, head_hash = _head(connection)
    wanted: dict[int, list[Anchor]] = {}
    for each in pinned:
        wanted.setdefault(each.seq, []).append(each)
    agreed, last, seq = len(wanted.pop(0, ())), GENESIS, 0
    for seq, found, fault in _walk(connection):
        if fault is not None:
            return Verified(seq - 1, last.hex(), agreed, Fault(seq, fault))
        last = found
        here = wanted.pop(seq, [])
        if any(not hmac.compare_digest(each.hash, last.hex()) for each in here):
            return Verified(seq, last.hex(), agreed, Fault(seq, "it is not the record that was anchored"))
        agreed += len(here)
    return Verified(seq, last.hex(), agreed, _tail(seq, last, head_seq, head_hash, wanted))


def _tail(seq: int, last: bytes, head_seq: int, head_hash: bytes, missed: Mapping[int, object]) -> Fault | None:
    if head_seq > seq or any(each > seq for each in missed):
        return Fault(seq + 1, "it is missing: the end of the chain was cut off")
    if head_seq < seq:
        return Fault(head_seq + 1, "it lies beyond the head of the chain")
    return None if hmac.compare_digest(head_hash, last) else Fault(seq, "the head of the chain does not fit it")


def _walk(connection: Connection[Any]) -> Iterator[tuple[int, bytes, str | None]]:
    """Each record's number and hash, and what is wrong with it; ends at the first that is wrong."""
    last, expected = GENESIS, 1
    with connection.cursor(name="audit_walk") as cursor:
        cursor.itersize = FETCH
        cursor.execute(
            "SELECT seq, (extract(epoch FROM at) * 1000000)::bigint, actor_kind, actor, action, subject, detail, hash"
            " FROM goldline.audit ORDER BY seq"
        )
        for seq, micros, kind, actor, action, subject, detail, found in cursor:
            if seq != expected:
                yield expected, last, "it is missing" if seq > expected else "its number is not one of the chain"
                return
            body = _body(micros, kind, actor, action, subject, detail)
            last = sha256(last + seq.to_bytes(8, "big") + body).digest()
            if last != found:
                yield seq, last, "it, or its place after the record before it, is not as it was written"
                return
            yield seq, last, None
            expected = seq + 1


def _head(connection: Connection[Any]) -> tuple[int, bytes]:
    row = connection.execute("SELECT seq, hash FROM goldline.audit_head").fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, GENESIS)


def _body(micros: int, kind: str, actor: str, action: str, subject: str, detail: str) -> bytes:
    # JSON quotes what it holds, so no two records have the same bytes.
    return msgspec.json.encode((micros, kind, actor, action, subject, detail))


def _micros(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _canonical(detail: Detail) -> str:
    shown = next((name for name in detail if any(word in name for word in SECRETIVE)), None)
    text = json.dumps(dict(detail), sort_keys=True, separators=(",", ":"), ensure_ascii=False).replace("\\u0000", "")
    if shown is not None or len(text) > 4 * TEXT_MAX:
        what = f"names {shown!r}" if shown else f"has {len(text)} characters"
        raise GoldlineError(
            f"A detail of the audit trail {what}.",
            code="unfit_detail",
            hint="Record ids, figures and reasons; secrets and people stay out.",
        )
    return text


def _fitting(text: str) -> str:
    return text.replace("\x00", "")[:TEXT_MAX]


def _mac(key: bytes, seq: int, last: str, at: str) -> str:
    return hmac.digest(key, msgspec.json.encode((seq, last, at)), "sha256").hex()


def _genuine(anchor: Anchor, key: bytes) -> bool:
    return hmac.compare_digest(anchor.mac, _mac(key, anchor.seq, anchor.hash, anchor.at))
