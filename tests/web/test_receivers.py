"""Breakers and endpoints in the console: what is shown, what may be done, and by whom."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from goldline.core.settings import Settings
from goldline.surfaces.console import receiver
from goldline.surfaces.web import operator

from . import records
from .conftest import PASSWORD
from .market import NOW
from .test_hall import text_of

PUBLIC = "https://93.184.215.14/hooks"
RELEASE = "/console/breakers/olist.handover/release"


@pytest.fixture
def tripped(database: Connection[Any]) -> None:
    """A breaker that has tripped and holds one remedy; another is held by a budget."""
    database.execute("INSERT INTO driven_clock (at) VALUES (%s)", [NOW])
    database.execute(
        "INSERT INTO breaker (policy, tripped_at, why) VALUES ('olist.handover', %s, 'over 500 an hour')", [NOW]
    )
    records.findings(database, 2, remedy_state="held")
    database.execute("UPDATE remedy SET why = 'breaker' WHERE key = 'o-1'")


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of their own."""
    monkeypatch.setattr(receiver, "settings", lambda: Settings(webhook_allow=("10.1.0.0/16",)))


def states(database: Connection[Any]) -> dict[str, str]:
    """The state of each remedy by its order."""
    return dict(database.execute("SELECT key, state FROM remedy").fetchall())


@pytest.mark.usefixtures("tripped")
def test_a_tripped_breaker_is_released_with_a_reason(operator_client: Client, database: Connection[Any]) -> None:
    """The page shows what it holds; released, it says by whom and why, and what it held waits on."""
    page = operator_client.get("/console/breakers").content.decode()
    assert "over 500 an hour" in page
    assert RELEASE in page
    response = operator_client.post(RELEASE, {"why": "checked with finance"}, follow=True)
    assert "The breaker was released" in text_of(response)
    assert RELEASE not in response.content.decode()
    row = database.execute("SELECT tripped_at, released_at, released_by, released_why FROM breaker").fetchone()
    assert row == (None, NOW, "olga", "checked with finance")
    assert states(database) == {"o-0": "held", "o-1": "held"}


@pytest.mark.usefixtures("tripped")
def test_what_a_breaker_held_is_let_go_on_request(operator_client: Client, database: Connection[Any]) -> None:
    """Only what this breaker held; what waits for a budget waits on."""
    operator_client.post(RELEASE, {"why": "checked", "held": "1"})
    assert states(database) == {"o-0": "held", "o-1": "accrued"}


@pytest.mark.usefixtures("tripped")
@pytest.mark.parametrize(
    ("path", "why", "said"),
    [(RELEASE, "  ", "Say why"), ("/console/breakers/demo.other/release", "x", "has not tripped")],
)
def test_a_release_that_cannot_be_is_said(
    operator_client: Client, database: Connection[Any], path: str, why: str, said: str
) -> None:
    """No reason, or nothing to release: nothing changes."""
    assert said in text_of(operator_client.post(path, {"why": why}, follow=True))
    assert database.execute("SELECT tripped_at FROM breaker").fetchone() == (NOW,)


ACTIONS = [RELEASE, "/console/endpoints/new", "/console/endpoints/1/disable", "/console/endpoints/1/enable"]


@pytest.mark.parametrize("action", ACTIONS)
def test_acting_needs_a_sign_in_the_right_to_act_and_a_token(
    client: Client, onlooker_client: Client, operator_client: Client, action: str
) -> None:
    """Signed out: sign in. May only look: 403. By GET: 405. From another site: 403."""
    assert client.post(action).status_code == 302
    assert onlooker_client.post(action, {"why": "x"}).status_code == 403
    assert operator_client.get(action).status_code == 405
    operator.create_operator("nina", PASSWORD)
    elsewhere = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    elsewhere.login(username="nina", password=PASSWORD)
    assert elsewhere.post(action, {"why": "x"}).status_code == 403


def test_an_endpoint_is_added_and_its_secret_shown_once(operator_client: Client, database: Connection[Any]) -> None:
    """The answer to the form has the secret; no page after it has."""
    response = operator_client.post("/console/endpoints/new", {"url": PUBLIC, "topics": "remedy.* breaker.tripped"})
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    (secret,) = re.findall(r"whsec_[^<]+", response.content.decode())
    row = database.execute("SELECT url, topics, secrets FROM endpoint").fetchone()
    assert row == (PUBLIC, ["remedy.*", "breaker.tripped"], [secret.replace("&#x2B;", "+")])
    assert "whsec_" not in operator_client.get("/console/endpoints").content.decode()


@pytest.mark.parametrize(
    ("url", "topics", "said"),
    [("http://127.0.0.1/", "*", "refused"), ("http://10.2.0.1/", "*", "refused"), (PUBLIC, "NO!", "not a topic")],
)
def test_an_endpoint_that_cannot_be_is_said(
    operator_client: Client, database: Connection[Any], url: str, topics: str, said: str
) -> None:
    """An internal address or a mistyped topic is refused with its reason, and nothing is stored."""
    response = operator_client.post("/console/endpoints/new", {"url": url, "topics": topics})
    assert response.status_code == 422
    assert said in text_of(response)
    assert database.execute("SELECT count(*) FROM endpoint").fetchone() == (0,)


def test_a_receiver_in_ones_own_network_is_allowed_by_the_settings(operator_client: Client) -> None:
    """What GOLDLINE_WEBHOOK_ALLOW names may be added."""
    assert operator_client.post("/console/endpoints/new", {"url": "http://10.1.0.7:9000/"}).status_code == 200


def test_an_endpoint_is_disabled_with_a_reason_and_enabled(operator_client: Client, database: Connection[Any]) -> None:
    """Disabled by name and reason; the page shows its last try; enabled, it is as before."""
    records.webhook(database, state="dead", tries=[("failed", 500), ("failed", 503)])
    page = text_of(operator_client.get("/console/endpoints"))
    assert "503" in page
    assert "Say why" in text_of(operator_client.post("/console/endpoints/1/disable", {"why": ""}, follow=True))
    operator_client.post("/console/endpoints/1/disable", {"why": "moved away"})
    assert database.execute("SELECT disabled_why FROM endpoint").fetchone() == ("moved away (olga)",)
    assert "moved away (olga)" in text_of(operator_client.get("/console/endpoints"))
    operator_client.post("/console/endpoints/1/enable")
    assert database.execute("SELECT disabled_at, disabled_why FROM endpoint").fetchone() == (None, None)


def test_an_endpoint_that_is_not_there_is_said(operator_client: Client) -> None:
    """However large its number."""
    for number in (77, 2**63, 10**30):
        response = operator_client.post(f"/console/endpoints/{number}/disable", {"why": "x"}, follow=True)
        assert "no endpoint" in text_of(response)


@pytest.mark.usefixtures("tripped")
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_an_onlooker_sees_but_is_offered_nothing(
    onlooker_client: Client, database: Connection[Any], language: str
) -> None:
    """Both pages answer in both languages, without a form that would be refused."""
    records.webhook(database)
    for page in ("breakers", "endpoints"):
        response = onlooker_client.get(f"/console/{page}", {"lang": language})
        assert response.status_code == 200
        assert "/release" not in response.content.decode()
        assert "/disable" not in response.content.decode()
