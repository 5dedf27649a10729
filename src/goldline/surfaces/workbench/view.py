"""Pages of the workbench. Each shows the signed-in account's own; of another's the answer is 404."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goldline.core.account import appeal, evidence
from goldline.core.errors import GoldlineError
from goldline.core.policy.appeal import terms_for
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.web import language
from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.reading import accounts as reading
from goldline.surfaces.web.reading import appeals as appeal_reading
from goldline.surfaces.web.reading import campaigns
from goldline.surfaces.web.reading.explanation import rules
from goldline.surfaces.web.reading.own import has_order
from goldline.surfaces.web.reading.standings import answer_of
from goldline.surfaces.web.reading.story import story_of
from goldline.surfaces.workbench.access import account_of, acts, person_of, reads

PAGES = (
    ("workbench:home", gettext_lazy("Today")),
    ("workbench:sanctions", gettext_lazy("Sanctions")),
    ("workbench:appeals", gettext_lazy("Appeals")),
    ("draft:check", gettext_lazy("Check a draft")),
)
MOST_MOVES = 5


def show(request: HttpRequest, template: str, here: str, **context: Any) -> HttpResponse:
    """Render a page of the workbench; `here` is the navigation entry it belongs to."""
    shared = {"workbench_pages": PAGES, "here": here, "account": account_of(request)}
    return render(request, template, {**context, **shared})


@reads("account.read")
def home(request: HttpRequest) -> HttpResponse:
    """Today: the score and what moves it, what is about to break, gates, sanctions in effect, the next steps."""
    connection, account = engine(), account_of(request)
    page = reading.account_page(connection, account.partition(":")[2])
    standing = answer_of(connection, account)
    in_effect = [(row, state) for row, state in page["sanctions"] if state == "in_force"]
    plans = appeal_reading.plans(connection, account)
    scores = [{**each, "moves": _moves(each)} for each in standing["scores"]]
    return show(
        request, "workbench/home.html", "workbench:home", **{**page, "sanctions": in_effect},
        scores=scores, avoidable=standing["violations"], plans=plans,
        called=campaigns.called(connection, account, engine_now(connection)),
    )  # fmt: skip


def _moves(score: dict[str, Any]) -> list[dict[str, Any]]:
    """What would move a score most, each with the title of its indicator."""
    titles = {each["id"]: each["title"] for dimension in score["dimensions"] for each in dimension["indicators"]}
    return [{**move, "title": titles.get(move["indicator"], move["indicator"])} for move in score["moves"][:MOST_MOVES]]


@reads("sanction.read")
def sanctions(request: HttpRequest) -> HttpResponse:
    """Every sanction on the account, and where it stands on each ladder."""
    page = reading.account_page(engine(), account_of(request).partition(":")[2])
    return show(request, "workbench/sanctions.html", "workbench:sanctions", **page)


@reads("statement.read")
def sanction(request: HttpRequest, sanction_id: UUID) -> HttpResponse:
    """One sanction: the statement of reasons, and the way to appeal."""
    connection, account = engine(), account_of(request)
    row = reading.sanction(connection, sanction_id)
    if row is None or row.account != account:
        raise Http404
    now = engine_now(connection)
    terms = terms_for(rules(connection).appeals, row.ladder, "merchant")
    filed = [each for each in _appeals(account) if each["finding_id"] == row.finding_id]
    statement = appeal_reading.told(connection, sanction_id, "account", language.current())
    return show(
        request, "workbench/sanction.html", "workbench:sanctions", row=row, state=row.state_at(now), terms=terms,
        titles=reading.rule_titles(connection), statement=statement, filed=filed, zone=None,
    )  # fmt: skip


@acts("appeal.file")
def file_appeal(request: HttpRequest, sanction_id: UUID) -> HttpResponse:
    """Appeal against a sanction; what is refused is said on its page."""
    connection, account = engine(), account_of(request)
    row = reading.sanction(connection, sanction_id)
    if row is None or row.account != account:
        raise Http404
    words, reason = request.POST.get("words", ""), request.POST.get("reason", "")
    filing = appeal.Filing(account, reason, words, None, sanction_id, language.current())
    known = rules(connection)
    try:
        with connection.transaction():
            filed = appeal.file(connection, known, filing, person_of(request), engine_now(connection))
    except GoldlineError as fault:
        return _refused(request, fault, "workbench:sanction", sanction_id)
    messages.success(request, _("Your appeal was filed."))
    return redirect("workbench:appeal", filed.appeal_id)


@reads("appeal.read")
def appeals(request: HttpRequest) -> HttpResponse:
    """The account's appeals, newest first."""
    return show(request, "workbench/appeals.html", "workbench:appeals", rows=_appeals(account_of(request)), zone=None)


@reads("appeal.read")
def appeal_page(request: HttpRequest, appeal_id: UUID) -> HttpResponse:
    """One appeal: its state, its clock, its evidence, its answer."""
    found = _appeal(request, appeal_id)
    terms = next((each for each in rules(engine()).appeals if each.policy == found["terms"]), None)
    reason = terms.reason(found["reason"]) if terms else None
    kinds = reason.evidence if reason else ()
    pending = found["state"] in ("filed", "claimed", "evidence_asked")
    return show(
        request, "workbench/appeal.html", "workbench:appeals", found=found, reason=reason, kinds=kinds,
        types=", ".join(evidence.TYPES), pending=pending, zone=None,
    )  # fmt: skip


@acts("appeal.file")
def add_evidence(request: HttpRequest, appeal_id: UUID) -> HttpResponse:
    """Hand in a file with an appeal."""
    _appeal(request, appeal_id)
    file = request.FILES.get("file")
    if file is None or isinstance(file, list):
        fault = GoldlineError("No file was chosen.", code="evidence_refused", hint="Choose one and send it again.")
        return _refused(request, fault, "workbench:appeal", appeal_id)
    media_type = (file.content_type or "").strip().lower()
    upload = evidence.Upload(request.POST.get("kind", ""), file.name or "", media_type, file.read())
    connection = engine()
    known = rules(connection)
    try:
        with connection.transaction():
            now = engine_now(connection)
            evidence.add(connection, known, appeal_id, account_of(request), upload, person_of(request), now)
    except GoldlineError as fault:
        return _refused(request, fault, "workbench:appeal", appeal_id)
    messages.success(request, _("The file was added to your appeal."))
    return redirect("workbench:appeal", appeal_id)


@acts("appeal.file")
def withdraw(request: HttpRequest, appeal_id: UUID) -> HttpResponse:
    """Take an appeal back."""
    _appeal(request, appeal_id)
    connection = engine()
    try:
        with connection.transaction():
            now = engine_now(connection)
            appeal.withdraw(connection, vocabulary(), appeal_id, account_of(request), person_of(request), now)
    except GoldlineError as fault:
        return _refused(request, fault, "workbench:appeal", appeal_id)
    messages.success(request, _("Your appeal was withdrawn."))
    return redirect("workbench:appeal", appeal_id)


@reads("order.read")
def order(request: HttpRequest, order_id: str) -> HttpResponse:
    """One order of the merchant's: every promise, its clock, and what a breach costs."""
    connection = engine()
    if not has_order(connection, account_of(request), order_id):
        raise Http404
    story = story_of(connection, order_id)
    return show(request, "workbench/order.html", "workbench:home", story=story, order_id=order_id, zone=None)


def _appeals(account: str) -> list[dict[str, Any]]:
    return appeal_reading.appeals(engine(), account, "", None, 100).rows


def _appeal(request: HttpRequest, appeal_id: UUID) -> dict[str, Any]:
    """An appeal of the account's own; 404 for any other."""
    try:
        return appeal_reading.appeal(engine(), appeal_id, account_of(request))
    except GoldlineError as fault:
        raise Http404 from fault


def _refused(request: HttpRequest, fault: GoldlineError, page: str, ident: UUID) -> HttpResponse:
    messages.error(request, fault.told)
    return redirect(page, ident)
