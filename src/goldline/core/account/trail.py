"""The trail: who did what to a decision against an account, and why, in the transaction that did it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb


def record(
    connection: Connection[Any], actor: str, action: str, subject: str, detail: Mapping[str, Any], now: datetime
) -> None:
    """Note that `actor` did `action` to `subject` ('finding:<id>', 'appeal:<id>', 'case:<id>')."""
    connection.execute(
        "INSERT INTO account_trail (at, actor, action, subject, detail) VALUES (%s, %s, %s, %s, %s)",
        (now, actor, action, subject, Jsonb(dict(detail))),
    )
