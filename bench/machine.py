"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from psycopg import Connection

from goldline import __version__
from goldline.core.database import durability

SHOWN = ("shared_buffers", "max_wal_size", "checkpoint_timeout", "wal_compression", "wal_sync_method")


def facts(connection: Connection[Any]) -> dict[str, Any]:
    """Processor, memory, versions, and the settings of the server that decide speed and safety."""
    rows = connection.execute(
        "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", (list(SHOWN),)
    ).fetchall()
    version = connection.execute("SHOW server_version").fetchone()
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "goldline": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": [round(each, 2) for each in os.getloadavg()],
        "postgresql": version[0] if version else "unknown",
        **durability(connection),
        **dict(rows),
    }


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        names = [line.partition(":")[2].strip() for line in listing.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def wal_bytes(connection: Connection[Any]) -> int:
    """How far the write-ahead log has come: differences are bytes written."""
    row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").fetchone()
    connection.commit()
    return int(row[0]) if row else 0
