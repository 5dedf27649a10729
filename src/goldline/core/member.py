"""Members: people who sign in, each with one role, some bound to one account. Keys may be bound to an account too.

What a role may do is the permissions' (`surfaces/web/permissions.toml`); who somebody is, is kept here and read at
every request, so that a change is in force with the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError

OPERATOR_ROLES: Final = ("viewer", "support", "reviewer", "finance", "author", "admin")
BOUND_ROLES: Final = ("merchant", "creator")
ROLES: Final = (*OPERATOR_ROLES, *BOUND_ROLES)
ACCOUNT_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Member:
    """A person. `account` is '<party>:<id>' for a merchant's or creator's people, else None."""

    name: str
    role: str
    account: str | None
    disabled: bool
    since: datetime


def find(connection: Connection[Any], name: str) -> Member | None:
    """The member of that name, disabled or not."""
    with connection.cursor(row_factory=class_row(Member)) as cursor:
        return cursor.execute(
            "SELECT name, role, account, disabled, since FROM goldline.member WHERE name = %s", [name], prepare=True
        ).fetchone()


def members(connection: Connection[Any]) -> list[Member]:
    """Every member, by name."""
    with connection.cursor(row_factory=class_row(Member)) as cursor:
        return cursor.execute(
            "SELECT name, role, account, disabled, since FROM goldline.member ORDER BY name"
        ).fetchall()


def enrol(connection: Connection[Any], name: str, role: str, account: str | None = None) -> None:
    """Give somebody a role, or another role, in the caller's transaction. Who was disabled stays so.

    Raises GoldlineError: 'no_role', 'account_needed', 'account_unfit', 'no_account'.
    """
    check_role(role, account)
    connection.execute(
        "INSERT INTO goldline.member (name, role, account) VALUES (%s, %s, %s) ON CONFLICT (name)"
        " DO UPDATE SET role = excluded.role, account = excluded.account",
        [name, role, account],
    )


def disable(connection: Connection[Any], name: str, *, disabled: bool = True) -> None:
    """Shut somebody out from the next request on, or let them in again. Raises GoldlineError('no_member')."""
    found = connection.execute("UPDATE goldline.member SET disabled = %s WHERE name = %s", [disabled, name])
    if found.rowcount == 0:
        raise unknown(name)


def who_may(connection: Connection[Any], roles: Sequence[str]) -> int:
    """How many people who are not disabled have one of these roles."""
    row = connection.execute(
        "SELECT count(*) FROM goldline.member WHERE NOT disabled AND role = ANY(%s)", [list(roles)]
    ).fetchone()
    return int(row[0]) if row else 0


def check_role(role: str, account: str | None) -> None:
    """Raise GoldlineError unless the role exists and is bound exactly if it has to be, to an account of its party."""
    if role not in ROLES:
        raise GoldlineError(f"There is no role {role!r}.", code="no_role", hint=f"Roles are {', '.join(ROLES)}.")
    if role in OPERATOR_ROLES and account is not None:
        raise GoldlineError(
            f"The role {role!r} is not bound to an account.",
            code="account_unfit",
            hint=f"Leave --account out; {' and '.join(BOUND_ROLES)} are bound.",
        )
    if role in BOUND_ROLES and account is None:
        raise GoldlineError(
            f"The role {role!r} is bound to one account.", code="account_needed", hint=f"Give --account {role}:<id>."
        )
    if account is not None:
        check_account(account, role)


def check_account(account: str, *parties: str) -> None:
    """Raise GoldlineError('no_account') unless it is '<party>:<id>' with one of these parties."""
    party, _, name = account.partition(":")
    if party not in parties or not name or len(account) > ACCOUNT_MAX or not account.isprintable():
        raise GoldlineError(
            f"{account[:64]!r} is no account of a {' or '.join(parties)}.",
            code="no_account",
            hint=f"Write it as {parties[0]}:m1.",
        )


def unknown(name: str) -> GoldlineError:
    """The fault that nobody has this name."""
    return GoldlineError(
        f"There is no account named {name!r}.", code="no_member", hint="List them with `goldline user list`."
    )
