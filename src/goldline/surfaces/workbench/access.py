"""Who may open the workbench: a person who belongs to an account, and of that account alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from goldline.core.account.actor import Actor
from goldline.core.account.trail import WORKBENCH
from goldline.surfaces.web.access import Access, entrance
from goldline.surfaces.web.permission import matrix

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def reads(operation: str) -> Callable[[View[P]], View[P]]:
    """A page of one's own: signed out, one is asked to sign in; who belongs to no account gets 403."""
    return lambda view: _guarded(view, operation, require_safe)


def acts(operation: str) -> Callable[[View[P]], View[P]]:
    """A change to what is one's own, by POST."""
    return lambda view: _guarded(view, operation, require_POST)


def _guarded(view: View[P], operation: str, methods: Callable[[View[P]], View[P]]) -> View[P]:
    if operation not in matrix().grants:
        raise KeyError(f"{operation!r} is not an operation of permissions.toml")

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
        access = entrance(request, operation)
        if access.account is None or not access.account.startswith("merchant:"):
            raise PermissionDenied  # operators have the console, and creators no orders of their own
        request.access = access  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    made = wraps(view)(never_cache(methods(guarded)))
    made.operation = operation  # type: ignore[attr-defined]
    return made


def account_of(request: HttpRequest) -> str:
    """The account of whoever is signed in: 'merchant:m1'."""
    access: Access = request.access  # type: ignore[attr-defined]
    assert access.account is not None, "the decorator lets nobody else in"
    return access.account


def person_of(request: HttpRequest) -> Actor:
    """Who acts, for the trail."""
    return Actor("person", request.user.get_username(), WORKBENCH)
