"""Intake killed at its named points: what was acknowledged is there, what was not can be sent again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).parents[2]
EVENTS = 12
BATCH = 5
SCRIPT = f"""
from goldline.connectors import files
from goldline.surfaces.cli import main
files.BATCH_EVENTS = {BATCH}
main()
"""


def run(database_url: str, path: Path, point: str = "") -> tuple[int, str]:
    """Import a file in a process of its own, to be killed at `point`; gives its code and the points it reached."""
    parts = conninfo_to_dict(database_url)
    log = path.with_suffix(".log")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOLDLINE_")} | {
        "DATABASE_URL": f"postgresql://postgres@/{parts['dbname']}?host={quote(str(parts['host']), safe='')}",
        "GOLDLINE_HOME": str(path.parent),
        **({"GOLDLINE_CRASH_AT": point} if point else {}),
        "GOLDLINE_CRASH_LOG": str(log),
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-c", SCRIPT, "import", "events", str(path)]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert log.exists() or not point, ended.stderr.decode()
    reached = log.read_text(encoding="utf-8") if log.exists() else ""
    log.unlink(missing_ok=True)
    return ended.returncode, reached


def ids(database: Connection[Any]) -> list[str]:
    """The ids in the inbox, once for each time they were taken."""
    rows = database.execute("SELECT body FROM inbox").fetchall()
    database.rollback()
    return sorted(event["id"] for row in rows for event in msgspec.json.decode(row[0]))


@pytest.mark.parametrize(
    ("point", "committed"),
    [
        ("intake.before_write:1", 0),
        ("intake.before_commit:1", 0),
        ("intake.after_commit:1", BATCH),
        ("intake.before_write:2", BATCH),
        ("intake.before_commit:3", 2 * BATCH),
        ("intake.after_commit:3", EVENTS),
    ],
)
def test_a_killed_import_keeps_whole_batches_and_can_be_repeated(
    database_url: str, database: Connection[Any], tmp_path: Path, point: str, committed: int
) -> None:
    """Exactly the committed batches are there; importing again leaves none out and makes no other event."""
    path = tmp_path / "e.ndjson"
    envelope = {"specversion": "1.0", "source": "t", "type": "order.accepted", "time": "2026-08-10T12:00:00Z"}
    events = [{**envelope, "id": f"e{n:02}", "data": {"order_id": f"o{n}"}} for n in range(EVENTS)]
    path.write_text("\n".join(map(json.dumps, events)))
    code, reached = run(database_url, path, point)
    assert code == -signal.SIGKILL, "the fault never fired"
    assert point.partition(":")[0] in reached
    assert ids(database) == [f"e{n:02}" for n in range(committed)]
    code, _ = run(database_url, path)
    assert code == 0
    assert sorted(set(ids(database))) == [f"e{n:02}" for n in range(EVENTS)]
