"""A shop that misbehaves, and the house that notices: worlds for tests of accounts."""

from __future__ import annotations

from datetime import datetime

from goldline.core.account.docket import release, settle
from goldline.core.facts.daybook import merge, open_days
from tests.laws.world import World, event, hours

HEAD = """
[pack]
id       = "law"
currency = "CNY"
zone     = "Asia/Shanghai"
title    = { en = "Law", "zh-Hans" = "法" }

[[rule]]
id     = "missing"
on     = "merchant_day"
title  = { en = "Out of stock", "zh-Hans" = "缺货" }
about  = { en = "Too many orders out of stock.", "zh-Hans" = "缺货订单过多。" }
at     = "ends_at"
when   = "orders_missing >= 3 and orders_missing / orders_due > 0.3"
grace  = "50 hours"

[[ladder]]
id     = "stock"
on     = "merchant_day"
title  = { en = "Out of stock", "zh-Hans" = "缺货处置" }
about  = { en = "First funds, then presale.", "zh-Hans" = "先冻结货款，再关闭预售。" }
counts = ["missing"]
window = "calendar_year"

[[ladder.step]]
nth       = 1
sanctions = [
  { action = "freeze_funds", amount = "greatest(missing_minor * 2, 1000)", for = "1 day" },
  { action = "fee", amount = "100" },
]

[[ladder.step]]
nth       = 2
sanctions = [
  { action = "presale_ban", for = "15 days", until = "backlog = 0" },
  { action = "order_cap", value = "least(floor(paid_30d / 30 * 0.5), 500)", for = "3 days" },
]

[[gate]]
id         = "presale"
title      = { en = "May presell", "zh-Hans" = "预售权限" }
about      = { en = "Sell before the goods are there.", "zh-Hans" = "可使用预售。" }
closed_by  = ["presale_ban", "eviction"]
limited_by = ["presale_limit"]

[[gate]]
id         = "sales"
title      = { en = "May sell", "zh-Hans" = "售卖权限" }
about      = { en = "Take orders.", "zh-Hans" = "可接单。" }
closed_by  = ["sales_stop"]
limited_by = ["order_cap"]
"""


def orders(day: int, count: int, *, shipped: int = 0, merchant: str = "m1", first: int = 0) -> list[bytes]:
    """Orders paid at ten in the morning of a day, due two days later; the first few of them shipped in time."""
    told = []
    for number in range(first, first + count):
        order_id = f"{merchant}-{day}-{number}"
        at, ids = hours(24 * day), {"order_id": order_id}
        placed = {"merchant_id": merchant, "consumer_id": f"c{number}", "zone": "Asia/Shanghai"}
        told.append(event("order.placed", at, f"{order_id}-placed", **ids, **placed))
        paid = {"paid_minor": 10_000, "currency": "CNY", "ship_rule": "hours:48"}
        told.append(event("order.paid", at, f"{order_id}-paid", **ids, **paid))
        if number - first < shipped:
            told.append(scanned(order_id, 24 * day + 20))
    return told


def scanned(order_id: str, at_hour: float) -> bytes:
    """The pickup scan of an order's one parcel."""
    parcel = {"parcel_id": f"p{order_id}", "carrier_id": "k1", "code": "picked_up"}
    return event("parcel.scanned", hours(at_hour), f"{order_id}-scan", order_id=order_id, **parcel)


def keep_house(world: World, now: datetime) -> None:
    """What a worker does between steps, until nothing is left to do at that time."""
    world.step(now)
    for aggregate in world.words.aggregates:
        while merge(world.connection, aggregate, judged=True):
            pass
        open_days(world.connection, aggregate, now, judged=True)
    world.step(now)
    while settle(world.connection, world.words, world.engine.ruleset, now):
        pass
    release(world.connection, world.words, world.engine.ruleset, now)
