"""Standing orders of the benchmarks are what the step would have left: judged again, no fact of theirs changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from bench import standing
from bench.growth import scan
from bench.place import Place, install
from goldline.core.database import connect
from goldline.core.facts.table import derived_columns, inherited_columns
from goldline.core.inbox import Intake
from goldline.core.policy.pack import load
from goldline.core.worker import Worker
from goldline.market.events import catalogue
from goldline.market.order import Order
from goldline.market.parcel import Parcel
from goldline.market.vocabulary import vocabulary
from tests.laws.world import END

SORTS: dict[str, Callable[[], list[standing.Sort]]] = {
    "shipped": lambda: standing.shipped(END),
    "unshipped": lambda: standing.unshipped(END + timedelta(days=30), 10.0),
}
RESOLVED = {
    "order": [name for name, _ in derived_columns(Order)],
    "parcel": [name for name, _ in (*inherited_columns(Parcel), *derived_columns(Parcel))],
}


@pytest.mark.parametrize("sort", sorted(SORTS))
def test_a_scan_changes_no_resolved_fact(server_url: str, tmp_path: Path, sort: str) -> None:
    """A scan that proves nothing leaves every resolved fact of an order, and of its parcel, as it was loaded."""
    with Place(server_url, tmp_path, "toy").database("bench_standing") as url:
        install(url, vocabulary(), load("demo", vocabulary()), 2, END)
        standing.load(url, 40, SORTS[sort](), 2)
        with connect(url) as connection:
            before = {kind: _resolved(connection, kind) for kind in RESOLVED}
            scans = [scan(number, f"again{number}", END, "in_transit") for number in range(40)]
            assert Intake(catalogue(), 2).accept(connection, scans, "test").accepted == 40
            connection.commit()
            Worker(url, vocabulary(), catalogue(), as_of=END, until_idle=True).run()
            after = {kind: _resolved(connection, kind) for kind in RESOLVED}
    assert len(after["order"]) == len(after["parcel"]) == 40
    assert after["order"] == before["order"]
    # A parcel that was not there before has come with its scan.
    assert before["parcel"] in ({}, after["parcel"])


def _resolved(connection: Connection[Any], kind: str) -> dict[str, tuple[Any, ...]]:
    names = ", ".join(RESOLVED[kind])
    rows = connection.execute(f"SELECT key, {names} FROM fact_{kind}".encode()).fetchall()
    connection.commit()
    return {row[0]: row[1:] for row in rows}
