"""Goods on the pages: listings with alarms, the chart against its limit, and what a recall tells the consumer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from .market import NOW
from .test_hall import path_of, text_of

ALARM = ["listing:m-17:l1:2026-08-05", "statistics", "faulty", None, 9, 60, 9100, 8854]


@pytest.fixture
def alarmed(database: Connection[Any]) -> None:
    """A listing with an alarm, and half a year of its category, whose last days went bad."""
    database.execute(
        "INSERT INTO fact_listing (partition, key, merchant_id, listing_id, title, category, aspect, cases,"
        " intercepted_at, intercepted_last_at, alarms) VALUES (0, 'm-17|l1', 'm-17', 'l1', '电热水壶', 'kettles',"
        " 'faulty', 9, %s, %s, %s)",
        [NOW, NOW, [json.dumps(ALARM)]],
    )
    database.execute(
        "INSERT INTO fact_product_day (partition, key, owner, day, merchant_id, category, orders_delivered, defects)"
        " SELECT 0, 'l' || n || '|' || at::date, 'l' || n, at::date, 'm-17', 'kettles', 40,"
        " CASE WHEN n = 1 AND at > now() - interval '6 days' THEN 6 ELSE (n + extract(day FROM at)::int) % 4 / 3 END"
        " FROM generate_series(1, 8) n, generate_series(now() - interval '189 days', now(), interval '1 day') at",
    )


@pytest.mark.usefixtures("alarmed")
@pytest.mark.parametrize(("language", "said"), [("en", "does not work"), ("zh-Hans", "功能失灵")])
def test_a_listing_shows_its_alarms_and_its_chart(operator_client: Client, language: str, said: str) -> None:
    """The list says what is wrong; the listing's page draws the statistic, the limit and the days beyond it."""
    listed = text_of(operator_client.get("/console/goods", {"lang": language, "state": "open"}))
    assert "电热水壶" in listed
    assert said in listed
    page = operator_client.get("/console/goods/m-17|l1", {"lang": language}).content.decode()
    assert 'class="limit-line"' in page
    assert 'class="beyond"' in page
    assert "9.10 / 8.85" in page
    assert "电热水壶" not in text_of(operator_client.get("/console/goods", {"lang": language, "state": "lifted"}))


def test_what_is_not_there_is_not_found(operator_client: Client) -> None:
    """A listing nobody knows is a 404, not an error; the empty list says how alarms come about."""
    assert operator_client.get("/console/goods/m-17|none").status_code == 404
    assert "goldline intercept" in operator_client.get("/console/goods").content.decode()


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(("language", "said"), [("en", "a danger to people"), ("zh-Hans", "危及人身安全")])
def test_a_recall_is_told_on_the_guarantee_page(
    client: Client, database: Connection[Any], language: str, said: str
) -> None:
    """The consumer reads first of all that the goods were recalled, why, and not to use them."""
    database.execute(
        "UPDATE fact_order SET recalled_at = %s, recalled_for = 'safety' WHERE key = 'delivered'",
        [NOW - timedelta(hours=1)],
    )
    page = text_of(client.get(path_of("delivered"), {"lang": language}))
    assert said in page
    assert said not in text_of(client.get(path_of("running"), {"lang": language}))
