"""A campaign's sweep over a whole stock of listings: how many a second are looked at, in bites, with the events told.

The stock is written straight into the fact tables, as it would stand after years; three in a hundred meet the criteria.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from bench.place import BenchError, Place, install_tables
from bench.row import Row
from goldline.core.account.campaign import advance, pause, resume, standing
from goldline.core.database import connect
from goldline.core.inbox import Intake
from goldline.core.policy.campaign import Campaign
from goldline.core.policy.pack import locate, parse_pack
from goldline.core.policy.published import load_published, publish
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

PARTITIONS: Final = 2
OFFERED: Final = datetime(2026, 1, 1, tzinfo=UTC)
MET_EVERY: Final = 33
PACK: Final = """
[pack]
id       = "bench"
currency = "CNY"
title    = { en = "Bench", "zh-Hans" = "基准" }

[[campaign]]
id           = "words"
on           = "listing"
title        = { en = "Plain words", "zh-Hans" = "夸大宣传" }
about        = { en = "Titles that promise too much.", "zh-Hans" = "标题夸大宣传。" }
scope        = "category in ('food', 'cosmetics') and coalesce(withdrawn_at < offered_at, true)"
criteria     = "severity >= 3 and coalesce(price > 1, true)"
since        = "published_at"
announced_at = 2026-02-01
check_until  = 2026-02-08
ends_at      = 2026-03-01

[[rule]]
id    = "too-much"
on    = "swept_listing"
title = { en = "Promised too much", "zh-Hans" = "夸大宣传" }
about = { en = "Found in the campaign.", "zh-Hans" = "专项治理中发现。" }
at    = "found_at"
when  = "campaign = 'bench.words'"
"""
_FILL: Final = """
    INSERT INTO fact_listing (partition, key, merchant_id, listing_id, published_at, offered_at, title, category,
        price, currency, screened_at, hits, severity)
    SELECT m %% %(partitions)s, 'm-' || m || '|i-' || n, 'm-' || m, 'i-' || n, %(at)s, %(at)s,
        'a listing with a title of usual length ' || n, (ARRAY['food', 'cosmetics', 'toys', 'books'])[n %% 4 + 1],
        n * 100, 'CNY', %(at)s, 0, CASE WHEN n %% %(every)s = 0 THEN 4 ELSE 0 END
    FROM (SELECT g, g / 100 AS m, g AS n FROM generate_series(%(first)s::bigint, %(last)s::bigint) g) x"""
_STEP: Final = 500_000


def run(place: Place) -> list[Row]:
    """The survey and one sweep, paused and taken up again once in the middle."""
    listings = place.pick(10_000_000, 200_000, 3_000)
    with place.database("bench_campaign") as url:
        install_tables(url, vocabulary(), PARTITIONS)
        with connect(url) as connection:
            place.say(f"campaign: writing {listings:,} listings")
            _fill(connection, listings)
            publish(connection, parse_pack(PACK, "bench", locate("demo"), vocabulary()), vocabulary(), OFFERED)
            (campaign,) = load_published(connection, vocabulary()).campaigns
            connection.commit()
            place.say("campaign: survey")
            survey_s = _whole(connection, campaign, campaign.announced_at)
            place.say("campaign: sweep")
            sweep_s = _whole(connection, campaign, campaign.check_until + timedelta(hours=1))
            told = _check(connection, campaign, listings)
    detail = {"listings": listings, "found": told}
    return [
        Row("campaign-survey", "survey of a stock of listings, one process", round(listings / survey_s), "listings/s",
            detail=detail),
        Row("campaign-sweep", "sweep, with what is found told as events", round(listings / sweep_s), "listings/s",
            detail=detail),
    ]  # fmt: skip


def _fill(connection: Connection[Any], listings: int) -> None:
    for first in range(0, listings, _STEP):
        values = {"partitions": PARTITIONS, "at": OFFERED, "every": MET_EVERY, "first": first,
                  "last": min(first + _STEP, listings) - 1}  # fmt: skip
        connection.execute(_FILL, values)
        connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE fact_listing")
    connection.autocommit = False


def _whole(connection: Connection[Any], campaign: Campaign, now: datetime) -> float:
    """Seconds of one pass, held once in the middle."""
    words, door = vocabulary(), Intake(catalogue(), PARTITIONS)
    begun = time.perf_counter()
    bites = 0
    while advance(connection, words, campaign, door, now) is not None:
        bites += 1
        if bites == 3:
            pause(connection, campaign, now)
            connection.commit()
            if advance(connection, words, campaign, door, now) is not None:
                raise BenchError("a paused campaign went on")
            resume(connection, campaign)
            connection.commit()
    return time.perf_counter() - begun


def _check(connection: Connection[Any], campaign: Campaign, listings: int) -> int:
    """All was looked at twice, and what meets the criteria was told once. Raises BenchError."""
    at_work = standing(connection, campaign, campaign.check_until)
    told = sum(each.told for each in at_work.passes)
    wanted = sum(1 for n in range(0, listings, MET_EVERY) if n % 4 < 2 and n * 100 > 100)
    row = connection.execute("SELECT coalesce(sum(events), 0)::bigint FROM inbox WHERE via = 'campaign'").fetchone()
    if [each.looked for each in at_work.passes] != [listings] * 2 or not told == wanted == (row[0] if row else 0):
        raise BenchError(f"{told} found of {wanted}; looked at {[each.looked for each in at_work.passes]}")
    return told
