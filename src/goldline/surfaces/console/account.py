"""Pages of the console on accounts: who answers for what, and the ladders at work."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from goldline.core.account.statement import Statement
from goldline.core.errors import GoldlineError
from goldline.core.ledger.accrual import derived_id
from goldline.market.sanction import ACTIONS
from goldline.surfaces.console import bookmark
from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import paging, show, text
from goldline.surfaces.web import language
from goldline.surfaces.web.engine import Connection, engine, engine_now
from goldline.surfaces.web.reading import accounts as reading
from goldline.surfaces.web.reading.accounts import account_page
from goldline.surfaces.web.reading.appeals import appeals, told
from goldline.surfaces.web.reading.explanation import finding_explained, rules
from goldline.surfaces.web.reading.page import BadCursor
from goldline.surfaces.web.reading.sanctions import STATES, SanctionFilter, chosen_sanctions


@looks("account.read")
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts that were ever sanctioned, or the one asked for."""
    connection, asked = engine(), text(request, "merchant")
    account = f"merchant:{asked}" if asked else None
    rows = reading.accounts(connection, engine_now(connection), account)
    return show(
        request, "console/accounts.html", "console:accounts", rows=rows, asked=asked, account=account or "",
        **bookmark.kept(request, "accounts"),
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
def sanctions(request: HttpRequest) -> HttpResponse:
    """Every sanction, newest first, filtered by the URL."""
    connection = engine()
    chosen = SanctionFilter(
        account=text(request, "account"), ladder=text(request, "ladder"), action=text(request, "action"),
        state=text(request, "state", STATES),
    )  # fmt: skip
    try:
        found = chosen_sanctions(connection, chosen, request.GET.get("cursor"))
    except BadCursor as fault:
        raise Http404 from fault
    titles = reading.rule_titles(connection)
    return show(
        request, "console/sanctions.html", "console:accounts", rows=found.rows, chosen=chosen, states=STATES,
        ladders=[(each.policy, each.title) for each in rules(connection).ladders], titles=titles,
        actions=sorted(ACTIONS.items()), filtered=chosen != SanctionFilter(), **bookmark.kept(request, "sanctions"),
        **paging(request, found),
    )  # fmt: skip


@looks("sanction.read")
def sanction(request: HttpRequest, sanction_id: UUID) -> HttpResponse:
    """One sanction with the facts its rule saw."""
    connection = engine()
    row = reading.sanction(connection, sanction_id)
    if row is None:
        raise Http404
    filed = appeals(connection, row.account, "", None, 100).rows
    return show(
        request, "console/sanction.html", "console:accounts", row=row, state=row.state_at(engine_now(connection)),
        titles=reading.rule_titles(connection), statement=_statement(connection, sanction_id),
        explained=finding_explained(connection, row.finding_id), zone=None,
        filed=[(each, derived_id("case", "appeal", str(each["id"]))) for each in filed
               if each["finding_id"] == row.finding_id],
    )  # fmt: skip


def _statement(connection: Connection, sanction_id: UUID) -> Statement | None:
    """Why it was imposed; None where none was issued, as before statements were."""
    with suppress(GoldlineError):
        return told(connection, sanction_id, "reviewer", language.current())
    return None


@looks("policy.read")
def ladders(request: HttpRequest) -> HttpResponse:
    """Every ladder at work."""
    connection = engine()
    rows = reading.ladders_at_work(connection, engine_now(connection))
    return show(request, "console/ladders.html", "console:accounts", rows=rows)
