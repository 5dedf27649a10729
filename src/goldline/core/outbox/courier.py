"""Delivering webhooks: one claimed row to one try, and a batch of tries into the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from goldline.core.crashpoint import crashpoint
from goldline.core.errors import GoldlineError
from goldline.core.outbox import delivery, endpoint, message, schedule
from goldline.core.outbox.claim import Claim, Ending, finish, still_held
from goldline.core.outbox.delivery import Try
from goldline.core.outbox.lane import Result, Timer
from goldline.core.outbox.webhook import PATIENCE, Delivered, Delivery, Failed, Gone, Sender

REST_LEAST_S: Final = 5
REST_MOST_S: Final = 300


class Courier:
    """The webhook trade. An endpoint that hangs or asks for patience is left to rest, so others keep their pace."""

    kind: Final = "webhook"

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._faults: Counter[int] = Counter()
        self._rests_until: dict[int, datetime] = {}

    def send(self, claim: Claim, timer: Timer) -> Delivery:
        """Deliver once. A row that was claimed and never recorded is simply sent again, under the same id."""
        if claim.url is None or claim.secrets is None:
            return Gone("the endpoint is gone")
        if claim.disabled:
            return Gone("the endpoint is disabled")
        if timer.late():
            return Failed("the lease was too old to send under")
        try:
            body = message.body(claim.key, claim.topic, claim.created_at, claim.payload)
        except GoldlineError as fault:
            return Gone(fault.message)
        sent_at = claim.claimed_at + timedelta(seconds=timer.age_s())
        crashpoint("dispatch.before_send")
        outcome = self._sender.deliver(claim.url, claim.secrets, message.message_id(claim.key), body, sent_at)
        crashpoint("dispatch.after_send")
        return outcome

    def record(self, connection: Connection[Any], results: Sequence[Result], now: datetime) -> None:
        """The log, the rows, and endpoints that asked to be left alone."""
        held = still_held(connection, [each.claim for each in results])
        mine = [each for each in results if each.claim.id in held]
        delivery.log(connection, [_try(each, now) for each in mine])
        finish(connection, [_ending(each, now) for each in mine], now)
        for each in mine:
            self._note(each, now)
            if isinstance(each.outcome, Gone) and each.outcome.disable and each.claim.endpoint_id is not None:
                endpoint.disable(connection, each.claim.endpoint_id, each.outcome.detail, now)

    def passed_over(self, now: datetime) -> Sequence[int]:
        """Endpoints that rest."""
        return [each for each, until in self._rests_until.items() if until > now]

    def _note(self, result: Result, now: datetime) -> None:
        number = result.claim.endpoint_id
        if number is None:
            return
        if not _tires(result.outcome):
            self._faults.pop(number, None)
            self._rests_until.pop(number, None)
            return
        self._faults[number] += 1
        rest_s = min(REST_LEAST_S * 2 ** (self._faults[number] - 1), REST_MOST_S)
        self._rests_until[number] = now + timedelta(seconds=rest_s)


def _tires(outcome: Delivery) -> bool:
    # An answered 500 may be about one message; silence and "not now" are about the receiver.
    return isinstance(outcome, Failed) and outcome.status_code in (None, *PATIENCE)


def _try(result: Result, now: datetime) -> Try:
    claim, outcome = result.claim, result.outcome
    if isinstance(outcome, Delivered):
        return Try(claim.id, claim.attempts, now, result.took_ms, "ok", outcome.status_code, None)
    return Try(claim.id, claim.attempts, now, result.took_ms, "failed", outcome.status_code, outcome.detail)


def _ending(result: Result, now: datetime) -> Ending:
    claim, outcome = result.claim, result.outcome
    if isinstance(outcome, Delivered):
        return Ending(claim, "done", now)
    if isinstance(outcome, Gone):
        return Ending(claim, "dead", now)
    again_at = schedule.webhook_retry_at(claim.key, claim.attempts, now, outcome.retry_after_s)
    return Ending(claim, "dead", now) if again_at is None else Ending(claim, "ready", again_at)
