"""What a reviewer may do with a case: take it, wait, hand it on, and answer it. Each is one transaction, by POST.

What was typed is kept with the sign-in before anything is tried, so that a claim that was lost costs nobody a word.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from goldline.core import audit
from goldline.core.account import appeal, report, review, sample
from goldline.core.errors import GoldlineError
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.console.access import actor_of, acts, person_of
from goldline.surfaces.console.review import MOST_DRAFTS, Told, Typed, show_case, typed_of
from goldline.surfaces.web.engine import Connection, engine, engine_now
from goldline.surfaces.web.reading import queue

LOST: Final = ("claim_lost",)
# One case in twenty is one whose answer is known, so that agreement can be measured.
SAMPLES: Final = Fraction(1, 20)
HOURS_MAX: Final = 24 * 30


@acts("case.work")
def take_next(request: HttpRequest) -> HttpResponse:
    """Claim the case that matters most among those this person may judge, and open it."""
    connection, name = engine(), actor_of(request).name
    try:
        with connection.transaction():
            claim = sample.take_next(connection, name, engine_now(connection), SAMPLES)
    except GoldlineError as fault:
        messages.error(request, _said(fault), extra_tags="bad")
        return redirect("console:cases")
    if claim is None:
        messages.info(request, _("No case waits for you."), extra_tags="wait")
        return redirect("console:cases")
    return redirect("console:case", claim.case_id)


@acts("case.work")
def move(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Claim, renew, release, hold, hand over, escalate or settle a case, ask for evidence, or note something."""
    chosen, connection = MOVES.get(request.POST.get("move", "")), engine()
    if not _exists(connection, case_id):
        raise Http404
    _keep_typed(request, case_id)
    if chosen is None:
        return _answered(request, case_id)
    try:
        with connection.transaction():
            done = chosen(connection, request, case_id, engine_now(connection))
    except GoldlineError as fault:
        return _refused(request, case_id, fault)
    messages.success(request, done, extra_tags="good")
    return redirect("console:case", case_id)


def _answered(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show what an answer would do; or do it, if that is still exactly what was shown."""
    connection, typed = engine(), typed_of(request, case_id)
    if typed.outcome not in appeal.OUTCOMES:
        fault = GoldlineError(_("Choose an answer first."), code="invalid", where="outcome")
        return _refused(request, case_id, fault)
    words = appeal.Answer(typed.outcome, typed.words, _uuids(typed.waive))
    person, epoch = person_of(request), _epoch(request)
    try:
        if request.POST.get("move") != "answer":
            effect = appeal.foretell(
                connection, vocabulary(), case_id, epoch, words, person, engine_now(connection)
            )  # fmt: skip
            return show_case(request, case_id, Told(effect, mark_of(effect, words)))
        with connection.transaction():
            now = engine_now(connection)
            effect = appeal.foretell(connection, vocabulary(), case_id, epoch, words, person, now)
            mark = mark_of(effect, words)
            as_shown = request.POST.get("mark") == mark
            if as_shown:
                appeal.decide(connection, vocabulary(), case_id, epoch, words, person, now)
    except GoldlineError as fault:
        return _refused(request, case_id, fault)
    if not as_shown:
        return show_case(request, case_id, Told(effect, mark, changed=True), 409)
    _forget_typed(request, case_id)
    messages.success(request, _("The case is answered."), extra_tags="good")
    return redirect("console:cases")


def mark_of(effect: Mapping[str, Any], answer: appeal.Answer) -> str:
    """A mark of what was shown: another effect or other words have another."""
    told = [effect, answer.outcome, answer.words.strip(), sorted(map(str, answer.waive))]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _claim(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    claim = review.take(connection, actor_of(request).name, now, case_id=case_id)
    if claim is None:
        raise GoldlineError(_("Somebody else holds this case, or it is not for you."), code="not_able")
    return _("You hold this case now.")


def _renew(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    review.renew(connection, case_id, actor_of(request).name, _epoch(request), now)
    return _("You hold this case for another hour.")


def _release(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    review.release(connection, case_id, actor_of(request).name, _epoch(request), now)
    return _("The case is free for whoever comes first.")


def _hold(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    until = now + timedelta(hours=_hours(request))
    review.hold(connection, case_id, actor_of(request).name, _epoch(request), until, _why(request), now)
    return _("The case waits, and comes back by itself.")


def _ask(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    until, words = now + timedelta(hours=_hours(request)), request.POST.get("ask", "")
    appeal.ask_evidence(connection, case_id, _epoch(request), words, until, person_of(request), now)
    _forget_typed(request, case_id, "ask")
    return _("Evidence was asked for; the case waits for it.")


def _hand_over(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    to = request.POST.get("to", "")[: review.NAME_MAX]
    review.hand_over(connection, case_id, actor_of(request).name, _epoch(request), to, now)
    return _("%(name)s holds the case now.") % {"name": to}


def _escalate(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    review.enter(connection, case_id, actor_of(request).name, _epoch(request), now)
    review.escalate(connection, case_id, str(person_of(request)), _why(request), now)
    _forget_typed(request, case_id, "why")
    return _("The case goes before the others now.")


def _note(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    name = actor_of(request).name
    review.enter(connection, case_id, name, _epoch(request), now)
    review.note(connection, case_id, name, request.POST.get("note", ""), now)
    audit.record(connection, actor_of(request), "case.noted", f"case:{case_id}", {}, now)
    _forget_typed(request, case_id, "note")
    return _("The note is kept.")


def _settle(connection: Connection, request: HttpRequest, case_id: UUID, now: datetime) -> str:
    name, words = actor_of(request).name, request.POST.get("words", "").strip()
    held = review.enter(connection, case_id, name, _epoch(request), now)
    if held.kind == "appeal":
        raise GoldlineError("An appeal is answered, not settled.", code="invalid")
    if not words or len(words) > appeal.WORDS_MAX:
        raise GoldlineError(_("Say the answer in words."), code="invalid", where="words")
    if held.kind == report.KIND:
        outcome, person = report.outcome_of(request.POST.get("outcome", "")), person_of(request)
        report.decide(connection, vocabulary(), case_id, _epoch(request), outcome, words, person, now)
    else:
        review.settle(connection, case_id, name, words, now)
    _forget_typed(request, case_id)
    return _("The case is answered.")


Move = Callable[[Connection, HttpRequest, UUID, datetime], str]
MOVES: Final[Mapping[str, Move]] = {
    "claim": _claim, "renew": _renew, "release": _release, "hold": _hold, "ask": _ask, "hand-over": _hand_over,
    "escalate": _escalate, "note": _note, "settle": _settle,
}  # fmt: skip


@acts("reviewer.add")
def add_reviewer(request: HttpRequest) -> HttpResponse:
    """Add a reviewer, or change what one knows and may hold at once."""
    name = request.POST.get("name", "").strip()
    kinds = [each for each in request.POST.getlist("kinds") if each in queue.KINDS]
    holds = _number(request, "most", digits=4)
    if not review.can_name(name) or not 0 < holds <= 1_000:
        messages.error(request, _("A reviewer has a name and holds 1 to 1,000 cases at once."), extra_tags="bad")
        return redirect("console:workload")
    connection = engine()
    with connection.transaction():
        now = engine_now(connection)
        review.add_reviewer(connection, name, kinds=kinds, most=holds)
        detail: audit.Detail = {"kinds": kinds, "most": holds}
        audit.record(connection, actor_of(request), "reviewer.add", f"reviewer:{name}", detail, now)
    messages.success(request, _("%(name)s is a reviewer.") % {"name": name}, extra_tags="good")
    return redirect("console:workload")


def _refused(request: HttpRequest, case_id: UUID, fault: GoldlineError) -> HttpResponse:
    """The case's page again, with what could not be done and everything that was typed."""
    if fault.code in LOST:
        return show_case(request, case_id, Told(lost=True), 409)
    return show_case(request, case_id, Told(faults=[_said(fault)]), 422)


def _said(fault: GoldlineError) -> str:
    if fault.code == "no_reviewer":
        return _("You are not among the reviewers yet.")
    if fault.code == "workload":
        return _("You hold as many cases as you may. Answer or release one first.")
    return fault.told


def _exists(connection: Connection, case_id: UUID) -> bool:
    return connection.execute("SELECT 1 FROM review_case WHERE id = %s", (case_id,)).fetchone() is not None


def _number(request: HttpRequest, name: str, *, digits: int) -> int:
    """A whole number of a form; 0 for what is none, or has more digits."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else 0


def _epoch(request: HttpRequest) -> int:
    return _number(request, "epoch", digits=9)


def _hours(request: HttpRequest) -> int:
    hours = _number(request, "hours", digits=5)
    if not 0 < hours <= HOURS_MAX:
        raise GoldlineError(_("Say for how long."), code="invalid", where="hours")
    return hours


def _why(request: HttpRequest) -> str:
    why = request.POST.get("why", "").strip()[:300]
    if not why:
        raise GoldlineError(_("Say why, for the record."), code="invalid", where="why")
    return why


def _uuids(texts: tuple[str, ...]) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(each) for each in texts)
    except ValueError:
        return ()


def _keep_typed(request: HttpRequest, case_id: UUID) -> None:
    """Keep what was typed, of the last cases only."""
    if "words" not in request.POST:
        return  # a button that stands alone, beside no field
    longest = {"outcome": 20, "words": appeal.WORDS_MAX + 1, "note": review.NOTE_MAX + 1,
               "ask": appeal.WORDS_MAX + 1, "why": 300}  # fmt: skip
    fields = {name: request.POST.get(name, "").replace("\x00", "")[:most] for name, most in longest.items()}
    typed = Typed(waive=tuple(each[:36] for each in request.POST.getlist("waive")[:100]), **fields)
    kept = {name: each for name, each in request.session.get("typed", {}).items() if name != str(case_id)}
    request.session["typed"] = dict([*kept.items(), (str(case_id), asdict(typed))][-MOST_DRAFTS:])


def _forget_typed(request: HttpRequest, case_id: UUID, *names: str) -> None:
    """Forget what was sent for good: some fields of a case, or all."""
    kept = dict(request.session.get("typed", {}))
    if names and str(case_id) in kept:
        kept[str(case_id)] = {**kept[str(case_id)], **dict.fromkeys(names, "")}
    elif not names:
        kept.pop(str(case_id), None)
    request.session["typed"] = kept
