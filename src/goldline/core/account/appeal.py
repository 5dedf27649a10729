"""Appeals: an account objects to a decision, a person who has not decided before answers, and what follows is done.

An appeal does not suspend the sanction unless its terms say so. It is never decided by a machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import Connection

from goldline.core.account import docket, gate, review
from goldline.core.account.actor import Actor, require_person
from goldline.core.account.fee import waive_fees
from goldline.core.account.overturn import Ground, held_rules, overturn
from goldline.core.account.picture import Effect, compare, look
from goldline.core.account.trail import record
from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox.message import Message, queue
from goldline.core.policy.appeal import Terms, terms_for
from goldline.core.policy.published import RuleSet

Outcome = Literal["upheld", "overturned", "partly"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("upheld", "overturned", "partly")
PENDING: Final = ("filed", "evidence_asked")
WORDS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Filing:
    """What an account objects to: a finding with its charge, or one sanction, for one of the reasons of the terms."""

    account: str
    reason: str
    words: str
    finding_id: UUID | None = None
    sanction_id: UUID | None = None
    language: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    """An appeal that was taken: by when it is answered, and which evidence its reason needs."""

    appeal_id: UUID
    case_id: UUID
    answer_by: datetime
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Decision:
    """What is appealed: the finding, who it is against, and when it was decided."""

    finding_id: UUID
    account: str | None
    policy: str
    decided_at: datetime
    status: str


def file(connection: Connection[Any], rules: RuleSet, filing: Filing, actor: Actor, now: datetime) -> Filed:
    """Take an appeal, in the caller's transaction.

    Raises GoldlineError: 'not_found', 'no_terms', 'bad_reason', 'appeal_late', 'appeal_pending', 'appeal_answered',
    'not_standing'; each says why and until when.
    """
    decision = _decision(connection, filing)
    terms = _terms(rules, decision, filing)
    _check_words(filing.words)
    before = _check_free(connection, decision, terms, now)
    appeal_id = derived_id(decision.finding_id, filing.sanction_id, "appeal", len(before))
    answer_by = _insert(connection, appeal_id, decision, terms, filing, actor, now)
    opening = review.Opening(
        "appeal", str(appeal_id), filing.account, answer_by, filing.language, filing.category,
        barred=tuple(sorted({name for _, name in before if name})),
    )  # fmt: skip
    case_id = review.open_case(connection, opening, now)
    _rest(connection, rules, appeal_id, decision, terms, now)
    tell(connection, "appeal.filed", appeal_id, filing.account, {"answer_by": answer_by.isoformat()}, now)
    record(connection, str(actor), "appeal.filed", f"appeal:{appeal_id}", {"reason": filing.reason}, now)
    reason = terms.reason(filing.reason)
    return Filed(appeal_id, case_id, answer_by, reason.evidence if reason else ())


def _decision(connection: Connection[Any], filing: Filing) -> _Decision:
    """The finding appealed against, locked. One of another account is not found."""
    row = connection.execute(
        f"SELECT f.id, {docket.ANSWERS}, f.policy, f.found_at, f.status FROM finding f WHERE f.rollout = 'act'"
        " AND f.id = coalesce(%(finding)s::uuid, (SELECT s.finding_id FROM sanction s WHERE s.id = %(sanction)s))"
        " FOR UPDATE".encode(),
        {"finding": None if filing.sanction_id else filing.finding_id, "sanction": filing.sanction_id},
    ).fetchone()
    found = None if row is None else _Decision(*row)
    if found is None or found.account != filing.account:
        raise GoldlineError("There is no such decision against this account.", code="not_found")
    if filing.sanction_id is None:
        return found
    imposed = connection.execute(
        "SELECT account, coalesce(imposed_at, starts_at), revoked_at FROM sanction WHERE id = %s", (filing.sanction_id,)
    ).fetchone()
    if imposed is None or imposed[0] != filing.account or imposed[2] is not None:
        raise GoldlineError("This sanction does not stand any more.", code="not_standing")
    return _Decision(found.finding_id, found.account, found.policy, imposed[1], found.status)


def _terms(rules: RuleSet, decision: _Decision, filing: Filing) -> Terms:
    terms = terms_for(rules.appeals, decision.policy, filing.account.partition(":")[0])
    if terms is None:
        raise GoldlineError(
            f"The rule book of {decision.policy} names no appeal for this account.", code="no_terms",
            hint="Add an [[appeal]] table to the pack and publish it.",
        )  # fmt: skip
    if terms.reason(filing.reason) is None:
        known = ", ".join(each.id for each in terms.reasons)
        raise GoldlineError(
            f"There is no reason {filing.reason[:64]!r}.", code="bad_reason", where="reason", hint=f"Reasons: {known}."
        )
    return terms


def _check_words(words: str) -> None:
    if not words.strip() or len(words) > WORDS_MAX:
        raise GoldlineError(
            f"Say in 1 to {WORDS_MAX:,} characters why the decision is wrong.", code="invalid", where="words"
        )


def _check_free(
    connection: Connection[Any], decision: _Decision, terms: Terms, now: datetime
) -> list[tuple[str, str | None]]:
    """Refuse what comes too late or twice; the states of earlier appeals and who decided them."""
    if decision.status != "standing":
        raise GoldlineError(f"The finding is {decision.status} already.", code="not_standing")
    end = decision.decided_at + timedelta(seconds=terms.window_s)
    if now >= end:
        raise GoldlineError(
            f"The appeal comes too late: it could be filed until {end:%Y-%m-%d %H:%M:%S}Z,"
            f" {terms.window_s // 86_400} days after the decision.",
            code="appeal_late", hint=f"See {terms.clause or terms.policy}; courts and dispute bodies stay open.",
        )  # fmt: skip
    before: list[tuple[str, str | None]] = connection.execute(
        "SELECT state, decided_by FROM appeal WHERE finding_id = %s ORDER BY filed_at", (decision.finding_id,)
    ).fetchall()
    if any(state in PENDING for state, _ in before):
        raise GoldlineError("An appeal about this is pending.", code="appeal_pending", hint="Wait for its answer.")
    if terms.once and any(state != "withdrawn" for state, _ in before):
        raise GoldlineError("An appeal about this was answered already.", code="appeal_answered",
                            hint="It may be appealed once.")  # fmt: skip
    return before


def _insert(
    connection: Connection[Any], appeal_id: UUID, decision: _Decision, terms: Terms, filing: Filing, actor: Actor,
    now: datetime,
) -> datetime:  # fmt: skip
    row = connection.execute(
        "INSERT INTO appeal (id, account, finding_id, sanction_id, terms, version, reason, words, state, filed_at,"
        " filed_by, answer_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'filed', %s, %s, deadline(%s, %s, %s))"
        " RETURNING answer_by",
        (appeal_id, filing.account, decision.finding_id, filing.sanction_id, terms.policy, terms.version,
         filing.reason, filing.words.strip(), now, str(actor), terms.answer, now, terms.zone),
    ).fetchone()  # fmt: skip
    assert row is not None, "an insert that returns gives its row"
    answer_by: datetime = row[0]
    return answer_by


def _rest(
    connection: Connection[Any], rules: RuleSet, appeal_id: UUID, decision: _Decision, terms: Terms, now: datetime
) -> None:
    """Let the sanctions that the terms name rest while the appeal is pending; their time runs on."""
    if not terms.provisional or decision.account is None:
        return
    docket.hold(connection, [decision.account])
    connection.execute(
        "UPDATE sanction SET suspended_by = %s WHERE finding_id = %s AND action = ANY(%s) AND revoked_at IS NULL",
        (appeal_id, decision.finding_id, list(terms.provisional)),
    )
    gate.move(connection, rules.gates, [decision.account], now)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reviewer's answer to an appeal. `waive` names the sanctions that are let off where it is granted in part."""

    outcome: Outcome
    words: str
    waive: tuple[UUID, ...] = ()


def decide(
    connection: Connection[Any],
    vocabulary: Vocabulary,
    case_id: UUID,
    epoch: int,
    answer: Answer,
    actor: Actor,
    now: datetime,
) -> Effect:
    """Answer the appeal of a claimed case with all that follows from it, in the caller's transaction.

    Raises GoldlineError: 'needs_person' for a machine, 'claim_lost', 'appeal_settled', 'invalid'. A case whose answer
    was known is only written down.
    """
    reviewer = require_person(actor, "The answer to an appeal")
    _check_words(answer.words)
    rules = held_rules(connection, vocabulary)
    held = review.enter(connection, case_id, reviewer, epoch, now)
    if held.known is not None:
        review.settle(connection, case_id, reviewer, answer.outcome, now)
        return Effect()
    appeal_id, finding_id = _close(connection, UUID(held.subject), answer, reviewer, now)
    effect = _follow(connection, vocabulary, rules, held.account, (appeal_id, finding_id), answer, actor, now)
    review.settle(connection, case_id, reviewer, answer.outcome, now, effect.plain())
    tell(connection, "appeal.decided", appeal_id, held.account, {"outcome": answer.outcome}, now)
    detail = {"outcome": answer.outcome, "words": answer.words, "waive": [str(each) for each in answer.waive]}
    record(connection, str(actor), "appeal.decided", f"appeal:{appeal_id}", detail, now)
    return effect


def foretell(
    connection: Connection[Any],
    vocabulary: Vocabulary,
    case_id: UUID,
    epoch: int,
    answer: Answer,
    actor: Actor,
    now: datetime,
) -> dict[str, Any]:
    """Exactly what this answer would do, as `Effect.plain`; it is done and rolled back, so nothing is written.

    Raises GoldlineError as `decide` does. Of a case whose answer is known it is what followed then.
    """
    reviewer = require_person(actor, "The answer to an appeal")
    with connection.transaction(force_rollback=True):
        held = review.enter(connection, case_id, reviewer, epoch, now)
        if held.known is None:
            return decide(connection, vocabulary, case_id, epoch, answer, actor, now).plain()
        _check_words(answer.words)
        return _retold(connection, vocabulary, held, answer, actor, now)


def _retold(
    connection: Connection[Any], vocabulary: Vocabulary, held: review.Held, answer: Answer, actor: Actor, now: datetime
) -> dict[str, Any]:
    """What a sample's answer did then; for another answer what it would do: no sign that the answer is known."""
    row = connection.execute(
        "SELECT c.effect, a.id, a.finding_id FROM review_case c JOIN appeal a ON a.id::text = c.subject"
        " WHERE c.kind = 'appeal' AND c.subject = %s AND c.known IS NULL",
        (held.subject,),
    ).fetchone()
    assert row is not None, "a sample is made from a case"
    effect, appeal_id, finding_id = row
    if held.known == answer.outcome and effect is not None:
        return dict(effect)
    rules = held_rules(connection, vocabulary)
    about = (appeal_id, finding_id)
    # What has fallen since cannot be let off any more; the answer was another one then.
    with suppress(GoldlineError):
        return _follow(connection, vocabulary, rules, held.account, about, answer, actor, now).plain()
    return Effect().plain()


def _close(
    connection: Connection[Any], appeal_id: UUID, answer: Answer, reviewer: str, now: datetime
) -> tuple[UUID, UUID]:
    row = connection.execute(
        "UPDATE appeal SET state = %s, decided_at = %s, decided_by = %s, answer = %s"
        " WHERE id = %s AND state IN ('filed', 'evidence_asked') RETURNING id, finding_id",
        (answer.outcome, now, reviewer, answer.words.strip(), appeal_id),
    ).fetchone()
    if row is None:
        raise GoldlineError("The appeal was settled already.", code="appeal_settled")
    return row[0], row[1]


def _follow(
    connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, account: str, about: tuple[UUID, UUID],
    answer: Answer, actor: Actor, now: datetime,
) -> Effect:  # fmt: skip
    appeal_id, finding_id = about
    if answer.outcome == "overturned":
        ground = Ground(str(actor), answer.words, f"appeal:{appeal_id}")
        effect = overturn(connection, vocabulary, rules, [finding_id], ground, now)
        _wake_sanctions(connection, appeal_id)
        return effect
    docket.hold(connection, [account])
    before = look(connection, [account])
    if answer.outcome == "partly":
        _waive(connection, finding_id, answer.waive, now)
    _wake_sanctions(connection, appeal_id)
    # What was due meanwhile is worked out too: the account is held, so it would be forgotten otherwise.
    docket.write(connection, vocabulary, rules, [account], now)
    docket.let_go(connection, [account])
    return compare(connection, before, [], [account], now)


def _waive(connection: Connection[Any], finding_id: UUID, ids: Sequence[UUID], now: datetime) -> None:
    """Let sanctions off though the finding stands: it still counts, its fee goes back."""
    own = connection.execute(
        "SELECT id FROM sanction WHERE id = ANY(%s) AND finding_id = %s AND revoked_at IS NULL AND waived_at IS NULL"
        " FOR UPDATE",
        (list(ids), finding_id),
    ).fetchall()
    if not ids or len(own) != len(set(ids)):
        raise GoldlineError(
            "An appeal granted in part names which standing sanctions of the finding are let off.", code="invalid",
            where="waive", hint="To let all go and not count the finding, overturn it.",
        )  # fmt: skip
    waive_fees(connection, list(ids), now)
    connection.execute(
        "UPDATE sanction SET waived_at = %s, released_at = coalesce(least(released_at, %s), %s),"
        " released_why = 'appeal' WHERE id = ANY(%s)",
        (now, now, now, list(ids)),
    )


def _wake_sanctions(connection: Connection[Any], appeal_id: UUID) -> None:
    connection.execute("UPDATE sanction SET suspended_by = NULL WHERE suspended_by = %s", (appeal_id,))


def withdraw(
    connection: Connection[Any], vocabulary: Vocabulary, appeal_id: UUID, account: str, actor: Actor, now: datetime
) -> None:
    """Take an appeal back before it is answered. Raises GoldlineError('not_found' or 'appeal_settled')."""
    rules = held_rules(connection, vocabulary)
    row = connection.execute(
        "SELECT state FROM appeal WHERE id = %s AND account = %s FOR UPDATE", (appeal_id, account)
    ).fetchone()
    if row is None:
        raise GoldlineError("There is no such appeal of this account.", code="not_found")
    if row[0] not in PENDING:
        raise GoldlineError("The appeal was settled already.", code="appeal_settled")
    connection.execute("UPDATE appeal SET state = 'withdrawn', decided_at = %s WHERE id = %s", (now, appeal_id))
    connection.execute(
        "UPDATE review_case SET state = 'dropped', settled_at = %s WHERE subject = %s AND state = 'open'"
        " AND known IS NULL",
        (now, str(appeal_id)),
    )
    docket.hold(connection, [account])
    _wake_sanctions(connection, appeal_id)
    docket.write(connection, vocabulary, rules, [account], now)
    docket.let_go(connection, [account])
    tell(connection, "appeal.withdrawn", appeal_id, account, {}, now)
    record(connection, str(actor), "appeal.withdrawn", f"appeal:{appeal_id}", {}, now)


def ask_evidence(
    connection: Connection[Any], case_id: UUID, epoch: int, words: str, until: datetime, actor: Actor, now: datetime
) -> None:
    """Ask the account for evidence by a time; the case waits for it, the answer's deadline does not move."""
    reviewer = require_person(actor, "Asking for evidence")
    _check_words(words)
    held = review.enter(connection, case_id, reviewer, epoch, now)
    if held.known is None:
        connection.execute(
            "UPDATE appeal SET state = 'evidence_asked', asked_words = %s, evidence_by = %s WHERE id = %s",
            (words.strip(), until, UUID(held.subject)),
        )
        asked = {"words": words.strip(), "until": until.isoformat()}
        tell(connection, "appeal.evidence_asked", UUID(held.subject), held.account, asked, now)
    review.hold(connection, case_id, reviewer, epoch, until, "evidence", now)


def escalate_overdue(connection: Connection[Any], now: datetime) -> int:
    """Mark the appeals whose answer was due and has not come, raise their cases, tell; how many. Each once."""
    late = connection.execute(
        "UPDATE appeal SET breached_at = %s WHERE state IN ('filed', 'evidence_asked') AND breached_at IS NULL"
        " AND answer_by < %s RETURNING id, account, answer_by",
        (now, now),
    ).fetchall()
    connection.execute(
        "UPDATE review_case SET level = level + 1, held_until = NULL WHERE kind = 'appeal' AND state = 'open'"
        " AND known IS NULL AND subject = ANY(%s)",
        ([str(ident) for ident, _, _ in late],),
    )
    for ident, account, answer_by in late:
        tell(connection, "appeal.overdue", ident, account, {"answer_by": answer_by.isoformat()}, now)
    return len(late)


def tell(
    connection: Connection[Any], topic: str, appeal_id: UUID, account: str, data: dict[str, Any], now: datetime
) -> None:
    """Tell whoever listens what became of an appeal. The id is made from the appeal, the topic and when."""
    body = {"appeal_id": str(appeal_id), "account": account, **data, "at": now.isoformat()}
    queue(connection, [Message(0, derived_id(appeal_id, topic, now.isoformat()), topic, body)], now)
