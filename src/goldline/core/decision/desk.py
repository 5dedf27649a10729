"""The desk where questions are asked: compiled for one rule set, used by every thread.

One transaction asks, rules, draws on the limits, writes the decision down and puts its events in the inbox. Whoever
asks holds a lock of their own while it lasts, so a buyer's requests see each other however many come at once, and a
second asking of the same waits for the first and gets its answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection

from goldline.core.crashpoint import crashpoint
from goldline.core.decision.record import Decided, find
from goldline.core.errors import GoldlineError
from goldline.core.facts.event import partition_of
from goldline.core.facts.question import ASKED_AT, ASKER, Answered, Question
from goldline.core.facts.subject import Vocabulary
from goldline.core.inbox import Intake
from goldline.core.ledger.accrual import derived_id
from goldline.core.ledger.limit import period_start
from goldline.core.policy.decision import Decision
from goldline.core.policy.decision_sql import Ruling, live_sql, rule_sql, ruling
from goldline.core.policy.pack import zone_of
from goldline.core.policy.published import RuleSet
from goldline.core.spelling import closest
from goldline.core.statement import Statement, numbered

ASKER_LOCK: Final = 0x601D
SUBJECT_LOCK: Final = 0x601E  # beside it: accounts may be linked between two askings about one subject
# The row is written with what the limits make of it: granted, or turned to what is answered once one is reached.
_WRITE: Final = """
INSERT INTO decision (id, policy, version, question, partition, key, asked_as, asker, consumer_id, merchant_id,
    held, amount_minor, currency, decided_at, via, facts, nodes, answer, reasons, spent_minor)
SELECT %(id)s, %(policy)s, %(version)s, %(question)s, %(partition)s, %(key)s, %(asked_as)s, %(asker)s, %(consumer)s,
    %(merchant)s, %(held)s, %(amount)s, %(currency)s, %(at)s, %(via)s, %(facts)s::jsonb, %(nodes)s::jsonb,
    CASE WHEN g.reached IS NULL THEN %(answer)s ELSE %(exhausted)s END,
    CASE WHEN g.reached IS NULL THEN %(reasons)s::text[] ELSE ARRAY[g.reached] END,
    CASE WHEN %(spends)s AND g.reached IS NULL THEN %(amount)s ELSE 0 END
FROM (SELECT CASE WHEN %(limited)s THEN grant_amount(%(policy)s::text, %(who)s::text, %(amount)s::bigint,
    %(at)s::timestamptz, %(exposure_since)s::date, %(exposure)s::bigint, %(budget_since)s::date, %(budget)s::bigint,
    make_interval(secs => %(window_s)s::float8), %(breaker)s::bigint) END AS reached OFFSET 0) g
RETURNING answer, reasons, spent_minor
"""


class RulesMoved(GoldlineError):
    """The rules have changed since the desk was made; nothing was written, and a new one answers."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One decision ready to be asked: its versions and the statements compiled from them."""

    question: type[Question]
    versions: tuple[Decision, ...]
    asker: str
    rule: Statement


@dataclass(frozen=True, slots=True)
class _Asking:
    """One asking on its way: what and who asks and when, and the ruling on the facts as read, with texts to store."""

    id: UUID
    asked_as: str
    partition: int
    key: str
    asker: str
    at: datetime
    via: str
    ruling: Ruling
    facts_json: str
    nodes_json: str


class Desk:
    """Answers questions by the decisions of one rule set."""

    def __init__(self, vocabulary: Vocabulary, rules: RuleSet, partitions: int) -> None:
        self.epoch = rules.epoch
        self.partitions = partitions
        self._counters: dict[str, Counter] = {}
        self._shared: set[str] = set()
        for policy in dict.fromkeys(each.policy for each in rules.decisions):
            self._open(vocabulary, tuple(each for each in rules.decisions if each.policy == policy))

    def _open(self, vocabulary: Vocabulary, versions: tuple[Decision, ...]) -> None:
        question, policy, own_id = vocabulary.questions[versions[0].question], versions[0].policy, versions[0].id
        table = f"(SELECT * FROM goldline.fact_{question.of.kind} WHERE partition = %s AND key = %s) o"
        # One after the other, as written: first the lock is waited for, then the time is taken.
        asker = (
            "SELECT w.whose, w.accounts, pg_advisory_xact_lock(%s, hashtext(coalesce(w.whose, %s))),"
            " pg_advisory_xact_lock(%s, hashtext(%s)), (SELECT epoch FROM ruleset),"
            " coalesce((SELECT at FROM driven_clock), clock_timestamp())"
            f" FROM {table}, LATERAL ({question.asker}) w"
        )
        rule = rule_sql(question, versions, live_sql(question, versions))
        texts = (
            "SELECT EXISTS (SELECT FROM decision WHERE id = %(decision_id)s), r.version, r.facts::text, r.grounds,"
            f" r.nodes::text FROM ({rule})"
        )
        counter = Counter(question, versions, asker, numbered(f"{texts} r(version, facts, grounds, nodes)"))
        self._counters[policy] = counter
        if own_id in self._counters:
            self._shared.add(own_id)
        self._counters[own_id] = counter

    def counter(self, name: str) -> Counter:
        """The decision of that name: '<pack>.<id>', or its id alone where one pack has it. Raises GoldlineError."""
        if name in self._shared:
            raise GoldlineError(
                f"More than one pack has a decision {name!r}.", code="ambiguous", hint=f"Name one as <pack>.{name}."
            )
        if name not in self._counters:
            near = closest(name, self._counters)
            hint = f"Did you mean {near!r}?" if near else "Publish a pack that has it."
            raise GoldlineError(f"There is no decision {name[:64]!r} in force.", code="not_found", hint=hint)
        return self._counters[name]

    def ask(
        self, connection: Connection[Any], intake: Intake, name: str, key: str, body: msgspec.Struct, via: str
    ) -> tuple[Decided, Decision | None]:
        """Answer and commit; the decision, and the version it was made by where that is in force.

        Raises GoldlineError: 'not_found', 'asked_differently', 'not_in_force', what the question itself refuses, and
        RulesMoved.
        """
        counter = self.counter(name)
        with connection.transaction():
            return self._ask(connection, intake, counter, key, body, via)

    def _ask(
        self, connection: Connection[Any], intake: Intake, counter: Counter, key: str, body: msgspec.Struct, via: str
    ) -> tuple[Decided, Decision | None]:
        question = counter.question
        asked_as = str(getattr(body, question.key))
        decision_id = derived_id("decision", counter.versions[0].id, key, asked_as)
        given = question.given(body)
        partition = partition_of(key, self.partitions)
        asker, accounts, at = self._enter(connection, counter, partition, key)
        own = {ASKED_AT: at, ASKER: asker, "accounts": accounts, "partition": partition, "key": key}
        values = {**given, **own, "decision_id": decision_id}
        row = counter.rule.run(connection, values).fetchone()
        assert row is not None, "the subject was there a moment ago"
        if row[0]:
            known = find(connection, decision_id)
            assert known is not None, "it is never deleted"
            return _as_before(counter, known, given), _version(counter, known)
        facts = json.loads(row[2], parse_float=Decimal)
        ruled = ruling(counter.versions, (row[1], facts, row[3], ()))
        _check(counter, ruled, given, facts)
        asking = _Asking(decision_id, asked_as, partition, key, asker, at, via, ruled, row[2], row[4])
        decided = _written(connection, counter, asking)
        crashpoint("decision.written")
        _tell(connection, intake, counter, decided)
        crashpoint("decision.before_commit")
        return decided, ruled.decision

    def _enter(
        self, connection: Connection[Any], counter: Counter, partition: int, key: str
    ) -> tuple[str, list[str], datetime]:
        """Who asks and all their accounts, once nobody else of them is being answered; and the time from then on.

        Where nobody is known to have bought, the subject itself asks. Raises RulesMoved.
        """
        kind = counter.question.of.kind
        itself = f"{kind}:{key}"
        row = connection.execute(
            counter.asker.encode(), [ASKER_LOCK, itself, SUBJECT_LOCK, itself, partition, key], prepare=True
        ).fetchone()
        if row is None:
            hint = "It may not have been taken in yet."
            raise GoldlineError(f"There is no {kind} {key[:64]!r}.", code="not_found", hint=hint)
        whose, accounts, _, _, epoch, at = row
        if epoch != self.epoch:
            raise RulesMoved("The rules have just changed.", code="rules_changed", hint="Ask again.")
        return whose or itself, accounts if whose else [], at.astimezone(UTC)


def _as_before(counter: Counter, known: Decided, given: Mapping[str, Any]) -> Decided:
    """What was answered before, if the same was asked."""
    for name in (counter.question.amount, counter.question.currency):
        if known.facts.get(name) != given[name]:
            raise GoldlineError(
                f"{known.asked_as!r} was asked before with another {counter.question.asked[name].field}.",
                code="asked_differently",
                where=counter.question.asked[name].field,
                hint="Ask under an id of its own.",
            )
    return known


def _version(counter: Counter, known: Decided) -> Decision | None:
    wanted = (known.policy, known.version)
    return next((each for each in counter.versions if (each.policy, each.version) == wanted), None)


def _check(counter: Counter, ruled: Ruling, given: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Refuse what cannot be asked, or cannot be answered by any version."""
    refusal = counter.question.refusal(facts)
    if refusal is not None:
        raise refusal
    if ruled.decision is None:
        hint = "See its dates with `goldline policy explain`."
        raise GoldlineError("No version of the decision is in force now.", code="not_in_force", hint=hint)
    if given[counter.question.currency] != ruled.decision.currency:
        raise GoldlineError(
            f"The decision is made in {ruled.decision.currency}.", code="wrong_currency", where="currency"
        )


def _written(connection: Connection[Any], counter: Counter, asking: _Asking) -> Decided:
    """Draw on the limits and write the decision down, as granted or as turned by the limit that is reached."""
    ruled, facts, parties = asking.ruling, asking.ruling.facts, counter.question.parties
    decision = ruled.decision
    assert decision is not None
    amount_minor = int(facts[counter.question.amount])
    row = connection.execute(
        _WRITE,
        {
            "id": asking.id, "policy": decision.policy, "version": decision.version, "question": decision.question,
            "partition": asking.partition, "key": asking.key, "asked_as": asking.asked_as, "asker": asking.asker,
            "consumer": facts.get(parties.get("consumer", "")), "merchant": facts.get(parties.get("merchant", "")),
            "held": list(ruled.held), "amount": amount_minor, "currency": decision.currency, "at": asking.at,
            "via": asking.via, "facts": asking.facts_json, "nodes": asking.nodes_json, "answer": ruled.answer,
            "reasons": list(ruled.reasons), **_drawing(decision, asking),
        },
        prepare=True,
    ).fetchone()  # fmt: skip
    assert row is not None
    return Decided(
        asking.id, decision.policy, decision.version, decision.question, asking.key, asking.asked_as, asking.asker,
        row[0], row[1], ruled.held, amount_minor, row[2], decision.currency, asking.at, asking.via, facts, (),
    )  # fmt: skip


def _drawing(decision: Decision, asking: _Asking) -> dict[str, Any]:
    """What is drawn on, and from when on each limit counts."""
    exposure, budget, breaker = decision.exposure, decision.budget, decision.breaker
    zone = zone_of(decision.zone)
    spends = asking.ruling.answer == decision.spends
    who = asking.ruling.facts.get(exposure.per) if exposure else None
    return {
        "spends": spends, "limited": spends and bool(decision.ceilings), "exhausted": decision.exhausted,
        "who": who or asking.asker,
        "exposure_since": period_start(exposure.period, asking.at, zone) if exposure else None,
        "exposure": exposure.limit_minor if exposure else None,
        "budget_since": period_start(budget.period, asking.at, zone) if budget else None,
        "budget": budget.limit_minor if budget else None,
        "window_s": breaker.window_s if breaker else None, "breaker": breaker.limit_minor if breaker else None,
    }  # fmt: skip


def _tell(connection: Connection[Any], intake: Intake, counter: Counter, decided: Decided) -> None:
    """Put the events in the inbox. One that the catalogue refuses undoes everything."""
    answered = Answered(
        str(decided.id), decided.key, decided.answer, decided.spent_minor > 0, decided.amount_minor, decided.currency,
        decided.decided_at, decided.facts,
    )  # fmt: skip
    receipt = intake.accept(connection, counter.question.told(answered), f"decision:{decided.policy}")
    if receipt.quarantined:
        raise GoldlineError(
            f"What was decided cannot be told: {receipt.quarantined[0][2]}", code="cannot_be_told", where="reason"
        )
