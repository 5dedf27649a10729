"""The audit trail: what is appended, and that nothing done to it afterwards goes unseen."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from goldline.core import audit
from goldline.core.audit import Actor, Anchor
from goldline.core.database import connect
from goldline.core.errors import GoldlineError

from .tampering import KEY, START, TAMPERINGS, Tamper, put, read, write

OLGA = Actor("operator", "olga")
TRAIL = 24
TRIES = 500  # of each way to tamper
ANCHORED = (8, 16, TRAIL)


@pytest.fixture
def trail(database: Connection[Any]) -> Connection[Any]:
    """A committed trail."""
    write(database, TRAIL)
    database.commit()
    return database


@pytest.fixture
def anchors(database: Connection[Any]) -> list[Anchor]:
    """A trail anchored at three places, the last at its end."""
    made = []
    for before, upto in zip((0, *ANCHORED), ANCHORED, strict=False):
        write(database, upto - before, before)
        made.append(audit.anchored(database, KEY, START))
    database.commit()
    return made


def test_a_trail_as_written_is_found_good(trail: Connection[Any], database_url: str) -> None:
    """With the number of its records, in a transaction or out of one; an empty one too."""
    assert audit.verify(trail).fault is None
    with connect(database_url, autocommit=True) as other:
        seen = audit.verify(other)
        assert (seen.records, seen.fault) == (TRAIL, None)
        assert seen.hash == read(other)[-1].hash.hex()
    trail.execute("SET session_replication_role = replica")
    put(trail, [], head=True)
    assert audit.verify(trail).records == 0


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda each: str(each.__name__))
def test_whatever_is_tampered_with_is_named(database: Connection[Any], anchors: list[Anchor], tamper: Tamper) -> None:
    """Thousands of changes, each found, each with the record it touched; what no hash betrays, the anchors do."""
    chance, original = random.Random(tamper.__name__), read(database)
    for _ in range(TRIES):
        done = tamper(chance, original)
        put(database, done.trail, head=done.head)
        seen = audit.verify(database, anchors, KEY)
        assert seen.fault is not None, done
        assert seen.fault.seq in done.named, (done, seen)
        database.rollback()
    assert audit.verify(database, anchors, KEY).fault is None


def test_a_chain_rewritten_whole_is_consistent_but_for_its_anchors(
    database: Connection[Any], anchors: list[Anchor]
) -> None:
    """Without anchors it would pass: they are what finds it, and their signature what stops them being forged too."""
    done = TAMPERINGS[-1](random.Random(1), read(database))
    put(database, done.trail, head=True)
    assert audit.verify(database).fault is None
    assert audit.verify(database, anchors, KEY).fault is not None
    forged = [replace(each, hash=done.trail[each.seq - 1].hash.hex()) for each in anchors]
    fault = audit.verify(database, forged, KEY).fault
    assert fault is not None
    assert "not signed" in fault.what


def test_an_anchor_survives_its_file(anchors: list[Anchor]) -> None:
    """Written and read back it is the same; a line that is none is named."""
    lines = [audit.written(each) for each in anchors]
    assert audit.read_anchors([*lines, ""], "anchors") == anchors
    with pytest.raises(GoldlineError, match="anchors:2"):
        audit.read_anchors([lines[0], "{}"], "anchors")


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
def test_the_database_refuses_to_edit_it(trail: Connection[Any], statement: str) -> None:
    """A slip of an operator's or a program's ends at the trigger."""
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="not edited"):
        trail.execute(statement)


def test_writers_at_once_make_one_chain(database_url: str, database: Connection[Any]) -> None:
    """Four connections, each with transactions of its own and some given up: no gap, no fork."""

    def writer(number: int) -> None:
        with connect(database_url) as connection:
            for turn in range(25):
                actor = Actor("key", f"k{number}")
                audit.record(connection, actor, "quarantine.redrive", f"quarantine:{turn}", {}, START)
                if turn % 5 == 4:
                    connection.rollback()
                else:
                    connection.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(writer, range(4)))
    seen = audit.verify(database)
    assert (seen.records, seen.fault) == (80, None)


def test_a_record_stands_or_falls_with_its_change(database: Connection[Any]) -> None:
    """Rolled back with the transaction, it leaves no gap."""
    audit.record(database, OLGA, "remedy.release", "remedy:1", {}, START)
    database.rollback()
    assert audit.record(database, OLGA, "remedy.release", "remedy:2", {}, START) == 1
    assert [each.subject for each in audit.records(database)] == ["remedy:2"]


@pytest.mark.parametrize("name", ["secret", "password", "consumer_id", "payee"])
def test_what_must_not_be_kept_for_ever_is_refused(database: Connection[Any], name: str) -> None:
    """A trail that is never edited can hold no secret and nobody's particulars."""
    with pytest.raises(GoldlineError) as caught:
        audit.record(database, OLGA, "key.create", "key:k", {name: "x"}, START)
    assert caught.value.code == "unfit_detail"
