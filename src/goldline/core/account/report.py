"""Reports: what a rule on its way into force has found waits for a person, and has its effects once one upholds it.

A rule in `report` is trusted to point, not yet to act. Each of its findings opens one case; a person who upholds it
lets it act as any other, one who dismisses it takes it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import Connection

from goldline.core.account import docket, review
from goldline.core.account.actor import Actor, require_person
from goldline.core.account.overturn import Ground, held_rules, overturn
from goldline.core.account.picture import Effect, compare, look
from goldline.core.account.trail import record
from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.promise import ACT, REPORT

KIND: Final = "finding"
Outcome = Literal["upheld", "dismissed"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("upheld", "dismissed")
# The id is review.open_case's.
_OPEN: Final = f"""
    INSERT INTO review_case (id, kind, subject, account, opened_at)
    SELECT md5('case|{KIND}|' || f.id)::uuid, '{KIND}', f.id::text, coalesce({docket.ANSWERS}, 'platform'), %(now)s
    FROM finding f WHERE f.id = ANY(%(ids)s) AND f.rollout = '{REPORT}' AND f.status = 'standing'
    ON CONFLICT DO NOTHING"""


def report(connection: Connection[Any], finding_ids: Sequence[UUID], now: datetime) -> None:
    """Open a case for each finding of a rule that reports, in the step's transaction. Again it changes nothing."""
    if finding_ids:
        connection.execute(_OPEN.encode(), {"ids": list(finding_ids), "now": now})


def decide(
    connection: Connection[Any], vocabulary: Vocabulary, case_id: UUID, epoch: int, outcome: Outcome, words: str,
    actor: Actor, now: datetime,
) -> Effect:  # fmt: skip
    """Answer the claimed case of a finding with what follows, in the caller's transaction.

    Raises GoldlineError: 'needs_person' for a machine, 'claim_lost', 'invalid' for a case of another kind,
    'not_standing' where evidence has cleared it meanwhile. A case whose answer was known is only written down.
    """
    reviewer = require_person(actor, "The answer to a report")
    rules = held_rules(connection, vocabulary)
    held = review.enter(connection, case_id, reviewer, epoch, now)
    if held.kind != KIND:
        raise GoldlineError(f"The case {case_id} is not of a finding but of an {held.kind}.", code="invalid")
    if held.known is not None:
        review.settle(connection, case_id, reviewer, outcome, now)
        return Effect()
    finding_id = UUID(held.subject)
    if outcome == "dismissed":
        ground = Ground(str(actor), words, f"case:{case_id}")
        effect = overturn(connection, vocabulary, rules, [finding_id], ground, now)
    else:
        _let_act(connection, finding_id)
        docket.hold(connection, [held.account])
        before = look(connection, [held.account])
        docket.write(connection, vocabulary, rules, [held.account], now)
        docket.let_go(connection, [held.account])
        effect = compare(connection, before, [], [held.account], now)
    review.settle(connection, case_id, reviewer, outcome, now, effect.plain())
    detail = {"outcome": outcome, "words": words}
    record(connection, str(actor), "finding.reported", f"finding:{finding_id}", detail, now)
    return effect


def outcome_of(words: str) -> Outcome:
    """The outcome a reviewer's answer begins with: 'upheld', 'dismissed: a campaign day'. Raises ('invalid')."""
    said = words.partition(":")[0].strip()
    found: Outcome | None = next((each for each in OUTCOMES if each == said), None)
    if found is None:
        hint = "Begin the answer with upheld or dismissed, and a colon before the reasons."
        raise GoldlineError("A report is upheld or dismissed.", code="invalid", where="words", hint=hint)
    return found


def _let_act(connection: Connection[Any], finding_id: UUID) -> None:
    row = connection.execute(
        "UPDATE finding SET rollout = %s WHERE id = %s AND status = 'standing' RETURNING id", (ACT, finding_id)
    ).fetchone()
    if row is None:
        message = "The finding does not stand any more: evidence that came later has cleared it."
        raise GoldlineError(message, code="not_standing", hint="Dismiss the case.")
