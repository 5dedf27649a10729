"""Endpoints: where webhooks go, for which topics, and the secrets that sign them."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError
from goldline.core.outbox.address import AddressRules, Resolver, guard, resolve

SECRET_BYTES: Final = 32
SECRETS_MAX: Final = 3
_TOPIC: Final = re.compile(r"(?:\*|[a-z0-9_]+(?:\.[a-z0-9_]+)*(?:\.\*)?)\Z")
_COLUMNS: Final = "id, url, topics, secrets, created_at, disabled_at, disabled_why"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One receiver. `secrets` are newest first; all of them sign until the old ones are retired."""

    id: int
    url: str
    topics: list[str]
    secrets: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None


def create(
    connection: Connection[Any],
    url: str,
    topics: Sequence[str] = ("*",),
    *,
    rules: AddressRules,
    now: datetime,
    resolver: Resolver = resolve,
) -> Endpoint:
    """Add an endpoint with a fresh secret. Raises AddressRefused, or GoldlineError('bad_topic').

    The address is checked here to tell the caller early, and again at every send.
    """
    guard(url, rules, resolver=resolver)
    for topic in topics or ("",):
        if not _TOPIC.match(topic):
            raise GoldlineError(
                f"{topic!r} is not a topic.", code="bad_topic", hint="Write '*', 'remedy.*' or 'remedy.paid'."
            )
    return _one(
        connection,
        f"INSERT INTO endpoint (url, topics, secrets, created_at) VALUES (%s, %s, %s, %s) RETURNING {_COLUMNS}",
        [url, list(topics), [new_secret()], now],
    )


def every(connection: Connection[Any]) -> list[Endpoint]:
    """All endpoints, oldest first, disabled ones included."""
    with connection.cursor(row_factory=class_row(Endpoint)) as cursor:
        return cursor.execute(f"SELECT {_COLUMNS} FROM endpoint ORDER BY id").fetchall()


def get(connection: Connection[Any], endpoint_id: int) -> Endpoint:
    """One endpoint. Raises GoldlineError('no_endpoint')."""
    return _one(connection, f"SELECT {_COLUMNS} FROM endpoint WHERE id = %s", [endpoint_id], endpoint_id)


def rotate(connection: Connection[Any], endpoint_id: int) -> Endpoint:
    """Add a new secret in front. The older ones go on signing until `retire`, so no receiver misses a message."""
    return _one(
        connection,
        f"UPDATE endpoint SET secrets = (%s::text[] || secrets)[1:{SECRETS_MAX}] WHERE id = %s RETURNING {_COLUMNS}",
        [[new_secret()], endpoint_id],
        endpoint_id,
    )


def retire(connection: Connection[Any], endpoint_id: int) -> Endpoint:
    """Drop every secret but the newest."""
    return _one(
        connection,
        f"UPDATE endpoint SET secrets = secrets[1:1] WHERE id = %s RETURNING {_COLUMNS}",
        [endpoint_id],
        endpoint_id,
    )


def disable(connection: Connection[Any], endpoint_id: int, why: str, now: datetime) -> Endpoint:
    """Send nothing there any more. What waits becomes 'dead' and can be replayed after `enable`."""
    return _one(
        connection,
        "UPDATE endpoint SET disabled_at = coalesce(disabled_at, %s), disabled_why = coalesce(disabled_why, %s)"
        f" WHERE id = %s RETURNING {_COLUMNS}",
        [now, why, endpoint_id],
        endpoint_id,
    )


def enable(connection: Connection[Any], endpoint_id: int) -> Endpoint:
    """Send there again, from the next message on."""
    return _one(
        connection,
        f"UPDATE endpoint SET disabled_at = NULL, disabled_why = NULL WHERE id = %s RETURNING {_COLUMNS}",
        [endpoint_id],
        endpoint_id,
    )


def new_secret() -> str:
    """A fresh signing secret, 'whsec_' and base64 of 32 random bytes (Standard Webhooks 1.0.0)."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def _one(connection: Connection[Any], statement: str, values: Sequence[Any], named: int | None = None) -> Endpoint:
    with connection.cursor(row_factory=class_row(Endpoint)) as cursor:
        found = cursor.execute(statement, values).fetchone()
    if found is None:
        raise GoldlineError(
            f"There is no endpoint {named}.", code="no_endpoint", hint="List them with `goldline endpoint list`."
        )
    return found
