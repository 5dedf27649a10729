"""The Olist tables as events."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from psycopg import Connection

from goldline.connectors.olist import CUSTOMERS, ITEMS, ORDERS, PAYMENTS, SELLERS, centavos, import_folder, instant
from goldline.connectors.rows import FileError
from goldline.core.inbox import Intake
from goldline.market.events import catalogue

AS_OF = "2018-11-01 00:00:00"
HEADERS = {
    ORDERS: "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,"
    "order_delivered_customer_date,order_estimated_delivery_date",
    ITEMS: "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value",
    PAYMENTS: "order_id,payment_sequential,payment_type,payment_installments,payment_value",
    CUSTOMERS: "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state",
    SELLERS: "seller_id,seller_zip_code_prefix,seller_city,seller_state",
}
DELIVERED = (
    "o1,c1,delivered,2018-01-02 10:00:00,2018-01-02 11:00:00,"
    "2018-01-03 09:00:00,2018-01-09 12:00:00,2018-01-20 00:00:00"
)


@pytest.fixture
def intake() -> Intake:
    """A door with two partitions."""
    return Intake(catalogue(), 2)


def write(folder: Path, **tables: list[str]) -> Path:
    """Write tables by their short names, each with its header."""
    names = {"orders": ORDERS, "items": ITEMS, "payments": PAYMENTS, "customers": CUSTOMERS, "sellers": SELLERS}
    for short, rows in tables.items():
        text = "\n".join([HEADERS[names[short]], *rows, ""])
        (folder / names[short]).write_text(text, encoding="utf-8")
    return folder


def events(database: Connection[Any]) -> list[dict[str, Any]]:
    """Every accepted event, in the order of ids."""
    rows = database.execute("SELECT body FROM inbox").fetchall()
    return sorted((event for row in rows for event in msgspec.json.decode(row[0])), key=lambda event: event["id"])


def reasons(database: Connection[Any]) -> list[str]:
    """Why what is quarantined is."""
    return [row[0] for row in database.execute("SELECT reason FROM quarantine ORDER BY id").fetchall()]


def sample() -> Path:
    """The folder of the real sample, or a skip."""
    root = os.environ.get("GOLDLINE_DATA", str(Path(__file__).parents[3] / "shared" / "data"))
    folder = Path(root) / "olist" / "sample"
    if not folder.is_dir():
        pytest.skip("data: the Olist sample is not here; name its place in GOLDLINE_DATA")
    return folder


def test_an_order_becomes_its_milestones(database: Connection[Any], intake: Intake, tmp_path: Path) -> None:
    """Placed, lines, payment, parcel and both scans, at the instants of the tables, in centavos."""
    folder = write(
        tmp_path,
        orders=[DELIVERED],
        items=["o1,2,p,s2,2018-01-06 10:00:00,5.00,1.00", "o1,1,p,s1,2018-01-05 10:00:00,35.9,15.2"],
        payments=["o1,1,credit_card,2,50.10", "o1,2,voucher,1,7.0"],
        customers=["c1,u1,20231,rio de janeiro,RJ"],
    )
    summary = import_folder(database, intake, folder)
    found = {event["id"]: event for event in events(database)}
    assert (summary.accepted, summary.quarantined) == (len(found), 0)
    assert found["o1:placed"]["data"] == {
        "order_id": "o1", "merchant_id": "s1", "consumer_id": "u1", "region": "RJ",
        "deliver_by": "2018-01-20T00:00:00Z",
    }  # fmt: skip
    assert found["o1:placed"]["time"] == "2018-01-02T10:00:00Z"
    assert found["o1:item:1"]["data"]["price_minor"] == 3590
    assert found["o1:item:2"]["data"]["ship_by"] == "2018-01-06T10:00:00Z"
    assert found["o1:paid"]["data"]["paid_minor"] == 5710
    assert found["o1:paid"]["time"] == "2018-01-02T11:00:00Z"
    assert found["o1:picked_up"]["time"] == "2018-01-03T09:00:00Z"
    assert found["o1:delivered"]["time"] == "2018-01-09T12:00:00Z"


@pytest.mark.parametrize(("status", "kind"), [("canceled", "order.cancelled"), ("unavailable", "order.unavailable")])
def test_status_excuses(database: Connection[Any], intake: Intake, tmp_path: Path, status: str, kind: str) -> None:
    """A cancelled or unavailable order says so, dated at its approval."""
    import_folder(database, intake, write(tmp_path, orders=[DELIVERED.replace("delivered", status)]))
    told = [event for event in events(database) if event["type"] == kind]
    assert [event["time"] for event in told] == ["2018-01-02T11:00:00Z"]


def test_importing_again_makes_the_same_events(database: Connection[Any], intake: Intake, tmp_path: Path) -> None:
    """Ids and contents come from the tables alone, so a second import is a duplicate of the first."""
    folder = write(tmp_path, orders=[DELIVERED], items=["o1,1,p,s1,2018-01-05 10:00:00,35.9,15.2"])
    for _ in range(2):
        import_folder(database, intake, folder)
    twice = events(database)
    assert twice[::2] == twice[1::2]
    assert len({event["id"] for event in twice}) * 2 == len(twice)


def test_lines_of_an_unknown_order_are_dated_at_their_limit(
    database: Connection[Any], intake: Intake, tmp_path: Path
) -> None:
    """Without the orders table a line still comes in, and no order is placed by it."""
    import_folder(database, intake, write(tmp_path, items=["o9,1,p,s1,2018-01-05 10:00:00,35.9,15.2"]))
    assert [(event["type"], event["time"]) for event in events(database)] == [
        ("order.item_added", "2018-01-05T10:00:00Z")
    ]


def test_payments_of_unknown_orders_are_left_out_and_counted(
    database: Connection[Any], intake: Intake, tmp_path: Path
) -> None:
    """They have no time; the summary says how many."""
    summary = import_folder(database, intake, write(tmp_path, orders=[DELIVERED], payments=["o9,1,boleto,1,10.0"]))
    assert [note for note in summary.notes if "payments of 1 orders" in note]
    assert not [event for event in events(database) if event["type"] == "order.paid"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ({"payments": ["o1,1,boleto,1,-5.00"]}, f"{PAYMENTS} line 2: `payment_value` is -5.00; an amount cannot"),
        ({"payments": ["o1,1,boleto,1,1e30"]}, f"{PAYMENTS} line 2: `payment_value` is 1e30, more than"),
        ({"payments": ["o1,1,boleto,1,many"]}, f"{PAYMENTS} line 2: `payment_value` is 'many', which is not"),
        ({"payments": ["o1,1,boleto,1,1.005"]}, f"{PAYMENTS} line 2: `payment_value` is 1.005, with a part"),
        ({"items": ["o1,1,p,s1,2018-01-05 10:00:00,-1.00,0"]}, f"{ITEMS} line 2: `price` is -1.00; an amount"),
        ({"items": ["o1,1,p,s1,10000-01-01 00:00:00,1.00,0"]}, f'{ITEMS} line 2: `data.ship_by` is "10000-01-01'),
        ({"items": ["o1,1,p"]}, f"{ITEMS} line 2: The row has 3 cells and the header 7"),
        ({"orders": [",c1,shipped,2018-01-02 10:00:00,,,,"]}, f"{ORDERS} line 2: `data.order_id` is missing"),
        ({"orders": ["o2,c1,shipped,,,,,"]}, f"{ORDERS} line 2: `time` is missing"),
        ({"orders": ["o2,c1,shipped,soon,,,,"]}, f'{ORDERS} line 2: `time` is "soon", which is not an instant'),
    ],
)  # fmt: skip
def test_a_bad_row_is_set_aside_with_its_place(
    database: Connection[Any], intake: Intake, tmp_path: Path, rows: dict[str, list[str]], reason: str
) -> None:
    """The row's table, line and column are named; the good order beside it comes in whole."""
    tables = {**rows, "orders": [*rows.get("orders", []), DELIVERED]}
    summary = import_folder(database, intake, write(tmp_path, **tables))
    assert summary.quarantined >= 1
    assert reasons(database)[0].startswith(reason)
    assert {"o1:placed", "o1:picked_up", "o1:delivered"} <= {event["id"] for event in events(database)}


@pytest.mark.parametrize("spoil", ["header", "empty", "nothing", "absent"])
def test_a_folder_that_cannot_be_used_is_refused_whole(
    database: Connection[Any], intake: Intake, tmp_path: Path, spoil: str
) -> None:
    """A wrong header in any table, an empty table, no table, no folder: one sentence, and nothing is written."""
    folder = tmp_path / "olist"
    if spoil != "absent":
        folder.mkdir()
    if spoil in ("header", "empty"):
        write(folder, orders=[DELIVERED])
        text = "order_id;payment_value\n" if spoil == "header" else ""
        (folder / PAYMENTS).write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as caught:
        import_folder(database, intake, folder)
    expected = {"header": "missing_column", "empty": "empty_file", "nothing": "no_tables", "absent": "not_a_directory"}
    assert caught.value.code == expected[spoil]
    assert database.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


@pytest.mark.parametrize(
    ("text", "minor"), [("35.9", 3590), ("0", 0), ("99.33000000000001", 9933), ("0.01", 1), ("1E+2", 10000)]
)
def test_centavos(text: str, minor: int) -> None:
    """Reais become centavos exactly, whatever a float once did to them."""
    assert centavos(text) == minor


def test_instants_are_read_as_utc() -> None:
    """With or without a time of day; what is no instant is handed on to be refused."""
    assert instant("2018-06-12 20:07:44") == "2018-06-12T20:07:44Z"
    assert instant("2018-06-12") == "2018-06-12T00:00:00Z"
    assert instant("") is None
    assert instant("12/06/2018") == "12/06/2018"


def count(folder: Path) -> dict[str, Counter[str]]:
    """An independent count of both promises, straight from the tables: plain text comparison of dates."""
    with (folder / ITEMS).open(encoding="utf-8") as file:
        limits: dict[str, str] = {}
        for row in csv.DictReader(file):
            limits[row["order_id"]] = max(limits.get(row["order_id"], ""), row["shipping_limit_date"])
    counts: dict[str, Counter[str]] = {"handover": Counter(), "delivery": Counter()}
    with (folder / ORDERS).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            excused = row["order_status"] in ("canceled", "unavailable")
            due = limits.get(row["order_id"])
            if due:
                counts["handover"][state(excused, row["order_delivered_carrier_date"], due)] += 1
            estimated = row["order_estimated_delivery_date"]
            counts["delivery"][state(excused, row["order_delivered_customer_date"], estimated)] += 1
    return counts


def state(excused: bool, kept: str, due: str) -> str:
    """The verdict on one promise at the end of the data."""
    if excused:
        return "excused"
    if kept and kept <= due:
        return "kept"
    return "broken" if due < AS_OF else "pending"


@pytest.mark.data
def test_the_sample_counts_as_published() -> None:
    """The independent count, and so the data, is the one the engine is held to."""
    assert count(sample()) == {
        "handover": {"kept": 7138, "broken": 754, "excused": 40},
        "delivery": {"kept": 7177, "broken": 716, "excused": 107},
    }


@pytest.mark.data
def test_the_sample_is_taken_in_without_a_loss(database: Connection[Any], intake: Intake) -> None:
    """Every order and every line of the sample becomes an event; none is quarantined."""
    summary = import_folder(database, intake, sample())
    kinds = Counter(event["type"] for event in events(database))
    assert summary.quarantined == 0
    assert kinds["order.placed"] == 8000
    assert kinds["order.item_added"] == 9116
    assert kinds["order.paid"] == 7999
