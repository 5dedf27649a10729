"""What an operator may do: re-drive, drop, replay, release, approve. Each is one transaction, by POST, on the record.

What may be done to endpoints is in `receiver`.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from goldline.core import quarantine
from goldline.core.approval import Approval
from goldline.core.audit import record
from goldline.core.errors import GoldlineError
from goldline.core.outbox import delivery
from goldline.surfaces import countersign
from goldline.surfaces.api.intake import thread_intake
from goldline.surfaces.console.access import access_of, actor_of, acts, back
from goldline.surfaces.web.engine import engine, engine_now

BIGGEST_ID = 2**63 - 1
WHY_LENGTH = 300


@acts("quarantine.redrive")
def redrive(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """Check a quarantined event again; it is taken if it passes now."""
    _known(quarantine_id)
    connection = engine()
    try:
        with connection.transaction():
            now = engine_now(connection)
            done = quarantine.redrive(connection, thread_intake(connection), now, identifier=quarantine_id)
            detail = {"accepted": done.accepted, "stayed": len(done.stayed)}
            record(connection, actor_of(request), "quarantine.redrive", f"quarantine:{quarantine_id}", detail, now)
    except GoldlineError as fault:
        return told(request, fault, "console:quarantine")
    if done.accepted:
        messages.success(request, _("Event %(id)s was accepted.") % {"id": quarantine_id}, extra_tags="good")
    for identifier, reason in done.stayed:
        said = _("Event %(id)s still cannot be taken: %(reason)s") % {"id": identifier, "reason": reason}
        messages.warning(request, said, extra_tags="wait")
    return back(request, "console:quarantine")


@acts("quarantine.drop")
def drop(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """Give a quarantined event up, with the reason why; its body is kept."""
    _known(quarantine_id)
    connection = engine()
    why = f"{request.POST.get('why', '').strip()[:WHY_LENGTH]}"
    try:
        with connection.transaction():
            signed = f"{why} ({request.user.get_username()})" if why else ""
            now = engine_now(connection)
            quarantine.drop(connection, now, signed, identifier=quarantine_id)
            record(connection, actor_of(request), "quarantine.drop", f"quarantine:{quarantine_id}", {"why": why}, now)
    except GoldlineError as fault:
        return told(request, fault, "console:quarantine")
    messages.success(request, _("Event %(id)s was dropped.") % {"id": quarantine_id}, extra_tags="good")
    return back(request, "console:quarantine")


@acts("delivery.replay")
def replay(request: HttpRequest, outbox_id: int) -> HttpResponse:
    """Send a webhook again to its endpoint, under the same id."""
    _known(outbox_id)
    connection = engine()
    row = connection.execute("SELECT kind, key, endpoint_id FROM outbox WHERE id = %s", [outbox_id]).fetchone()
    if row is None or row[0] != "webhook":
        raise Http404
    try:
        with connection.transaction():
            message_id = str(row[1]).partition(":")[0]
            now = engine_now(connection)
            delivery.replay(connection, message_id, now, endpoint_id=row[2])
            detail = {"message": message_id, "endpoint": row[2]}
            record(connection, actor_of(request), "delivery.replay", f"delivery:{outbox_id}", detail, now)
    except GoldlineError as fault:
        return told(request, fault, "console:deliveries")
    messages.success(request, _("Delivery %(id)s will be sent again.") % {"id": outbox_id}, extra_tags="good")
    return back(request, "console:deliveries")


@acts("remedy.release")
def release(request: HttpRequest, remedy_id: UUID) -> HttpResponse:
    """Let a held remedy be paid."""
    connection = engine()
    try:
        with connection.transaction():
            done = countersign.release_remedies(connection, actor_of(request), [remedy_id], engine_now(connection))
    except GoldlineError as fault:
        return told(request, fault, "console:remedies")
    if done.asked:
        _waits(request, done.asked)
    elif done.done:
        messages.success(request, _("The remedy was released and will be paid."), extra_tags="good")
    else:
        messages.warning(request, _("That remedy is no longer held; nothing was changed."), extra_tags="wait")
    return back(request, "console:remedies")


@acts("breaker.release")
def release_breaker(request: HttpRequest, policy: str) -> HttpResponse:
    """Let the payouts of a policy flow again, with the reason why; on request with what was held meanwhile."""
    why = request.POST.get("why", "").strip()[:WHY_LENGTH]
    if not why:
        messages.error(request, _("Say why, for the record."), extra_tags="bad")
        return back(request, "console:breakers")
    connection = engine()
    try:
        with connection.transaction():
            now = engine_now(connection)
            with_held = bool(request.POST.get("held"))
            done = countersign.release_breaker(connection, actor_of(request), policy, now, why, held=with_held)
    except GoldlineError as fault:
        return told(request, fault, "console:breakers")
    if done.asked:
        _waits(request, done.asked)
    else:
        said = _("The breaker was released; held remedies let go: %(n)s.") % {"n": done.done}
        messages.success(request, said, extra_tags="good")
    return back(request, "console:breakers")


@acts("approval.decide")
def decide(request: HttpRequest, approval_id: int) -> HttpResponse:
    """Approve or refuse what another has asked for."""
    connection = engine()
    why = request.POST.get("why", "").strip()[:WHY_LENGTH]
    verdict = countersign.approve if request.POST.get("decision") == "approve" else countersign.refuse
    access = access_of(request)
    try:
        with connection.transaction():
            now = engine_now(connection)
            decided = verdict(connection, access.actor, access.role, min(approval_id, BIGGEST_ID), now, why)
    except GoldlineError as fault:
        return told(request, fault, "console:approvals")
    if decided.state == "approved":
        messages.success(request, _("Request %(id)s was approved and done.") % {"id": approval_id}, extra_tags="good")
    else:
        messages.success(request, _("Request %(id)s was refused.") % {"id": approval_id}, extra_tags="good")
    return back(request, "console:approvals")


def _waits(request: HttpRequest, asked: Approval) -> None:
    said = _("Request %(id)s waits for a second person to approve it.") % {"id": asked.id}
    messages.warning(request, said, extra_tags="wait")


def _known(identifier: int) -> None:
    if identifier > BIGGEST_ID:
        raise Http404


def told(request: HttpRequest, fault: GoldlineError, otherwise: str) -> HttpResponse:
    """What could not be done, said on the page it was asked from."""
    if fault.code in ("not_found", "no_message", "no_approval"):
        raise Http404 from fault
    messages.error(request, str(fault), extra_tags="bad")
    return back(request, otherwise)
