"""The Olist tables (Brazilian e-commerce, 2016 to 2018) as events.

What the tables do not say, and what is assumed instead:

- Times carry no zone. They are read as UTC throughout, so that every comparison between them is as published.
- An order has several sellers in one case of a hundred; its merchant is the seller of its first line.
- Nobody is named as carrier: there is one, `olist-logistics`, with one parcel an order, assigned when the order is
  placed, because a breach of delivery must have somebody to answer for it.
- `canceled` and `unavailable` carry no time: it is taken to be the approval, else the purchase.
- A line's event is dated at the purchase of its order, else at its shipping limit; a payment's at the approval of
  its order, else the purchase. A payment of an order that is in no table has no time and is left out, counted.

Event ids are made from the tables' keys, so importing again changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import msgspec
from psycopg import Connection

from goldline.connectors.files import Item, Progress, Summary, take_in
from goldline.connectors.rows import BadRow, FileError, Table, opened
from goldline.core.inbox import Intake
from goldline.core.refusal import Refusal

CURRENCY: Final = "BRL"
CARRIER: Final = "olist-logistics"
NO_MERCHANT: Final = "unknown"

ORDERS: Final = "olist_orders_dataset.csv"
ITEMS: Final = "olist_order_items_dataset.csv"
PAYMENTS: Final = "olist_order_payments_dataset.csv"
CUSTOMERS: Final = "olist_customers_dataset.csv"
SELLERS: Final = "olist_sellers_dataset.csv"
TABLES: Final = {
    ORDERS: (
        "order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_approved_at",
        "order_delivered_carrier_date", "order_delivered_customer_date", "order_estimated_delivery_date",
    ),
    ITEMS: ("order_id", "order_item_id", "seller_id", "shipping_limit_date", "price", "freight_value"),
    PAYMENTS: ("order_id", "payment_sequential", "payment_value"),
    CUSTOMERS: ("customer_id", "customer_unique_id", "customer_state"),
    SELLERS: ("seller_id", "seller_city", "seller_state"),
}  # fmt: skip
FED: Final = (ORDERS, ITEMS, PAYMENTS)
"""The tables that make events by themselves; at least one must be there."""

_STAMP: Final = re.compile(r"([0-9]{4,}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?))?\Z")
_CENT: Final = Decimal("0.01")
# Amounts that were once binary floats, as 99.33000000000001, are meant as the cents they are nearest to.
_NOISE: Final = Decimal("0.000001")
_LARGEST: Final = Decimal(10) ** 13


@dataclass(slots=True)
class Paid:
    """What was paid for one order: the sum of its payments, in centavos, and where the first stands."""

    minor: int
    place: str


@dataclass(slots=True)
class Links:
    """What one table needs of another, by id."""

    seller: dict[str, tuple[str, str]] = field(default_factory=dict)  # order -> first line's number and seller
    bought: dict[str, str] = field(default_factory=dict)  # order -> purchase
    approved: dict[str, str] = field(default_factory=dict)  # order -> approval, else purchase
    customer: dict[str, tuple[str, str]] = field(default_factory=dict)  # customer -> consumer, state
    paid: dict[str, Paid] = field(default_factory=dict)


def import_folder(
    connection: Connection[Any], intake: Intake, folder: Path, progress: Progress | None = None
) -> Summary:
    """Take in the Olist tables that lie in `folder`.

    Every header is checked before anything is written. Raises FileError when there is no table or a header lacks a
    column, IntakeStopped when too many rows are bad.
    """
    tables = find_tables(folder)
    summary = Summary(folder.name)
    items = _events(folder, tables, progress or (lambda _: None), summary)
    take_in(connection, intake, items, summary, via=f"olist:{folder.name}")
    if summary.accepted + summary.quarantined == 0:
        raise FileError("The tables hold no rows.", code="no_events", where=str(folder))
    return summary


def find_tables(folder: Path) -> list[str]:
    """The names of the tables that are there, with their headers checked. Raises FileError."""
    if not folder.is_dir():
        what = "This is not a directory." if folder.exists() else "There is no such directory."
        hint = "Name the one that holds the Olist tables."
        raise FileError(what, code="not_a_directory", where=str(folder), hint=hint)
    there = [name for name in TABLES if (folder / name).is_file()]
    if not set(there) & set(FED):
        raise FileError(
            "No Olist table is here.",
            code="no_tables",
            where=str(folder),
            hint=f"Put at least one of {', '.join(FED)} there.",
        )
    for name in there:
        with opened(folder / name) as source:
            Table(source, TABLES[name])
    return there


def size_bytes(folder: Path) -> int:
    """How much there is to read, the tables that are read twice counted twice."""
    return sum((folder / name).stat().st_size * len(_passes(name)) for name in TABLES if (folder / name).is_file())


def _passes(name: str) -> range:
    return range(2 if name in (ORDERS, ITEMS) else 1)


class _Reading:
    """Rows of the tables as dictionaries; bad ones become items. Keeps the progress over all tables."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder = folder
        self.progress = progress
        self.done = 0

    def rows(self, name: str, bad: list[Item] | None = None) -> Iterator[tuple[str, dict[str, str], bytes]]:
        """(place, cells by column, line). Bad rows go to `bad`, or nowhere when another pass reports them."""
        with opened(self.folder / name) as source:
            table = Table(source, TABLES[name])
            for count, row in enumerate(table):
                if count % 2_000 == 0:
                    self.progress(self.done + source.position)
                place = f"{name} line {row.line}"
                if isinstance(row, BadRow):
                    if bad is not None:
                        bad.append(Item(place, row.raw, row.why))
                    continue
                cells = {column: cell.strip() for column, cell in zip(table.columns, row.cells, strict=True)}
                yield place, cells, row.raw
            self.done += source.size


def _events(folder: Path, tables: list[str], progress: Progress, summary: Summary) -> Iterator[Item]:
    """Every table's events, orders first; what links them is read before."""
    reading, links = _Reading(folder, progress), Links()
    bad: list[Item] = []
    if CUSTOMERS in tables:
        links.customer = {
            row["customer_id"]: (row["customer_unique_id"], row["customer_state"])
            for _, row, _ in reading.rows(CUSTOMERS, bad)
        }
    if ITEMS in tables:
        _link_sellers(reading, links)
    if ORDERS in tables:
        _link_orders(reading, links)
    if PAYMENTS in tables:
        _sum_payments(reading, links, bad)
    if ORDERS in tables:
        for place, row, _ in reading.rows(ORDERS, bad):
            yield from _of_order(place, row, links)
    if ITEMS in tables:
        for place, row, raw in reading.rows(ITEMS, bad):
            yield _of_item(place, row, raw, links)
    yield from _payments(links, summary)
    if SELLERS in tables:
        yield from _of_sellers(reading, links, bad)
    yield from bad


def _link_sellers(reading: _Reading, links: Links) -> None:
    for _, row, _ in reading.rows(ITEMS):
        line = (row["order_item_id"].zfill(9), row["seller_id"])
        known = links.seller.get(row["order_id"])
        if known is None or line < known:
            links.seller[row["order_id"]] = line


def _link_orders(reading: _Reading, links: Links) -> None:
    for _, row, _ in reading.rows(ORDERS):
        bought = row["order_purchase_timestamp"]
        links.bought[row["order_id"]] = bought
        links.approved[row["order_id"]] = row["order_approved_at"] or bought


def _sum_payments(reading: _Reading, links: Links, bad: list[Item]) -> None:
    for place, row, raw in reading.rows(PAYMENTS, bad):
        minor = centavos(row["payment_value"])
        if isinstance(minor, str):
            bad.append(Item(place, raw, Refusal("invalid", f"`payment_value` {minor}")))
            continue
        paid = links.paid.setdefault(row["order_id"], Paid(0, place))
        paid.minor += minor


def _of_order(place: str, row: dict[str, str], links: Links) -> Iterator[Item]:
    """What one row of the orders table says happened."""
    order_id, bought, status = row["order_id"], row["order_purchase_timestamp"], row["order_status"]
    consumer, region = links.customer.get(row["customer_id"], (row["customer_id"], ""))
    _, merchant = links.seller.get(order_id, ("", NO_MERCHANT))
    order = {"order_id": order_id}
    parcel = {**order, "parcel_id": f"{order_id}-1", "carrier_id": CARRIER}
    estimated = instant(row["order_estimated_delivery_date"])
    placed = {**order, "merchant_id": merchant, "consumer_id": consumer, "region": region, "deliver_by": estimated}
    yield _item(place, "order.placed", f"{order_id}:placed", bought, placed)
    yield _item(place, "parcel.created", f"{order_id}:parcel", bought, parcel)
    if taken := row["order_delivered_carrier_date"]:
        yield _item(place, "parcel.scanned", f"{order_id}:picked_up", taken, {**parcel, "code": "picked_up"})
    if handed := row["order_delivered_customer_date"]:
        yield _item(place, "parcel.scanned", f"{order_id}:delivered", handed, {**parcel, "code": "delivered"})
    settled = row["order_approved_at"] or bought
    if status == "canceled":
        yield _item(place, "order.cancelled", f"{order_id}:cancelled", settled, {**order, "by": "platform"})
    if status == "unavailable":
        yield _item(place, "order.unavailable", f"{order_id}:unavailable", settled, order)


def _of_item(place: str, row: dict[str, str], raw: bytes, links: Links) -> Item:
    order_id, number, limit = row["order_id"], row["order_item_id"], row["shipping_limit_date"]
    price, freight = centavos(row["price"]), centavos(row["freight_value"] or "0")
    for column, amount in (("price", price), ("freight_value", freight)):
        if isinstance(amount, str):
            return Item(place, raw, Refusal("invalid", f"`{column}` {amount}"))
    data = {
        "order_id": order_id,
        "item_id": f"{order_id}-{number}",
        "merchant_id": row["seller_id"],
        "price_minor": price,
        "freight_minor": freight,
        "currency": CURRENCY,
        "ship_by": instant(limit),
    }
    return _item(place, "order.item_added", f"{order_id}:item:{number}", links.bought.get(order_id) or limit, data)


def _payments(links: Links, summary: Summary) -> Iterator[Item]:
    """One payment an order: what all its payments come to."""
    homeless = 0
    for order_id, paid in links.paid.items():
        when = links.approved.get(order_id)
        if when is None:
            homeless += 1
            continue
        data = {"order_id": order_id, "paid_minor": paid.minor, "currency": CURRENCY}
        yield _item(paid.place, "order.paid", f"{order_id}:paid", when, data)
    if homeless:
        summary.notes.append(f"left out the payments of {homeless:,} orders that {ORDERS} lacks, for want of a time")


def _of_sellers(reading: _Reading, links: Links, bad: list[Item]) -> Iterator[Item]:
    """The sellers that occur, as merchants; the table names a place and no shop. Dated at the earliest purchase."""
    occurring = {seller for _, seller in links.seller.values()}
    since = min(filter(None, links.bought.values()), default=None)
    for place, row, _ in reading.rows(SELLERS, bad):
        if since is not None and row["seller_id"] in occurring:
            name = f"{row['seller_city']}, {row['seller_state']} · {row['seller_id'][:6]}"
            data = {"merchant_id": row["seller_id"], "name": name, "zone": "America/Sao_Paulo"}
            yield _item(place, "merchant.registered", f"{row['seller_id']}:registered", since, data)


def _item(place: str, kind: str, event_id: str, when: str, data: dict[str, Any]) -> Item:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "type": kind,
        "source": "olist",
        "id": event_id,
        "time": instant(when),
        "data": {name: value for name, value in data.items() if value not in (None, "")},
    }
    return Item(place, msgspec.json.encode({name: value for name, value in event.items() if value is not None}))


def instant(text: str) -> str | None:
    """`2018-06-12 20:07:44` as RFC 3339 in UTC. Anything else is handed on as it is, for intake to refuse."""
    if not text:
        return None
    found = _STAMP.match(text)
    return f"{found[1]}T{found[2] or '00:00:00'}Z" if found else text


def centavos(text: str) -> int | str:
    """An amount in reais as centavos, or the rest of a sentence that says why it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return f"is {text[:40]!r}, which is not an amount; write reais, as 35.90."
    if not value.is_finite() or value > _LARGEST:
        return f"is {text[:40]}, more than can be held; write reais, as 35.90."
    if value < 0:
        return f"is {text[:40]}; an amount cannot be negative."
    cents = value.quantize(_CENT)
    if abs(cents - value) > _NOISE:
        return f"is {text[:40]}, with a part of a centavo; write reais, as 35.90."
    return int(cents * 100)
