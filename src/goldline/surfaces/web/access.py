"""Who asks, and what of it they may: found anew at every request, so that access that is taken away ends at once.

One guard stands before every page and change of every room: the operators' console, the merchants' workbench, and the
draft checker, which is everybody's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goldline.core.account.actor import Actor as Decider
from goldline.core.audit import Actor
from goldline.core.member import BOUND_ROLES, Member, find
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.permission import Grant, matrix

# PostgreSQL holds no text with it, and no keyboard types it.
NUL: Final = "\x00"
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


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


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the house: its name, as the trail has it, and whom it admits of those whom the matrix permits."""

    name: str
    admits: Callable[[Access], bool]

    def looks(self, operation: str) -> Callable[[View[P]], View[P]]:
        """A page for those whose role may read it: signed out, one is asked to sign in; the others get 403."""
        return lambda view: self._guarded(view, operation, require_safe)

    def acts(self, operation: str) -> Callable[[View[P]], View[P]]:
        """A change, by POST, for those whose role may make it; 403 for the others."""
        return lambda view: self._guarded(view, operation, require_POST)

    def tries(self, operation: str) -> Callable[[View[P]], View[P]]:
        """A page that is also sent a form and changes nothing, for those whose role may read it."""
        return lambda view: self._guarded(view, operation, require_http_methods(["GET", "HEAD", "POST"]))

    def _guarded(self, view: View[P], operation: str, methods: Callable[[View[P]], View[P]]) -> View[P]:
        if operation not in matrix().grants:
            raise KeyError(f"{operation!r} is not an operation of permissions.toml")

        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(request)
            access = entrance(request, operation)
            if not self.admits(access):
                raise PermissionDenied
            if any(NUL in value for _, values in request.POST.lists() for value in values):
                raise BadRequest("The form has a character that no record can hold.")
            request.access = access  # type: ignore[attr-defined]
            request.room = self.name  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        made = wraps(view)(never_cache(methods(guarded)))
        made.operation = operation  # type: ignore[attr-defined]
        return made


def access_of(request: HttpRequest) -> Access:
    """What the guard of this view has let in."""
    found: Access = request.access  # type: ignore[attr-defined]
    return found


def actor_of(request: HttpRequest) -> Actor:
    """Who asks, for the audit trail."""
    return access_of(request).actor


def person_of(request: HttpRequest) -> Decider:
    """The same person as one who decides about an account, with the room acted through."""
    return Decider("person", access_of(request).actor.name, request.room)  # type: ignore[attr-defined]


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        # A redirect would be followed inside the fragment: tell htmx to take the whole page there.
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
