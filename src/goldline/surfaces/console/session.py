"""Signing in and out. After five wrong passwords for a name, that name waits a quarter of an hour."""

from __future__ import annotations

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from goldline.core import guess
from goldline.surfaces.web.access import member_of
from goldline.surfaces.web.engine import engine


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; on success go where the operator was going."""
    target = _target(request)
    if request.user.is_authenticated:
        return redirect(target)
    if request.method != "POST":
        return _form(request, target)
    name = request.POST.get("username", "")[:150]
    if not guess.allowed(engine(), name):
        return _form(request, target, name, _("Too many wrong passwords. Wait a quarter of an hour."), status=429)
    user = authenticate(request, username=name, password=request.POST.get("password", "")[:200])
    if user is None:
        return _form(request, target, name, _("That name and password do not go together."), status=422)
    guess.forget(engine(), name)
    login(request, user)
    return redirect(_target(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("console:sign-in")


def _form(request: HttpRequest, target: str, name: str = "", refused: str = "", status: int = 200) -> HttpResponse:
    return render(request, "console/sign-in.html", {"next": target, "name": name, "refused": refused}, status=status)


def _target(request: HttpRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if safe and asked else reverse(_front_page(request))


def _front_page(request: HttpRequest) -> str:
    """Where one's work is: the console; the workbench or one's own content for who belongs to an account."""
    member = member_of(request)
    if member is None or member.account is None:
        return "console:overview"
    return "draft:content" if member.role == "creator" else "workbench:home"
