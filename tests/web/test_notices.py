"""Notices on the pages and in the API: which moved or stopped the clock of an order, and why, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from goldline.core.worker import Worker
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.hall.link import link_for

from .events import event
from .market import NOW, take
from .test_hall import text_of

REASONS = {"holiday": {"en": "Spring Festival", "zh-Hans": "春节放假"},
           "flood": {"en": "Roads under water", "zh-Hans": "道路被淹"}}  # fmt: skip


@pytest.fixture
def noticed(market: str, database: Connection[Any]) -> None:
    """The small market with a holiday for everything paid of late and a flood for what was paid before."""
    paid = {"paid_from": (NOW - timedelta(days=30)).isoformat(), "paid_until": (NOW - timedelta(days=2)).isoformat()}
    late = {"paid_from": (NOW - timedelta(days=2)).isoformat()}
    at = (NOW - timedelta(hours=3)).isoformat()
    take(database, [
        event("notice.published", at, notice_id="holiday", kind="shift", hours=72, clause="D:101706",
              reason=REASONS["holiday"], **late),
        event("notice.published", at, notice_id="flood", kind="void", reason=REASONS["flood"], **paid),
    ])  # fmt: skip
    Worker(market, vocabulary(), catalogue(), as_of=NOW, until_idle=True).run()


@pytest.mark.parametrize(("language", "holiday", "flood"), [
    ("en", "A notice moved the deadline: Spring Festival.", "A notice stopped the clocks of this order"),
    ("zh-Hans", "公告顺延了截止时间：春节放假。", "公告停止了本订单的计时：道路被淹。"),
])  # fmt: skip
def test_the_consumer_reads_which_notice_and_why(
    client: Client, noticed: None, language: str, holiday: str, flood: str
) -> None:
    """The moved deadline and the stopped clock are explained in the reader's language."""
    assert holiday in text_of(client.get(f"{link_for('running')}?lang={language}"))
    assert flood in text_of(client.get(f"{link_for('late')}?lang={language}"))


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_the_console_lists_them_with_what_they_cover(operator_client: Client, noticed: None, language: str) -> None:
    """Each with its reason, its clause, and how many orders it covers; an order shows those it has."""
    page = text_of(operator_client.get(f"/console/notices?lang={language}"))
    assert REASONS["holiday"][language] in page
    assert "D:101706" in page
    order = text_of(operator_client.get(f"/console/orders/running?lang={language}"))
    assert REASONS["holiday"][language] in order


def test_the_api_lists_them(client: Client, noticed: None, key: Callable[..., dict[str, str]]) -> None:
    """Both with the orders they cover; only with a key that may read."""
    assert client.get("/v1/notices").status_code == 401
    data = client.get("/v1/notices", headers=key("read")).json()["data"]
    assert {each["id"]: (each["kind"], each["carried"]) for each in data} == {
        "holiday": ("shift", True), "flood": ("void", True)
    }  # fmt: skip
    assert {each["id"]: each["covered"] for each in data} == {"holiday": 3, "flood": 2}
    assert data[0]["reason"]["zh-Hans"]
