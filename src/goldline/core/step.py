"""The step: one PostgreSQL transaction from the inbox of a partition to its outbox.

    fence → read the inbox → stage → sweep what is due → fold and judge → findings → ledger and outbox → mark done

Everything a step does commits together or not at all, and a second run of it finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from goldline.core.account.docket import enqueue
from goldline.core.account.report import report
from goldline.core.crashpoint import crashpoint
from goldline.core.engine import Engine, Program
from goldline.core.facts.fold import MOVED_TABLE, stage_table
from goldline.core.facts.stage import Stage
from goldline.core.judge.consequence import bring_about
from goldline.core.judge.finding import FindingStatements, Turn, ask, tallied, turn
from goldline.core.judge.notice import notify, notify_tripped
from goldline.core.judge.verdict import TURNED_TABLE
from goldline.core.ledger.book import accrue
from goldline.core.ledger.charge import move_charges
from goldline.core.parked import divert, parked_roots
from goldline.core.partition import Lease, enter, hold_rules
from goldline.core.policy.promise import ACT, REPORT

MAX_EVENTS = 40_000
MAX_INBOX_ROWS = 4_096
MAX_WAKES = 20_000
LEASE_S = 15.0  # how long a partition stands still after its worker dies


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did. `drained` says that nothing was left to do at its clock; `held`, that its clock waits for a
    notice to be put in force.
    """

    events: int
    wakes: int
    turned: int
    drained: bool
    now: datetime | None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """The inbox rows a step takes, and what time their being read makes it."""

    ids: list[int]
    events: int
    next_received_at: datetime | None


def prepare(connection: Connection[Any], engine: Engine) -> None:
    """Make a connection ready to step: temporary tables, and plans that never scan a fact table."""
    connection.execute("SET plan_cache_mode = force_generic_plan")
    for scan in ("hashjoin", "mergejoin", "seqscan", "bitmapscan"):
        connection.execute(f"SET enable_{scan} = off".encode())
    connection.execute("SET work_mem = '64MB'")
    connection.execute("SET temp_buffers = '64MB'")
    connection.execute("SET idle_in_transaction_session_timeout = '15s'")
    for subject in engine.vocabulary:
        connection.execute(stage_table(subject))
    connection.execute(TURNED_TABLE)
    connection.execute(MOVED_TABLE)
    connection.commit()


def step(
    connection: Connection[Any],
    engine: Engine,
    lease: Lease,
    *,
    as_of: datetime | None = None,
    max_events: int = MAX_EVENTS,
) -> Step:
    """Run one step of one partition and commit it.

    `as_of` drives the clock; without it the database's clock (or the driven clock set there) is used. The clock is
    held back while evidence waits in the inbox: a deadline is judged only once everything received before it is read.
    Raises LeaseLostError, RulesChangedError, and whatever PostgreSQL raises; nothing is written then.
    """
    with connection.transaction():
        fence = enter(connection, lease, LEASE_S)
        hold_rules(connection, engine.ruleset.epoch)
        crashpoint("step.entered")
        batch = take(connection, lease.partition, max_events)
        now = clock_for(batch, as_of or fence.now, fence.clock_at, fence.announced_at)
        stages = _stage(connection, engine, lease.partition, batch)
        crashpoint("step.staged")
        wakes = _sweep(connection, engine, lease.partition, stages, now)
        turned = judge(connection, engine, lease.partition, stages, now)
        _close(connection, lease.partition, batch, now)
        crashpoint("step.before_commit")
    crashpoint("step.after_commit")
    # A finding may have put an event into the inbox: the next step will see.
    more = batch.next_received_at is not None or wakes >= MAX_WAKES or (turned > 0 and engine.has_consequences)
    return Step(batch.events, wakes, turned, not more, now, held=fence.announced_at is not None)


def take(connection: Connection[Any], partition: int, max_events: int) -> Batch:
    """The oldest waiting rows up to `max_events`, at least one. Rows still being committed are simply not there yet."""
    rows = connection.execute(
        "SELECT id, events, received_at FROM inbox WHERE partition = %s AND done_at IS NULL ORDER BY id LIMIT %s",
        (partition, MAX_INBOX_ROWS),
        prepare=True,
    ).fetchall()
    taken: list[int] = []
    events = 0
    for number, size, received_at in rows:
        if taken and events + size > max_events:
            return Batch(taken, events, received_at)
        taken.append(number)
        events += size
    return Batch(taken, events, rows[-1][2] if len(rows) == MAX_INBOX_ROWS else None)


def clock_for(
    batch: Batch, now: datetime, clock_at: datetime | None, announced_at: datetime | None = None
) -> datetime | None:
    """The step's time: `now` when the inbox is drained, else when the next waiting row came, and never backwards.

    A notice that was received and is not in force yet waits like a row. What was received after `now` (history
    imported today and judged as of long ago) holds the clock where it stands.
    """
    upcoming = min((at for at in (batch.next_received_at, announced_at) if at is not None), default=None)
    candidate = now if upcoming is None else upcoming
    if candidate > now:
        return clock_at
    return candidate if clock_at is None else max(candidate, clock_at)


def _stage(connection: Connection[Any], engine: Engine, partition: int, batch: Batch) -> dict[str, Stage]:
    if not batch.ids:
        return engine.stager.stages()
    rows = bodies(connection, batch)
    parked = parked_roots(connection, partition)
    if parked:
        # Diverting writes: these rows can be gone through only once, so all types are heard before.
        _hear_all(engine, rows)
    return _staged(connection, engine, rows, parked)


InboxRow = tuple[int, str, bytes]


def _staged(
    connection: Connection[Any], engine: Engine, rows: Sequence[InboxRow], parked: dict[str, str]
) -> dict[str, Stage]:
    stages = engine.stager.stages()
    for number, via, body in rows:
        events = engine.decoder.decode(body)
        if engine.hear(events):
            # Of what else is new in the batch too: then it is begun anew once, not for every type.
            _hear_all(engine, rows)
            return _staged(connection, engine, rows, parked)
        if parked:
            events = divert(connection, events, body, via, parked)
        engine.stager.stage(events, number, stages)
    return stages


def _hear_all(engine: Engine, rows: Sequence[InboxRow]) -> None:
    engine.hear(event for _, _, body in rows for event in engine.decoder.decode(body))


def bodies(connection: Connection[Any], batch: Batch) -> Sequence[InboxRow]:
    """Id, origin and JSON of every inbox row of a batch."""
    return connection.execute(
        "SELECT id, via, body FROM inbox WHERE id = ANY(%s) ORDER BY id", (batch.ids,), prepare=True, binary=True
    ).fetchall()


def _sweep(
    connection: Connection[Any], engine: Engine, partition: int, stages: dict[str, Stage], now: datetime | None
) -> int:
    """Stage what is due by the clock without evidence, so that the judge looks again; returns wakes taken."""
    if now is None:
        return 0
    most = 0
    for program in engine.programs(partition):
        if program.findings is None:
            continue
        stage = stages[program.subject.kind]
        rows = connection.execute(program.sweep.encode(), {"now": now, "most": MAX_WAKES}, prepare=True).fetchall()
        for key, _ in rows:
            if key is not None:
                stage.touch(key)
        most = max(most, sum(taken for _, taken in rows))
    return most


def judge(
    connection: Connection[Any], engine: Engine, partition: int, stages: dict[str, Stage], now: datetime | None
) -> int:
    """Fold and judge every staged subject and write down what follows; returns the findings turned.

    All kinds are judged before anything is accrued: a cap counts the breaches of an order and of its parcels in order
    of judgement, whatever kind they are of.
    """
    broken: list[FindingStatements] = []
    freed: list[FindingStatements] = []
    for program in engine.programs(partition):
        stage = stages[program.subject.kind]
        _touch_heirs(connection, program, stage)
        if stage.rows:
            with connection.cursor().copy(program.copy) as copy:
                copy.write(stage.copy_bytes())
            changes = _judge_kind(connection, partition, program, now)
            if program.findings is not None and any(new == "b" for _, _, new in changes):
                broken.append(program.findings)
            if program.findings is not None and any(old == "b" for _, old, _ in changes):
                freed.append(program.findings)
    if now is None:
        return 0
    turned = _find(connection, engine, partition, broken, now) if broken else 0
    return turned + sum(_exonerate(connection, engine, partition, each, now) for each in freed)


def _touch_heirs(connection: Connection[Any], program: Program, stage: Stage) -> None:
    """Stage the subjects within those whose facts have changed, so that what they inherit is what stands."""
    if program.heirs is not None:
        for (key,) in connection.execute(program.heirs.encode(), prepare=True).fetchall():
            stage.touch(key)


def _judge_kind(connection: Connection[Any], partition: int, program: Program, now: datetime | None) -> Changes:
    """Fold and judge one kind; returns how many went from which verdict to which."""
    statement = program.judgement.statement.encode()
    clock = now if now is not None else "-infinity"
    signatures = connection.execute(statement, {"now": clock}, prepare=True).fetchall()
    changes = _changes(program, signatures)
    _count(connection, partition, changes, _taken_back(connection, program, changes))
    crashpoint("step.judged")
    return changes


Changes = dict[tuple[str, str, str], int]


def _changes(program: Program, signatures: list[tuple[str, int]]) -> Changes:
    """How many subjects went from which verdict to which, by policy; further occurrences are not counted apart."""
    changes: Changes = {}
    for signature, subjects in signatures:
        for number, slot in enumerate(program.judgement.slots):
            old, new = signature[2 * number], signature[2 * number + 1]
            if old != new:
                turn_of = (tallied(slot), old, new)
                changes[turn_of] = changes.get(turn_of, 0) + subjects
    return changes


def _taken_back(connection: Connection[Any], program: Program, changes: Changes) -> dict[str, int]:
    """How many of those that have turned to or from broken a person has taken back, by policy."""
    if program.findings is None or not any("b" in (old, new) for _, old, new in changes):
        return {}
    return dict(connection.execute(program.findings.taken_back.encode(), prepare=True).fetchall())


def _count(connection: Connection[Any], partition: int, changes: Changes, taken_back: Mapping[str, int]) -> None:
    """Keep the tally exact by adding the difference. What was taken back is counted apart from what is broken."""
    delta: dict[tuple[str, str], int] = {}
    for policy, subjects in taken_back.items():
        delta[policy, "o"], delta[policy, "b"] = subjects, -subjects
    for (policy, old, new), subjects in changes.items():
        delta[policy, new] = delta.get((policy, new), 0) + subjects
        delta[policy, old] = delta.get((policy, old), 0) - subjects
    rows = [(partition, policy, state, n) for (policy, state), n in sorted(delta.items()) if state != "-" and n]
    if rows:
        connection.cursor().executemany(
            'INSERT INTO tally (partition, policy, state, subjects) VALUES (%s, %s, %s::"char", %s)'
            " ON CONFLICT (partition, policy, state) DO UPDATE SET subjects = tally.subjects + excluded.subjects",
            rows,
        )


def _find(
    connection: Connection[Any], engine: Engine, partition: int, statements: list[FindingStatements], now: datetime
) -> int:
    """Findings of promises that broke, with remedies, postings, notices and what they bring about."""
    found = [each for own in statements for each in turn(connection, own.found, now)]
    new = {each.finding_id for each in found if each.revision == 0}
    crashpoint("step.found")
    paying = [own.asked for own in statements if own.asked is not None]
    if paying:
        asked = [c for own in paying for c in ask(connection, own, now) if c.finding_id in new]
        tripped = accrue(connection, partition, asked, engine.promises, now)
        notify_tripped(connection, partition, tripped, now)
        move_charges(connection, partition, _revisions(found, returned=True), "reinstate", now)
    acting = [each for each in found if each.rollout == ACT]
    notify(connection, partition, "finding.found", [t for t in acting if t.revision == 0], now)
    report(connection, [each.finding_id for each in found if each.rollout == REPORT], now)
    _note_accounts(connection, engine, acting)
    following = [own.consequences for own in statements if own.consequences is not None]
    bring_about(connection, partition, engine.vocabulary, following, engine.ruleset.promises, new, now)
    crashpoint("step.accrued")
    return len(found)


def _exonerate(
    connection: Connection[Any], engine: Engine, partition: int, statements: FindingStatements, now: datetime
) -> int:
    """Late evidence: the finding no longer stands, the platform bears what was paid, the consumer keeps it."""
    freed = turn(connection, statements.exonerated, now)
    move_charges(connection, partition, _revisions(freed), "exonerate", now)
    acting = [each for each in freed if each.rollout == ACT]
    notify(connection, partition, "finding.exonerated", acting, now)
    _note_accounts(connection, engine, acting)
    crashpoint("step.exonerated")
    return len(freed)


def _note_accounts(connection: Connection[Any], engine: Engine, turns: list[Turn]) -> None:
    """Whoever answers for a rule's violation is looked at: its sanctions follow from what stands now."""
    turned = [each.finding_id for each in turns if engine.promises[each.policy].kind == "rule"]
    if turned:
        enqueue(connection, turned)


def _revisions(turns: list[Turn], *, returned: bool = False) -> list[tuple[Any, int]]:
    return [(each.finding_id, each.revision) for each in turns if not returned or each.revision > 0]


def _close(connection: Connection[Any], partition: int, batch: Batch, now: datetime | None) -> None:
    """Mark the rows done and move the partition's clock, in the same transaction as everything else."""
    if batch.ids:
        connection.execute(
            "UPDATE inbox SET done_at = clock_timestamp() WHERE id = ANY(%s)", (batch.ids,), prepare=True
        )
    connection.execute(
        "UPDATE partition SET steps = steps + 1, events = events + %s, stepped_at = clock_timestamp(), clock_at = %s"
        " WHERE id = %s",
        (batch.events, now, partition),
        prepare=True,
    )
