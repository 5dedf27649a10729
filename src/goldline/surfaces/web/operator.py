"""Operators' accounts: who may look at the console, and who may act there.

Anybody with an account may look; re-driving, dropping, replaying and releasing money need the right to act.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from goldline.core.errors import GoldlineError

ACT_GROUP = "operators"


@dataclass(frozen=True, slots=True)
class NewOperator:
    """An account just made; the password is shown once and kept nowhere."""

    name: str
    password: str


def prepare() -> None:
    """Set Django up and bring its tables (people, sessions) to the present. Safe to call again."""
    set_up()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def create_operator(name: str, password: str | None = None, *, may_act: bool = True) -> NewOperator:
    """Make an account. A password is made when none is given.

    Raises GoldlineError: 'operator_exists', 'bad_operator_name', 'weak_password'.
    """
    prepare()
    from django.contrib.auth.models import Group, User

    _check_name(name)
    if User.objects.filter(username=name).exists():
        raise GoldlineError(
            f"There is an operator named {name!r} already.", code="operator_exists", hint="Choose another name."
        )
    chosen = password or secrets.token_urlsafe(12)
    _check_password(chosen)
    user = User.objects.create_user(name, password=chosen, is_staff=True)
    if may_act:
        user.groups.add(Group.objects.get_or_create(name=ACT_GROUP)[0])
    return NewOperator(name, chosen)


def first_operator(name: str = "admin") -> NewOperator | None:
    """The first account of an installation, with a made password; none when there is an account already."""
    prepare()
    from django.contrib.auth.models import User

    return None if User.objects.exists() else create_operator(name)


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
