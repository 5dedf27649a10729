"""A small campaign over listings: a world to run it in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from goldline.core.account.campaign import advance
from goldline.core.account.docket import settle
from goldline.core.policy.campaign import Campaign
from tests.laws.world import World, event, hours

TEXT = """
[pack]
id       = "law"
currency = "CNY"
zone     = "Asia/Shanghai"
title    = { en = "Law", "zh-Hans" = "法" }

[[campaign]]
id           = "plain-words"
on           = "listing"
title        = { en = "Plain words", "zh-Hans" = "夸大宣传专项治理" }
about        = { en = "Titles that promise too much.", "zh-Hans" = "标题夸大宣传。" }
scope        = "category = 'food' and coalesce(withdrawn_at < offered_at, true)"
criteria     = "severity >= 3"
since        = "published_at"
announced_at = 2026-03-05
check_until  = 2026-03-12
ends_at      = 2026-04-01
every        = "2 days"
LATER

[[rule]]
id     = "too-much"
on     = "swept_listing"
title  = { en = "Promised too much", "zh-Hans" = "夸大宣传" }
about  = { en = "Found in the campaign.", "zh-Hans" = "专项治理中发现。" }
at     = "found_at"
when   = "campaign = 'law.plain-words'"

[[ladder]]
id     = "words"
on     = "merchant_day"
title  = { en = "Promised too much", "zh-Hans" = "夸大宣传处置" }
about  = { en = "The listing is taken down.", "zh-Hans" = "下架商品。" }
counts = ["too-much"]
window = "calendar_year"

[[ladder.step]]
nth       = 1
sanctions = [{ action = "item_removal" }]
"""
LATER = "later = { part = 0.5, announced_at = 2026-03-18, check_until = 2026-03-24 }"
BEFORE, TOLD, SWEPT, OVER = hours(0), hours(24 * 4), hours(24 * 11), hours(24 * 31)


def text(*, later: bool = False) -> str:
    """The pack, with or without a part of the owners called up later."""
    return TEXT.replace("LATER", LATER if later else "")


def offered(merchant: str, listing: str, at: float = 0, category: str = "food") -> bytes:
    """A listing is published."""
    said = {"merchant_id": merchant, "listing_id": listing, "title": "最好的", "category": category}
    return event("listing.published", hours(at), f"{merchant}-{listing}-offered-{at}", **said)


def looked_at(merchant: str, listing: str, severity: int, at: float = 1) -> bytes:
    """Its texts are looked through: 0 finds nothing."""
    hit = {"term": "t", "category": "absolute", "severity": severity, "start": 0, "end": 2}
    said: dict[str, Any] = {"merchant_id": merchant, "listing_id": listing, "lexicon": "1"}
    said["evidence"] = [hit] if severity else []
    return event("listing.screened", hours(at), f"{merchant}-{listing}-screened-{at}", **said)


def campaign_of(world: World) -> Campaign:
    """The one campaign."""
    (found,) = world.engine.ruleset.campaigns
    return found


def run(world: World, now: datetime, *, size: int = 3) -> int:
    """Do all that is due by a clock, and judge what came of it; how many bites it took."""
    world.connection.commit()  # or the bites would be parts of a transaction that a reader has begun
    bites = 0
    while advance(world.connection, world.words, campaign_of(world), world.intake, now, size=size) is not None:
        bites += 1
    world.step(now)
    while settle(world.connection, world.words, world.engine.ruleset, now):
        pass
    world.connection.commit()
    return bites


def found(world: World) -> list[str]:
    """The listings that were found, as 'merchant/listing'."""
    rows = world.rows("SELECT merchant_id || '/' || listing_id FROM fact_swept_listing ORDER BY 1")
    return [name for (name,) in rows]
