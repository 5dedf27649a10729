"""Publishing: versions are added, never edited; the engine's columns and wakes follow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.published import RuleSet, load_published, load_version, publish, ruleset_epoch
from goldline.core.policy.slot import slots
from goldline.market.merchant import Merchant
from goldline.market.vocabulary import vocabulary
from tests.policy.book import edited, pack

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BEFORE_ANY_EVENT = datetime(2000, 1, 1, tzinfo=UTC)
Database = Connection[Any]
GATE = """
[[gate]]
id        = "presale"
title     = { en = "Presale", "zh-Hans" = "预售" }
about     = { en = "May sell before there is stock.", "zh-Hans" = "可以预售。" }
closed_by = ["presale_ban"]
"""
TERMS = """
[[appeal]]
id     = "merchants"
for    = "merchant"
title  = { en = "Merchants' appeal", "zh-Hans" = "商家申诉" }
about  = { en = "Within seven days.", "zh-Hans" = "七日内。" }
window = "7 days"
answer = "working_days:5"

[[appeal.reason]]
id       = "disaster"
title    = { en = "Disaster", "zh-Hans" = "不可抗力" }
evidence = ["report"]
"""


def put(database: Database, *edits: tuple[str, str]) -> int:
    """Publish the book with edits."""
    return publish(database, pack(edited(*edits)), vocabulary(), NOW)


def versions(rules: RuleSet) -> list[tuple[str, int]]:
    """Policies and versions in use."""
    return [(each.policy, each.version) for each in rules.promises]


def test_publishing_twice_changes_nothing(database: Database) -> None:
    """The second time, no version is written and the epoch stands."""
    assert (put(database), ruleset_epoch(database)) == (3, 1)
    assert (put(database), ruleset_epoch(database)) == (0, 1)


def test_what_is_loaded_is_what_was_published(database: Database) -> None:
    """The published promises compile to the same SQL, amounts and dates as the pack's own."""
    put(database)
    own = {(each.policy, each.version): each for each in pack().promises}
    loaded = {(each.policy, each.version): each for each in load_published(database, vocabulary()).promises}
    assert loaded == own


def test_columns_and_wakes_follow(database: Database) -> None:
    """Every slot has a verdict column, and every standing subject is woken to be judged again."""
    database.execute("INSERT INTO fact_order (partition, key) VALUES (0, 'a'), (1, 'b')")
    put(database)
    columns = database.execute(
        "SELECT attname, atttypid::regtype::text FROM pg_attribute WHERE attrelid = 'goldline.fact_order_p1'::regclass"
        " AND attname LIKE 'v\\_shop%' ORDER BY 1"
    ).fetchall()
    assert columns == [(f"v_shop__{name}", '"char"') for name in ("deliver_by_0", "ship_by_0", "ship_by_1")]
    woken = database.execute("SELECT partition, wake_at, subject, key FROM wake ORDER BY key").fetchall()
    assert woken == [(0, BEFORE_ANY_EVENT, "order", "a"), (1, BEFORE_ANY_EVENT, "order", "b")]


def test_a_changed_version_is_replaced_not_edited(database: Database) -> None:
    """A new number is given; the old row stays as it was, and is no longer judged by."""
    put(database)
    before = database.execute("SELECT * FROM policy_version WHERE policy = 'shop.deliver-by'").fetchall()
    assert put(database, ("paid_amount * 0.05", "paid_amount * 0.06")) == 1
    after = database.execute(
        "SELECT * FROM policy_version WHERE policy = 'shop.deliver-by' ORDER BY version"
    ).fetchall()
    assert after[:1] == before
    rules = load_published(database, vocabulary())
    assert versions(rules) == [("shop.deliver-by", 2), ("shop.ship-by", 1), ("shop.ship-by", 2)]
    assert rules.epoch == 2
    old, new = (load_version(database, "shop.deliver-by", n, vocabulary()) for n in (1, 2))
    assert old is not None
    assert new is not None
    assert (old.remedies[0].pay.text, new.remedies[0].pay.text) == ("paid_amount * 0.05", "paid_amount * 0.06")


def test_going_back_brings_a_new_number(database: Database) -> None:
    """Undoing a change is a change: the rule reads as before under a number of its own."""
    put(database)
    put(database, ("paid_amount * 0.05", "paid_amount * 0.06"))
    assert put(database) == 1
    rules = load_published(database, vocabulary())
    assert ("shop.deliver-by", 3) in versions(rules)
    assert rules.find("shop.deliver-by", 2) is None


def test_a_promise_that_left_the_pack_is_withdrawn(database: Database) -> None:
    """It is judged no more, and its history stays; publishing again changes nothing."""
    put(database)
    text = edited()
    without = pack(text[: text.index('[[promise]]\nid      = "deliver-by"')])
    assert publish(database, without, vocabulary(), NOW) == 1
    assert publish(database, without, vocabulary(), NOW) == 0
    assert versions(load_published(database, vocabulary())) == [("shop.ship-by", 1), ("shop.ship-by", 2)]
    assert load_version(database, "shop.deliver-by", 1, vocabulary()) is not None
    assert put(database) == 1


@pytest.mark.parametrize("written", [GATE, TERMS])
def test_what_is_about_accounts_is_withdrawn_as_well(database: Database, written: str) -> None:
    """A gate, or terms of appeal, that left the pack is gone; no subject is judged again for it."""
    publish(database, pack(edited() + written), vocabulary(), NOW)
    database.execute("DELETE FROM wake")
    standing = load_published(database, vocabulary())
    assert len(standing.gates) + len(standing.appeals) == 1
    assert put(database) == 1
    gone = load_published(database, vocabulary())
    assert (gone.gates, gone.appeals) == ((), ())
    assert put(database) == 0
    assert database.execute("SELECT count(*) FROM wake").fetchone() == (0,)


def test_occurrences_keep_their_meaning(database: Database) -> None:
    """A wait that is added gets a number of its own, however short: a verdict column never changes its meaning."""
    put(database)
    put(database, ('after = "48 hours"', 'after = "24 hours"'))
    own = [s for s in load_published(database, vocabulary()).slots("order") if s.policy == "shop.ship-by"]
    assert [(each.occurrence, each.after_s, each.column) for each in own] == [
        (0, 0, "v_shop__ship_by_0"),
        (2, 86_400, "v_shop__ship_by_2"),
    ]


def test_slots_hold_the_versions_that_have_them() -> None:
    """A wait that only one version knows is a slot of that version alone."""
    own = slots(pack().promises)
    assert [(each.column, each.after_s, [v.version for v in each.versions]) for each in own] == [
        ("v_shop__ship_by_0", 0, [1, 2]),
        ("v_shop__ship_by_1", 172_800, [1]),
        ("v_shop__deliver_by_0", 0, [1]),
    ]


def test_rules_that_no_longer_fit_are_refused(database: Database) -> None:
    """A worker with another vocabulary says so, and judges nothing."""
    put(database)
    with pytest.raises(GoldlineError) as caught:
        load_published(database, Vocabulary([Merchant]))
    assert caught.value.code == "policy_stale"
