"""API keys: who may call, and what for. A secret is shown once and kept only as its SHA-256.

A plain hash is enough because a secret has 128 random bits: there is nothing to guess from.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final, Literal

from psycopg import Connection, errors
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError
from goldline.core.member import BOUND_ROLES, check_account

Scope = Literal["events:write", "decide", "appeals:write", "reviews:write", "read", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("events:write", "decide", "appeals:write", "reviews:write", "read", "admin")
PREFIX: Final = "gl_live_"
SHOWN_LENGTH: Final = len(PREFIX) + 4
_SECRET: Final = re.compile(r"gl_live_[0-9a-f]{32}\Z")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown: never its secret. `prefix` is the secret's beginning, to recognise it by.

    `stale` says that its use has not been noted for a minute, as far as was asked.
    """

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    account: str | None = None
    """The one account whose objects the key may read; None for a key of the marketplace."""
    stale: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "scopes", tuple(self.scopes))

    def allows(self, scope: Scope) -> bool:
        """Whether the key may do what needs `scope`; 'admin' may do everything."""
        return scope in self.scopes or "admin" in self.scopes


_COLUMNS = "id, name, prefix, scopes, created_at, last_used_at, revoked_at, account"


def create(connection: Connection[Any], name: str, scopes: Sequence[str], account: str | None = None) -> str:
    """Make a key and give its secret, this once. Does not commit. Bound to an account it may only read.

    Raises GoldlineError: 'bad_name', 'bad_scope', 'name_taken', 'no_account'.
    """
    if not _NAME.match(name):
        raise GoldlineError(
            f"The key name {name!r} is not usable.",
            code="bad_name",
            hint="Use 1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit.",
        )
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        what = f"The scope {unknown[0]!r} is unknown." if unknown else "A key needs at least one scope."
        raise GoldlineError(what, code="bad_scope", hint=f"Scopes are {', '.join(SCOPES)}.")
    if account is not None:
        check_account(account, *BOUND_ROLES)
        if set(scopes) != {"read"}:
            raise GoldlineError(
                "A key that is bound to an account may only read.", code="bad_scope", hint="Give it --scope read alone."
            )
    secret = PREFIX + secrets.token_hex(16)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO api_key (name, prefix, secret_sha256, scopes, account) VALUES (%s, %s, %s, %s, %s)",
                [name, secret[:SHOWN_LENGTH], _digest(secret), sorted(set(scopes)), account],
            )
    except errors.UniqueViolation as fault:
        raise GoldlineError(
            f"There is a key named {name!r} already.", code="name_taken", hint="Choose another name."
        ) from fault
    return secret


def authenticate(connection: Connection[Any], secret: str, scope: Scope) -> ApiKey:
    """The key this secret belongs to, if it is live and allows `scope`.

    Raises GoldlineError 'unauthorised' as `identify`, or 'forbidden'.
    """
    key = identify(connection, secret)
    if not key.allows(scope):
        raise GoldlineError(
            f"The API key {key.name!r} lacks the scope {scope!r}.", code="forbidden", hint="Ask for a key that has it."
        )
    return key


def identify(connection: Connection[Any], secret: str) -> ApiKey:
    """The live key this secret belongs to.

    Raises GoldlineError 'unauthorised' (unknown or revoked: a caller is not told which). The time taken does not
    depend on how much of a guess was right: what is looked up is its hash.
    """
    key = _find(connection, secret) if _SECRET.match(secret) else None
    if key is None or key.revoked_at is not None:
        raise GoldlineError(
            "The API key is not valid.", code="unauthorised", hint="Send `Authorization: Bearer gl_live_…`."
        )
    return key


def touch(connection: Connection[Any], key: ApiKey) -> None:
    """Note that the key was used, at most once a minute. Does not commit."""
    if not key.stale:
        return
    connection.execute(
        "UPDATE api_key SET last_used_at = clock_timestamp() WHERE id = %s"
        " AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')",
        [key.id],
    )


def revoke(connection: Connection[Any], name: str) -> None:
    """End a key for good; a second time changes nothing. Does not commit. Raises GoldlineError('not_found')."""
    result = connection.execute(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE name = %s", [name]
    )
    if result.rowcount == 0:
        raise GoldlineError(
            f"There is no key named {name!r}.", code="not_found", hint="List them with `goldline key list`."
        )


def keys(connection: Connection[Any]) -> list[ApiKey]:
    """Every key, oldest first, revoked ones included."""
    with connection.cursor(row_factory=class_row(ApiKey)) as cursor:
        return cursor.execute(f"SELECT {_COLUMNS} FROM api_key ORDER BY id").fetchall()  # noqa: S608


def _find(connection: Connection[Any], secret: str) -> ApiKey | None:
    digest = _digest(secret)
    row = connection.execute(
        f"SELECT secret_sha256, {_COLUMNS}, coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)"  # noqa: S608
        " FROM api_key WHERE secret_sha256 = %s",
        [digest],
        prepare=True,
    ).fetchone()
    if row is None or not compare_digest(bytes(row[0]), digest):
        return None
    return ApiKey(*row[1:])


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
