"""After-sales cases on the pages: what was asked, what each side did, and whose clock runs, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from goldline.core.database import connect
from goldline.core.inbox import Intake
from goldline.core.policy.pack import load
from goldline.core.policy.published import publish
from goldline.core.worker import Worker
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from tests.aftersales.tale import Tale, at
from tests.web.test_hall import path_of, text_of

NOW = at(110)


@pytest.fixture
def cases(database_url: str) -> str:
    """An order with two cases: one approved by the clock, one in dispute with evidence asked."""
    tale = Tale()
    tale.delivered()
    tale.asks(45, 300, "r1", asks="return_refund", ground="no_reason")
    tale.asks(51, 80, "r2", asks="partial_refund", ground="damaged")
    tale.case("decided", 60, "r2", outcome="refused", refusal="no_evidence")
    tale.case("escalated", 70, "r2")
    tale.case("evidence_asked", 100, "r2", side="merchant")
    words = vocabulary()
    with connect(database_url) as connection:
        publish(connection, load("baseline", words), words, datetime(2026, 1, 1, tzinfo=UTC))
        connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [NOW])
        (partitions,) = connection.execute("SELECT count(*) FROM partition").fetchone() or (1,)
        assert Intake(catalogue(), partitions).accept(connection, tale.events, "tale").accepted == len(tale.events)
        connection.commit()
    Worker(database_url, words, catalogue(), as_of=NOW, until_idle=True).run()
    return "o1"


def test_the_consumer_sees_both_sides_clocks(client: Client, cases: str) -> None:
    """Each case with its steps, who took them, and the clocks that run; the consumer is 'you'."""
    told = text_of(client.get(path_of(cases), {"lang": "en"}))
    for said in (
        "Return and refund · ¥300.00 · without a reason, within seven days",
        "The time was up: the request was approved automatically.",
        "Your clock The goods are sent back in time",
        "Partial refund · ¥80.00 · because it came damaged",
        "The request was refused. The ground: no evidence.",
        "Clock of the merchant The merchant's evidence in time",
        "Clock of the platform The platform decides in time",
        "14 hours left",
    ):
        assert said in told


def test_it_is_said_in_chinese(client: Client, cases: str) -> None:
    """The same, without English between."""
    told = text_of(client.get(path_of(cases), {"lang": "zh-Hans"}))
    for said in ("退货退款 · ¥300.00 · 七天无理由", "超时未处理，申请已自动同意。", "您的时限 按时寄回商品",
                 "申请被拒绝。理由：没有证据。", "商家的时限 商家按时举证"):  # fmt: skip
        assert said in told


def test_the_operator_sees_the_same_cases(operator_client: Client, cases: str) -> None:
    """On the order's page of the console the consumer is named as such."""
    told = text_of(operator_client.get(f"/console/orders/{cases}", {"lang": "en"}))
    assert "Clock of the consumer The goods are sent back in time" in told
    assert "The time was up: the request was approved automatically." in told


def test_an_order_without_a_case_shows_none(client: Client, market: str) -> None:
    """No empty heading."""
    assert market
    assert "After-sales" not in text_of(client.get(path_of("running"), {"lang": "en"}))
