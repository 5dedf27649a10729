"""Paying remedies: one claimed payout to one answer, and a batch of answers into the books.

The rule that keeps a remedy from being paid twice: what may have been sent is asked about by its key, and sent
again only after the provider has said that it never saw that key. Never a blind retry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.crashpoint import crashpoint
from goldline.core.errors import GoldlineError
from goldline.core.ledger import settlement
from goldline.core.ledger.entry import entry_id
from goldline.core.ledger.settlement import Answer, Settled
from goldline.core.outbox import delivery, message, schedule
from goldline.core.outbox.claim import Claim, Ending, finish, still_held
from goldline.core.outbox.delivery import Try
from goldline.core.outbox.lane import Result, Timer
from goldline.core.outbox.message import Message
from goldline.core.outbox.provider import NotFound, Paid, Payment, Payout, Provider, Refused, Unknown, Unsent

OTHERWISE: Final = "*"


@dataclass(frozen=True, slots=True)
class Payouts:
    """The payout trade: providers by kind of remedy ('coupon', 'refund', 'balance'), '*' for all others."""

    providers: Mapping[str, Provider]
    kind: str = "payout"

    def send(self, claim: Claim, timer: Timer) -> Payment:
        """Ask or pay, once each at most. Never raises for what a provider does."""
        payout = _payout(claim)
        provider = self.providers.get(payout.kind) or self.providers.get(OTHERWISE)
        if provider is None:
            return Unsent(f"no provider pays {payout.kind}")
        try:
            return _asked_or_paid(provider, payout, claim, timer)
        except Exception as fault:  # noqa: BLE001 - a provider's own fault must not pass for "not sent"
            return Unknown(f"{type(fault).__name__}: {fault}")

    def record(self, connection: Connection[Any], results: Sequence[Result], now: datetime) -> None:
        """Remedies, postings, notices, log and outbox rows, in the caller's transaction."""
        held = still_held(connection, [each.claim for each in results])
        mine = [each for each in results if each.claim.id in held]
        settled = settlement.refuse(connection, _answers(mine, Refused), now)
        settled += settlement.pay(connection, _answers(mine, Paid), now)
        settlement.doubt(connection, _answers(mine, Unknown), now)
        message.queue(connection, [_notice(each) for each in settled], now)
        stray = _stray(connection, mine, settled)
        delivery.log(connection, [_try(each, now, stray=each.claim.id in stray) for each in mine])
        finish(connection, [_ending(each, now, stray=each.claim.id in stray) for each in mine], now)

    def passed_over(self, _now: datetime) -> Sequence[int]:
        """Nothing: payouts have no endpoints."""
        return ()


def resolve(connection: Connection[Any], remedy_id: UUID, outcome: Paid | Refused, by: str, now: datetime) -> None:
    """A person's word on an unknown payout, after asking the provider. Does not commit.

    Raises GoldlineError('not_unknown') unless the payout is unknown and nobody is asking about it right now.
    """
    with connection.cursor(row_factory=class_row(Claim)) as cursor:
        claim = cursor.execute(_IN_DOUBT, [str(remedy_id)]).fetchone()
    if claim is None:
        raise _not_unknown(remedy_id)
    answers = [Answer(claim.partition, remedy_id, outcome.ref if isinstance(outcome, Paid) else outcome.reason)]
    apply = settlement.pay if isinstance(outcome, Paid) else settlement.refuse
    message.queue(connection, [_notice(each) for each in apply(connection, answers, now)], now)
    said = f"decided by {by}: {answers[0].says}"
    outcome_name = "ok" if isinstance(outcome, Paid) else "refused"
    delivery.log(connection, [Try(claim.id, claim.attempts, now, 0, outcome_name, None, said)])
    finish(connection, [_ending(Result(claim, outcome, 0), now, stray=False)], now)


def ask_again(connection: Connection[Any], remedy_ids: Sequence[UUID], now: datetime) -> int:
    """Let the dispatcher ask the provider about these unknown payouts once more. Answers how many."""
    return connection.execute(
        "UPDATE outbox SET next_try_at = %s WHERE kind = 'payout' AND state = 'unknown' AND key = ANY(%s)",
        [now, [str(each) for each in remedy_ids]],
    ).rowcount


_IN_DOUBT: Final = """
    SELECT id, partition, kind, key, topic, payload, created_at, state, attempts, '' AS claimed_by,
           clock_timestamp() AS claimed_at, false AS orphan, NULL::bigint AS endpoint_id, NULL::text AS url,
           NULL::text[] AS secrets, false AS disabled
    FROM outbox
    WHERE kind = 'payout' AND key = %s AND state = 'unknown'
      AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
    FOR UPDATE"""


def _not_unknown(remedy_id: UUID) -> GoldlineError:
    return GoldlineError(
        f"The payout of remedy {remedy_id} is not waiting for a decision.",
        code="not_unknown",
        hint="Only an unknown payout that nobody is asking about at the moment can be decided by hand.",
    )


def _payout(claim: Claim) -> Payout:
    given = claim.payload
    return Payout(claim.key, given["payee"], int(given["amount_minor"]), given["currency"], given["kind"])


def _asked_or_paid(provider: Provider, payout: Payout, claim: Claim, timer: Timer) -> Payment:
    if claim.may_be_sent:
        found = provider.lookup(payout.key)
        if not isinstance(found, NotFound):
            return found
    if timer.late():
        return Unsent("the lease was too old to send under")
    crashpoint("dispatch.before_send")
    answer = provider.pay(payout)
    crashpoint("dispatch.after_send")
    return answer


def _answers(results: Sequence[Result], kind: type) -> list[Answer]:
    return [
        Answer(each.claim.partition, UUID(each.claim.key), _says(each.outcome))
        for each in results
        if isinstance(each.outcome, kind)
    ]


def _says(outcome: Any) -> str:
    match outcome:
        case Paid(ref):
            return ref
        case Refused(reason):
            return reason
        case _:
            return str(outcome.detail)


def _stray(connection: Connection[Any], results: Sequence[Result], settled: Sequence[Settled]) -> set[int]:
    """Final answers about remedies that were not open and do not stand as the provider says: for a person."""
    closed = {each.id for each in settled}
    final = [each for each in results if isinstance(each.outcome, Paid | Refused)]
    left = [each for each in final if UUID(each.claim.key) not in closed]
    if not left:
        return set()
    stands = settlement.states(connection, [*_answers(left, Paid), *_answers(left, Refused)])
    said = {Paid: "paid", Refused: "refused"}
    return {each.claim.id for each in left if stands.get(UUID(each.claim.key)) != said[type(each.outcome)]}


def _notice(settled: Settled) -> Message:
    topic = f"remedy.{settled.state}"
    data = {
        "remedy_id": str(settled.id),
        "finding_id": str(settled.finding_id),
        "policy": settled.policy,
        "key": settled.key,
        "kind": settled.kind,
        "payee": settled.payee,
        "charged_to": settled.charged_to,
        **({"share_to": settled.share_to, "share_minor": settled.share_minor} if settled.share_to else {}),
        "amount_minor": settled.amount_minor,
        "currency": settled.currency,
        "provider_ref": settled.provider_ref,
        "why": settled.why,
    }
    return Message(settled.partition, entry_id(settled.id, topic), topic, data)


def _try(result: Result, now: datetime, *, stray: bool) -> Try:
    names = {Paid: "ok", Refused: "refused", Unknown: "unknown", Unsent: "failed"}
    code = result.outcome.status_code if isinstance(result.outcome, Unknown) else None
    detail = _says(result.outcome)
    if stray:
        detail = f"the remedy was not open when the provider said {names[type(result.outcome)]}: {detail}"
    claim = result.claim
    return Try(claim.id, claim.attempts, now, result.took_ms, names[type(result.outcome)], code, detail)


def _ending(result: Result, now: datetime, *, stray: bool) -> Ending:
    claim = result.claim
    if stray:
        return Ending(claim, "unknown", schedule.NEVER)
    match result.outcome:
        case Paid():
            return Ending(claim, "done", now)
        case Refused():
            return Ending(claim, "refused", now)
        case Unknown():
            return Ending(claim, "unknown", schedule.lookup_at(claim.key, claim.attempts, now))
        case _:
            # What may have been sent before stays unknown though this try never left.
            state = "unknown" if claim.may_be_sent else "ready"
            return Ending(claim, state, schedule.unsent_at(claim.key, claim.created_at, now), counted=False)
