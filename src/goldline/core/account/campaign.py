"""Campaigns at work: passes over a whole stock, in bites of which a kill loses nothing, and what they find as events.

    survey → the owners are told → they mend → sweeps, again and again → the end

A pass goes over the fact tables by key. One bite is one transaction: it moves the cursor, counts what it saw, notes
what is suspected and puts the events of what was found into the inbox. So a pass can be paused, killed and taken up
again anywhere, and what was found once is told once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from typing import Any, Final

from psycopg import Connection

from goldline.core.crashpoint import crashpoint
from goldline.core.facts.event import cloudevent
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.inbox import Intake
from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox.message import Message, queue, wanted
from goldline.core.policy.campaign import Campaign, Later

BITE: Final = 20_000
VIA: Final = "campaign"
SURVEY: Final = 0
LONGEST: Final = 200  # of a fact as it was seen
TOPIC: Final = "campaign.announced"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: where it is, what it has looked at of about `total`, and what it newly told of."""

    number: int
    at: datetime
    total: int
    partition: int
    cursor: str
    looked: int
    told: int
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a campaign has come by a clock.

    `state`: planned, survey (looking, before anybody is told), mending (the self-check), sweeping, between (two
    sweeps), paused or ended.
    """

    campaign: Campaign
    state: str
    told_at: datetime | None
    later_told_at: datetime | None
    paused_at: datetime | None
    ended_at: datetime | None
    passes: tuple[Pass, ...]

    @property
    def open(self) -> Pass | None:
        """The pass under way."""
        return _open(self.passes)

    def holds_back(self, at: datetime) -> bool:
        """Whether those drawn for later are not to be found yet: they were not told, or still have time to mend."""
        if self.campaign.later is None:
            return False
        return self.later_told_at is None or at < mend_until(self.campaign.later, self.later_told_at)


def standing(connection: Connection[Any], campaign: Campaign, now: datetime) -> Standing:
    """How far a campaign has come; its draw is the one it began with, whatever was published since."""
    row = connection.execute(
        "SELECT told_at, later_told_at, paused_at, ended_at, later_part FROM campaign WHERE policy = %s",
        (campaign.policy,),
    ).fetchone() or (None, None, None, None, None)
    passes = tuple(_passes(connection, campaign))
    told_at, later_told_at, paused_at, ended_at, part = row
    campaign = _as_begun(campaign, part)
    state = _state(campaign, paused_at, ended_at, passes, now)
    return Standing(campaign, state, told_at, later_told_at, paused_at, ended_at, passes)


def _as_begun(campaign: Campaign, part: Decimal | None) -> Campaign:
    """The campaign with the draw it began with: nobody changes from told to not told by a new version.

    Where the later part was taken out since, those drawn for it are told with the end of the others' self-check, and
    have as long.
    """
    if part is None or (campaign.later is not None and campaign.later.part == part):
        return campaign
    if part == 0:
        return replace(campaign, later=None)
    window = campaign.check_until - campaign.announced_at
    after = Later(part, campaign.check_until, campaign.check_until + window)
    return replace(campaign, later=after if campaign.later is None else replace(campaign.later, part=part))


def mend_until(own: Campaign | Later, told_at: datetime | None) -> datetime:
    """Until when owners may mend: as published, but never less than the window from when they were told."""
    return own.check_until if told_at is None else max(own.check_until, told_at + (own.check_until - own.announced_at))


def _open(passes: tuple[Pass, ...]) -> Pass | None:
    return next((each for each in passes if each.ended_at is None), None)


def _state(
    campaign: Campaign, paused_at: datetime | None, ended_at: datetime | None, passes: tuple[Pass, ...], now: datetime
) -> str:
    under_way = _open(passes)
    if paused_at is not None or ended_at is not None:
        return "ended" if ended_at is not None else "paused"
    if under_way is not None:
        return "survey" if under_way.number == SURVEY else "sweeping"
    if not passes:
        return "planned"
    return "mending" if now < campaign.check_until or len(passes) == 1 else "between"


def _passes(connection: Connection[Any], campaign: Campaign) -> Iterator[Pass]:
    rows = connection.execute(
        "SELECT number, at, total, partition, cursor, looked, told, ended_at FROM campaign_pass WHERE policy = %s"
        " ORDER BY number",
        (campaign.policy,),
    )
    return (Pass(*row) for row in rows.fetchall())


def advance(
    connection: Connection[Any], vocabulary: Vocabulary, campaign: Campaign, intake: Intake, now: datetime,
    *, size: int = BITE,
) -> Pass | None:  # fmt: skip
    """Do the next bite of a campaign and commit it; the pass as it stands then, or None when nothing is due.

    Of several who try at once one does it; to the others nothing is due. Nothing is due while it is paused.
    """
    with connection.transaction():
        _enter(connection, campaign)
        held = connection.execute(
            "SELECT paused_at IS NOT NULL OR ended_at IS NOT NULL FROM campaign WHERE policy = %s"
            " FOR UPDATE SKIP LOCKED",
            (campaign.policy,),
        ).fetchone()
        if held is None or held[0]:
            return None
        at_work = standing(connection, campaign, now)
        if _tell_owners(connection, vocabulary, at_work, now):
            at_work = standing(connection, campaign, now)
        under_way = at_work.open or _begin(connection, at_work, now)
        return None if under_way is None else _bite(connection, vocabulary, at_work, under_way, intake, now, size)


def _enter(connection: Connection[Any], campaign: Campaign) -> None:
    """Its row, with the draw it begins with. One that is there is left alone, and its holder is not waited for."""
    connection.execute(
        "INSERT INTO campaign (policy, later_part) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (campaign.policy, campaign.later.part if campaign.later else 0),
    )


def _begin(connection: Connection[Any], at_work: Standing, now: datetime) -> Pass | None:
    """Open the pass that is due by now, if one is."""
    campaign, passes = at_work.campaign, at_work.passes
    due = campaign.announced_at if not passes else mend_until(campaign, at_work.told_at)
    if len(passes) > 1:
        # The last sweep is the first that begins once it is over.
        due = min(passes[-1].at + timedelta(seconds=campaign.every_s), campaign.ends_at)
    if now < due:
        return None
    number = passes[-1].number + 1 if passes else SURVEY
    connection.execute(
        "INSERT INTO campaign_pass (policy, number, at, total) SELECT %s, %s, %s,"
        " coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        f" WHERE i.inhparent = 'goldline.fact_{campaign.subject}'::regclass",
        (campaign.policy, number, now),
    )
    return next(each for each in _passes(connection, campaign) if each.number == number)


def _bite(
    connection: Connection[Any], vocabulary: Vocabulary, at_work: Standing, under_way: Pass, intake: Intake,
    now: datetime, size: int,
) -> Pass:  # fmt: skip
    campaign = at_work.campaign
    subject = vocabulary[campaign.subject]
    values = {"policy": campaign.policy, "number": under_way.number, "partition": under_way.partition,
              "cursor": under_way.cursor, "size": size, "ends_at": campaign.ends_at}  # fmt: skip
    row = connection.execute(_statement(campaign, subject).encode(), values).fetchone()
    assert row is not None, "a row of counts"
    looked, last = row
    crashpoint("campaign.looked")
    told = 0
    if looked and under_way.number != SURVEY:
        told = _tell(connection, at_work, subject, under_way, last, intake)
    crashpoint("campaign.told")
    _move_on(connection, campaign, under_way, looked, last, told, now, over=looked < size)
    return next(each for each in _passes(connection, campaign) if each.number == under_way.number)


def _move_on(
    connection: Connection[Any], campaign: Campaign, under_way: Pass, looked: int, last: str | None, told: int,
    now: datetime, *, over: bool,
) -> None:  # fmt: skip
    """Move the cursor: to the next partition where this one is over, and to the end after the last."""
    partition, cursor = (under_way.partition + 1, "") if over else (under_way.partition, last)
    connection.execute(
        "UPDATE campaign_pass SET looked = looked + %(looked)s, told = told + %(told)s, partition = %(partition)s,"
        " cursor = %(cursor)s, ended_at = CASE WHEN EXISTS (SELECT FROM partition WHERE id >= %(partition)s) THEN NULL"
        " ELSE greatest(at, %(now)s) END WHERE policy = %(policy)s AND number = %(number)s",
        {"looked": looked, "told": told, "partition": partition, "cursor": cursor, "policy": campaign.policy,
         "number": under_way.number, "now": now},
    )  # fmt: skip
    if under_way.at >= campaign.ends_at:
        connection.execute(
            "UPDATE campaign c SET ended_at = p.ended_at FROM campaign_pass p"
            " WHERE c.policy = %s AND p.policy = c.policy AND p.number = %s",
            (campaign.policy, under_way.number),
        )


def later_sql(campaign: Campaign, owner: str) -> str:
    """Whether an owner is called up later: drawn by its id, the same in every version of PostgreSQL."""
    if campaign.later is None:
        return "false"
    drawn = f"mod(('x' || substr(md5('{campaign.policy}|' || {owner}), 1, 8))::bit(32)::bigint, 10000)"
    return f"({drawn} < {round(campaign.later.part * 10_000)})"


def is_later(connection: Connection[Any], campaign: Campaign, owner: str) -> bool:
    """Whether one owner is called up later."""
    row = connection.execute(f"SELECT {later_sql(campaign, '%(owner)s::text')}".encode(), {"owner": owner}).fetchone()
    return row is not None and bool(row[0])


def _statement(campaign: Campaign, subject: type[Subject]) -> str:
    """Looks at one bite: counts by owner, notes what meets the criteria; one row: how many, and the last key."""
    owner = subject.parties[str(subject.answerer)]
    columns = dict.fromkeys((*campaign.names, owner))
    seen = ", ".join(f"'{name}', left(j.{name}::text, {LONGEST})" for name in campaign.names)
    within, since = campaign.scope.sql("postgres", "f"), campaign.since.sql("postgres", "f")
    return (
        f"WITH bite AS MATERIALIZED (SELECT f.key, {', '.join(f'f.{name}' for name in columns)}"
        f" FROM goldline.fact_{subject.kind} f WHERE f.partition = %(partition)s AND f.key > %(cursor)s"
        " ORDER BY f.key LIMIT %(size)s),"
        f" scoped AS (SELECT f.* FROM bite f WHERE f.{owner} IS NOT NULL AND {since} < %(ends_at)s AND ({within})),"
        f" judged AS MATERIALIZED (SELECT f.*, coalesce(({campaign.criteria.sql('postgres', 'f')}), false) AS _met"
        " FROM scoped f),"
        " counted AS (INSERT INTO campaign_owner AS o (policy, number, owner, later, in_scope, met)"
        f" SELECT %(policy)s, %(number)s, j.{owner}, {later_sql(campaign, f'j.{owner}')}, count(*),"
        f" count(*) FILTER (WHERE j._met) FROM judged j GROUP BY j.{owner}"
        " ON CONFLICT (policy, number, owner) DO UPDATE SET in_scope = o.in_scope + excluded.in_scope,"
        " met = o.met + excluded.met),"
        " noted AS (INSERT INTO campaign_suspect AS s (policy, key, owner, number, last, seen)"
        f" SELECT %(policy)s, j.key, j.{owner}, %(number)s, %(number)s, jsonb_build_object({seen}) FROM judged j"
        " WHERE j._met ON CONFLICT (policy, key) DO UPDATE SET last = excluded.last, seen = excluded.seen"
        " WHERE s.told_at IS NULL)"
        " SELECT count(*), max(key) FROM bite"
    )


def _tell(
    connection: Connection[Any], at_work: Standing, subject: type[Subject], under_way: Pass, last: str, intake: Intake
) -> int:
    """Tell of what this bite, up to the key `last`, found and none before, of owners called up by now; how many."""
    campaign = at_work.campaign
    held = f" AND NOT {later_sql(campaign, 's.owner')}" if at_work.holds_back(under_way.at) else ""
    rows = connection.execute(
        "UPDATE campaign_suspect s SET told_at = %s WHERE s.policy = %s AND s.key > %s AND s.key <= %s AND s.last = %s"
        f" AND s.told_at IS NULL{held} RETURNING s.key, s.owner, s.seen",
        (under_way.at, campaign.policy, under_way.cursor, last, under_way.number),
    ).fetchall()
    events = [_event(campaign, subject, under_way.at, *row) for row in sorted(rows, key=lambda row: str(row[0]))]
    if events:
        intake.accept(connection, events, VIA)
    return len(events)


def _event(
    campaign: Campaign, subject: type[Subject], at: datetime, key: str, owner: str, seen: dict[str, Any]
) -> bytes:
    own = key.rpartition("|")[2]
    ident = md5(f"{campaign.policy}|{key}".encode(), usedforsecurity=False).hexdigest()
    data = {subject.within or f"{subject.answerer}_id": owner, "swept_id": ident, "campaign": campaign.policy,
            subject.key: own, "seen": seen}  # fmt: skip
    return cloudevent(str(subject.swept_as), f"campaign:{ident}", "goldline/campaign", at.astimezone(UTC), data)


def _tell_owners(connection: Connection[Any], vocabulary: Vocabulary, at_work: Standing, now: datetime) -> bool:
    """Once the survey is over, tell every owner with something suspected; those called up later at their own time.

    Whether anybody was told.
    """
    campaign, later = at_work.campaign, at_work.campaign.later
    if not at_work.passes or at_work.passes[0].ended_at is None:
        return False
    answerer, told = f"{vocabulary[campaign.subject].answerer}", False
    if at_work.told_at is None:
        _announce(connection, campaign, answerer, now, mend_until(campaign, now), later=False)
        told = True
    if later is not None and at_work.later_told_at is None and now >= later.announced_at:
        _announce(connection, campaign, answerer, now, mend_until(later, now), later=True)
        told = True
    return told


def _announce(
    connection: Connection[Any], campaign: Campaign, answerer: str, now: datetime, until: datetime, *, later: bool
) -> None:
    column = "later_told_at" if later else "told_at"
    connection.execute(f"UPDATE campaign SET {column} = %s WHERE policy = %s".encode(), (now, campaign.policy))
    if not wanted(connection, TOPIC):
        return
    whose = later_sql(campaign, "s.owner")
    rows = connection.execute(
        f"SELECT s.owner, count(*) FROM campaign_suspect s WHERE s.policy = %s AND {'' if later else 'NOT '}{whose}"
        " GROUP BY s.owner ORDER BY s.owner",
        (campaign.policy,),
    ).fetchall()
    told = [
        Message(0, derived_id(campaign.policy, TOPIC, owner), TOPIC,
                {"campaign": campaign.policy, "title": dict(campaign.title), "account": f"{answerer}:{owner}",
                 "suspected": count, "check_until": until.isoformat()})
        for owner, count in rows
    ]  # fmt: skip
    queue(connection, told, now)


def pause(connection: Connection[Any], campaign: Campaign, now: datetime) -> bool:
    """Hold a campaign where it stands, in the caller's transaction; whether that changed anything."""
    _enter(connection, campaign)
    changed = connection.execute(
        "UPDATE campaign SET paused_at = %s WHERE policy = %s AND paused_at IS NULL AND ended_at IS NULL",
        (now, campaign.policy),
    )
    return changed.rowcount == 1


def resume(connection: Connection[Any], campaign: Campaign) -> bool:
    """Let a campaign go on from where it was held; whether that changed anything."""
    changed = connection.execute(
        "UPDATE campaign SET paused_at = NULL WHERE policy = %s AND paused_at IS NOT NULL", (campaign.policy,)
    )
    return changed.rowcount == 1
