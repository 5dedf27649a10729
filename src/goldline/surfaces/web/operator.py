"""People's accounts: passwords and sessions are Django's, roles the engine's, and both change in one transaction."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from goldline.core import audit, member
from goldline.core.audit import Actor
from goldline.core.errors import GoldlineError

ACT_GROUP = "operators"  # who might act, before there were roles
INSTALLER = Actor("engine", "install")


@dataclass(frozen=True, slots=True)
class NewOperator:
    """An account just made; the password is shown once and kept nowhere."""

    name: str
    password: str


def prepare() -> None:
    """Set Django up, bring its tables (people, sessions) to the present, and adopt accounts older than roles."""
    set_up()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    with _transaction() as connection:
        connection.execute(_ADOPT, [ACT_GROUP])


# Whoever might act becomes an administrator, whoever might only look a viewer.
_ADOPT = """
    INSERT INTO goldline.member (name, role)
    SELECT u.username, CASE WHEN u.is_superuser OR EXISTS (
        SELECT FROM public.auth_user_groups m JOIN public.auth_group g ON g.id = m.group_id
        WHERE m.user_id = u.id AND g.name = %s) THEN 'admin' ELSE 'viewer' END
    FROM public.auth_user u WHERE u.is_staff
    ON CONFLICT (name) DO NOTHING"""


def create_operator(
    name: str,
    password: str | None = None,
    *,
    role: str = "admin",
    account: str | None = None,
    by: Actor = INSTALLER,
) -> NewOperator:
    """Make an account with a role, a merchant's or creator's bound to an account; a password is made if none is given.

    Raises GoldlineError: 'operator_exists', 'bad_operator_name', 'weak_password', or as `member.check_role`.
    """
    prepare()
    from django.contrib.auth.models import User

    _check_name(name)
    member.check_role(role, account)
    if User.objects.filter(username__iexact=name).exists():
        raise GoldlineError(
            f"There is an operator named {name!r} already.", code="operator_exists", hint="Choose another name."
        )
    chosen = password or secrets.token_urlsafe(12)
    _check_password(chosen)
    with _transaction() as connection:
        User.objects.create_user(name, password=chosen, is_staff=role in member.OPERATOR_ROLES)
        member.enrol(connection, name, role, account)
        detail = {"role": role, "account": account}
        audit.record(connection, by, "user.create", f"user:{name}", detail, _now(connection))
    return NewOperator(name, chosen)


def give_role(name: str, role: str, account: str | None, by: Actor) -> None:
    """Give somebody another role, in force at their next request. Raises GoldlineError as `create_operator`."""
    prepare()
    from django.contrib.auth.models import User

    with _transaction() as connection:
        before = member.find(connection, name)
        if before is None:
            raise member.unknown(name)
        member.enrol(connection, name, role, account)
        User.objects.filter(username=name).update(is_staff=role in member.OPERATOR_ROLES)
        detail = {"role": role, "before": before.role, "account": account}
        audit.record(connection, by, "user.role", f"user:{name}", detail, _now(connection))


def shut_out(name: str, by: Actor, *, disabled: bool = True) -> None:
    """Shut somebody out from their next request on, or let them in again. Raises GoldlineError('no_member')."""
    prepare()
    from django.contrib.auth.models import User

    with _transaction() as connection:
        member.disable(connection, name, disabled=disabled)
        User.objects.filter(username=name).update(is_active=not disabled)
        action = "user.disable" if disabled else "user.enable"
        audit.record(connection, by, action, f"user:{name}", {}, _now(connection))


def first_operator(name: str = "admin") -> NewOperator | None:
    """The first account of an installation, with a made password; none when there is an account already."""
    prepare()
    from django.contrib.auth.models import User

    return None if User.objects.exists() else create_operator(name)


@contextmanager
def _transaction() -> Iterator[Connection[Any]]:
    """One transaction for Django's tables and the engine's: the engine's statements go over Django's connection."""
    from django.db import connection, transaction

    with transaction.atomic():
        connection.ensure_connection()
        assert connection.connection is not None
        yield connection.connection


def _now(connection: Connection[Any]) -> Any:
    row = connection.execute("SELECT coalesce((SELECT at FROM goldline.driven_clock), clock_timestamp())").fetchone()
    assert row is not None
    return row[0]


def set_up() -> None:
    """Set Django up in this process, if it is not yet."""
    import django
    from django.apps import apps

    from goldline.surfaces.web.engine import engine_url

    engine_url()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goldline.surfaces.web.settings")
    if not apps.ready:
        django.setup()


def _check_name(name: str) -> None:
    if not name or len(name) > 64 or not name.isascii() or not name.replace("-", "").replace(".", "").isalnum():
        raise GoldlineError(
            f"{name!r} cannot be an operator's name.",
            code="bad_operator_name",
            hint="Use 1 to 64 ASCII letters, digits, '-' and '.'.",
        )


def _check_password(password: str) -> None:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        validate_password(password)
    except ValidationError as fault:
        raise GoldlineError(" ".join(fault.messages), code="weak_password", hint="Choose a longer one.") from fault
