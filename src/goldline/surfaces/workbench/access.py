"""Who may open the workbench: a person who belongs to an account, and of that account alone."""

from __future__ import annotations

from django.http import HttpRequest

from goldline.core.account.trail import WORKBENCH
from goldline.surfaces.web.access import Access, Room, access_of, person_of

__all__ = ["account_of", "acts", "person_of", "reads"]


def _admits(access: Access) -> bool:
    # Operators have the console, and creators no orders of their own.
    return access.account is not None and access.account.startswith("merchant:")


BENCH = Room(WORKBENCH, _admits)
reads, acts = BENCH.looks, BENCH.acts


def account_of(request: HttpRequest) -> str:
    """The account of whoever is signed in: 'merchant:m1'."""
    account = access_of(request).account
    assert account is not None, "the guard lets nobody else in"
    return account
