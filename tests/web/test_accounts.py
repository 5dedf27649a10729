"""The console's pages on accounts: what is in effect against whom, why, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from tests.account.shop import HEAD, keep_house, orders
from tests.laws.world import World, hours, pack_of

FOUND = 112  # hours: when the first bad day of the shop is found


@pytest.fixture
def shop(database_url: str) -> Iterator[World]:
    """A shop with two violations, the second of which has closed its presale."""
    with World(database_url, pack_of(HEAD)) as world:
        world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(240 + FOUND)])
        for day in (0, 10):
            world.feed(orders(day, 4))
            keep_house(world, hours(24 * day + FOUND))
        yield world


def test_nobody_sanctioned_is_said(operator_client: Client, database_url: str) -> None:
    """The empty list says what would appear."""
    assert b"Nobody has been sanctioned" in operator_client.get("/console/accounts").content
    assert b"No ladder is in force" in operator_client.get("/console/ladders").content


def test_the_list_leads_to_the_account(operator_client: Client, shop: World) -> None:
    """A sanctioned merchant is listed, found by its id, and its page shows gates, sanctions and the next step."""
    page = operator_client.get("/console/accounts").content.decode()
    assert "/console/accounts/merchant:m1" in page
    assert "No sanction was imposed" in operator_client.get("/console/accounts?merchant=m9").content.decode()
    told = operator_client.get("/console/accounts/merchant:m1").content.decode()
    for words in ("no presale", "May presell", "closed", "no. 2 on the ladder", "One more now would be no. 3"):
        assert words in told


def test_a_sanction_shows_the_facts_it_was_judged_on(operator_client: Client, shop: World) -> None:
    """The rule, the conduct's date, the end and its condition, and every fact the rule read."""
    ((ident,),) = shop.rows("SELECT id FROM sanction WHERE action = 'presale_ban'")
    told = operator_client.get(f"/console/sanctions/{ident}").content.decode()
    for words in ("law.missing", "backlog = 0", "orders_missing", ">4<"):
        assert words in told
    assert operator_client.get("/console/sanctions/00000000-0000-0000-0000-000000000000").status_code == 404


def test_the_ladders_say_the_fewest_orders_behind_one(operator_client: Client, shop: World) -> None:
    """An operator sees at a glance on how few orders anybody was judged."""
    told = operator_client.get("/console/ladders").content.decode()
    assert "<dt>Fewest orders behind one</dt><dd>4</dd>" in told


def test_pages_are_in_chinese_too(operator_client: Client, shop: World) -> None:
    """The same page in simplified Chinese, sanctions and rules included."""
    told = operator_client.get("/console/accounts/merchant:m1", headers={"Accept-Language": "zh-Hans"}).content.decode()
    for words in ("关闭预售", "处置阶梯", "缺货", "权限"):
        assert words in told


def test_what_is_no_account_is_not_found(operator_client: Client, client: Client, database_url: str) -> None:
    """Only merchants have pages, and only for those who are signed in."""
    assert operator_client.get("/console/accounts/carrier:k1").status_code == 404
    assert client.get("/console/accounts/merchant:m1").status_code == 302
