"""Real traces, played through the engine, are judged stalled or not as a walk along their times says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from goldline.connectors.carriers.dialect import dialect
from goldline.connectors.carriers.trace import Reader
from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary
from tests.carriers.published import carriers
from tests.laws.world import END, World, event

HOUR = timedelta(hours=1)
BEFORE = datetime(2010, 1, 1, tzinfo=UTC)  # a finding keeps the instant it was found with: none before all is told
# Regions told in each way that is taken, and the hours of their tier.
WAYS = {
    "near": ("广东省", "CN-GD", 48), "delta": ("CN-JS", "浙江", 48), "cross": ("440307", "湖北省", 72),
    "remote": ("CN-GD", "新疆维吾尔自治区", 120), "unknown": (None, "上海市", 72),
}  # fmt: skip
SLOWER = (1, 5, 12)  # how many times slower the trace is played, which makes stalls of its pauses
LAST = {"out_for_delivery", "delivered", "ready_for_pickup", "returned"}


def traces() -> list[dict[str, Any]]:
    """The public traces."""
    lines = (carriers() / "cn" / "traces_masked.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def scans(trace: dict[str, Any], order: str, waybill: str, slower: int, kept: int) -> list[dict[str, Any]]:
    """The trace as events, each pause so many times as long, without every `kept`-th scan."""
    zone = ZoneInfo("Asia/Shanghai")
    entries = [{"ftime": each["time"], "context": each["text"]} for each in trace["events"]]
    payload = json.dumps({"nu": waybill, "com": trace["carrier"], "data": entries}).encode()
    made = [json.loads(item.raw) for item in Reader(dialect("kuaidi100"), lambda _: (order,), zone).items(payload, "x")]
    begin = datetime.fromisoformat(made[0]["time"])
    told = [each for number, each in enumerate(made) if not kept or number % kept]
    for each in told:
        each["time"] = (begin + (datetime.fromisoformat(each["time"]) - begin) * slower).isoformat()
    return told


def stalled_at(told: list[dict[str, Any]], limit: timedelta) -> tuple[datetime | None, str | None]:
    """When the parcel had stood still for longer than the limit, and the verdict: a plain walk along the times."""
    times = sorted((datetime.fromisoformat(each["time"]), each["data"]["code"]) for each in told)
    begun = min((at for at, code in times if code == "departed"), default=None)
    ended = min((at for at, code in times if code in LAST), default=None)
    if begun is None:
        return None, None
    silent_from = begun
    for at, _ in times:
        if at <= begun or (ended is not None and at >= ended):
            continue
        if at - silent_from > limit:
            break
        silent_from = at
    if ended is not None and ended - silent_from <= limit:
        return None, "k"
    return silent_from + limit, "b"


@pytest.mark.data
def test_real_traces_are_judged_as_a_walk_says(database_url: str) -> None:
    """Nine traces, five distances, three speeds, whole and with scans left out: verdict and instant to the parcel."""
    wanted: dict[str, tuple[datetime | None, str | None]] = {}
    told: list[bytes] = []
    for number, trace in enumerate(traces()):
        for way, (origin, destination, hours) in WAYS.items():
            for slower in SLOWER:
                for kept in (0, 3):
                    order, waybill = f"o{number}-{way}-{slower}-{kept}", f"T{number:010}{slower}{kept}"
                    found = scans(trace, order, waybill, slower, kept)
                    wanted[f"{order}|{waybill}"] = stalled_at(found, hours * HOUR)
                    told += _order(order, waybill, trace["carrier"], found, origin, destination)
    with World(database_url, load("douyin", vocabulary())) as world:
        for half in (told[1::2], told[::2], told[::5]):
            world.feed(half)
            world.step(BEFORE)
        world.step(END)
        verdicts = world.rows("SELECT key, v_douyin__transit_0::text FROM fact_parcel")
        due = dict(
            world.rows("SELECT key, due_at FROM finding WHERE policy = 'douyin.transit' AND status = 'standing'")
        )
    assert {key: (due.get(key), verdict) for key, verdict in verdicts} == wanted
    states = [state for _, state in wanted.values()]
    assert min(states.count("b"), states.count("k")) > 20


def _order(
    order: str, waybill: str, carrier: str, found: list[dict[str, Any]], origin: str | None, destination: str
) -> list[bytes]:
    """The order that the trace belongs to, and its scans without what they say of their origin."""
    first = datetime.fromisoformat(found[0]["time"])
    own = {"order_id": order}
    for each in found:
        each["data"].pop("origin_province", None)
    return [
        event(
            "order.placed", first - HOUR, f"{order}-a", merchant_id="m1", consumer_id=order, region=destination, **own
        ),
        event("order.paid", first - HOUR, f"{order}-b", paid_minor=10_000, currency="CNY", **own),
        event("parcel.created", first, f"{order}-c", parcel_id=waybill, carrier_id=carrier, from_region=origin, **own),
        *(json.dumps(each).encode() for each in found),
    ]
