"""Traces from files: through the intake, to the parcels' facts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from goldline.connectors.carriers.dialect import dialect
from goldline.connectors.carriers.scans import KnownOrders, import_scans, read_orders
from goldline.connectors.carriers.trace import Reader
from goldline.connectors.rows import FileError
from goldline.core.inbox import Intake
from goldline.core.settings import settings
from goldline.market.events import catalogue
from goldline.surfaces.cli.program import run
from tests.carriers.test_trace import BIRD, HUNDRED, SHOPIFY

WAYBILL = "YT1234567890123"


@pytest.fixture
def intake() -> Intake:
    """A door with two partitions."""
    return Intake(catalogue(), 2)


@pytest.fixture
def goldline(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run a command in this process against the test's database; its exit code and what it said."""
    parts = conninfo_to_dict(database_url)
    host = quote(str(parts["host"]), safe="")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres@/{parts['dbname']}?host={host}")
    monkeypatch.setenv("GOLDLINE_HOME", str(tmp_path / "home"))
    settings.cache_clear()

    def call(*arguments: str | Path) -> tuple[int, str]:
        code = run([str(each) for each in arguments])
        return code, capsys.readouterr().err

    return call


def write(path: Path, *payloads: Any) -> Path:
    """One payload a line."""
    path.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in payloads) + "\n", encoding="utf-8")
    return path


def events(database: Connection[Any]) -> list[dict[str, Any]]:
    """Every accepted event."""
    rows = database.execute("SELECT body FROM inbox ORDER BY id").fetchall()
    return [event for row in rows for event in msgspec.json.decode(row[0])]


def test_a_file_is_taken_in(database: Connection[Any], intake: Intake, tmp_path: Path) -> None:
    """Good scans are accepted, an unknown code is quarantined with its place and its reason."""
    odd = {"com": "yuantong", "nu": WAYBILL, "data": [{"ftime": "2026-08-04 09:00:00", "statusCode": "999"}]}
    path = write(tmp_path / "push.ndjson", HUNDRED, odd)
    reader = Reader(dialect("kuaidi100"), KnownOrders(database, {WAYBILL: ("o1",)}))
    seen: list[int] = []
    summary = import_scans(database, intake, path, reader, seen.append)
    assert (summary.accepted, summary.quarantined) == (3, 1)
    assert summary.first is not None
    assert summary.first.startswith("Line 2, scan 1: The dialect 'kuaidi100' does not know the code '999'")
    assert seen[-1] == path.stat().st_size
    assert {event["data"]["order_id"] for event in events(database)} == {"o1"}


def test_importing_again_makes_the_same_events(database: Connection[Any], intake: Intake, tmp_path: Path) -> None:
    """A trace that comes twice is the same trace."""
    path = write(tmp_path / "push.ndjson", BIRD)
    for _ in range(2):
        import_scans(database, intake, path, Reader(dialect("kdniao"), KnownOrders(database)))
    twice = events(database)
    assert len(twice) == 4
    assert len({event["id"] for event in twice}) == 2


def test_a_file_without_scans_is_refused(database: Connection[Any], intake: Intake, tmp_path: Path) -> None:
    """Neither an empty trace nor an array is silently nothing."""
    reader = Reader(dialect("kuaidi100"), KnownOrders(database))
    with pytest.raises(FileError, match="no scans"):
        import_scans(database, intake, write(tmp_path / "a.ndjson", {"nu": "1", "data": []}), reader)
    with pytest.raises(FileError, match="JSON array"):
        import_scans(database, intake, write(tmp_path / "b.ndjson", [HUNDRED]), reader)


def test_the_orders_of_waybills(tmp_path: Path) -> None:
    """A waybill may have several orders; a table without the columns is refused."""
    path = tmp_path / "orders.csv"
    path.write_text("waybill,order_id\nA,o1\nB,o2\nA,o3\n", encoding="utf-8")
    assert read_orders(path) == {"A": ("o1", "o3"), "B": ("o2",)}
    path.write_text("number,order_id\nA,o1\n", encoding="utf-8")
    with pytest.raises(FileError, match="no column 'waybill'"):
        read_orders(path)


def test_the_record_knows_its_parcels(goldline: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """Once a parcel was created and stepped, its scans need no table; before that they are quarantined."""
    path = write(tmp_path / "push.ndjson", HUNDRED)
    code, said = goldline("import", "scans", "kuaidi100", path)
    assert code == 3
    assert f"No order is known for the waybill '{WAYBILL}'" in said
    created = {
        "specversion": "1.0", "type": "parcel.created", "source": "t", "id": "p1", "time": "2026-08-01T08:00:00Z",
        "data": {"order_id": "o1", "parcel_id": WAYBILL, "carrier_id": "yuantong"},
    }  # fmt: skip
    assert goldline("import", "events", write(tmp_path / "parcels.ndjson", created))[0] == 0
    assert goldline("run", "--until-idle", "--as-of", "2026-08-04T00:00:00Z")[0] == 0
    code, said = goldline("import", "scans", "kuaidi100", path)
    assert code == 0
    assert "3 events accepted" in said


def test_scans_reach_the_parcels_facts(
    goldline: Callable[..., tuple[int, str]], database: Connection[Any], tmp_path: Path
) -> None:
    """The pickup of a carrier's push is the pickup of the parcel, at its instant."""
    assert goldline("import", "scans", "kuaidi100", write(tmp_path / "p.ndjson", HUNDRED), "--order", "o1")[0] == 0
    assert goldline("run", "--until-idle", "--as-of", "2026-08-04T00:00:00Z")[0] == 0
    rows = database.execute("SELECT key, picked_up_at::text FROM fact_parcel").fetchall()
    assert rows == [(f"o1|{WAYBILL}", "2026-08-01 10:30:00+00")]


def test_the_command_says_what_is_wrong(goldline: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """A dialect or zone that does not exist is a wrong argument; a table of orders is used."""
    path = write(tmp_path / "p.ndjson", {**SHOPIFY, "order_id": None})
    assert goldline("import", "scans", "kuaidi101", path)[0] == 2
    code, said = goldline("import", "scans", "shopify", path, "--zone", "Mars/Olympus")
    assert (code, "'Mars/Olympus' is no time zone" in said) == (2, True)
    orders = tmp_path / "orders.csv"
    orders.write_text("waybill,order_id\n944,o9\n", encoding="utf-8")
    assert goldline("import", "scans", "shopify", path, "--orders", orders)[0] == 0
