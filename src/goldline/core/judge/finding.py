"""Findings: broken promises written down with what they were judged on, and what the tariff asks for them.

Both statements read the temporary table `turned`, which the judge's statement has filled in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from goldline.core.facts.subject import Subject
from goldline.core.judge.verdict import NOW, parametrised
from goldline.core.ledger.accrual import REFUND, Candidate
from goldline.core.policy.consequence import CONSUMER
from goldline.core.policy.promise import ACT, LOG, Promise, Remedy
from goldline.core.policy.slot import Slot, answered_slot
from goldline.core.policy.verdict_sql import (
    due_sql,
    judge_at_sql,
    kept_sql,
    made_sql,
    pay_sql,
    share_sql,
    slot_facts_json_sql,
    slot_nodes_json_sql,
    version_sql,
)


@dataclass(frozen=True, slots=True)
class FindingStatements:
    """The compiled statements of one subject kind in one partition.

    `asked` is None where no policy pays, `consequences` where none brings about an event. `taken_back` counts what
    turned of findings that a person has overturned.
    """

    found: str
    asked: str | None
    exonerated: str
    taken_back: str
    consequences: str | None = None


def compile_findings(subject: type[Subject], slots: tuple[Slot, ...], partition: int) -> FindingStatements:
    """Compile what follows a turn: to broken (found, asked) and from broken (exonerated)."""
    asked = [_asked(subject, n, slot, remedy, partition, slots) for n, slot, remedy in _remedies(slots)]
    return FindingStatements(
        found=parametrised(_found(subject, slots, partition)),
        asked=parametrised(" UNION ALL ".join(asked)) if asked else None,
        exonerated=parametrised(_exonerated(subject, slots, partition)),
        taken_back=parametrised(_taken_back(subject, slots, partition)),
        consequences=parametrised(" UNION ALL ".join(_consequences(subject, slots, partition))) or None,
    )


def _remedies(slots: tuple[Slot, ...]) -> Iterator[tuple[int, Slot, tuple[Promise, Remedy]]]:
    for number, slot in enumerate(slots):
        for promise in slot.versions:
            for remedy in slot.remedies(promise):
                yield number, slot, (promise, remedy)


def finding_id_sql(subject: type[Subject], slot: Slot) -> str:
    """The id of a finding: the same for the same policy, subject and occurrence, in every run."""
    return f"md5('{slot.policy}|{subject.kind}|' || f.key || '|{slot.occurrence}')::uuid"


def _from(subject: type[Subject], partition: int, number: int) -> str:
    return (
        f"FROM turned t JOIN goldline.fact_{subject.kind}_p{partition} f"
        f" ON f.partition = {partition} AND f.key = t.key WHERE t.kind = '{subject.kind}' AND t.slot = {number}"
    )


def _found(subject: type[Subject], slots: tuple[Slot, ...], partition: int) -> str:
    rows = []
    for number, slot in enumerate(slots):
        rows.append(
            f"SELECT {partition}, {finding_id_sql(subject, slot)}, '{slot.policy}', {version_sql(slot, 'f')},"
            f" '{subject.kind}', f.key, {slot.occurrence}, {made_sql(slot, 'f')}, {due_sql(slot, 'f')},"
            f" {kept_sql(slot, 'f')}, {NOW}, {_merchant(subject, slot)}, {_answerer(subject, slot)}, {_rollout(slot)},"
            f" {slot_facts_json_sql(slot, 'f')}, {slot_nodes_json_sql(slot, 'f')}"
            f" {_from(subject, partition, number)} AND t.new = 'b'{_written_down(slot)}"
        )
    return (
        "INSERT INTO finding (partition, id, policy, version, subject, key, occurrence, made_at, due_at, kept_at,"
        f" found_at, merchant_id, answerer, rollout, facts, nodes) {' UNION ALL '.join(rows)}"
        " ON CONFLICT (partition, id) DO UPDATE SET status = 'standing', status_at = excluded.found_at,"
        " status_why = NULL, revision = finding.revision + 1"
        # What a person has taken back is not put up again by judging it again.
        " WHERE finding.status <> 'overturned'"
        " RETURNING id, policy, key, revision, due_at, found_at, rollout"
    )


def _written_down(slot: Slot) -> str:
    """Leaves out what a rule that only counts has found."""
    counting = [str(each.version) for each in slot.versions if each.rollout == LOG]
    return f" AND {version_sql(slot, 'f')} NOT IN ({', '.join(counting)})" if counting else ""


def _rollout(slot: Slot) -> str:
    """How far the version that was broken is rolled out."""
    on_the_way = [each for each in slot.versions if each.rollout not in (LOG, ACT)]
    cases = " ".join(f"WHEN {each.version} THEN '{each.rollout}'" for each in on_the_way)
    return f"CASE {version_sql(slot, 'f')} {cases} ELSE '{ACT}' END" if cases else f"'{ACT}'"


def _answerer(subject: type[Subject], slot: Slot) -> str:
    """The account that answers for a rule's violation where no merchant does."""
    party = subject.answerer
    if party in (None, "merchant") or all(each.kind != "rule" for each in slot.versions):
        return "NULL::text"
    return f"'{party}:' || f.{subject.parties[str(party)]}"


def _merchant(subject: type[Subject], slot: Slot) -> str:
    """Whose breach it is told as: the seller's, but never where the consumer's own clock ran out."""
    theirs = any(promise.side == CONSUMER for promise in slot.versions)
    return "NULL::text" if theirs or "merchant" not in subject.parties else f"f.{subject.parties['merchant']}"


def _asked(
    subject: type[Subject],
    number: int,
    slot: Slot,
    tariff: tuple[Promise, Remedy],
    partition: int,
    slots: tuple[Slot, ...],
) -> str:
    """One row a remedy asked for: only for findings that are new, never for those that return."""
    promise, remedy = tariff
    cap = "NULL::bigint" if promise.cap_minor is None else f"{promise.cap_minor}::bigint"
    asked = pay_sql(promise, remedy.ordinal, "f")
    bearer, shared = _borne(subject, slot, remedy, slots)
    return (
        f"SELECT {finding_id_sql(subject, slot)}, '{slot.policy}'::text, f.key, {remedy.ordinal},"
        f" '{remedy.kind}'::text, {_party(subject, 'consumer')}, {bearer},"
        f" {asked}, '{remedy.currency}'::text,"
        f" {_currency(subject)}, {cap}, {judge_at_sql(slot, 'f')}, {_root(subject)}, {_price(subject, remedy)},"
        f" {shared}"
        f" {_from(subject, partition, number)} AND t.new = 'b'"
        f" AND {version_sql(slot, 'f')} = {promise.version} AND {asked} > 0"
    )


def _root(subject: type[Subject]) -> str:
    """Whose charges count towards a cap: the whole order's, say, whichever of its parcels is judged."""
    return "f.key" if subject.within is None else "split_part(f.key, '|', 1)"


def _price(subject: type[Subject], remedy: Remedy) -> str:
    """What a refund may not exceed: the price, and what of it went back already. Nothing for other remedies."""
    price, given = (
        f"f.{name}" if name and remedy.kind == REFUND else None for name in (subject.price, subject.given_back)
    )
    return f"{price or 'NULL::bigint'}, {given or 'NULL::text[]'}"


def _party(subject: type[Subject], party: str) -> str:
    fact = subject.parties.get(party)
    return f"'{party}:' || f.{fact}" if fact else "NULL::text"


def _borne(subject: type[Subject], slot: Slot, remedy: Remedy, slots: tuple[Slot, ...]) -> tuple[str, str]:
    """The bearer, and of a shared remedy the sharer, its part and both grounds, as columns."""
    alone, columns = _account(subject, remedy.bearer.sql("postgres", "f")), ("text", "numeric", "uuid", "uuid")
    condition = share_sql(remedy, slot, slots, "f")
    if remedy.share is None or condition is None:
        return alone, ", ".join(f"NULL::{kind}" for kind in columns)
    one, other = (_account(subject, f"'{side.party}'") for side in remedy.share)
    answered = (answered_slot(side, slot, slots) for side in remedy.share)
    grounds = [finding_id_sql(subject, each) for each in answered if each is not None]
    values = (other, f"{remedy.share[1].part}::numeric", *grounds)
    shared = ", ".join(f"CASE WHEN {condition} THEN {value} END" for value in values)
    return f"CASE WHEN {condition} THEN {one} ELSE {alone} END", shared


def _account(subject: type[Subject], party: str) -> str:
    """The account of a party, which is SQL for its word."""
    named = " ".join(
        f"WHEN '{each}' THEN '{each}:' || coalesce(f.{fact}, 'unknown')" for each, fact in subject.parties.items()
    )
    return f"CASE {party} {named} ELSE 'platform' END" if named else "'platform'::text"


def _currency(subject: type[Subject]) -> str:
    """The currency of the subject and whether it was seen in two."""
    if subject.currency_facts is None:
        return "NULL::text, false"
    one, other = subject.currency_facts
    return f"f.{one}, coalesce(f.{one} <> f.{other}, false)"


def _exonerated(subject: type[Subject], slots: tuple[Slot, ...], partition: int) -> str:
    rows = " UNION ALL ".join(
        f"SELECT {finding_id_sql(subject, slot)} AS id, jsonb_build_object('verdict', t.new::text, 'facts',"
        f" {slot_facts_json_sql(slot, 'f')}) AS why {_from(subject, partition, number)} AND t.old = 'b'"
        for number, slot in enumerate(slots)
    )
    standing = f"SELECT o.ctid AS place FROM finding o WHERE o.partition = {partition} AND o.id = x.id LIMIT 1"
    return (
        f"WITH freed AS MATERIALIZED (SELECT p.place, x.why FROM ({rows}) x CROSS JOIN LATERAL ({standing}) p)"
        f" UPDATE finding u SET status = 'exonerated', status_at = {NOW}, status_why = x.why, revision = u.revision + 1"
        f" FROM freed x WHERE u.ctid = x.place AND u.status = 'standing'"
        f" RETURNING u.id, u.policy, u.key, u.revision, u.due_at, u.found_at, u.rollout"
    )


def _taken_back(subject: type[Subject], slots: tuple[Slot, ...], partition: int) -> str:
    """By policy, how many more subjects are broken by evidence though a person has taken their findings back."""
    rows = " UNION ALL ".join(
        f"SELECT '{tallied(slot)}'::text AS policy, f.new, f.old, {finding_id_sql(subject, slot)} AS id FROM turned f"
        f" WHERE f.kind = '{subject.kind}' AND f.slot = {number}"
        for number, slot in enumerate(slots)
    )
    # Most partitions have none: the first condition is asked once and ends it.
    return (
        "SELECT x.policy, sum((x.new = 'b')::integer - (x.old = 'b')::integer)::bigint"
        f" FROM ({rows}) x JOIN finding o ON o.partition = {partition} AND o.id = x.id AND o.status = 'overturned'"
        f" WHERE EXISTS (SELECT FROM finding e WHERE e.partition = {partition} AND e.status = 'overturned')"
        " GROUP BY x.policy"
    )


def tallied(slot: Slot) -> str:
    """The name a slot's verdicts are counted under: the policy's, with the number of a further occurrence."""
    return slot.policy if slot.occurrence == 0 else f"{slot.policy}+{slot.occurrence}"


def _consequences(subject: type[Subject], slots: tuple[Slot, ...], partition: int) -> list[str]:
    """Rows of (finding, policy, version, kind, key, judged at) of what has just broken and brings about an event."""
    return [
        f"SELECT {finding_id_sql(subject, slot)}, '{slot.policy}'::text, {promise.version}, '{subject.kind}'::text,"
        f" f.key, {judge_at_sql(slot, 'f')} {_from(subject, partition, number)} AND t.new = 'b'"
        f" AND {version_sql(slot, 'f')} = {promise.version}"
        for number, slot in enumerate(slots)
        for promise in (slot.versions if slot.occurrence == 0 else ())
        if promise.event is not None
    ]


@dataclass(frozen=True, slots=True)
class Turn:
    """A finding that has just come to stand, or ceased to."""

    finding_id: Any
    policy: str
    key: str
    revision: int
    due_at: datetime
    found_at: datetime
    rollout: str = ACT


def turn(connection: Connection[Any], statement: str, now: datetime | None) -> list[Turn]:
    """Run `found` or `exonerated` and return the findings it turned."""
    rows = connection.execute(statement.encode(), {"now": now}, prepare=True).fetchall()
    return [Turn(*row) for row in rows]


def ask(connection: Connection[Any], statement: str, now: datetime | None) -> list[Candidate]:
    """Run `asked` and return what the tariffs ask for the new findings."""
    rows = connection.execute(statement.encode(), {"now": now}, prepare=True).fetchall()
    return [Candidate(*row) for row in rows]
