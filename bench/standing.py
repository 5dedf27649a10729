"""Orders that stand in the record already, loaded by the million as the step would have left them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from goldline.core.database import connect
from goldline.core.facts.subject import Subject
from goldline.core.facts.table import inherited_columns, records
from goldline.market.order import Order
from goldline.market.parcel import Parcel

MERCHANTS: Final = 2_000
GRACE: Final = timedelta(hours=2)  # of the demo pack's promises


def stamp_of(subject: type[Subject], fact: str) -> str:
    """The column that holds the stamp of the record a fact belongs to."""
    return next(record.stamp for record in records(subject) if fact in record.names)


# What every standing order has; {paid} is when it was paid, n its number.
_ORDER: Final = {
    "key": "'s' || lpad(to_hex(n), 8, '0')",
    "placed_at": "{paid} - interval '5 minutes'",
    "merchant_id": "'m' || lpad((hashint8(n) & 2147483647) % {merchants} || '', 4, '0')",
    "consumer_id": "'c' || n / 3",
    "region": "'GD'",
    "zone": "'Asia/Shanghai'",
    "estimated_at": "{paid} + interval '192 hours'",
    "paid_at": "{paid}",
    "paid_amount": "1000 + n % 90000",
    "ship_stated": "{paid} + interval '48 hours'",
    "deliver_by": "{paid} + interval '168 hours'",
    "currency_seen": "'CNY'",
    "currency_other": "'CNY'",
    "accepted_at": "{paid} + interval '1 hour'",
    "ship_own": "{paid} + interval '48 hours'",
    "ship_by": "{paid} + interval '48 hours'",
    "ship_by_origin": "'stated'",
    stamp_of(Order, "merchant_id"): "md5('a' || n)::uuid",
    stamp_of(Order, "paid_amount"): "md5('c' || n)::uuid",
    "_trail": "ARRAY[n, n + 1, n + 2, n + 3]",
    "v_demo__accept_0": "'k'",
}
_UNSHIPPED: Final = {
    **_ORDER,
    "_next_at": "{paid} + interval '50 hours'",
    **dict.fromkeys(("v_demo__ship_by_0", "v_demo__ship_by_1", "v_demo__delivery_0"), "'p'"),
}
_SHIPPED: Final = {
    **_ORDER,
    "carrier_id": "'swift'",
    "labelled_at": "{paid} + interval '10 hours'",
    "picked_up_at": "{paid} + interval '20 hours'",
    "departed_at": "{paid} + interval '30 hours'",
    "shipped_at": "{paid} + interval '20 hours'",
    **dict.fromkeys(("v_demo__ship_by_0", "v_demo__ship_by_1", "v_demo__pickup_0", "v_demo__departure_0"), "'k'"),
}
# One in five is on its way; the others have arrived.
_ON_ITS_WAY: Final = {
    **_SHIPPED,
    "_next_at": "{paid} + interval '104 hours'",
    **dict.fromkeys(("v_demo__arrival_0", "v_demo__delivery_0"), "'p'"),
}
_DELIVERED: Final = {
    **_SHIPPED,
    "arrived_at": "{paid} + interval '60 hours'",
    "out_at": "{paid} + interval '70 hours'",
    "delivered_at": "{paid} + interval '72 hours'",
    **dict.fromkeys(("v_demo__arrival_0", "v_demo__out_for_delivery_0", "v_demo__delivery_0"), "'k'"),
}
_PARCEL: Final = {
    "key": "'s' || lpad(to_hex(n), 8, '0') || '|sp' || lpad(to_hex(n), 8, '0')",
    "order_id": "'s' || lpad(to_hex(n), 8, '0')",
    "carrier_id": "'swift'",
    "created_at": "{paid} + interval '10 hours'",
    "picked_up_at": "{paid} + interval '20 hours'",
    "departed_at": "{paid} + interval '30 hours'",
    "shipped_at": "{paid} + interval '20 hours'",
    "last_scan_at": "{paid} + interval '30 hours'",
    stamp_of(Parcel, "order_id"): "md5('p' || n)::uuid",
    "_trail": "ARRAY[n, n + 1]",
}


@dataclass(frozen=True, slots=True)
class Sort:
    """Standing orders of one sort: the numbers that are of it, its columns, and when an order was paid."""

    which: str
    columns: dict[str, str]
    paid: str
    parcels: bool = False


def order_id(number: int) -> str:
    """The id of a standing order."""
    return f"s{number:08x}"


def parcel_id(number: int) -> str:
    """The id of a standing order's parcel."""
    return f"sp{number:08x}"


def shipped(at: datetime) -> list[Sort]:
    """Orders as they stand at a time: four in five delivered in the last two months, one in five on its way."""
    then = f"timestamptz '{at.isoformat()}'"
    hours = "(hashint8(n + 7) & 1048575) / 1048576.0"
    return [
        Sort("n % 5 <> 0", _DELIVERED, f"({then} - interval '10 days' - interval '50 days' * ({hours}))", parcels=True),
        Sort(
            "n % 5 = 0", _ON_ITS_WAY, f"({then} - interval '40 hours' - interval '20 hours' * ({hours}))", parcels=True
        ),
    ]


def fresh(at: datetime) -> list[Sort]:
    """Orders as they stand at a time, for no pack: one in five bought that day and not sent yet, the others delivered.

    A buyer has about a dozen orders in two months, one in a hundred has ten times as many; one order in eight was asked
    back.
    """
    then = f"timestamptz '{at.isoformat()}'"
    hours = "(hashint8(n + 7) & 1048575) / 1048576.0"
    buyer = "'c' || CASE WHEN n % 10 = 1 THEN n / 1200 * 100 ELSE n / 12 END"
    own = {"consumer_id": buyer, "instant_tag": "'yes'"}
    columns = {**_ORDER, **own}
    delivered = {**_DELIVERED, **own, "refund_asked_at": "CASE WHEN n % 8 = 1 THEN {paid} + interval '80 hours' END"}
    sorts = [
        Sort("n % 5 <> 0", delivered, f"({then} - interval '5 days' - interval '55 days' * ({hours}))"),
        Sort("n % 5 = 0", columns, f"({then} - interval '20 hours' * ({hours}))"),
    ]
    return [replace(each, columns=_without_verdicts(each.columns)) for each in sorts]


def _without_verdicts(columns: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in columns.items() if not name.startswith("v_")}


def unshipped(first_due: datetime, due_per_s: float) -> list[Sort]:
    """Orders not shipped, of which so many a second come up for judgement from a time on."""
    then = f"timestamptz '{first_due.isoformat()}'"
    return [Sort("true", _UNSHIPPED, f"({then} - interval '50 hours' + interval '1 second' * (n / {due_per_s}))")]


def load(url: str, orders: int, sorts: list[Sort], partitions: int) -> None:
    """Write the rows and the wakes of so many orders, a connection a partition, and vacuum."""
    jobs = [
        threading.Thread(target=_load, args=(url, orders, sorts, number, partitions)) for number in range(partitions)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    with connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _load(url: str, orders: int, sorts: list[Sort], partition: int, partitions: int) -> None:
    with connect(url) as connection:
        for sort in sorts:
            source = (
                f" FROM generate_series(0::bigint, {orders - 1}) AS n WHERE {sort.which} AND"
                f" mod(crc32(convert_to({_ORDER['key']}, 'UTF8')), {partitions}) = {partition}"
            )
            select = _selector(sort.paid)
            connection.execute(
                f"INSERT INTO fact_order_p{partition} {select(sort.columns, partition)}{source}".encode()
            )
            if sort.parcels:
                connection.execute(
                    f"INSERT INTO fact_parcel_p{partition} {select(_parcel(sort), partition)}{source}".encode()
                )
            wakes = {"wake_at": sort.columns.get("_next_at", ""), "subject": "'order'", "key": _ORDER["key"]}
            if wakes["wake_at"]:
                connection.execute(f"INSERT INTO wake {select(wakes, partition)}{source}".encode())
        connection.commit()


def _parcel(sort: Sort) -> dict[str, str]:
    """The columns of the parcel of such an order, with what it inherits."""
    inherited = {name: sort.columns.get(fact.expression or "") for name, fact in inherited_columns(Parcel)}
    return {**_PARCEL, **{name: value for name, value in inherited.items() if value is not None}}


def _selector(paid: str) -> Callable[[dict[str, str], int], str]:
    def select(columns: dict[str, str], partition: int) -> str:
        values = ", ".join(each.format(paid=paid, merchants=MERCHANTS) for each in columns.values())
        return f"(partition, {', '.join(columns)}) SELECT {partition}, {values}"

    return select
