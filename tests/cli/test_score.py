"""`goldline score`: a replay keeps standing, and an account's points are told with the facts behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goldline.core.database import connect
from tests.account.test_standing import sold
from tests.laws.world import hours

Goldline = Callable[..., Any]


def test_a_replay_keeps_standing_and_a_score_is_told(goldline: Goldline, tmp_path: Path, database_url: str) -> None:
    """From a file of events to the score of a merchant and of a creator, in words and as JSON."""
    events = tmp_path / "events.ndjson"
    events.write_bytes(b"\n".join(sold(30, late=3)))
    assert goldline("init").code == 0
    assert goldline("policy", "publish", "baseline").code == 0
    assert goldline("import", "events", events).code == 0
    end = hours(17).isoformat()
    assert goldline("run", "--until-idle", "--as-of", end).code == 0
    with connect(database_url) as connection:
        kept = connection.execute("SELECT account, policy FROM standing ORDER BY 1").fetchall()
    assert kept == [("creator:k9", "baseline.reputation"), ("merchant:m1", "baseline.experience")]
    told = goldline("score", "merchant:m1", "--at", end)
    assert told.code == 0, told.err
    assert "Delivered on time: 0.9 → 50 points, weight 40" in told.out
    assert "deliveries_due_30d 30, deliveries_on_time_30d 27" in told.out
    assert "→ on-time-delivery with 1 of 3 fewer: +" in told.out
    plain = json.loads(goldline("score", "creator:k9", "--at", end, "--format", "json").out)
    assert [(each["score"], each["points"], each["stage"]) for each in plain["scores"]] == [
        ("baseline.reputation", 5, "formal")]  # fmt: skip
    assert "商家体验分" in goldline("score", "merchant:m1", "--at", end, "--lang", "zh-Hans").out


def test_who_never_sold_has_no_score(goldline: Goldline) -> None:
    """Said in a sentence, with what to do."""
    assert goldline("init").code == 0
    refused = goldline("score", "merchant:m9")
    assert (refused.code, "has no score" in refused.err) == (1, True)
