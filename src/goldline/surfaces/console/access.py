"""Who may see the console, and who may act in it: each page and each change names its operation."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from goldline.core.audit import Actor
from goldline.surfaces.web.access import Access, entrance, is_operator, member_of
from goldline.surfaces.web.permission import Grant, matrix

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def looks(operation: str) -> Callable[[View[P]], View[P]]:
    """A page for operators whose role may read it: signed out, one is asked to sign in; the others get 403."""
    return lambda view: _guarded(view, operation, require_safe)


def acts(operation: str) -> Callable[[View[P]], View[P]]:
    """A change, by POST, for operators whose role may make it; 403 for the others."""
    return lambda view: _guarded(view, operation, require_POST)


def _guarded(view: View[P], operation: str, methods: Callable[[View[P]], View[P]]) -> View[P]:
    if operation not in matrix().grants:
        raise KeyError(f"{operation!r} is not an operation of permissions.toml")

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        asked = _sign_in_first(request)
        if asked is not None:
            return asked
        access = entrance(request, operation)
        if access.account is not None:
            raise PermissionDenied  # the console shows everybody's
        request.access = access  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    made = wraps(view)(never_cache(methods(guarded)))
    made.operation = operation  # type: ignore[attr-defined]
    return made


def access_of(request: HttpRequest) -> Access:
    """What the decorator of this view has let in."""
    found: Access = request.access  # type: ignore[attr-defined]
    return found


def actor_of(request: HttpRequest) -> Actor:
    """Who asks, for the audit trail."""
    return access_of(request).actor


class May:
    """What a template asks before it offers something: `may.remedy_release` is the operation 'remedy.release'."""

    def __init__(self, role: str) -> None:
        self.role = role

    def __getitem__(self, name: str) -> bool:
        """Whether the role may do all of the operation. Raises KeyError for one that is not in the matrix."""
        return matrix().grant(name.replace("_", ".", 1), [self.role]) is Grant.ALLOWED


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """Return to where a form came from; only to a page of ours."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else reverse(otherwise))


def _sign_in_first(request: HttpRequest) -> HttpResponse | None:
    if request.user.is_authenticated:
        member = member_of(request)
        if member is None or not is_operator(member):
            raise PermissionDenied
        return None
    target = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"
    if getattr(request, "htmx", False):
        # A redirect would be followed inside the fragment: tell htmx to take the whole page there.
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    return redirect(target)
