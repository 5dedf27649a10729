"""Who asks, and what of it they may: found anew at every request, so that access that is taken away ends at once."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from goldline.core.audit import Actor
from goldline.core.member import BOUND_ROLES, OPERATOR_ROLES, Member, find
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.permission import Grant, matrix


@dataclass(frozen=True, slots=True)
class Access:
    """A permitted operation. `account` is None for everybody's objects; else nothing but that account's is there."""

    operation: str
    actor: Actor
    role: str
    account: str | None


def member_of(request: HttpRequest) -> Member | None:
    """The person signed in; None for nobody, for one who is shut out, and for an account without a role."""
    user = request.user
    if not user.is_authenticated or not user.is_active:
        return None
    found = find(engine(), user.get_username())
    return None if found is None or found.disabled else found


def entrance(request: HttpRequest, operation: str) -> Access:
    """What a signed-in person may of an operation. Raises PermissionDenied when that is nothing.

    A page for operators alone compares `account` with None; a merchant's page passes it on to `reading.own`.
    """
    member = member_of(request)
    grant = matrix().grant(operation, [member.role]) if member else Grant.DENIED
    if member is None or grant is Grant.DENIED or (grant is Grant.OWN and member.account is None):
        raise PermissionDenied
    kind = member.role if member.role in BOUND_ROLES else "operator"
    actor = Actor(kind, member.name)  # type: ignore[arg-type]  # the bound roles are kinds of actors
    return Access(operation, actor, member.role, member.account if grant is Grant.OWN else None)


def is_operator(member: Member) -> bool:
    """Whether somebody works for the marketplace, and so may open the console."""
    return member.role in OPERATOR_ROLES
