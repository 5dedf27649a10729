"""The person at the command line: a name for the record, or, where two people are needed, one who signs in."""

from __future__ import annotations

import getpass
import sys
from typing import Any

import click
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from goldline.core import member
from goldline.core.audit import Actor
from goldline.core.errors import GoldlineError
from goldline.core.member import Member
from goldline.surfaces import countersign
from goldline.surfaces.web.permission import require

BY = click.option("--by", help="Who decides it, for the record; the name of an account where two people are needed.")
PASSWORD = click.option("--password-stdin", is_flag=True, help="Read the account's password from standard input.")


def actor(by: str | None = None) -> Actor:
    """Whoever has this shell, by the name given or the one the machine knows."""
    try:
        return Actor("shell", (by or getpass.getuser()).strip())
    except (KeyError, OSError):  # a container may have no name for its user
        return Actor("shell", "unknown")


def answerable(connection: Connection[Any], operation: str, by: str | None, *, password_stdin: bool) -> Actor:
    """Who answers for an operation that may need two people. Where it does, they sign in and their role must allow it.

    Otherwise one person could ask under one name and approve under another.
    """
    if not countersign.needed(connection):
        return actor(by)
    signed = signed_in(connection, by, password_stdin=password_stdin)
    require(signed.role, operation, signed.name)
    return Actor("operator", signed.name)


def signed_in(connection: Connection[Any], by: str | None, *, password_stdin: bool) -> Member:
    """The member of that name, once the password is right.

    Raises GoldlineError: 'no_name', 'unauthorised'.
    """
    if not by:
        raise GoldlineError("Here two people are needed, each by name.", code="no_name", hint="Give --by NAME.")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else click.prompt("Password", hide_input=True)
    found = member.find(connection, by)
    connection.rollback()
    if not _is_password(connection, by, password) or found is None or found.disabled:
        raise GoldlineError("That name and password do not go together.", code="unauthorised")
    return found


def _is_password(connection: Connection[Any], name: str, password: str) -> bool:
    from goldline.surfaces.web import engine, operator

    parameters = {**connection.info.get_parameters(), "password": connection.info.password or None}
    engine.use(make_conninfo(**{name: value for name, value in parameters.items() if value}))
    operator.prepare()
    from django.contrib.auth import authenticate

    return authenticate(None, username=name, password=password) is not None
