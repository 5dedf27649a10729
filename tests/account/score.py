"""A score to test with: two dimensions, a scale of each kind, one bonus."""

from __future__ import annotations

SCORE = """
[[score]]
id     = "experience"
on     = "merchant_day"
title  = { en = "Experience", "zh-Hans" = "体验分" }
about  = { en = "How well it serves.", "zh-Hans" = "服务水平。" }
valid  = "valid_30d"
formal = 30
growth = "case when fraudulent_30d > 0 then 60 else 70 end"
least  = 50
most   = 100
stars  = "case when score >= 90 then 5 else 4 end"
SMALL

[[score.dimension]]
id     = "product"
title  = { en = "Goods", "zh-Hans" = "商品" }
weight = "case when industry = 'books' then 80 else 60 end"

[[score.dimension.indicator]]
id     = "quality"
title  = { en = "Returned for quality", "zh-Hans" = "品退率" }
sum    = "quality_30d"
of     = "signed_30d"
bad    = "quality_30d"
weight = "3"
steps  = [{ upto = 0.01, points = 100 }, { upto = 0.05, points = 80 }, { points = 50 }]

[[score.dimension.indicator]]
id      = "rating"
title   = { en = "Rating", "zh-Hans" = "评分" }
sum     = "rating_sum_30d"
of      = "reviews_30d"
bad     = "reviews_bad_30d"
avoided = 3
weight  = "1"
linear  = { best = 5, worst = 4 }

[[score.dimension]]
id     = "logistics"
title  = { en = "Logistics", "zh-Hans" = "物流" }
weight = "40"

[[score.dimension.indicator]]
id      = "on-time"
title   = { en = "On time", "zh-Hans" = "按时率" }
sum     = "deliveries_on_time_30d"
of      = "deliveries_due_30d"
bad     = "deliveries_due_30d - deliveries_on_time_30d"
avoided = 1
weight  = "1"
steps   = [{ from = 0.9, points = 100 }, { from = 0.5, points = 70 }, { points = 50 }]

[[score.dimension.indicator]]
id     = "pickup"
title  = { en = "Seconds to pickup", "zh-Hans" = "揽收时长" }
sum    = "pickup_s_30d"
of     = "picked_30d"
weight = "1"
linear = { best = 3600, worst = 86400 }

[[score.adjustment]]
id     = "fraud"
title  = { en = "Fraud", "zh-Hans" = "欺诈" }
points = "case when fraudulent_30d > 0 then -10 else 0 end"

[[gate]]
id        = "affiliate"
title     = { en = "May use affiliates", "zh-Hans" = "联盟权限" }
about     = { en = "Goods offered to creators.", "zh-Hans" = "可由达人推广。" }
closed_by = ["affiliate_ban"]
score     = "experience"
requires  = "score >= 70 and product >= 65 and quality <= 0.1 and score_7d >= 70"
"""
FLOOR = 'small_sample = "floor"\nfloor = { below = "300", bad = 3, points = 80 }'
SHRINK = 'small_sample = "shrink"\npeers = "industry"'


def score_of(small: str = "") -> str:
    """The score's text with what it says of small samples."""
    return SCORE.replace("SMALL", small)
