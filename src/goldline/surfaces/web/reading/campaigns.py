"""Campaigns as pages show them: how far each has come, what came of it, and what of one's own would be found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from goldline.core.account.campaign import Pass, Standing, is_later, mend_until, standing
from goldline.core.policy.campaign import Campaign
from goldline.market.vocabulary import vocabulary
from goldline.study.campaign import Result, result
from goldline.study.campaignpreview import Preview, preview
from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.explanation import rules

OWN_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A campaign on a page. `share` is how much of the pass under way is done, in hundredths."""

    campaign: Campaign
    at_work: Standing
    share: int | None
    result: Result | None = None

    @property
    def under_way(self) -> Pass | None:
        """The pass under way."""
        return self.at_work.open


def campaigns(connection: Connection, now: datetime) -> list[Shown]:
    """Every campaign of the published packs, the newest first."""
    found = sorted(rules(connection).campaigns, key=lambda each: each.announced_at, reverse=True)
    return [_shown(connection, each, now) for each in found]


def campaign(connection: Connection, policy: str, now: datetime) -> Shown | None:
    """One campaign with what came of it; None where there is none of that name."""
    found = next((each for each in rules(connection).campaigns if each.policy == policy), None)
    if found is None:
        return None
    shown = _shown(connection, found, now)
    return Shown(found, shown.at_work, shown.share, result(connection, vocabulary(), found, now))


def _shown(connection: Connection, campaign: Campaign, now: datetime) -> Shown:
    at_work = standing(connection, campaign, now)
    under_way = at_work.open
    share = None if under_way is None else min(99, 100 * under_way.looked // max(under_way.total, under_way.looked, 1))
    return Shown(campaign, at_work, share)


@dataclass(frozen=True, slots=True)
class Called:
    """A campaign that an account was told of: what of its own would be found now, and until when it may mend it."""

    campaign: Campaign
    until: datetime
    own: Preview
    may_mend: bool


def called(connection: Connection, account: str, now: datetime) -> list[Called]:
    """The campaigns under way that concern an account ('merchant:m1') and of which it was told."""
    party, _, owner = account.partition(":")
    found = []
    for each in rules(connection).campaigns:
        if vocabulary()[each.subject].answerer != party:
            continue
        at_work = standing(connection, each, now)
        later = is_later(connection, at_work.campaign, owner)
        told_at = at_work.later_told_at if later else at_work.told_at
        if told_at is None or at_work.ended_at is not None:
            continue
        own = preview(connection, vocabulary(), each, now, OWN_SHOWN, owner=owner)
        if own.in_scope:
            until = mend_until((later and at_work.campaign.later) or at_work.campaign, told_at)
            found.append(Called(each, until, own, now < until))
    return found
