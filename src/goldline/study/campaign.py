"""What a campaign came to: what it looked at, what was mended before it came by, what it found, what became of that.

The effect is a difference in differences. The owners called up later are drawn by their ids, so both groups were alike
before anybody was told; what changed for those called up first, less what changed for the others until they were told,
is what being told and having time to mend has changed. Because the draw does not look at the level, a bad spell that
would have passed anyway (regression to the mean) passes in both groups and cancels. It says nothing about what the
sanctions change later, and where owners watch each other it is too small: those called up later mend as well.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from psycopg import Connection

from goldline.core.account.campaign import SURVEY, Standing, later_sql, standing
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.campaign import Campaign
from goldline.study.bootstrap import RESAMPLES, Counts, again, bounds

FEWEST: Final = 5  # owners in either group


@dataclass(frozen=True, slots=True)
class Effect:
    """Shares that meet the criteria, of those called up first and of the others, and the change that is due to it.

    `low` and `high` bound nine in ten bootstrap values, drawn by owner.
    """

    owners: int
    others: int
    before: float
    after: float
    others_before: float
    others_after: float
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Result:
    """A campaign in figures. Counts of things, not of owners, unless said.

    `suspected` met the criteria before anybody was told; of those of owners called up by now `mended` met them no more
    when the last sweep came by, or were gone. `found` were told as events, of which `waiting` wait for a person to
    look; `standing` and `overturned` are the findings of rules that followed, `sanctions` what they brought, `appeals`
    what was filed against them.
    """

    campaign: str
    state: str
    looked: int
    owners: int
    in_scope: int
    suspected: int
    mended: int
    found: int
    waiting: int
    standing: int
    overturned: int
    sanctions: int
    appeals: int
    effect: Effect | None

    def plain(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def result(connection: Connection[Any], vocabulary: Vocabulary, campaign: Campaign, now: datetime) -> Result:
    """What a campaign has come to by a clock."""
    at_work = standing(connection, campaign, now)
    campaign = at_work.campaign
    survey = next((each for each in at_work.passes if each.number == SURVEY), None)
    owners, in_scope, suspected = _seen(connection, campaign)
    swept = _swept(vocabulary, campaign)
    return Result(
        campaign.policy, at_work.state, survey.looked if survey else 0, owners, in_scope, suspected,
        _mended(connection, at_work), sum(each.told for each in at_work.passes),
        *_followed(connection, campaign, swept), effect(connection, at_work),
    )  # fmt: skip


def _seen(connection: Connection[Any], campaign: Campaign) -> tuple[int, int, int]:
    row = connection.execute(
        "SELECT count(*), coalesce(sum(in_scope), 0)::bigint, coalesce(sum(met), 0)::bigint FROM campaign_owner"
        " WHERE policy = %s AND number = %s",
        (campaign.policy, SURVEY),
    ).fetchone()
    return (0, 0, 0) if row is None else (row[0], row[1], row[2])


def _mended(connection: Connection[Any], at_work: Standing) -> int:
    """What the survey suspected and the last whole sweep did not meet any more, of owners called up by then."""
    campaign = at_work.campaign
    whole = [each for each in at_work.passes if each.ended_at is not None and each.number != SURVEY]
    if not whole:
        return 0
    held = f" AND NOT {later_sql(campaign, 's.owner')}" if at_work.holds_back(whole[-1].at) else ""
    row = connection.execute(
        "SELECT count(*) FROM campaign_suspect s WHERE s.policy = %s AND s.number = %s AND s.told_at IS NULL"
        f" AND s.last < %s{held}",
        (campaign.policy, SURVEY, whole[-1].number),
    ).fetchone()
    return int(row[0]) if row else 0


def _swept(vocabulary: Vocabulary, campaign: Campaign) -> str | None:
    """The kind of subject that holds what was found."""
    told = vocabulary[campaign.subject].swept_as
    kinds = (each.kind for each in vocabulary if any(told in fact.source.events for fact in each.facts.values()))
    return next(kinds, None)


def _followed(connection: Connection[Any], campaign: Campaign, swept: str | None) -> tuple[int, int, int, int, int]:
    """Findings that wait for a person, that stand, those overturned, sanctions that stand, appeals."""
    row = connection.execute(
        """
        WITH found AS (
            SELECT id, status, rollout FROM finding WHERE subject = %(swept)s AND split_part(policy, '.', 1) = %(pack)s
                AND facts ->> 'campaign' = %(id)s
        )
        SELECT count(*) FILTER (WHERE status = 'standing' AND rollout <> 'act'),
            count(*) FILTER (WHERE status = 'standing' AND rollout = 'act'),
            count(*) FILTER (WHERE status = 'overturned'),
            (SELECT count(*) FROM sanction s JOIN found f ON f.id = s.finding_id WHERE s.revoked_at IS NULL),
            (SELECT count(*) FROM appeal a JOIN found f ON f.id = a.finding_id)
        FROM found
        """,
        {"swept": swept, "pack": campaign.pack, "id": campaign.policy},
    ).fetchone()
    return (0, 0, 0, 0, 0) if row is None else (row[0], row[1], row[2], row[3], row[4])


def effect(connection: Connection[Any], at_work: Standing, *, seed: int = 618) -> Effect | None:
    """The difference in differences up to the last whole sweep before the others were told; None without a control."""
    later = at_work.campaign.later
    if later is None:
        return None
    told_at = at_work.later_told_at or later.announced_at
    whole = [
        p.number for p in at_work.passes if p.ended_at is not None and p.number != SURVEY and p.ended_at <= told_at
    ]
    if not whole:
        return None
    rows = connection.execute(
        "SELECT later, b.in_scope, b.met, coalesce(a.in_scope, 0), coalesce(a.met, 0) FROM campaign_owner b"
        " LEFT JOIN (SELECT owner, in_scope, met FROM campaign_owner WHERE policy = %(policy)s AND number = %(last)s) a"
        " USING (owner) WHERE b.policy = %(policy)s AND b.number = %(survey)s",
        {"policy": at_work.campaign.policy, "last": whole[-1], "survey": SURVEY},
    ).fetchall()
    called, others = (np.array([row[1:] for row in rows if row[0] is group], float).reshape(-1, 4)
                      for group in (False, True))  # fmt: skip
    if min(len(called), len(others)) < FEWEST:
        return None
    return measured(called, others, seed)


def measured(called: Counts, others: Counts, seed: int) -> Effect:
    """The effect from the counts of either group's owners: in scope and met before, in scope and met after."""
    draw = np.random.default_rng(seed)
    low, high = bounds([_changed(again(draw, called)) - _changed(again(draw, others)) for _ in range(RESAMPLES)])
    (before, after), (others_before, others_after) = _shares(called.sum(axis=0)), _shares(others.sum(axis=0))
    return Effect(
        len(called), len(others), before, after, others_before, others_after,
        (after - before) - (others_after - others_before), low, high,
    )  # fmt: skip


def _shares(sums: Counts) -> tuple[float, float]:
    before_scope, before_met, after_scope, after_met = sums
    return float(before_met / max(before_scope, 1)), float(after_met / max(after_scope, 1))


def _changed(sums: Counts) -> float:
    before, after = _shares(sums)
    return after - before
