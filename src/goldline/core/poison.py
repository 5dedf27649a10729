"""Poison: the events that make a step fail are found, parked, and their neighbours go on.

The failing batch is halved by root, each half tried under a savepoint and rolled back, until the failing roots are
known. If too many fail it is not poison but a fault of the rules or of the engine, and the worker stops loudly.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import Connection

from goldline.core.engine import Engine
from goldline.core.errors import GoldlineError
from goldline.core.parked import park, root_of
from goldline.core.partition import Lease, enter
from goldline.core.step import LEASE_S, MAX_EVENTS, MAX_WAKES, bodies, clock_for, judge, take

PARKABLE = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.RaiseException,
    psycopg.errors.ProgramLimitExceeded,
    msgspec.MsgspecError,
    struct.error,
    OverflowError,
    ValueError,
    LookupError,
)
MOST_PARKED = 200

log = logging.getLogger("goldline.worker")

Unit = tuple[str, list[tuple[int, Any]], list[tuple[str, str]]]  # root, (inbox id, event) and (kind, key to wake) pairs


def isolate(connection: Connection[Any], engine: Engine, lease: Lease, *, as_of: datetime | None = None) -> list[str]:
    """Find and park the roots that make the next step of a partition fail; returns them.

    Raises GoldlineError('step_broken') when more than a handful fail: that is no longer poison.
    """
    with connection.transaction():
        fence = enter(connection, lease, LEASE_S)
        batch = take(connection, lease.partition, MAX_EVENTS)
        now = clock_for(batch, as_of or fence.now, fence.clock_at)
        units = _units(connection, engine, lease.partition, bodies(connection, batch), now)

        def fails(tried: Sequence[Unit]) -> str | None:
            return _try(connection, engine, lease.partition, tried, now)

        guilty = _search(units, fails)
        for root, why in guilty:
            log.error("parked %s: %s", root, why)
            park(connection, lease.partition, root, why)
    return [root for root, _ in guilty]


def _units(connection: Connection[Any], engine: Engine, partition: int, rows: Any, now: datetime | None) -> list[Unit]:
    """The batch as units that can be tried apart: the events of a root, or the wakes of what is within it."""
    events: dict[str, list[tuple[int, Any]]] = {}
    for number, _, body in rows:
        for event in engine.decoder.decode(body):
            events.setdefault(root_of(event), []).append((number, event))
    wakes: dict[str, list[tuple[str, str]]] = {}
    due = connection.execute(
        "SELECT subject, key FROM wake WHERE partition = %s AND wake_at <= %s ORDER BY wake_at LIMIT %s",
        (partition, now, MAX_WAKES),
    ).fetchall()
    for kind, key in due if now is not None else []:
        root = key if engine.vocabulary[kind].within is None else key.partition("|")[0]
        wakes.setdefault(root, []).append((kind, key))
    return [(root, events.get(root, []), wakes.get(root, [])) for root in {**events, **wakes}]


def _search(units: list[Unit], fails: Callable[[Sequence[Unit]], str | None]) -> list[tuple[str, str]]:
    """The units that fail alone, found by halving; GoldlineError('step_broken') when that is most of a large batch."""
    guilty: list[tuple[str, str]] = []
    waiting = [units]
    while waiting:
        tried = waiting.pop()
        why = fails(tried) if tried else None
        if why is None:
            continue
        if len(tried) == 1:
            guilty.append((tried[0][0], why))
            if len(guilty) > MOST_PARKED and 2 * len(guilty) > len(units):
                raise GoldlineError(
                    f"More than {MOST_PARKED} roots of one batch fail: {why}.",
                    code="step_broken",
                    hint="This is a fault of the rules or the engine, not of an event. Nothing was parked.",
                )
        else:
            half = len(tried) // 2
            waiting += [tried[:half], tried[half:]]
    return guilty


class _Undo(Exception):
    """Rolls the savepoint of a trial back."""


def _try(
    connection: Connection[Any], engine: Engine, partition: int, units: Sequence[Unit], now: datetime | None
) -> str | None:
    """Judge these units under a savepoint, undo it, and say what went wrong, if anything did."""
    engine.hear(event for _, events, _ in units for _, event in events)
    stages = engine.stager.stages()
    try:
        with connection.transaction():
            for _, events, wakes in units:
                for number, event in events:
                    engine.stager.stage([event], number, stages)
                for kind, key in wakes:
                    stages[kind].touch(key)
            judge(connection, engine, partition, stages, now)
            raise _Undo  # noqa: TRY301 - leaving the block this way is what undoes it
    except _Undo:
        return None
    except PARKABLE as fault:
        return f"{type(fault).__name__}: {str(fault).splitlines()[0]}"
