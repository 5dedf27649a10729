"""Whoever is punished is told why: the facts as seen, the rule and its version, the effect, and how to object."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import get_args
from uuid import UUID

import pytest

from goldline.core.account.phrase import PHRASES
from goldline.core.account.statement import READERS, Reader, Statement, find, of_finding
from goldline.core.errors import GoldlineError
from goldline.market.sanction import ACTIONS
from tests.account.shop import keep_house, orders
from tests.account.test_docket import FOUND
from tests.account.tribunal import PACK, answered, appealed, findings
from tests.laws.world import World, event, hours, pack_of

WEEK_S = 7 * 86_400


@pytest.fixture
def bad(database_url: str) -> Iterator[World]:
    """One bad day of one shop, found and answered for."""
    with World(database_url, pack_of(PACK)) as world:
        world.feed(orders(0, 4, shipped=1))
        keep_house(world, hours(FOUND))
        yield world


def stated(world: World, action: str, reader: Reader = "account", lang: str = "en") -> Statement:
    """The statement of the first sanction of that action."""
    ident: UUID = world.value("SELECT id FROM sanction WHERE action = %s ORDER BY starts_at LIMIT 1", action)
    found = find(world.connection, ident, reader, lang, actions=ACTIONS, window_s=WEEK_S)  # type: ignore[arg-type]
    world.connection.commit()
    return found


def test_the_party_is_told_everything_it_needs(bad: World) -> None:
    """The lines answer DSA article 17(3) by letter: effect and duration, facts, means, ground, redress with its end."""
    told = {line.name: line for line in stated(bad, "freeze_funds").lines}
    assert told["decision"].text == "funds frozen 1,000.00 CNY"
    assert "orders_missing = 3" in told["facts"].text
    assert told["automated"].text == "Decided automatically, on recorded facts."
    assert "law.missing, version 1" in told["ground"].text
    assert told["duration"].text == "From 2026-03-06 18:00:00Z to 2026-03-07 18:00:00Z (1 d)"
    end = f"{hours(FOUND) + timedelta(days=7):%Y-%m-%d %H:%M:%S}Z"
    assert end in told["redress"].text
    assert "goes on while it is pending" in told["redress"].text
    letters = {line.dsa for line in told.values()}
    assert letters >= {f"17(3)({letter})" for letter in "abcef"}


def test_each_reader_is_told_more_than_the_one_before(bad: World) -> None:
    """A consumer is told the decision and its ground, but neither the shop's figures nor what an auditor needs."""
    lines = [{line.name for line in stated(bad, "fee", reader).lines} for reader in READERS]
    assert all(fewer < more for fewer, more in pairwise(lines))
    consumer = stated(bad, "fee", "consumer").text()
    assert "orders_missing" not in consumer
    assert "sha256:" in stated(bad, "fee", "auditor").text()


def test_it_is_told_in_chinese(bad: World) -> None:
    """Every phrase is there in both languages, and a Chinese statement has no English sentence in it."""
    assert PHRASES["en"].keys() == PHRASES["zh-Hans"].keys()
    text = stated(bad, "freeze_funds", lang="zh-Hans").text()
    assert "处置：冻结货款 1,000.00 CNY" in text
    assert "申诉期间处置不停止执行" in text
    assert "version" not in text


def test_what_was_said_does_not_change(bad: World) -> None:
    """New facts, an answered appeal and other rules leave the content as issued; its end is told beside it."""
    before = stated(bad, "fee")
    answered(bad, appealed(bad, findings(bad)[0], hours(FOUND + 1)), "overturned", hours(FOUND + 2))
    bad.feed([event("order.exempted", hours(5), f"x{n}", order_id=f"m1-0-{n}", reason="flood") for n in range(4)])
    keep_house(bad, hours(FOUND + 3))
    after = stated(bad, "fee")
    assert after.digest == before.digest
    assert after.lines[: len(before.lines)] == before.lines
    assert [line.name for line in after.lines[len(before.lines) :]] == ["revoked"]


def test_a_changed_statement_is_noticed(bad: World) -> None:
    """Content that no longer has its digest is not told as if it were the original."""
    bad.connection.execute("UPDATE statement_of_reasons SET content = jsonb_set(content, '{sanction,nth}', '9')")
    with pytest.raises(GoldlineError, check=lambda fault: fault.code == "statement_altered"):
        stated(bad, "fee")


def test_a_charge_without_a_sanction_is_stated_too(database_url: str) -> None:
    """A merchant charged for a late parcel is told what, why and until when to object, and no count of violations."""
    promise = (
        PACK
        + """
[[promise]]
id      = "handover"
on      = "order"
title   = { en = "Handed over in time", "zh-Hans" = "按时发货" }
about   = { en = "The order was not handed over in time.", "zh-Hans" = "订单未按时发货。" }
made_at = "paid_at"
due_at  = "ship_by"
kept_at = "picked_up_at"

[[promise.remedy]]
pay  = "5"
as   = "coupon"
from = "'merchant'"
"""
    )
    with World(database_url, pack_of(promise)) as world:
        world.feed(orders(0, 1))
        keep_house(world, hours(60))
        ident: UUID = world.value("SELECT id FROM finding WHERE policy = 'law.handover'")
        told = of_finding(world.connection, ident, "account", "en", window_s=WEEK_S)
        lines = {line.name: line.text for line in told.lines}
        assert lines["decision"] == "charged 5.00 CNY"
        assert "The order was not handed over in time." in lines["facts"]
        assert "count" not in lines
        assert f"{hours(50) + timedelta(days=7):%Y-%m-%d}" in lines["redress"]
        assert "扣款 5.00 CNY" in of_finding(world.connection, ident, "consumer", "zh-Hans", window_s=WEEK_S).text()


def test_every_sanction_has_one(bad: World) -> None:
    """None is imposed without, and the four readers are those of the type."""
    assert bad.value("SELECT count(*) FROM sanction s LEFT JOIN statement_of_reasons t ON t.sanction_id = s.id"
                     " WHERE t.sanction_id IS NULL") == 0  # fmt: skip
    assert get_args(Reader) == READERS
