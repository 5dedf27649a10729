"""Traces become events: the vendors' shapes, times, ids and order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldline.connectors.carriers.dialect import NAMES, dialect
from goldline.connectors.carriers.mask import masked
from goldline.connectors.carriers.trace import Reader, instant
from goldline.connectors.files import Item
from goldline.core.inbox import Accepted, Intake
from goldline.core.refusal import Refusal
from goldline.market.events import catalogue
from tests.carriers.published import carriers

DOOR = Intake(catalogue(), 2)
HUNDRED = {
    "status": "polling",
    "lastResult": {
        "com": "yuantong",
        "nu": "YT1234567890123",
        "state": "0",
        "data": [
            {"ftime": "2026-08-03 09:00:00", "context": "【甲市】 派件中 派件人: 赵一一 电话 13800000000",
             "status": "派件", "statusCode": "5", "areaName": "广东,深圳市,龙岗区"},
            {"ftime": "2026-08-02 20:00:00", "context": "快件离开", "status": "干线", "statusCode": "1002"},
            {"ftime": "2026-08-01 18:30:00", "context": "已揽收", "status": "已揽收", "statusCode": "103",
             "areaName": "浙江,金华市"},
        ],
        "routeInfo": {"from": {"number": "CN330700000000", "name": "浙江,金华市"}, "to": {"name": "广东,深圳市"}},
    },
}  # fmt: skip
BIRD = {
    "EBusinessID": "1", "PushTime": "2026-08-03 10:00:00", "Count": "1",
    "Data": [{
        "LogisticCode": "773000000000000", "ShipperCode": "STO", "OrderCode": "o7", "Success": True, "StateEx": "202",
        "Traces": [
            {"AcceptTime": "2026/8/1 9:05:00", "AcceptStation": "已收件", "Action": "1", "Location": "金华市"},
            {"AcceptTime": "2026-08-03 08:00:00", "AcceptStation": "派送中", "Action": 202},
        ],
    }],
}  # fmt: skip
SHIP = {
    "event": "tracking_update",
    "msg": {
        "tracking_number": "RB123456785GB", "slug": "royal-mail", "order_id": 81,
        "checkpoints": [
            {"checkpoint_time": "2026-08-01T10:00:00+01:00", "tag": "InTransit", "subtag": "InTransit_002",
             "message": "Accepted", "city": "Leeds", "state": "England"},
            {"checkpoint_time": "2026-08-02T09:00:00Z", "tag": "Exception", "subtag": "Exception_017",
             "message": "Storm", "location": "Hub"},
        ],
    },
}  # fmt: skip
SEVENTEEN = {
    "event": "TRACKING_UPDATED",
    "data": {
        "number": "RB123456785GB", "carrier": 11031,
        "track_info": {"tracking": {"providers": [
            {"provider": {"key": 3011, "name": "China Post"}, "events": [
                {"time_iso": "2026-08-01T18:00:00+08:00", "time_utc": "2026-08-01T10:00:00Z", "description": "Taken",
                 "stage": "PickedUp", "sub_status": "InTransit_PickedUp", "location": "Jinhua"}]},
            {"provider": {"key": 11031, "name": "Royal Mail"}, "events": [
                {"time_utc": "2026-08-05T10:00:00Z", "description": "Lost", "stage": None,
                 "sub_status": "Exception_Lost"}]},
        ]}},
    },
}  # fmt: skip
KARRIO = {
    "event": "tracker_updated",
    "data": {
        "tracking_number": "1Z999", "carrier_name": "ups", "info": {"order_id": "o9"},
        "events": [
            {"timestamp": "2026-08-02T12:00:00.000Z", "code": "X", "status": "on_hold", "reason": "customs_delay",
             "description": "Held"},
            {"date": "2026-08-01", "time": "08:55 AM", "status": "delivery_failed", "reason": "consignee_not_home"},
        ],
    },
}  # fmt: skip
SHOPIFY = {
    "id": 5, "fulfillment_id": 944, "order_id": 450, "status": "out_for_delivery", "message": None,
    "happened_at": "2026-08-01T09:00:00-04:00", "city": "Ottawa", "province": "Ontario",
}  # fmt: skip
EPCIS = {
    "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    "type": "EPCISDocument", "schemaVersion": "2.0",
    "epcisBody": {"eventList": [
        {"type": "ObjectEvent", "eventTime": "2026-08-01T10:00:00+02:00", "eventTimeZoneOffset": "+02:00",
         "epcList": ["urn:epc:id:sscc:0614141.1234567890", "urn:epc:id:sscc:0614141.1234567891"], "action": "OBSERVE",
         "bizStep": "https://ref.gs1.org/cbv/BizStep-shipping", "disposition": "urn:epcglobal:cbv:disp:in_transit",
         "readPoint": {"id": "urn:epc:id:sgln:0614141.00777.0"}},
        {"type": "ObjectEvent", "eventTime": "2026-08-09T10:00:00Z", "epcList": ["urn:epc:id:sscc:0614141.1234567890"],
         "bizStep": "shipping", "bizTransactionList": [{"type": "rma", "bizTransaction": "urn:x:1"}]},
        {"type": "AggregationEvent", "eventTime": "2026-08-01T10:00:00Z", "parentID": "urn:x"},
    ]},
}  # fmt: skip
PAYLOADS: dict[str, dict[str, Any]] = {
    "kuaidi100": HUNDRED, "kdniao": BIRD, "aftership": SHIP, "seventeentrack": SEVENTEEN, "karrio": KARRIO,
    "shopify": SHOPIFY, "epcis": EPCIS,
}  # fmt: skip


def reader(name: str, orders: Sequence[str] = ("o1",), zone: str | None = None) -> Reader:
    """A reader that knows one order for everything."""
    return Reader(dialect(name), lambda _: orders, ZoneInfo(zone) if zone else None)


def items(name: str, payload: Any, orders: Sequence[str] = ("o1",), zone: str | None = None) -> list[Item]:
    """What one payload gives."""
    return reader(name, orders, zone).items(json.dumps(payload).encode(), "Line 1")


def events(name: str, payload: Any, orders: Sequence[str] = ("o1",), zone: str | None = None) -> list[dict[str, Any]]:
    """The events of a payload that holds nothing bad; each passes the intake's checks."""
    made = items(name, payload, orders, zone)
    assert [item.why for item in made if item.why] == []
    assert all(isinstance(DOOR.check(item.raw), Accepted) for item in made)
    return [msgspec.json.decode(item.raw) for item in made]


def told(name: str, zone: str | None = None) -> list[tuple[str, str, str]]:
    """Time, code and incident of each event of the sample payload."""
    return [
        (e["time"], e["data"]["code"], e["data"].get("incident", "")) for e in events(name, PAYLOADS[name], zone=zone)
    ]


def hundred(*entries: dict[str, Any]) -> dict[str, Any]:
    """A push of the first dialect with these entries."""
    return {"lastResult": {"com": "yuantong", "nu": "YT1", "data": list(entries)}}


def test_a_push_of_kuaidi100() -> None:
    """Oldest first, in UTC from China's zone, the words kept without the courier's name and number."""
    first, second, third = events("kuaidi100", HUNDRED)
    assert [e["time"] for e in (first, second, third)] == [
        "2026-08-01T10:30:00Z", "2026-08-02T12:00:00Z", "2026-08-03T01:00:00Z",
    ]  # fmt: skip
    assert third["data"] == {
        "order_id": "o1", "parcel_id": "YT1234567890123", "carrier_id": "yuantong", "code": "out_for_delivery",
        "place": "广东,深圳市,龙岗区", "raw_code": "5", "raw_text": "【甲市】 派件中 派件人: *** 电话 ***",
        "province": "广东", "origin_province": "浙江",
    }  # fmt: skip
    assert (first["data"]["code"], first["data"]["province"], second["data"]["code"]) == (
        "picked_up", "浙江", "in_transit",
    )  # fmt: skip
    assert (first["type"], first["source"]) == ("parcel.scanned", "kuaidi100")


def test_an_answer_is_read_like_a_push() -> None:
    """The same trace asked for makes the same events as when it is pushed."""
    assert events("kuaidi100", HUNDRED["lastResult"]) == events("kuaidi100", HUNDRED)
    assert events("kdniao", BIRD["Data"][0]) == events("kdniao", BIRD)  # type: ignore[index]
    assert events("aftership", {"data": {"tracking": SHIP["msg"]}}) == events("aftership", SHIP)
    assert events("aftership", {"data": SHIP["msg"]}) == events("aftership", SHIP)
    assert events("seventeentrack", {"data": {"accepted": [SEVENTEEN["data"]]}}) == events("seventeentrack", SEVENTEEN)
    assert events("karrio", KARRIO["data"], zone="UTC") == events("karrio", KARRIO, zone="UTC")
    assert events("epcis", EPCIS["epcisBody"]["eventList"][0]) == events("epcis", EPCIS)[:2]  # type: ignore[index]


def test_the_other_dialects() -> None:
    """Each vendor's sample gives its scans, with what went wrong."""
    assert told("kdniao") == [
        ("2026-08-01T01:05:00Z", "picked_up", ""), ("2026-08-03T00:00:00Z", "out_for_delivery", ""),
    ]  # fmt: skip
    assert told("aftership") == [
        ("2026-08-01T09:00:00Z", "picked_up", ""), ("2026-08-02T09:00:00Z", "delayed", "weather_delay"),
    ]  # fmt: skip
    assert told("seventeentrack") == [
        ("2026-08-01T10:00:00Z", "picked_up", ""), ("2026-08-05T10:00:00Z", "lost", "carrier_parcel_lost"),
    ]  # fmt: skip
    assert told("karrio", "America/New_York") == [
        ("2026-08-01T12:55:00Z", "attempt_failed", "consignee_not_home"),
        ("2026-08-02T12:00:00Z", "customs", "customs_delay"),
    ]
    assert told("shopify") == [("2026-08-01T13:00:00Z", "out_for_delivery", "")]
    assert told("epcis") == [
        ("2026-08-01T08:00:00Z", "picked_up", ""), ("2026-08-01T08:00:00Z", "picked_up", ""),
        ("2026-08-09T10:00:00Z", "returning", ""),
    ]  # fmt: skip


def test_two_carriers_of_one_number() -> None:
    """Each event names the carrier that made it."""
    assert [e["data"]["carrier_id"] for e in events("seventeentrack", SEVENTEEN)] == ["3011", "11031"]


def test_the_payloads_own_order_is_the_last_resort() -> None:
    """A known order comes before the one a vendor repeats."""
    assert {e["data"]["order_id"] for e in events("kdniao", BIRD, orders=())} == {"o7"}
    assert {e["data"]["order_id"] for e in events("kdniao", BIRD, orders=("o2",))} == {"o2"}
    assert {e["data"]["order_id"] for e in events("shopify", SHOPIFY, orders=())} == {"450"}


def test_one_parcel_of_two_orders() -> None:
    """Both orders are told of every scan, as events of their own."""
    made = events("kdniao", BIRD, orders=("o1", "o2"))
    assert sorted((e["data"]["order_id"], e["data"]["code"]) for e in made) == [
        ("o1", "out_for_delivery"), ("o1", "picked_up"), ("o2", "out_for_delivery"), ("o2", "picked_up"),
    ]  # fmt: skip
    assert len({e["id"] for e in made}) == 4


def test_two_events_in_one_second_are_both_kept() -> None:
    """Arrival and departure are often written at once; the list's own order stands."""
    at = "2026-08-01 20:39:49"
    arrived = {"ftime": at, "context": "快件到达 【甲】", "statusCode": "0"}
    departed = {"ftime": at, "context": "快件发往 【乙】", "statusCode": "0"}
    made = events("kuaidi100", hundred(arrived, departed))
    assert [e["data"]["raw_text"] for e in made] == ["快件到达 【甲】", "快件发往 【乙】"]
    assert len({e["id"] for e in made}) == 2


def test_the_same_entry_twice_is_one_event() -> None:
    """Vendors repeat themselves; white space is no difference."""
    one = {"ftime": "2026-08-01 20:39:49", "context": "快件到达 【甲】", "statusCode": "0"}
    assert len(events("kuaidi100", hundred(one, {**one, "context": "快件到达  【甲】 "}))) == 1


def test_text_and_place_may_contradict_each_other() -> None:
    """What the vendor says is kept, not reconciled."""
    (made,) = events(
        "kuaidi100",
        hundred({"ftime": "2026-08-01 20:00:00", "context": "【嘉兴市】 快件到达 【杭州中转部】", "statusCode": "0",
                 "areaName": "浙江,嘉兴市"}),
    )  # fmt: skip
    assert made["data"]["place"] == "浙江,嘉兴市"
    assert "杭州" in made["data"]["raw_text"]


@pytest.mark.parametrize(
    ("name", "entry", "reason"),
    [
        ("kuaidi100", {"ftime": "2026-08-01 20:00:00", "statusCode": "999"}, "does not know the code '999'"),
        ("kuaidi100", {"ftime": "2026-08-01 20:00:00", "context": "感谢使用"}, "no code, and its words"),
        ("kuaidi100", {"ftime": "soon", "statusCode": "3"}, "'soon' is not understood"),
        ("kuaidi100", {"statusCode": "3"}, "has no time"),
    ],
)
def test_a_bad_scan_does_not_spoil_its_neighbours(name: str, entry: dict[str, Any], reason: str) -> None:
    """It is refused by itself, with its place in the file; its raw text is masked there too."""
    good = {"ftime": "2026-08-01 10:00:00", "context": "已揽收", "statusCode": "103"}
    taken, refused = items(name, hundred(good, {**entry, "context": entry.get("context", "赵一：13800000000")}))
    assert taken.why is None
    assert refused.why is not None
    assert reason in refused.why.reason
    assert refused.place == "Line 1, scan 2"
    assert b"13800000000" not in refused.raw


def test_a_quarantined_scan_can_be_mended_by_a_person() -> None:
    """What is set aside is the event without its code; with one it passes, under the id it would have had."""
    entry = {"ftime": "2026-08-01 20:00:00", "statusCode": "999"}
    (refused,) = items("kuaidi100", hundred(entry))
    event = msgspec.json.decode(refused.raw)
    assert "code" not in event["data"]
    assert event["data"]["raw_code"] == "999"
    event["data"]["code"] = "in_transit"
    assert isinstance(DOOR.check(msgspec.json.encode(event)), Accepted)


def test_a_waybill_of_no_order_is_refused() -> None:
    """The sentence names the waybill and what to do."""
    (refused,) = items("shopify", {**SHOPIFY, "order_id": None}, orders=())
    assert refused.why is not None
    assert "'944'" in refused.why.reason


def test_a_time_without_an_offset_needs_a_zone() -> None:
    """Where the dialect has none, it is asked for rather than assumed."""
    (good, refused) = items("karrio", KARRIO)
    assert good.why is None
    assert refused.why is not None
    assert "name the zone" in refused.why.reason


def test_an_event_declared_wrong_is_not_taken() -> None:
    """An EPCIS event with an error declaration is withdrawn by its sender."""
    event = {**EPCIS["epcisBody"]["eventList"][1], "errorDeclaration": {"declarationTime": "2026-08-10T00:00:00Z"}}  # type: ignore[index]
    (refused,) = items("epcis", event)
    assert refused.why is not None
    assert "declared this event wrong" in refused.why.reason


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"3", b"null", b"\xff", b"{}", b'{"lastResult": 5, "data": 7}'])
def test_what_is_no_payload_is_refused_whole(name: str, payload: bytes) -> None:
    """Never an exception, never a guess: one refusal that says what is wrong."""
    made = reader(name).items(payload, "Line 3")
    assert [item.why.code for item in made if item.why] in ([], ["malformed"])
    assert all(item.why for item in made)


@pytest.mark.parametrize("name", NAMES)
@given(payload=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([
            "lastResult", "data", "nu", "ftime", "Traces", "LogisticCode", "msg", "tracking_number", "checkpoints",
            "events", "type", "eventTime", "epcList", "fulfillment_id", "happened_at", "status", "number", "track_info",
        ]), inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
def test_no_json_makes_it_fail(name: str, payload: Any) -> None:
    """Whatever is pushed becomes events the intake can judge, or refusals with a reason."""
    for item in items(name, payload):
        assert item.why is None or item.why.reason
        assert isinstance(DOOR.check(item.raw), Accepted | Refusal)


ENTRIES = st.lists(
    st.builds(
        lambda minute, code, text: {
            "ftime": f"2026-08-01 10:{minute:02d}:00", "statusCode": code, "context": text,
        },
        st.integers(0, 59),
        st.sampled_from(["0", "1", "5", "103", "1001"]),
        st.sampled_from(["到达甲", "发往乙", "派件中"]),
    ),
    max_size=8,
)  # fmt: skip


@given(entries=ENTRIES, seed=st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_a_list(entries: list[dict[str, Any]], seed: Any) -> None:
    """A trace in any order makes the same events, by time."""
    shuffled = list(entries)
    seed.shuffle(shuffled)
    one, other = events("kuaidi100", hundred(*entries)), events("kuaidi100", hundred(*shuffled))
    assert {e["id"]: e for e in one} == {e["id"]: e for e in other}
    times = [e["time"] for e in one]
    assert times == sorted(times)


@given(entries=ENTRIES, cut=st.integers(0, 8))
def test_a_longer_trace_holds_the_shorter_one(entries: list[dict[str, Any]], cut: int) -> None:
    """Vendors push the whole trace again each time: what was told before has the same ids."""
    before, after = events("kuaidi100", hundred(*entries[:cut])), events("kuaidi100", hundred(*entries))
    assert {e["id"] for e in before} <= {e["id"] for e in after}


@given(entries=ENTRIES)
def test_ids_tell_entries_apart(entries: list[dict[str, Any]]) -> None:
    """As many events as there are different entries, each id once, and none shared with another waybill or dialect."""
    made = events("kuaidi100", hundred(*entries))
    assert len({e["id"] for e in made}) == len(made) == len({tuple(sorted(each.items())) for each in entries})
    elsewhere = events("kuaidi100", {"nu": "YT2", "com": "yuantong", "data": entries})
    assert not {e["id"] for e in made} & {e["id"] for e in elsewhere}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-01 10:00:00", "2026-08-01T02:00:00+00:00"),
        ("2026/8/1 9:05", "2026-08-01T01:05:00+00:00"),
        ("2026-08-01", "2026-07-31T16:00:00+00:00"),
        ("2026-08-01T10:00:00-05:00", "2026-08-01T15:00:00+00:00"),
        ("2026-08-01 01:30 PM", "2026-08-01T05:30:00+00:00"),
        ("0001-01-01 00:00:00", "0001-01-01 00:00:00"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_times(text: str, expected: str) -> None:
    """A day alone is its first moment; what is no time is handed back."""
    found = instant(text, ZoneInfo("Asia/Shanghai"))
    assert (found if isinstance(found, str) else found.isoformat()) == expected


@pytest.mark.data
def test_the_public_traces() -> None:
    """Nine real traces without codes: all 67 entries are read, each kept in its second, none out of its order."""
    lines = (carriers() / "cn" / "traces_masked.jsonl").read_text(encoding="utf-8").splitlines()
    taken = 0
    for number, trace in enumerate(map(json.loads, lines)):
        entries = [{"ftime": each["time"], "context": each["text"]} for each in trace["events"]]
        payload = {"nu": f"T{number}", "com": trace["carrier"], "data": entries}
        newest_first = {**payload, "data": entries[::-1]}
        made = events("kuaidi100", payload)
        assert [e["data"]["raw_text"] for e in made] == [masked(each["context"]) for each in entries]
        assert events("kuaidi100", newest_first) == made
        taken += len(made)
    assert (len(lines), taken) == (9, 67)


@pytest.mark.data
def test_the_hard_cases_of_the_public_traces() -> None:
    """Two scans in one second, a failed delivery arranged again, a drop in a locker: each is what it says."""
    lines = (carriers() / "cn" / "traces_masked.jsonl").read_text(encoding="utf-8").splitlines()
    codes = {}
    for number, trace in enumerate(map(json.loads, lines)):
        entries = [{"AcceptTime": each["time"], "AcceptStation": each["text"]} for each in trace["events"]]
        made = events("kdniao", {"LogisticCode": f"T{number}", "ShipperCode": trace["carrier"], "Traces": entries})
        codes[number] = [e["data"]["code"] for e in made]
        if number == 2:
            assert made[2]["time"] == made[3]["time"]
    assert codes[2] == [
        "picked_up", "departed", "arrived", "departed", "arrived", "departed", "arrived", "out_for_delivery",
        "attempt_failed", "delayed", "out_for_delivery",
    ]  # fmt: skip
    assert codes[7][-3:] == ["out_for_delivery", "ready_for_pickup", "delivered"]
    assert [each[-1] for each in codes.values()].count("delivered") == 5
