"""Pages of the console for reviewers: the queue, a case, the appeals, and the workload for whoever leads.

What a case is about is shown to the one who holds it, to the one who answered it, and to whoever leads; to others it
is a line in the queue. Changes are in `judgement`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from goldline.core.account import evidence, report
from goldline.core.account.appeal import OUTCOMES
from goldline.core.decision.record import find as find_decision
from goldline.core.errors import GoldlineError
from goldline.core.ledger.accrual import derived_id
from goldline.market.likeness.register import CASE_KIND
from goldline.surfaces.console import bookmark
from goldline.surfaces.console.access import May, access_of, looks
from goldline.surfaces.console.frame import paging, show, text
from goldline.surfaces.web import language
from goldline.surfaces.web.engine import Connection, engine, engine_now
from goldline.surfaces.web.reading import accounts, clusters, queue
from goldline.surfaces.web.reading import appeals as reading
from goldline.surfaces.web.reading.explanation import finding_explained, rules
from goldline.surfaces.web.reading.page import LIMIT_DEFAULT, BadCursor, Row

CASE_STATES: Final = ("open", "settled", "dropped", "all")
APPEAL_STATES: Final = ("filed", "evidence_asked", "upheld", "overturned", "partly", "withdrawn")
MOST_DRAFTS: Final = 20
ENDED: Final = ("revoked", "released", "waived")  # lines of a statement that tell what became of it


@dataclass(frozen=True, slots=True)
class Typed:
    """What a reviewer has typed on a case's page and not yet sent for good: kept with the sign-in, lost nowhere."""

    outcome: str = ""
    words: str = ""
    waive: tuple[str, ...] = ()
    note: str = ""
    ask: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a case's page says besides the case: what an answer would do, and what could not be done."""

    foretold: dict[str, Any] | None = None
    mark: str = ""
    changed: bool = False
    lost: bool = False
    faults: list[str] = field(default_factory=list)


@looks("case.read")
def cases(request: HttpRequest) -> HttpResponse:
    """What I hold, the way to the next case, and everything that waits, filtered by the URL."""
    connection = engine()
    now, name = engine_now(connection), access_of(request).actor.name
    state = text(request, "state", CASE_STATES, default="open") or "open"
    kind, holder = text(request, "kind", queue.KINDS), text(request, "holder")
    account, late = text(request, "account"), text(request, "late", ("yes",))
    try:
        found = reading.cases(
            connection, "" if state == "all" else state, kind, name if holder == "me" else holder,
            request.GET.get("cursor"), LIMIT_DEFAULT, account=account, due_before=now if late else None,
        )  # fmt: skip
    except BadCursor as fault:
        raise Http404 from fault
    mine = [(each, queue.clocks(each, now)) for each in queue.mine(connection, name, now)]
    return show(
        request, "console/cases.html", "console:cases", rows=found.rows, mine=mine, now=now, name=name,
        waiting=sum(each.waiting for each in queue.waiting(connection, now)),
        reviewer=queue.is_reviewer(connection, name), state=state, kind=kind, holder=holder, account=account, late=late,
        kinds=queue.KINDS, states=CASE_STATES, filtered=bool(kind or holder or account or late or state != "open"),
        **bookmark.kept(request, "cases"), **paging(request, found),
    )  # fmt: skip


@looks("case.read")
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One case: what it is about, its clocks, and, for its holder, the answer."""
    return show_case(request, case_id, Told())


def show_case(request: HttpRequest, case_id: UUID, told: Told, status: int = 200) -> HttpResponse:
    """The page of a case, with what was typed on it before."""
    connection = engine()
    now, access = engine_now(connection), access_of(request)
    row = _found(connection, case_id)
    held = queue.is_held(row, now)
    holds = held and row["holder"] == access.actor.name
    ended = queue.settled(connection, case_id)
    leads = May(access.role)["workload_read"]
    sees = holds or leads or ended["settled_by"] == access.actor.name
    shown = {**_about(connection, row), "ended": ended} if sees else {}
    response = show(
        request, "console/case.html", "console:cases", row=row, holds=holds, held=held, sees=sees, now=now,
        clocks=queue.clocks(row, now), typed=typed_of(request, case_id), told=told, outcomes=OUTCOMES,
        others=queue.others(connection, access.actor.name) if holds else [], zone=None, **shown,
    )  # fmt: skip
    response.status_code = status
    return response


@looks("case.read")
def clock(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """The clocks of a case alone: what its page asks for while it is open."""
    connection = engine()
    now = engine_now(connection)
    row = _found(connection, case_id)
    holds = queue.is_held(row, now) and row["holder"] == access_of(request).actor.name
    return render(
        request, "console/clock.html", {"row": row, "clocks": queue.clocks(row, now), "holds": holds, "live": True}
    )


@looks("evidence.read")
def evidence_file(request: HttpRequest, case_id: UUID, sha256: str) -> HttpResponse:
    """A file of the appeal a case is about: as an attachment, under headers that let nothing in it run."""
    connection = engine()
    now, access = engine_now(connection), access_of(request)
    row = _found(connection, case_id)
    holds = queue.is_held(row, now) and row["holder"] == access.actor.name
    if row["kind"] != "appeal" or not (holds or May(access.role)["workload_read"]):
        raise Http404
    try:
        found = evidence.fetch(connection, UUID(row["subject"]), sha256)
    except GoldlineError as fault:
        raise Http404 from fault
    return HttpResponse(found.body, headers=dict(found.headers))


@looks("appeal.read")
def appeals(request: HttpRequest) -> HttpResponse:
    """Who objects to what, newest first, filtered by the URL; each with the way to its case."""
    connection = engine()
    now = engine_now(connection)
    state, account = text(request, "state", APPEAL_STATES), text(request, "account")
    late = text(request, "late", ("yes",))
    try:
        found = reading.appeals(
            connection, account, state, request.GET.get("cursor"), LIMIT_DEFAULT, due_before=now if late else None
        )
    except BadCursor as fault:
        raise Http404 from fault
    rows = [{**each, "case_id": derived_id("case", "appeal", str(each["id"]))} for each in found.rows]
    return show(
        request, "console/appeals.html", "console:cases", rows=rows, state=state, account=account, late=late, now=now,
        states=APPEAL_STATES, reasons=_reasons(connection), filtered=bool(state or account or late),
        **bookmark.kept(request, "appeals"), **paging(request, found),
    )  # fmt: skip


@looks("workload.read")
def workload(request: HttpRequest) -> HttpResponse:
    """The queue for whoever leads: what waits, who holds what, how they agree, and how many it takes."""
    connection = engine()
    now = engine_now(connection)
    seen = queue.overview(connection, now)
    return show(
        request, "console/workload.html", "console:cases", seen=seen, now=now, kinds=queue.KINDS,
        waiting=sum(each.waiting for each in seen.kinds), overdue=sum(each.overdue for each in seen.kinds),
        oldest=min((each.oldest_at for each in seen.kinds if each.oldest_at), default=None),
        share=round(queue.SHARE * 100), within_s=queue.BEGUN_WITHIN_S, over=queue.MEASURED_OVER,
    )  # fmt: skip


def _found(connection: Connection, case_id: UUID) -> Row:
    try:
        return reading.case(connection, case_id)
    except GoldlineError as fault:
        raise Http404 from fault


def _about(connection: Connection, row: Row) -> dict[str, Any]:
    """What a case is about: of an appeal all that a reviewer needs, of a decision the way to it."""
    if row["kind"] == CASE_KIND:
        return {"cluster": clusters.cluster(connection, UUID(row["subject"]))}
    if row["kind"] == "decision":
        return {"decision": find_decision(connection, UUID(row["subject"]))}
    if row["kind"] == report.KIND:
        explained = finding_explained(connection, UUID(row["subject"]))
        return {"reported": True, "explained": explained, "titles": accounts.rule_titles(connection)}
    appeal = row["appeal"]
    if appeal is None:
        return {}
    # A sample looks as the case did then: neither what became of the sanctions nor of the finding is told.
    statement = (
        reading.told(connection, appeal["sanction_id"], "reviewer", language.current())
        if appeal["sanction_id"]
        else reading.told_of_finding(connection, appeal["finding_id"], "reviewer", language.current())
    )
    return {
        "appeal": appeal,
        "reason": _reasons(connection).get((appeal["terms"], appeal["reason"]), appeal["reason"]),
        "lines": [each for each in statement.lines if each.name not in ENDED],
        "explained": finding_explained(connection, appeal["finding_id"]),
        "sanctions": queue.at_filing(connection, row["account"], appeal["finding_id"], appeal["filed_at"]),
        "titles": accounts.rule_titles(connection),
    }


def _reasons(connection: Connection) -> dict[tuple[str, str], Any]:
    return {(terms.policy, each.id): each.title for terms in rules(connection).appeals for each in terms.reasons}


def typed_of(request: HttpRequest, case_id: UUID) -> Typed:
    """What was typed on this case's page and not sent for good."""
    kept: dict[str, Any] = request.session.get("typed", {}).get(str(case_id), {})
    return Typed(**{**kept, "waive": tuple(kept.get("waive", ()))})
