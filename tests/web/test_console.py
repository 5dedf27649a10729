"""The operator's pages: who may see them, what they show, what may be done in them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.surfaces.web import operator

from . import records
from .conftest import PASSWORD
from .events import placed, raw
from .market import NOW
from .test_hall import text_of

PAGES = [
    *(
        "",
        "live",
        "findings",
        "orders",
        "remedies",
        "deliveries",
        "quarantine",
        "policies",
        "breakers",
        "endpoints",
        "notices",
    ),
]
LANGUAGES = ["en", "zh-Hans"]


@pytest.fixture
def full(market: str, database: Connection[Any]) -> None:
    """An installation with something on every page."""
    assert market
    records.findings(database, 3, remedy_state="held")
    records.webhook(database, state="dead", tries=[("failed", 500), ("failed", 503)])
    records.payout(database)
    records.quarantined(database, raw(placed("again")))
    database.execute(
        "INSERT INTO breaker (policy, tripped_at, why) VALUES ('demo.delivery', %s, 'over 500 an hour')", [NOW]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_answers_when_nothing_has_happened(operator_client: Client, language: str) -> None:
    """An empty installation has pages that help, in both languages, not errors."""
    for page in PAGES:
        response = operator_client.get(f"/console/{page}", {"lang": language})
        assert (response.status_code, response.headers["Content-Language"]) == (200, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("full")
def test_every_page_answers_when_there_is_something_on_it(operator_client: Client, language: str) -> None:
    """The same pages, full."""
    for page in [*PAGES, "orders/late", "deliveries/1", "quarantine/1"]:
        response = operator_client.get(f"/console/{page}", {"lang": language})
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("page", [*PAGES, "orders/late", "deliveries/1", "quarantine/1"])
def test_nobody_sees_a_page_without_signing_in(client: Client, page: str) -> None:
    """A signed-out browser is asked to sign in and comes back to where it was going."""
    response = client.get(f"/console/{page}")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/console/sign-in?next=")


@pytest.mark.parametrize(
    "action", ["quarantine/1/redrive", "quarantine/1/drop", "deliveries/1/replay", f"remedies/{UUID(int=7)}/release"]
)
def test_acting_needs_the_right_to_act(
    client: Client, onlooker_client: Client, operator_client: Client, action: str
) -> None:
    """Signed out: sign in. May only look: 403. May act, but there is no such thing: 404 or said so. By GET: 405."""
    assert client.post(f"/console/{action}").status_code == 302
    assert onlooker_client.post(f"/console/{action}").status_code == 403
    assert operator_client.get(f"/console/{action}").status_code == 405
    assert operator_client.post(f"/console/{action}", {"why": "x"}).status_code in (302, 404)


def test_an_account_without_the_console_is_refused(client: Client) -> None:
    """Being signed in is not enough."""
    User.objects.create_user("visitor", password=PASSWORD)
    client.login(username="visitor", password=PASSWORD)
    assert client.get("/console/findings").status_code == 403


def test_a_form_without_its_token_is_refused(database_url: str) -> None:
    """Another site cannot act in an operator's name."""
    assert database_url
    operator.create_operator("olga", PASSWORD)
    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    client.login(username="olga", password=PASSWORD)
    response = client.post("/console/quarantine/1/redrive")
    assert response.status_code == 403
    assert "too old to be accepted" in text_of(response)


def test_the_poll_of_a_signed_out_page_goes_to_the_sign_in(client: Client) -> None:
    """Htmx is told to leave the page, not to put a sign-in form into it."""
    response = client.get("/console/live", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/console/sign-in"


@pytest.mark.usefixtures("full")
def test_the_overview_counts_what_is_there(operator_client: Client) -> None:
    """Open promises, broken and paid today, held, quarantined, given up, tripped: by the engine's clock."""
    told = text_of(operator_client.get("/console/live"))
    for figure in (
        "Open promises 7",
        "Broken today 1",
        "Paid today ¥4.00",
        "Held remedies 3",
        "Quarantine 1",
        "Deliveries given up 1",
        "demo.delivery : its payouts are held · over 500 an hour",
        "6 Aug 2026, 09:00:00 UTC",
    ):
        assert figure in told


@pytest.mark.usefixtures("full")
def test_findings_are_filtered_by_the_url_and_lead_to_their_order(operator_client: Client) -> None:
    """Every filter is in the address; a row leads to the explanation of its order."""
    assert 'href="/console/orders/late"' in operator_client.get("/console/findings").content.decode()
    for query, shown in [
        ({"policy": "demo.ship-by"}, True),
        ({"policy": "olist.handover"}, False),
        ({"merchant": "m-17"}, True),
        ({"state": "exonerated"}, False),
        ({"since": "2026-08-06"}, True),
        ({"until": "2026-08-05"}, False),
        ({"since": "not a day", "state": "nonsense"}, True),
    ]:
        body = operator_client.get("/console/findings", query).content.decode()
        assert ('href="/console/orders/late"' in body) is shown, query


def test_findings_are_paged(operator_client: Client, database: Connection[Any]) -> None:
    """Older pages are reached by a link that keeps the filters; a cursor that is none is a 404."""
    records.findings(database, 60)
    first = operator_client.get("/console/findings", {"policy": "olist.handover"}).content.decode()
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    assert "policy=olist.handover" in following[1]
    second = operator_client.get("/console/findings" + unescape(following[1])).content.decode()
    assert re.findall(r">(o-[0-9]+)</a>", second) == [f"o-{number}" for number in range(9, -1, -1)]
    assert 'rel="next"' not in second
    assert 'href="?policy=olist.handover"' in second
    assert operator_client.get("/console/findings?cursor=nonsense").status_code == 404


@pytest.mark.usefixtures("full")
def test_an_order_is_looked_up_by_its_number(operator_client: Client) -> None:
    """Found: its page. Not found: 404 with advice."""
    assert operator_client.get("/console/orders", {"id": "late"}).headers["Location"] == "/console/orders/late"
    missing = operator_client.get("/console/orders", {"id": "nobody"})
    assert missing.status_code == 404
    assert "There is no such order" in text_of(missing)
    assert operator_client.get("/console/orders/nobody").status_code == 404


@pytest.mark.usefixtures("full")
def test_an_order_is_explained_to_its_last_node(operator_client: Client) -> None:
    """Evidence, expressions, values, money and who bears it; facts with money in its currency."""
    told = text_of(operator_client.get("/console/orders/late"))
    for line in (
        "clamp(paid_amount * 0.01, 2, 50) ¥4.00",
        "merchant:m-17",
        "paid_amount ¥400.00",
        "consumer_id co…1234",
    ):
        assert line in told


@pytest.mark.usefixtures("full")
def test_policies_show_text_and_expressions_in_the_language_of_the_page(operator_client: Client) -> None:
    """An operator reads one language, keys as words, and money with its currency even while there is none."""
    told = text_of(operator_client.get("/console/policies", {"lang": "en"}))
    for line in ("Ships on time", "least(accepted_at, picked_up_at)", "Version 1", "Remedy 1: Who bears it", "¥0.00"):
        assert line in told
    assert "按时发货" not in told
    chinese = text_of(operator_client.get("/console/policies", {"lang": "zh-Hans"}))
    assert "按时发货" in chinese
    assert "补偿 1：由谁承担" in chinese
    assert "Ships on time" not in chinese


def test_an_order_nobody_knows_leaves_the_search(operator_client: Client) -> None:
    """The page says so under its own address and keeps what was asked for in the search."""
    response = operator_client.get("/console/orders/zzz", {"lang": "en"})
    assert response.status_code == 404
    assert "There is no such order" in text_of(response)
    assert 'value="zzz"' in response.content.decode()


def test_an_event_is_redriven_from_its_page(operator_client: Client, database: Connection[Any]) -> None:
    """It goes to the inbox, the page says so, and a second time is told apart."""
    identifier = records.quarantined(database, raw(placed()))
    first = operator_client.post(f"/console/quarantine/{identifier}/redrive", follow=True)
    assert f"Event {identifier} was accepted." in text_of(first)
    assert database.execute("SELECT via FROM inbox").fetchall() == [("redrive",)]
    second = operator_client.post(f"/console/quarantine/{identifier}/redrive", follow=True)
    assert "was redriven already" in text_of(second)
    assert database.execute("SELECT count(*) FROM inbox").fetchone() == (1,)


def test_an_event_that_still_fails_keeps_its_place(operator_client: Client, database: Connection[Any]) -> None:
    """The reason of today is shown."""
    identifier = records.quarantined(database, b"{")
    response = operator_client.post(f"/console/quarantine/{identifier}/redrive", follow=True)
    assert f"Event {identifier} still cannot be taken" in text_of(response)


def test_an_event_is_dropped_with_a_reason_and_a_name(operator_client: Client, database: Connection[Any]) -> None:
    """No reason, no dropping; the reason and who gave it are kept."""
    identifier = records.quarantined(database, b"{")
    operator_client.post(f"/console/quarantine/{identifier}/drop", {"why": "  "})
    assert database.execute("SELECT state FROM quarantine").fetchone() == ("open",)
    operator_client.post(f"/console/quarantine/{identifier}/drop", {"why": "sent by mistake"})
    row = database.execute("SELECT state, reason FROM quarantine").fetchone()
    assert row is not None
    assert row[0] == "dropped"
    assert row[1].endswith("Dropped: sent by mistake (olga)")


def test_a_dead_webhook_is_replayed(operator_client: Client, database: Connection[Any]) -> None:
    """It waits to be sent again, under the same key."""
    identifier = records.webhook(database, state="dead", tries=[("failed", 500)])
    before = database.execute("SELECT key FROM outbox").fetchone()
    operator_client.post(f"/console/deliveries/{identifier}/replay")
    assert database.execute("SELECT state FROM outbox").fetchone() == ("ready",)
    assert database.execute("SELECT key FROM outbox").fetchone() == before


def test_a_payout_cannot_be_replayed_by_hand(operator_client: Client, database: Connection[Any]) -> None:
    """A payout that is not known is asked about by its key; nobody may send it blindly."""
    identifier = records.payout(database)
    assert "/replay" not in operator_client.get("/console/deliveries").content.decode()
    assert operator_client.post(f"/console/deliveries/{identifier}/replay").status_code == 404


def test_a_held_remedy_is_released_once(operator_client: Client, database: Connection[Any]) -> None:
    """It is owed and goes out, with balanced postings; a second press changes nothing."""
    records.findings(database, 1, remedy_state="held")
    row = database.execute("SELECT id FROM remedy").fetchone()
    assert row is not None
    operator_client.post(f"/console/remedies/{row[0]}/release")
    assert database.execute("SELECT state FROM remedy").fetchone() == ("accrued",)
    assert database.execute("SELECT count(*), sum(amount_minor) FROM posting").fetchone() == (2, 0)
    again = operator_client.post(f"/console/remedies/{row[0]}/release", follow=True)
    assert "no longer held" in text_of(again)
    assert database.execute("SELECT count(*) FROM outbox WHERE kind = 'payout'").fetchone() == (1,)


def test_who_may_only_look_sees_no_buttons(onlooker_client: Client, database: Connection[Any]) -> None:
    """What cannot be done is not offered."""
    identifier = records.quarantined(database, b"{")
    records.webhook(database, state="dead")
    records.findings(database, 1, remedy_state="held")
    for page in ("quarantine", f"quarantine/{identifier}", "deliveries", "remedies"):
        body = onlooker_client.get(f"/console/{page}").content.decode()
        assert not any(word in body for word in ("/redrive", "/drop", "/replay", "/release"))


def test_markup_in_what_was_received_is_shown_as_text(operator_client: Client, database: Connection[Any]) -> None:
    """A body, a reason and an answer are strangers' words."""
    identifier = records.quarantined(database, b"<script>alert(1)</script>\x00\xff")
    delivery = records.webhook(database, tries=[("failed", 500)])
    for page in (f"quarantine/{identifier}", "quarantine", "deliveries", f"deliveries/{delivery}"):
        body = operator_client.get(f"/console/{page}").content.decode()
        assert "<script>alert" not in body
        assert "<i>order" not in body
        assert "<b>unavailable" not in body


@pytest.mark.parametrize(
    "page",
    ["deliveries/99", "quarantine/99", "deliveries/99999999999999999999", "quarantine/99999999999999999999", "nothing"],
)
def test_what_is_not_there_is_a_404(operator_client: Client, page: str) -> None:
    """Also a number larger than the database can hold."""
    assert operator_client.get(f"/console/{page}").status_code == 404


def test_signing_in_leads_where_one_was_going(client: Client) -> None:
    """To the page asked for, never to another site."""
    operator.create_operator("olga", PASSWORD)
    name = {"username": "olga", "password": PASSWORD}
    elsewhere = client.post("/console/sign-in", {**name, "next": "https://evil.example/"})
    assert elsewhere.headers["Location"] == "/console/"
    client.post("/console/sign-out")
    assert client.get("/console/").status_code == 302
    there = client.post("/console/sign-in", {**name, "next": "/console/findings"})
    assert there.headers["Location"] == "/console/findings"


def test_a_wrong_password_is_told_and_five_close_the_name(client: Client) -> None:
    """422 with one sentence that does not say which of the two was wrong; then 429, even for the right one."""
    operator.create_operator("olga", PASSWORD)
    for _ in range(5):
        response = client.post("/console/sign-in", {"username": "olga", "password": "wrong"})
        assert response.status_code == 422
        assert "do not go together" in text_of(response)
    assert client.post("/console/sign-in", {"username": "olga", "password": PASSWORD}).status_code == 429
    assert client.get("/console/").status_code == 302


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("", None, "bad_operator_name"),
        ("a b", None, "bad_operator_name"),
        ("é", None, "bad_operator_name"),
        ("x" * 65, None, "bad_operator_name"),
        ("olga", "short", "weak_password"),
        ("olga", "password1234", "weak_password"),
    ],
)
@pytest.mark.usefixtures("database_url")
def test_an_account_that_cannot_be_is_refused(name: str, password: str | None, code: str) -> None:
    """One sentence, a stable code, and no account."""
    with pytest.raises(GoldlineError) as caught:
        operator.create_operator(name, password)
    assert caught.value.code == code
    assert not User.objects.exists()


@pytest.mark.usefixtures("database_url")
def test_the_first_account_is_made_once() -> None:
    """A second call finds that there is one; a second of the same name is refused."""
    first = operator.first_operator()
    assert first is not None
    assert len(first.password) >= 16
    assert operator.first_operator() is None
    with pytest.raises(GoldlineError, match="already"):
        operator.create_operator(first.name)
