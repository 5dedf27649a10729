"""Who may see the console, and who may act in it."""

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

from goldline.surfaces.web.operator import ACT_GROUP

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def looks(view: View[P]) -> View[P]:
    """A page for any operator: signed out, one is asked to sign in; an account without the console gets 403."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return _sign_in_first(request) or view(request, *args, **kwargs)

    return wraps(view)(never_cache(require_safe(guarded)))


def acts(view: View[P]) -> View[P]:
    """A change, by POST, for operators with the right to act; 403 for the others."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        asked = _sign_in_first(request)
        if asked is not None:
            return asked
        if not may_act(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return wraps(view)(never_cache(require_POST(guarded)))


def may_act(request: HttpRequest) -> bool:
    """Whether this operator may change things."""
    user = request.user
    return user.is_authenticated and (user.is_superuser or user.groups.filter(name=ACT_GROUP).exists())


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """Return to where a form came from; only to a page of ours."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else reverse(otherwise))


def _sign_in_first(request: HttpRequest) -> HttpResponse | None:
    if request.user.is_authenticated:
        if not request.user.is_staff:
            raise PermissionDenied
        return None
    target = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"
    if getattr(request, "htmx", False):
        # A redirect would be followed inside the fragment: tell htmx to take the whole page there.
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    return redirect(target)
