"""Decisions over HTTP, on the console and on the consumer's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from goldline.core.inbox import Intake
from goldline.core.policy.pack import load
from goldline.core.policy.published import publish
from goldline.core.worker import Worker
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.hall.link import link_for
from goldline.surfaces.web.reading.desk import forget_desk

from .events import event, raw
from .market import NOW
from .test_events_endpoint import assert_problem

Key = Callable[..., dict[str, str]]
ASKED = {"refund_id": "r-1", "amount_minor": 10_000, "currency": "CNY"}


@pytest.fixture
def shop(database: Connection[Any], database_url: str) -> str:
    """Two paid orders under the baseline pack: one tagged, one with a waybill already."""
    at = (NOW - timedelta(hours=5)).isoformat()
    events = []
    for order in ("o-1", "o-2"):
        placed = {"order_id": order, "merchant_id": "m-1", "consumer_id": "consumer-12345", "instant_refund": "yes"}
        events += [event("order.placed", at, **placed)]
        events += [event("order.paid", at, order_id=order, paid_minor=40_000, currency="CNY")]
    events += [event("parcel.created", at, order_id="o-2", parcel_id="p", carrier_id="c")]
    publish(database, load("baseline", vocabulary()), vocabulary(), NOW)
    database.execute("INSERT INTO driven_clock (at) VALUES (%s)", [NOW])
    Intake(catalogue(), 2).accept(database, [raw(each) for each in events], "test")
    Worker(database_url, vocabulary(), catalogue(), as_of=NOW, until_idle=True).run()
    forget_desk()
    return database_url


def ask(client: Client, headers: dict[str, str], order: str = "o-1", name: str = "instant-refund", **more: Any) -> Any:
    """Ask for a decision."""
    body = {**ASKED, **more}
    return client.post(f"/v1/orders/{order}/decisions/{name}", body, "application/json", headers=headers)


def test_an_answer_comes_with_its_reasons_in_both_languages(client: Client, key: Key, shop: str) -> None:
    """200 with the answer, what is granted, and by which version; asked again it is the same to the letter."""
    headers = key("decide")
    first = ask(client, headers)
    assert first.status_code == 200, first.content
    told = first.json()
    assert (told["answer"], told["granted_minor"], told["policy"]) == ("instant", 10_000, "baseline.instant-refund")
    assert told["decided_at"] == NOW.isoformat()
    assert told["reasons"][0]["zh-Hans"].startswith("包裹尚未上传运单")
    assert ask(client, headers).json() == told
    other = ask(client, headers, "o-2").json()
    assert (other["answer"], [each["id"] for each in other["reasons"]]) == ("standard", ["waybill"])
    shown = client.get(f"/v1/decisions/{told['id']}", headers=key("read")).json()
    assert shown["facts"]["amount_asked"] == 10_000
    assert {"label": "labelled_at is not null", "value": False} in shown["nodes"]


def test_asking_needs_its_own_scope(client: Client, key: Key, shop: str) -> None:
    """401 without a key; 403 with one that may read or send events."""
    assert_problem(ask(client, {}), 401, "unauthorised")
    assert_problem(ask(client, key("read", "events:write")), 403, "forbidden")
    assert_problem(client.get("/v1/decisions", headers=key("decide")), 403, "forbidden")


@pytest.mark.parametrize(
    ("order", "name", "more", "status", "code"),
    [
        ("o-9", "instant-refund", {}, 404, "not_found"),
        ("o-1", "instant-refunds", {}, 404, "not_found"),
        ("o-1", "instant-refund", {"currency": "EUR"}, 422, "wrong_currency"),
        ("o-1", "instant-refund", {"amount_minor": 40_001}, 422, "amount_too_large"),
        ("o-1", "instant-refund", {"amount_minor": -1}, 422, "invalid"),
        ("o-1", "instant-refund", {"refund_id": "a b"}, 422, "invalid"),
        ("o-1", "instant-refund", {"sum": 1}, 422, "invalid"),
    ],
)
def test_every_refusal_is_a_problem(
    client: Client, key: Key, shop: str, order: str, name: str, more: dict[str, Any], status: int, code: str
) -> None:
    """RFC 9457, with a stable code."""
    assert_problem(ask(client, key("decide"), order, name, **more), status, code)


def test_asked_otherwise_under_one_id_is_a_conflict(client: Client, key: Key, shop: str) -> None:
    """409 for another amount; 400 for what is no JSON."""
    headers = key("decide")
    ask(client, headers)
    assert_problem(ask(client, headers, amount_minor=5), 409, "asked_differently")
    broken = client.post("/v1/orders/o-1/decisions/instant-refund", b"{", "application/json", headers=headers)
    assert_problem(broken, 400, "malformed")


def test_publishing_is_noticed_by_the_next_request(
    client: Client, key: Key, shop: str, database: Connection[Any]
) -> None:
    """The compiled rules are thrown away when others are in force."""
    headers = key("decide")
    ask(client, headers)
    publish(database, load("douyin", vocabulary()), vocabulary(), NOW)
    assert_problem(ask(client, headers, refund_id="r-2"), 422, "ambiguous")
    assert ask(client, headers, "o-2", "douyin.instant-refund", refund_id="r-3").status_code == 200


def test_the_console_lists_decisions_and_shows_why(
    operator_client: Client, client: Client, key: Key, shop: str
) -> None:
    """Filtered by answer and reason; one decision with every ground, fact and value."""
    told = [ask(client, key("decide"), order).json() for order in ("o-1", "o-2")]
    page = operator_client.get("/console/decisions", {"reason": "waybill"}).content.decode()
    assert ("o-2" in page, "o-1" in page) == (True, False)
    shown = operator_client.get(f"/console/decisions/{told[1]['id']}").content.decode()
    assert "labelled_at is not null" in shown
    assert told[1]["reasons"][0]["en"] in shown
    assert operator_client.get("/console/decisions/00000000-0000-0000-0000-000000000000").status_code == 404


@pytest.mark.parametrize(("language", "text"), [("en", "had no waybill yet"), ("zh-hans", "已为您极速退款")])
def test_the_consumer_reads_the_answer(client: Client, key: Key, shop: str, language: str, text: str) -> None:
    """The guarantee page says what was answered and why, in the reader's language."""
    ask(client, key("decide"))
    page = client.get(link_for("o-1"), {"lang": language}).content.decode()
    assert text in page
