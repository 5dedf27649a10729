"""The docket: accounts whose violations have changed, and what is written down for them.

One transaction a bite: read what stands, work out the sanctions, write the difference to what is written, move the
money of fees, move the gates, and tell the world.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from goldline.core.account import figure, gate
from goldline.core.account.fee import book_fees, return_fees
from goldline.core.account.sanction import Sanction, Violation, sanctions
from goldline.core.account.statement import issue
from goldline.core.facts.subject import Vocabulary
from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox.message import Message, queue
from goldline.core.policy.promise import ACT
from goldline.core.policy.published import RuleSet

MOST_ACCOUNTS = 1_000  # a bite
ANSWERS: Final = "coalesce('merchant:' || f.merchant_id, f.answerer)"  # the account that answers for a finding f


@dataclass(frozen=True, slots=True)
class Standing:
    """A sanction as it is written."""

    id: UUID
    account: str
    action: str
    nth: int
    revoked: bool


def enqueue(connection: Connection[Any], finding_ids: Sequence[UUID]) -> None:
    """Note the accounts of findings that have just turned, in the step's transaction."""
    connection.execute(
        f"INSERT INTO account_due (account) SELECT DISTINCT {ANSWERS} FROM finding f"
        f" WHERE f.id = ANY(%s) AND {ANSWERS} IS NOT NULL ON CONFLICT DO NOTHING".encode(),
        (list(finding_ids),),
    )


def settle(connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, now: datetime) -> int:
    """Work out the accounts that wait, and commit; returns how many. Two workers take different ones."""
    with connection.transaction():
        taken = connection.execute(
            "DELETE FROM account_due WHERE account IN (SELECT account FROM account_due ORDER BY since, account"
            " LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING account",
            (MOST_ACCOUNTS,),
        ).fetchall()
        accounts = sorted(account for (account,) in taken)
        if accounts:
            write(connection, vocabulary, rules, accounts, now)
    return len(accounts)


def hold(connection: Connection[Any], accounts: Sequence[str]) -> None:
    """Keep others from working these accounts out until the transaction ends; waits for who is at it."""
    connection.execute(
        "INSERT INTO account_due (account) SELECT unnest(%s::text[]) ORDER BY 1"
        " ON CONFLICT (account) DO UPDATE SET since = account_due.since",
        (sorted(set(accounts)),),
    )


def let_go(connection: Connection[Any], accounts: Sequence[str]) -> None:
    """Say that these accounts, held before, are worked out."""
    connection.execute("DELETE FROM account_due WHERE account = ANY(%s)", (list(accounts),))


def write(
    connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, accounts: Sequence[str], now: datetime
) -> None:
    """Bring what is written of these accounts to what follows from what stands, in the caller's transaction."""
    standing = violations(connection, rules, accounts)
    wanted = {each.id: each for own in standing.values() for each in sanctions(rules.ladders, own)}
    written = {each.id: each for each in _written(connection, accounts)}
    fresh = [each for ident, each in wanted.items() if ident not in written]
    gone = [each for ident, each in written.items() if ident not in wanted and not each.revoked]
    back = [each for ident, each in written.items() if ident in wanted and each.revoked]
    _insert(connection, figure.worked_out(connection, vocabulary, fresh), now)
    issue(connection, [each.id for each in fresh], now)
    _revoke(connection, gone, now)
    _reinstate(connection, back)
    _rest(connection, rules, [*(each.id for each in fresh), *(each.id for each in back)])
    _renumber(connection, [wanted[each.id] for each in written.values() if each.id in wanted
                           and each.nth != wanted[each.id].reached.nth])  # fmt: skip
    book_fees(connection, [each.id for each in fresh] + [each.id for each in back], now)
    return_fees(connection, [each.id for each in gone], now)
    _tell(connection, "sanction.started", [(each.id, each.reached.violation.account) for each in fresh], now)
    _tell(connection, "sanction.revoked", [(each.id, each.account) for each in gone], now)
    # A gate was never moved for an account that never had a sanction.
    concerned = {each.account for each in written.values()} | {each.reached.violation.account for each in fresh}
    if concerned:
        gate.move(connection, rules.gates, sorted(concerned), now)


def violations(connection: Connection[Any], rules: RuleSet, accounts: Sequence[str]) -> dict[str, list[Violation]]:
    """What stands against these accounts, by account."""
    counted = sorted({rule for ladder in rules.ladders for rule in ladder.rules})
    rows = connection.execute(
        f"SELECT f.id, {ANSWERS}, f.policy, f.due_at, f.found_at FROM finding f WHERE"
        " (f.merchant_id = ANY(%(merchants)s) OR f.answerer = ANY(%(accounts)s))"
        f" AND f.policy = ANY(%(counted)s) AND f.status = 'standing' AND f.rollout = '{ACT}'".encode(),
        {
            "merchants": [account.partition(":")[2] for account in accounts if account.startswith("merchant:")],
            "accounts": list(accounts),
            "counted": counted,
        },
    ).fetchall()
    found: dict[str, list[Violation]] = {account: [] for account in accounts}
    for row in rows:
        found[row[1]].append(Violation(*row))
    return found


def _written(connection: Connection[Any], accounts: Sequence[str]) -> list[Standing]:
    rows = connection.execute(
        "SELECT id, account, action, nth, revoked_at IS NOT NULL FROM sanction WHERE account = ANY(%s) FOR UPDATE",
        (list(accounts),),
    ).fetchall()
    return [Standing(*row) for row in rows]


def _insert(connection: Connection[Any], fresh: Sequence[tuple[Sanction, figure.Figures]], now: datetime) -> None:
    if not fresh:
        return
    with connection.cursor().copy(
        "COPY sanction (id, account, ladder, version, rule, finding_id, nth, step, ordinal, action, value,"
        " amount_minor, currency, until, starts_at, ends_at, imposed_at) FROM STDIN"
    ) as copy:
        for each, figures in fresh:
            reached, measure = each.reached, each.measure
            until = measure.until.text if measure.until else None
            copy.write_row((
                each.id, reached.violation.account, reached.ladder.policy, reached.ladder.version,
                reached.violation.rule, reached.violation.id, reached.nth, each.step.nth, measure.ordinal,
                measure.action, figures.value, figures.amount_minor, reached.ladder.currency, until, each.starts_at,
                each.ends_at, now,
            ))  # fmt: skip


def _revoke(connection: Connection[Any], gone: Sequence[Standing], now: datetime) -> None:
    connection.execute(
        "UPDATE sanction SET revoked_at = %s, revision = revision + 1 WHERE id = ANY(%s)",
        (now, [each.id for each in gone]),
    )


def _reinstate(connection: Connection[Any], back: Sequence[Standing]) -> None:
    connection.execute(
        "UPDATE sanction SET revoked_at = NULL, revision = revision + 1 WHERE id = ANY(%s)",
        ([each.id for each in back],),
    )


def _rest(connection: Connection[Any], rules: RuleSet, ids: Sequence[UUID]) -> None:
    """Let what begins while an appeal about its finding is pending rest too, where the terms let its action rest."""
    terms = [each for each in rules.appeals if each.provisional]
    if not ids or not terms:
        return
    connection.execute(
        "UPDATE sanction s SET suspended_by = a.id FROM appeal a, unnest(%s::text[], %s::text[]) AS t (policy, action)"
        " WHERE s.id = ANY(%s) AND a.finding_id = s.finding_id AND a.state IN ('filed', 'evidence_asked')"
        " AND t.policy = a.terms AND t.action = s.action",
        (
            [each.policy for each in terms for _ in each.provisional],
            [action for each in terms for action in each.provisional],
            list(ids),
        ),
    )


def _renumber(connection: Connection[Any], moved: Sequence[Sanction]) -> None:
    """A violation before it fell away or came up: the step is the same, the number another."""
    connection.cursor().executemany(
        "UPDATE sanction SET nth = %s WHERE id = %s", [(each.reached.nth, each.id) for each in moved]
    )


def _tell(connection: Connection[Any], topic: str, about: Sequence[tuple[UUID, str]], now: datetime) -> None:
    queue(
        connection,
        [
            Message(
                0, derived_id(ident, topic, now.isoformat()), topic, {"sanction_id": str(ident), "account": account}
            )
            for ident, account in about
        ],
        now,
    )


def release(connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, now: datetime) -> int:
    """Lift the sanctions whose condition holds, move the gates that time moves, and commit; how many were lifted."""
    with connection.transaction():
        lifted = [row for ladder in rules.ladders for row in figure.lift(connection, vocabulary, ladder, now)]
        _tell(connection, "sanction.released", lifted, now)
        changing = connection.execute("SELECT DISTINCT account FROM gate WHERE until <= %s", (now,)).fetchall()
        accounts = sorted({account for _, account in lifted} | {account for (account,) in changing})
        if accounts:
            gate.move(connection, rules.gates, accounts, now)
    return len(lifted)
