"""Appeals over HTTP: statements of reasons, filing, evidence, reviewers' cases and plans to mend.

A key is a program's. What only a person may decide names the person, who must be a reviewer and hold the case.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema
from ninja.params.functions import Query
from ninja.responses import Response

from goldline.core.account import appeal, evidence, rectification, report, review, sample
from goldline.core.account.actor import Actor
from goldline.core.account.review import Claim
from goldline.core.errors import GoldlineError
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.api import shape
from goldline.surfaces.api.authentication import BearerKey, access_of, caller
from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.reading import appeals as reading
from goldline.surfaces.web.reading.explanation import rules
from goldline.surfaces.web.reading.page import LIMIT_DEFAULT, LIMIT_MAX

router = Router()
FAULTS: dict[int, Any] = dict.fromkeys((401, 403, 404, 409, 422, 503), shape.Problem)
Cursor: Any = Query(None, description="next_cursor of the page before.", max_length=500)
Limit: Any = Query(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)
Filter: Any = Query("", max_length=200)
OWN_READERS = ("account", "consumer")  # the others see by what values it was judged
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in evidence.TYPES},
    }
}


class Filing(Schema):
    """An appeal: against a sanction, or against a finding with its charge."""

    account: str = Field(max_length=200, examples=["merchant:m1"])
    reason: str = Field(max_length=64, description="One of the reasons of the terms of appeal.")
    words: str = Field(max_length=10_000)
    finding_id: UUID | None = None
    sanction_id: UUID | None = None
    language: str = Field("", max_length=20)
    category: str = Field("", max_length=80)


class Owner(Schema):
    """Whose appeal it is."""

    account: str = Field(max_length=200)


class Taker(Schema):
    """A reviewer, and at which rate of every hundred cases one whose answer is known is mixed in."""

    reviewer: str = Field(max_length=80)
    samples_percent: int = Field(0, ge=0, le=50)


class Held(Schema):
    """A claim as its holder names it. `until` and `to` are for holding and handing over."""

    reviewer: str = Field(max_length=80)
    epoch: int
    words: str = Field("", max_length=10_000)
    until: datetime | None = None
    to: str = Field("", max_length=80)


class Answered(Schema):
    """A reviewer's answer. `waive` names the sanctions let off where the appeal is granted in part."""

    reviewer: str = Field(max_length=80)
    epoch: int
    outcome: Literal["upheld", "overturned", "partly"]
    words: str = Field(max_length=10_000)
    waive: tuple[UUID, ...] = ()


class Planned(Schema):
    """A plan to mend: steps in each language, figures as conditions over merchant_day, times."""

    account: str = Field(max_length=200)
    reviewer: str = Field(max_length=80, description="The person who makes it.")
    currency: str = Field("CNY", max_length=3)
    steps: list[dict[str, str]]
    figures: list[str]
    due_at: datetime
    remind_at: tuple[datetime, ...] = ()
    releases: tuple[UUID, ...] = ()


@router.get("sanctions/{uuid:sanction_id}/statement", auth=BearerKey("statement.read"), tags=["appeals"],
            response={200: dict[str, Any], **FAULTS}, summary="Read a statement of reasons")  # fmt: skip
def read_statement(request: HttpRequest, sanction_id: UUID, reader: str = "account", lang: str = "en") -> HttpResponse:
    """Why the sanction was imposed: as issued, for a consumer, the account, a reviewer or an auditor."""
    connection = engine()
    _check_own(request, reading.account_of(connection, sanction_id))
    if access_of(request).account is not None and reader not in OWN_READERS:
        raise GoldlineError("This key reads a statement as the account does.", code="forbidden",
                            hint=f"Ask with reader={' or reader='.join(OWN_READERS)}.")  # fmt: skip
    return Response(reading.told(connection, sanction_id, reader, lang).plain())


@router.get("findings/{uuid:finding_id}/statement", auth=BearerKey("statement.read"), tags=["appeals"],
            response={200: dict[str, Any], **FAULTS}, summary="Read why somebody was charged")  # fmt: skip
def read_finding_statement(
    request: HttpRequest, finding_id: UUID, reader: str = "account", lang: str = "en"
) -> HttpResponse:
    """Why the finding was made and what was charged for it, where no sanction says so already."""
    told = reading.told_of_finding(engine(), finding_id, reader, lang)
    _check_own(request, told.account)
    return Response(told.plain())


@router.get("appeals/terms", auth=BearerKey("policy.read"), tags=["appeals"], response={200: dict[str, Any], **FAULTS})
def list_terms(request: HttpRequest) -> HttpResponse:
    """Who may appeal, until when, for which reasons, with which evidence, and by when it is answered."""
    return Response({"data": reading.terms(engine())})


@router.post("appeals", auth=BearerKey("appeal.file"), tags=["appeals"], summary="File an appeal",
             response={201: dict[str, Any], **FAULTS})  # fmt: skip
def file_appeal(request: HttpRequest, body: Filing) -> HttpResponse:
    """Within the window of the terms; a late one is refused with the time until which it could be filed."""
    if (body.finding_id is None) == (body.sanction_id is None):
        raise GoldlineError("Name a finding or a sanction, and not both.", code="invalid", where="sanction_id")
    connection = engine()
    account = _own(request, body.account)
    filing = appeal.Filing(account, body.reason, body.words, body.finding_id, body.sanction_id, body.language,
                           body.category)  # fmt: skip
    known = rules(connection)
    with connection.transaction():
        filed = appeal.file(connection, known, filing, _program(request), engine_now(connection))
    return Response({"appeal_id": filed.appeal_id, "answer_by": filed.answer_by, "evidence": filed.evidence},
                    status=201)  # fmt: skip


@router.get("appeals", auth=BearerKey("appeal.read"), tags=["appeals"], response={200: dict[str, Any], **FAULTS})
def list_appeals(
    request: HttpRequest,
    account: str = Filter,
    state: Literal["", "filed", "evidence_asked", "upheld", "overturned", "partly", "withdrawn"] = "",
    cursor: str | None = Cursor,
    limit: int = Limit,
) -> HttpResponse:
    """Appeals with their evidence, newest first."""
    found = reading.appeals(engine(), _own(request, account), state, cursor, limit)
    return Response({"data": found.rows, "next_cursor": found.next_cursor})


@router.get("appeals/{uuid:appeal_id}", auth=BearerKey("appeal.read"), tags=["appeals"],
            response={200: dict[str, Any], **FAULTS})  # fmt: skip
def read_appeal(request: HttpRequest, appeal_id: UUID) -> HttpResponse:
    """One appeal: its state, its clock, its evidence and its answer."""
    found = reading.appeal(engine(), appeal_id)
    _check_own(request, found["account"])
    return Response(found)


@router.post("appeals/{uuid:appeal_id}/withdraw", auth=BearerKey("appeal.file"), tags=["appeals"],
             response={200: dict[str, Any], **FAULTS})  # fmt: skip
def withdraw_appeal(request: HttpRequest, appeal_id: UUID, body: Owner) -> HttpResponse:
    """Take it back before it is answered."""
    connection = engine()
    with connection.transaction():
        now = engine_now(connection)
        account = _own(request, body.account)
        appeal.withdraw(connection, vocabulary(), appeal_id, account, _program(request), now)
    return Response(reading.appeal(connection, appeal_id))


@router.post("appeals/{uuid:appeal_id}/evidence", auth=BearerKey("appeal.file"), tags=["appeals"],
             openapi_extra=FILE, response={201: dict[str, Any], **FAULTS})  # fmt: skip
def add_evidence(
    request: HttpRequest, appeal_id: UUID, account: str = Filter, kind: str = Filter, name: str = Filter
) -> HttpResponse:
    """The body is the file, its Content-Type its type; the bytes must be those of the type. At most 8 MB."""
    media_type = (request.content_type or "").strip().lower()
    upload = evidence.Upload(kind, name, media_type, request.body)
    connection, account = engine(), _own(request, account)
    known = rules(connection)
    with connection.transaction():
        kept = evidence.add(connection, known, appeal_id, account, upload, _program(request), engine_now(connection))
    return Response({"sha256": kept.sha256, "size_bytes": kept.size_bytes, "personal": kept.personal}, status=201)


@router.get("appeals/{uuid:appeal_id}/evidence/{str:sha256}", auth=BearerKey("evidence.read"), tags=["appeals"],
            response={200: bytes, **FAULTS})  # fmt: skip
def read_evidence(request: HttpRequest, appeal_id: UUID, sha256: str) -> HttpResponse:
    """The file as an attachment; never shown in place."""
    connection = engine()
    _check_own(request, reading.appeal(connection, appeal_id)["account"])
    found = evidence.fetch(connection, appeal_id, sha256)
    return HttpResponse(found.body, headers=dict(found.headers))


@router.get("cases", auth=BearerKey("case.read"), tags=["cases"], response={200: dict[str, Any], **FAULTS})
def list_cases(
    request: HttpRequest,
    state: Literal["", "open", "settled", "dropped"] = "open",
    kind: str = Filter,
    holder: str = Filter,
    cursor: str | None = Cursor,
    limit: int = Limit,
) -> HttpResponse:
    """What waits for reviewers, newest first."""
    found = reading.cases(engine(), state, kind, holder, cursor, limit)
    return Response({"data": found.rows, "next_cursor": found.next_cursor})


@router.post("cases/next", auth=BearerKey("case.work"), tags=["cases"], summary="Claim the next case",
             response={200: dict[str, Any], **FAULTS})  # fmt: skip
def take_case(request: HttpRequest, body: Taker) -> HttpResponse:
    """The case that matters most among those the reviewer may judge; `case` is null when there is none."""
    connection = engine()
    with connection.transaction():
        rate = Fraction(body.samples_percent, 100)
        claim = sample.take_next(connection, body.reviewer, engine_now(connection), rate)
    return Response({"case": None if claim is None else _claimed(claim)})


@router.get("cases/{uuid:case_id}", auth=BearerKey("case.read"), tags=["cases"],
            response={200: dict[str, Any], **FAULTS})  # fmt: skip
def read_case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One case with its appeal and notes."""
    return Response(reading.case(engine(), case_id))


@router.post("cases/{uuid:case_id}/{str:move}", auth=BearerKey("case.work"), tags=["cases"],
             response={200: dict[str, Any], **FAULTS}, summary="Change or note a case")  # fmt: skip
def move_case(
    request: HttpRequest,
    case_id: UUID,
    move: Literal["claim", "release", "hold", "hand-over", "escalate", "note", "ask-evidence", "settle"],
    body: Held,
) -> HttpResponse:
    """Change who holds the case, or say something about it. `epoch` is the claim's; 0 where none is needed.

    `settle` closes a case that is no appeal with `words` as its answer.
    """
    connection = engine()
    with connection.transaction():
        claim = _moved(connection, case_id, move, body, request)
    found = reading.case(connection, case_id)
    return Response({**found, "claim": _claimed(claim)} if claim else found)


def _moved(connection: Any, case_id: UUID, move: str, body: Held, request: HttpRequest) -> Claim | None:
    now, name, epoch = engine_now(connection), body.reviewer, body.epoch
    if move == "claim":
        claim = review.take(connection, name, now, case_id=case_id)
        if claim is None:
            raise GoldlineError("The case is held by another, or not for this reviewer.", code="claim_lost")
        return claim
    if move == "hand-over":
        return review.hand_over(connection, case_id, name, epoch, body.to, now)
    if move in ("hold", "ask-evidence"):
        _wait(connection, case_id, move, body, _person(request, name))
    elif move == "release":
        review.release(connection, case_id, name, epoch, now)
    elif move == "escalate":
        review.escalate(connection, case_id, str(_person(request, name)), body.words, now)
    else:
        _say(connection, case_id, move, body, request)
    return None


def _wait(connection: Any, case_id: UUID, move: str, body: Held, person: Actor) -> None:
    now = engine_now(connection)
    if body.until is None or body.until.tzinfo is None or body.until <= now:
        raise GoldlineError("Say until when: an instant that lies ahead.", code="invalid", where="until")
    if move == "hold":
        review.hold(connection, case_id, body.reviewer, body.epoch, body.until, body.words, now)
    else:
        appeal.ask_evidence(connection, case_id, body.epoch, body.words, body.until, person, now)


def _say(connection: Any, case_id: UUID, move: str, body: Held, request: HttpRequest) -> None:
    now = engine_now(connection)
    held = review.enter(connection, case_id, body.reviewer, body.epoch, now)
    if move == "note":
        review.note(connection, case_id, body.reviewer, body.words, now)
    elif held.kind == "appeal":
        raise GoldlineError("An appeal is answered, not settled.", code="invalid", where="move",
                            hint="POST /v1/appeal-cases/{id}/answer.")  # fmt: skip
    elif held.kind == report.KIND:
        person, outcome = _person(request, body.reviewer), report.outcome_of(body.words)
        report.decide(connection, vocabulary(), case_id, body.epoch, outcome, body.words, person, now)
    else:
        review.settle(connection, case_id, body.reviewer, body.words, now)


@router.post("appeal-cases/{uuid:case_id}/answer", auth=BearerKey("case.work"), tags=["cases"],
             response={200: dict[str, Any], **FAULTS}, summary="Answer an appeal")  # fmt: skip
def answer_case(request: HttpRequest, case_id: UUID, body: Answered) -> HttpResponse:
    """By the person who holds the case; what follows is done with it, and the answer says what that was."""
    connection = engine()
    answer = appeal.Answer(body.outcome, body.words, body.waive)
    person = _person(request, body.reviewer)
    with connection.transaction():
        now = engine_now(connection)
        effect = appeal.decide(connection, vocabulary(), case_id, body.epoch, answer, person, now)
    return Response(effect.plain())


@router.post("rectifications", auth=BearerKey("plan.begin"), tags=["rectification"],
             response={201: dict[str, Any], **FAULTS}, summary="Begin a plan to mend")  # fmt: skip
def begin_plan(request: HttpRequest, body: Planned) -> HttpResponse:
    """Figures to reach by a time; reached, the sanctions it names end."""
    connection = engine()
    plan = rectification.Plan(
        body.account, "merchant_day", body.currency, tuple(body.steps), tuple(body.figures), body.due_at,
        body.remind_at, body.releases,
    )  # fmt: skip
    person = _person(request, body.reviewer)
    with connection.transaction():
        ident = rectification.begin(connection, vocabulary(), plan, person, engine_now(connection))
    return Response({"id": ident}, status=201)


@router.get("rectifications/{path:account}", auth=BearerKey("plan.read"), tags=["rectification"],
            response={200: dict[str, Any], **FAULTS})  # fmt: skip
def list_plans(request: HttpRequest, account: str) -> HttpResponse:
    """An account's plans, newest first."""
    return Response({"data": reading.plans(engine(), _own(request, account))})


def _own(request: HttpRequest, account: str) -> str:
    """The account that is asked about; for a key that is bound to one, that one. Raises GoldlineError('not_found')."""
    bound = access_of(request).account
    if bound is not None and account not in ("", bound):
        raise _not_there()
    return bound or account


def _check_own(request: HttpRequest, account: str) -> None:
    """Another's is not there for a key that is bound to an account."""
    if access_of(request).account not in (None, account):
        raise _not_there()


def _not_there() -> GoldlineError:
    return GoldlineError("There is nothing of that id.", code="not_found")


def _program(request: HttpRequest) -> Actor:
    return Actor("machine", f"key:{caller(request).name}")


def _person(request: HttpRequest, name: str) -> Actor:
    """The reviewer a program acts for; somebody who is none is refused."""
    row = engine().execute("SELECT 1 FROM reviewer WHERE name = %s AND active", (name,)).fetchone()
    if row is None:
        raise GoldlineError(f"There is no reviewer {name[:64]!r}.", code="needs_person",
                            hint="Add one: goldline review add NAME.")  # fmt: skip
    return Actor("person", name, f"key:{caller(request).name}")


def _claimed(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.case_id, "kind": claim.kind, "subject": claim.subject, "account": claim.account,
        "epoch": claim.epoch, "reviewer": claim.reviewer, "claimed_until": claim.claimed_until, "sla_at": claim.sla_at,
        "answer_by": claim.answer_by,
    }  # fmt: skip
