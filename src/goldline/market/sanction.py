"""The vocabulary of sanctions: what a platform may do to an account, as the published rules name it.

Source: the general rule on violations (D:aHwH9wK4JUHQ, grade A). The duty to ship continues under every one of them.
Who may not join the insurance of returns is said by that insurance (D:aJpAMtJPdWH7, grade A).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "warning": {"en": "public warning", "zh-Hans": "公示警告"},
    "fee": {"en": "penalty", "zh-Hans": "违约金"},
    "item_removal": {"en": "items removed", "zh-Hans": "商品下架"},
    "item_cap": {"en": "orders a day of the item capped", "zh-Hans": "限制单品日订单量"},
    "item_ban": {"en": "items banned", "zh-Hans": "商品封禁"},
    "order_cap": {"en": "orders a day capped", "zh-Hans": "限制日订单量"},
    "search_demotion": {"en": "demoted in search and recommendation", "zh-Hans": "搜索与推荐降权"},
    "search_block": {"en": "left out of search and recommendation", "zh-Hans": "搜索与推荐屏蔽"},
    "listing_ban": {"en": "no new listings", "zh-Hans": "禁止上新"},
    "presale_limit": {"en": "presale period shortened", "zh-Hans": "缩短预售期"},
    "presale_ban": {"en": "no presale", "zh-Hans": "关闭预售"},
    "freeze_funds": {"en": "funds frozen", "zh-Hans": "冻结货款"},
    "slow_settlement": {"en": "settled later", "zh-Hans": "延长账期"},
    "campaign_limit": {"en": "no campaigns", "zh-Hans": "限制营销活动"},
    "ad_limit": {"en": "no advertising", "zh-Hans": "限制广告投放"},
    "affiliate_ban": {"en": "no affiliate promotion", "zh-Hans": "限制精选联盟"},
    "live_ban": {"en": "no live streams", "zh-Hans": "停播"},
    "stream_cut": {"en": "live stream cut off", "zh-Hans": "中断直播"},
    "self_only": {"en": "content shown to its author only", "zh-Hans": "内容仅自己可见"},
    "sharing_ban": {"en": "no promotion of goods", "zh-Hans": "关闭商品分享"},
    "insurance_ban": {"en": "no return-freight insurance", "zh-Hans": "限制开通运费险"},
    "large_insurance_ban": {
        "en": "no return-freight insurance for large goods",
        "zh-Hans": "限制开通大件运费险",
    },
    "deposit": {"en": "higher deposit", "zh-Hans": "提高保证金"},
    "suspension": {"en": "shop closed for a time", "zh-Hans": "暂停营业"},
    "sales_stop": {"en": "no sales", "zh-Hans": "停止售卖"},
    "eviction": {"en": "expelled", "zh-Hans": "清退"},
}
