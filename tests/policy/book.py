"""A small rule book for tests, and edits of it."""

from __future__ import annotations

from pathlib import Path

from goldline.core.policy.pack import Pack, parse_pack
from goldline.market.vocabulary import vocabulary

BOOK = """\
[pack]
id       = "shop"
currency = "CNY"
title    = { en = "Shop", "zh-Hans" = "商城" }

[[promise]]
id        = "ship-by"
on        = "order"
effective = { from = 2026-01-01, until = 2026-07-01, by = "paid_at" }
title     = { en = "Ships on time", "zh-Hans" = "按时发货" }
about     = { en = "Handed over by the time stated.", "zh-Hans" = "在承诺的时间前发货。" }
made_at   = "paid_at"
due_at    = "ship_by"
kept_at   = "picked_up_at"
excused   = "cancelled_at <= ship_by"
grace     = "2 hours"
cap       = 50
budget    = { period = "month", limit = 100000 }
breaker   = { window = "1 hour", limit = 5000 }

[[promise.remedy]]
pay  = "clamp(paid_amount * 0.01, 2, 50)"
as   = "coupon"
from = "'merchant'"

[[promise.remedy]]
pay   = "5"
as    = "balance"
from  = "'merchant'"
when  = "cancelled_at is null"
after = "48 hours"

[[promise]]
id        = "ship-by"
on        = "order"
effective = { from = 2026-07-01, by = "paid_at" }
title     = { en = "Ships on time", "zh-Hans" = "按时发货" }
about     = { en = "Handed over by the time stated.", "zh-Hans" = "在承诺的时间前发货。" }
made_at   = "paid_at"
due_at    = "ship_by"
kept_at   = "picked_up_at"

[[promise.remedy]]
pay  = "round(paid_amount * 0.02, 0)"
as   = "coupon"
from = "'merchant'"

[[promise]]
id      = "deliver-by"
on      = "order"
title   = { en = "Delivered on time", "zh-Hans" = "按时送达" }
about   = { en = "Delivered by the time stated.", "zh-Hans" = "在承诺的时间前送达。" }
made_at = "paid_at"
due_at  = "deliver_by"
kept_at = "delivered_at"

[[promise.remedy]]
pay  = "paid_amount * 0.05"
as   = "refund"
from = "case when broken('ship-by') then 'merchant' else 'carrier' end"
"""


def edited(*edits: tuple[str, str]) -> str:
    """The book with each text replaced once. A text that is not there is a mistake of the test."""
    text = BOOK
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def pack(text: str = BOOK, folder: Path = Path()) -> Pack:
    """The book parsed with the market vocabulary."""
    return parse_pack(text, "policies.toml", folder / "policies.toml", vocabulary())
