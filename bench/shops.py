"""Merchants with thirty days of orders behind them, loaded as counting would have left them."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import Final

from goldline.core.database import connect
from goldline.core.facts.aggregate import home_sql
from goldline.core.facts.merge import FactType
from goldline.market.merchantday import MerchantDay

DAYS: Final = 31
ORDERS_A_DAY: Final = 10
BAD_ONE_IN: Final = 50  # merchants that are out of stock on their last day
OWNER: Final = "'m' || lpad(n::text, 6, '0')"

# What a day counts; n is the merchant's number, d the days before the last, {chance} a figure of 0 to 99 of its own.
_BUSY: Final = f"{ORDERS_A_DAY} * (CASE WHEN n % {BAD_ONE_IN} = 0 THEN 10 ELSE 1 END)"
_COUNTS: Final = {
    "orders_paid": _BUSY,
    "paid_minor": f"{_BUSY} * 9900",
    "orders_due": _BUSY,
    "orders_late": "(n * 7 % 5) * 1",
    "orders_missing": f"CASE WHEN n % {BAD_ONE_IN} = 0 AND d = 0 THEN 40 ELSE 0 END",
    "missing_minor": f"CASE WHEN n % {BAD_ONE_IN} = 0 AND d = 0 THEN 40 * 9900 ELSE 0 END",
    "orders_valid": _BUSY,
    "orders_picked": _BUSY,
    "pickup_s": f"{_BUSY} * (20000 + (n * 7919 % 100) * 1500)",
    "orders_next_day": f"{_BUSY} / 2",
    "orders_sought": "2",
    "orders_escalated": "(n * 31 % 100 < 20)::integer",
    "deliveries_due": _BUSY,
    "deliveries_on_time": f"{_BUSY} - (n * 17 % 4)",
    "orders_delivered": _BUSY,
    "orders_signed": _BUSY,
    "orders_quality": "(n * 13 % 100 < 15)::integer",
    "orders_damaged": "(n * 11 % 100 < 5)::integer",
    "refunds_answered": "1",
    "answer_s": "3600 * (n * 3 % 60)",
    "reviews": "4",
    "rating_sum": "20 - (n * 29 % 5)",
    "reviews_bad": "(n * 29 % 5 = 4)::integer",
    "reviews_good": "3",
    "conversations": "2",
    "turns": "5",
    "reply_s": "5 * (n * 37 % 200)",
    "conversations_rated": "1",
    "conversations_poor": "(n * 41 % 100 < 20)::integer",
}


def columns() -> dict[str, str]:
    """Every fact of a merchant's day: counts as above, others nothing, windows the sums of a steady month."""
    found: dict[str, str] = {}
    for name, fact in MerchantDay.facts.items():
        if fact.window is not None:
            busy = _COUNTS.get(fact.window.fact, "0")
            # What happens on the last day alone is in its windows once, but for those that end before it.
            now = "1" if "d = 0" in busy else str(fact.window.days)
            found[name] = f"({busy}) * {now if fact.window.ago == 0 or now != '1' else '0'}"
        elif fact.type is FactType.INSTANT:
            found[name] = "(day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'"
        else:
            found[name] = _COUNTS.get(name, "0")
    return found


def load(url: str, merchants: int, last: date, partitions: int) -> None:
    """So many merchants, with their days up to the last one, a connection a partition; vacuumed."""
    jobs = [threading.Thread(target=_load, args=(url, merchants, last, number)) for number in range(partitions)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    with connect(url) as connection:
        connection.execute(
            "INSERT INTO fact_merchant (partition, key, name, industry, registered_at)"
            f" SELECT mod(crc32(convert_to({OWNER}, 'UTF8')), {partitions}), {OWNER}, 'Shop', 'i' || n % 20, now()"
            f" FROM generate_series(0, {merchants - 1}) AS n"
        )
        connection.commit()
    with connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _load(url: str, merchants: int, last: date, partition: int) -> None:
    told = columns()
    days = f"(SELECT d, '{last.isoformat()}'::date - d AS day FROM generate_series(0, {DAYS - 1}) AS d) x"
    with connect(url) as connection:
        connection.execute(
            f"INSERT INTO fact_merchant_day (partition, key, owner, day, zone, {', '.join(told)})"
            f" SELECT {partition}, {OWNER} || '|' || day, {OWNER}, day, 'Asia/Shanghai', {', '.join(told.values())}"
            f" FROM generate_series(0, {merchants - 1}) AS n CROSS JOIN {days} WHERE {home_sql(OWNER)} = {partition}"
        )
        connection.commit()


def look_again(url: str, last: date) -> None:
    """Have every merchant's last day judged, and every account worked out."""
    with connect(url) as connection:
        connection.execute(
            "INSERT INTO wake (partition, wake_at, subject, key, forced)"
            " SELECT partition, '2000-01-01Z', 'merchant_day', key, true FROM fact_merchant_day WHERE day = %s",
            (last,),
        )
        connection.execute(
            "INSERT INTO account_due (account) SELECT 'merchant:' || owner FROM fact_merchant_day WHERE day = %s"
            " ON CONFLICT DO NOTHING",
            (last,),
        )
        connection.commit()


def end_of(last: date, grace: timedelta) -> datetime:
    """When that day and the grace of what is judged by it are over."""
    return datetime.fromisoformat(f"{last.isoformat()}T00:00:00+08:00") + timedelta(days=1) + grace
