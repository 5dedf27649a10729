"""Pages of the console on accounts: who answers for what, and the ladders at work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import show, text
from goldline.surfaces.web.engine import Connection, engine, engine_now
from goldline.surfaces.web.reading import accounts as reading

SOON: Final = timedelta(hours=24)


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
    return show(request, "console/account.html", "console:accounts", **account_context(connection, name))


def account_context(connection: Connection, name: str) -> dict[str, Any]:
    """What a page about one merchant shows."""
    now, account = engine_now(connection), f"merchant:{name}"
    days = reading.days_of(connection, name)
    rows = reading.sanctions_of(connection, account)
    return {
        "name": name,
        "gates": reading.gates_of(connection, account, now),
        "sanctions": [(row, row.state_at(now)) for row in rows],
        "rungs": reading.rungs_of(connection, account, now),
        "days": days,
        "latest": days[-1] if days else None,
        "due": reading.due_soon(connection, name, now, SOON),
        "titles": reading.rule_titles(connection),
        "now": now,
        "zone": None,
    }


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
