"""`goldline notice`: a notice is published, seen in the list and in explanations, and withdrawn."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Goldline

ORDER = {"order_id": "o1", "merchant_id": "m1", "consumer_id": "c1", "region": "CN-XZ", "zone": "Asia/Shanghai"}
PAYMENT = {"order_id": "o1", "paid_minor": 12_900, "currency": "CNY", "ship_rule": "hours:48"}
SNOW = ("snow", "--region", "CN-XZ", "--paid-from", "2026-08-01T00:00:00Z", "--paid-until", "2026-08-08T00:00:00Z",
        "--reason", "The roads are closed", "--reason-zh", "道路封闭", "--clause", "D:101706")  # fmt: skip


def told(goldline: Goldline, folder: Path) -> None:
    """One order to Tibet, taken in; the demo's promises are in force."""
    assert goldline("policy", "publish", "demo").code == 0
    lines = [
        {"specversion": "1.0", "id": kind, "source": "t", "type": kind, "time": "2026-08-02T09:00:00Z", "data": data}
        for kind, data in (("order.placed", ORDER), ("order.paid", PAYMENT))
    ]
    events = folder / "events.ndjson"
    events.write_text("\n".join(json.dumps(each) for each in lines))
    assert goldline("import", "events", events).code == 0


def judge(goldline: Goldline) -> None:
    """Judge as of a day on which the order is late."""
    ended = goldline("run", "--until-idle", "--as-of", "2026-08-20T00:00:00Z")
    assert ended.code == 0, ended.err


def test_a_notice_for_a_region_and_a_time(goldline: Goldline, tmp_path: Path) -> None:
    """It voids the clocks of the order before it is judged; the list counts it, and the explanation says why."""
    told(goldline, tmp_path)
    ended = goldline("notice", "publish", *SNOW, "--void")
    assert ended.code == 0, ended.err
    judge(goldline)
    listed = json.loads(goldline("notice", "list", "--format", "json").out)
    assert [(each["id"], each["covered"], each["carried"]) for each in listed] == [("snow", 1, True)]
    assert "Covers 1 order" in goldline("notice", "list").out
    english, chinese = goldline("explain", "o1").out, goldline("explain", "o1", "--lang", "zh-Hans").out
    assert "The roads are closed  [D:101706]" in english
    assert "道路封闭" in chinese
    assert "excused" in english
    assert json.loads(goldline("report", "findings", "--format", "json").out or "[]") == []


def test_a_notice_is_withdrawn_and_never_edited(goldline: Goldline, tmp_path: Path) -> None:
    """Once withdrawn before it was needed, the order has its own time again; the name cannot be used anew."""
    told(goldline, tmp_path)
    assert goldline("notice", "publish", *SNOW, "--hours", "72").code == 0
    judge(goldline)
    assert "2026-08-07 09:00:00Z" in goldline("explain", "o1").out
    again = goldline("notice", "publish", *SNOW, "--void")
    assert (again.code, "never edited" in again.err) == (1, True)
    assert goldline("notice", "withdraw", "snow").code == 0
    judge(goldline)
    assert "withdrawn" in goldline("notice", "list").out


def test_a_wrong_notice_is_refused_with_its_reason(goldline: Goldline, tmp_path: Path) -> None:
    """Neither a new time nor a void; no time it is for; nobody's notice to withdraw."""
    told(goldline, tmp_path)
    ended = goldline("notice", "publish", *SNOW)
    assert (ended.code, "either a ship_by or hours" in ended.err) == (1, True)
    bare = goldline("notice", "publish", "x", "--void", "--reason", "a", "--reason-zh", "b")
    assert (bare.code, "paid_from" in bare.err) == (1, True)
    assert goldline("notice", "withdraw", "nobody").code == 1
