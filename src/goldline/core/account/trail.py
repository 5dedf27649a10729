"""The trail: who did what to a decision against an account, in the audit trail of the transaction that did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from goldline.core import audit

WORKBENCH: Final = "workbench"  # what an account's own people act through


def record(
    connection: Connection[Any],
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, str | int | bool | Sequence[str] | None],
    now: datetime,
) -> None:
    """Note that `actor` ('person:ada through key:desk', 'machine:engine') did `action` to `subject` ('appeal:<id>')."""
    kind, _, rest = actor.partition(":")
    name, _, through = rest.partition(" through ")
    key = name.removeprefix("key:")
    machine = audit.Actor("engine", name) if key == name else audit.Actor("key", key)
    who = machine if kind == "machine" else audit.Actor("merchant" if through == WORKBENCH else "operator", name)
    audit.record(connection, who, action, subject, {**detail, **({"through": through} if through else {})}, now)
