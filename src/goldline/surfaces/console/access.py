"""Who may see the console, and who may act in it: each page and each change names its operation."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from goldline.core.member import OPERATOR_ROLES
from goldline.surfaces.web.access import Room, access_of, actor_of, person_of
from goldline.surfaces.web.permission import Grant, matrix

__all__ = ["CONSOLE", "May", "access_of", "actor_of", "acts", "back", "looks", "person_of"]

# The console shows everybody's, so it admits nobody who is bound to an account.
CONSOLE = Room("console", lambda access: access.account is None and access.role in OPERATOR_ROLES)
looks, acts = CONSOLE.looks, CONSOLE.acts


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
