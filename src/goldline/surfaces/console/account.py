"""Pages of the console on accounts: who answers for what, and the ladders at work."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import show, text
from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.reading import accounts as reading
from goldline.surfaces.web.reading.accounts import account_page


@looks("account.read")
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts that were ever sanctioned, or the one asked for."""
    connection, asked = engine(), text(request, "merchant")
    account = f"merchant:{asked}" if asked else None
    rows = reading.accounts(connection, engine_now(connection), account)
    return show(
        request, "console/accounts.html", "console:accounts", rows=rows, asked=asked, account=account or ""
    )  # fmt: skip


@looks("account.read")
def account(request: HttpRequest, account: str) -> HttpResponse:
    """One account: gates, sanctions, ladders, days, what is due soon."""
    party, _, name = account.partition(":")
    if party != "merchant" or not name or "\x00" in name:
        raise Http404
    connection = engine()
    return show(request, "console/account.html", "console:accounts", **account_page(connection, name))


@looks("sanction.read")
def sanction(request: HttpRequest, sanction_id: UUID) -> HttpResponse:
    """One sanction with the facts its rule saw."""
    connection = engine()
    row = reading.sanction(connection, sanction_id)
    if row is None:
        raise Http404
    titles = reading.rule_titles(connection)
    state = row.state_at(engine_now(connection))
    return show(request, "console/sanction.html", "console:accounts", row=row, state=state, titles=titles)


@looks("policy.read")
def ladders(request: HttpRequest) -> HttpResponse:
    """Every ladder at work."""
    connection = engine()
    rows = reading.ladders_at_work(connection, engine_now(connection))
    return show(request, "console/ladders.html", "console:accounts", rows=rows)
