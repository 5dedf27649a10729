"""The consumer's guarantee page: opened by a signed link, readable without JavaScript, saying what is true."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.signing import TimestampSigner
from django.test import Client
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.surfaces.hall import link
from goldline.surfaces.hall.link import link_for, order_of

ORDERS = ["running", "delivered", "late", "cancelled", "moving"]


def path_of(order_id: str) -> str:
    """The path of an order's page."""
    return link_for(order_id).removeprefix("http://localhost:8000")


def text_of(response: Any) -> str:
    """What a reader sees: tags removed, white space folded."""
    body = re.sub(r"<head>.*?</head>", "", response.content.decode(), flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.usefixtures("market")
def test_every_order_has_a_page_in_both_languages(client: Client, language: str) -> None:
    """Whatever the state of the order, the page answers, without a script and in one language."""
    for order_id in ORDERS:
        response = client.get(path_of(order_id), {"lang": language})
        assert response.status_code == 200
        body = response.content.decode()
        assert "<script" not in body
        assert f'<html lang="{language}">' in body
        assert len(body.encode()) < 60_000


@pytest.mark.parametrize(
    ("order_id", "sentences"),
    [
        ("running", ["Ships on time: by 7 Aug 2026, 21:00 at the latest.", "1 day 4 hours left.",
                     "If that is missed, you get ¥4.00 (coupon) automatically. You need not ask.",
                     "If missed by 2 days"]),
        ("delivered", ["Your order was delivered on 4 Aug 2026, 05:00."]),
        ("late", ["You have been paid ¥4.00.", "It was done 1 day 10 hours late.", "broken and made good",
                  "A promise was found broken: Ships on time.", "¥4.00 (coupon) was paid to you.",
                  "borne by the merchant"]),
        ("cancelled", ["This order was cancelled on 5 Aug 2026, 19:00.",
                       "The order was cancelled, so this clock no longer runs.", "excused"]),
        ("moving", ["On its way", "The parcel left its first hub."]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("market")
def test_the_page_says_how_it_stands_in_plain_words(client: Client, order_id: str, sentences: list[str]) -> None:
    """State, next date and what follows if it is missed; every promise; every payment; in the order's zone."""
    told = text_of(client.get(path_of(order_id), {"lang": "en"}))
    for sentence in sentences:
        assert sentence in told


@pytest.mark.usefixtures("market")
def test_the_page_says_it_in_chinese(client: Client) -> None:
    """The same sentences, and no English left between them."""
    told = text_of(client.get(path_of("running"), {"lang": "zh-Hans"}))
    assert "按时发货：最迟 2026年8月7日 21:00。" in told
    assert "如未做到，您将自动获得 ¥4.00（优惠券），无需申请。" in told
    assert "还剩 1天4小时" in told
    assert not re.search(r"\b(the|your|with|missed)\b", told, re.IGNORECASE)


@pytest.mark.usefixtures("market")
def test_the_page_explains_each_promise_by_its_rule(client: Client) -> None:
    """The rule's own text and the value of each of its nodes are there to be unfolded."""
    told = text_of(client.get(path_of("late"), {"lang": "en"}))
    assert "clamp(paid_amount * 0.01, 2, 50)" in told
    assert "paid_amount * 0.01 ¥4.00" in told
    assert "Rule demo.ship-by, version 1" in told


@pytest.mark.usefixtures("market")
def test_the_page_masks_the_consumer(client: Client) -> None:
    """Who bought is recognisable to themselves only."""
    body = client.get(path_of("late")).content.decode()
    assert "consumer-48211234" not in body
    assert "co…1234" in body


@pytest.mark.usefixtures("market")
def test_the_page_keeps_its_address_to_itself(client: Client) -> None:
    """The address is the key: no referrer, no cache, no search engine."""
    response = client.get(path_of("late"))
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert 'name="robots" content="noindex' in response.content.decode()


@pytest.mark.usefixtures("market")
def test_times_are_shown_in_the_zone_of_the_reader(client: Client) -> None:
    """The order's zone unless another is chosen; a choice is remembered; nonsense is ignored."""
    assert "7 Aug 2026, 21:00" in text_of(client.get(path_of("running")))
    assert "7 Aug 2026, 09:00" in text_of(client.get(path_of("running"), {"zone": "America/New_York"}))
    assert "7 Aug 2026, 09:00" in text_of(client.get(path_of("running")))
    assert client.get(path_of("running"), {"zone": "../../etc/passwd"}).status_code == 200


@pytest.mark.usefixtures("market")
def test_a_link_opens_its_own_order_only(client: Client) -> None:
    """A token changed by one character, or of another purpose, opens nothing and says what to do."""
    token = path_of("late").removeprefix("/g/")
    other = TimestampSigner(key="s" * 48, salt="another purpose", fallback_keys=[]).sign_object("late")
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:20], "x" * 3000, other, "%00", "é"):
        response = client.get(f"/g/{wrong}")
        assert response.status_code == 404
        assert "This link does not open anything" in text_of(response)


def test_an_expired_link_says_so_and_helps(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """410 after 90 days, and what to do about it."""
    path = path_of("late")
    monkeypatch.setattr(link, "VALID_FOR", timedelta(seconds=-1))
    response = client.get(path)
    assert response.status_code == 410
    assert "This link has expired" in text_of(response)
    assert "ask its customer service" in text_of(response)


def test_an_order_not_heard_of_yet_is_not_an_error_page(client: Client) -> None:
    """A link may be older than the first event."""
    response = client.get(path_of("tomorrow"))
    assert response.status_code == 404
    assert "We have not heard of this order yet" in text_of(response)


def test_a_broken_database_is_told_kindly(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 as a page for people, with Retry-After."""
    monkeypatch.setattr("goldline.surfaces.web.engine.engine_url", lambda: "postgresql://nobody@127.0.0.1:1/none")
    response = client.get(path_of("late"))
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "Nothing is lost." in text_of(response)


@pytest.mark.parametrize("order_id", ["", "x" * 65, "é", "a\nb", "a\x00"])
def test_a_link_for_what_cannot_be_an_order_is_refused(order_id: str) -> None:
    """The sentence names the limit."""
    with pytest.raises(GoldlineError) as caught:
        link_for(order_id)
    assert caught.value.code == "bad_order_id"


@pytest.mark.usefixtures("database_url")
def test_a_link_gives_back_its_order() -> None:
    """Whatever characters an order id may have."""
    for order_id in ("o-1", "a/b:c@d+e=f", "0" * 64):
        assert order_of(link_for(order_id).rpartition("/g/")[2]) == order_id


@pytest.mark.usefixtures("market")
def test_what_a_stranger_wrote_is_shown_as_text(client: Client, database: Connection[Any]) -> None:
    """A fact with markup in it is escaped."""
    database.execute("UPDATE fact_order SET merchant_id = '<b>bold</b>' WHERE key = 'late'")
    body = client.get(path_of("late")).content.decode()
    assert "<b>bold" not in body
    assert "&lt;b&gt;bold" in body
