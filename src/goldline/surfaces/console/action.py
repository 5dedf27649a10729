"""What an operator may do: re-drive, drop, replay, release. Each is one transaction, by POST, and says what it did.

What may be done to endpoints is in `receiver`.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from goldline.core import quarantine
from goldline.core.errors import GoldlineError
from goldline.core.ledger import limit
from goldline.core.ledger.clearing import held_by_breaker, release_held
from goldline.core.outbox import delivery
from goldline.surfaces.api.intake import thread_intake
from goldline.surfaces.console.access import acts, back
from goldline.surfaces.web.engine import engine, engine_now

BIGGEST_ID = 2**63 - 1
WHY_LENGTH = 300


@acts
def redrive(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """Check a quarantined event again; it is taken if it passes now."""
    _known(quarantine_id)
    connection = engine()
    try:
        with connection.transaction():
            now = engine_now(connection)
            done = quarantine.redrive(connection, thread_intake(connection), now, identifier=quarantine_id)
    except GoldlineError as fault:
        return told(request, fault, "console:quarantine")
    if done.accepted:
        messages.success(request, _("Event %(id)s was accepted.") % {"id": quarantine_id}, extra_tags="good")
    for identifier, reason in done.stayed:
        said = _("Event %(id)s still cannot be taken: %(reason)s") % {"id": identifier, "reason": reason}
        messages.warning(request, said, extra_tags="wait")
    return back(request, "console:quarantine")


@acts
def drop(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """Give a quarantined event up, with the reason why; its body is kept."""
    _known(quarantine_id)
    connection = engine()
    why = f"{request.POST.get('why', '').strip()[:WHY_LENGTH]}"
    try:
        with connection.transaction():
            signed = f"{why} ({request.user.get_username()})" if why else ""
            quarantine.drop(connection, engine_now(connection), signed, identifier=quarantine_id)
    except GoldlineError as fault:
        return told(request, fault, "console:quarantine")
    messages.success(request, _("Event %(id)s was dropped.") % {"id": quarantine_id}, extra_tags="good")
    return back(request, "console:quarantine")


@acts
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
            delivery.replay(connection, message_id, engine_now(connection), endpoint_id=row[2])
    except GoldlineError as fault:
        return told(request, fault, "console:deliveries")
    messages.success(request, _("Delivery %(id)s will be sent again.") % {"id": outbox_id}, extra_tags="good")
    return back(request, "console:deliveries")


@acts
def release(request: HttpRequest, remedy_id: UUID) -> HttpResponse:
    """Let a held remedy be paid."""
    connection = engine()
    try:
        with connection.transaction():
            released = release_held(connection, [remedy_id], request.user.get_username(), engine_now(connection))
    except GoldlineError as fault:
        return told(request, fault, "console:remedies")
    if released:
        messages.success(request, _("The remedy was released and will be paid."), extra_tags="good")
    else:
        messages.warning(request, _("That remedy is no longer held; nothing was changed."), extra_tags="wait")
    return back(request, "console:remedies")


@acts
def release_breaker(request: HttpRequest, policy: str) -> HttpResponse:
    """Let the payouts of a policy flow again, with the reason why; on request with what was held meanwhile."""
    why = request.POST.get("why", "").strip()[:WHY_LENGTH]
    if not why:
        messages.error(request, _("Say why, for the record."), extra_tags="bad")
        return back(request, "console:breakers")
    connection = engine()
    by = request.user.get_username()
    try:
        with connection.transaction():
            now = engine_now(connection)
            limit.release_breaker(connection, policy, by, now, why=why)
            held = held_by_breaker(connection, policy) if request.POST.get("held") else []
            let_go = release_held(connection, held, by, now)
    except GoldlineError as fault:
        return told(request, fault, "console:breakers")
    said = _("The breaker was released; held remedies let go: %(n)s.") % {"n": let_go}
    messages.success(request, said, extra_tags="good")
    return back(request, "console:breakers")


def _known(identifier: int) -> None:
    if identifier > BIGGEST_ID:
        raise Http404


def told(request: HttpRequest, fault: GoldlineError, otherwise: str) -> HttpResponse:
    """What could not be done, said on the page it was asked from."""
    if fault.code in ("not_found", "no_message"):
        raise Http404 from fault
    messages.error(request, str(fault), extra_tags="bad")
    return back(request, otherwise)
