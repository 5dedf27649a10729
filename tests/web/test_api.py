"""The reading half of the API, the quarantine's re-drive, health and the description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from goldline.surfaces.web import engine

from . import records
from .events import placed, raw
from .test_events_endpoint import assert_problem

Key = Callable[..., dict[str, str]]
LISTS = ["findings", "deliveries", "quarantine", "promises"]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_needs_a_reading_key(client: Client, key: Key, name: str) -> None:
    """401 without a key, 403 with one that may only write, 200 with the scope."""
    assert_problem(client.get(f"/v1/{name}"), 401, "unauthorised")
    assert_problem(client.get(f"/v1/{name}", headers=key("events:write")), 403, "forbidden")
    assert client.get(f"/v1/{name}", headers=key("read")).status_code == 200


@pytest.mark.parametrize("name", ["findings", "deliveries", "quarantine"])
def test_an_empty_list_is_a_page_without_a_next(client: Client, key: Key, name: str) -> None:
    """Nothing there is not an error."""
    assert client.get(f"/v1/{name}", headers=key("read")).json() == {"data": [], "next_cursor": None}


def test_findings_come_newest_first_in_pages_without_gaps(client: Client, key: Key, database: Connection[Any]) -> None:
    """Following next_cursor gives every finding once, in order, though new ones arrive meanwhile."""
    records.findings(database, 7)
    headers, seen, cursor = key("read"), [], None
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/findings", query, headers=headers).json()
        seen += [each["key"] for each in page["data"]]
        cursor = page["next_cursor"]
        records.findings(database, 1, first=100 + len(seen))
        if cursor is None:
            break
    assert seen == [f"o-{number}" for number in (6, 5, 4, 3, 2, 1, 0)]


def test_a_finding_carries_its_remedies(client: Client, key: Key, database: Connection[Any]) -> None:
    """What is owed stands beside what was broken."""
    records.findings(database, 1)
    found = client.get("/v1/findings", headers=key("read")).json()["data"][0]
    assert found["policy"] == "olist.handover"
    assert [(each["amount_minor"], each["currency"], each["state"]) for each in found["remedies"]] == [
        (200, "BRL", "paid")
    ]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"policy": "olist.handover"}, 3),
        ({"policy": "no.such"}, 0),
        ({"merchant": "m-1"}, 2),
        ({"state": "exonerated"}, 0),
        ({"order": "o-2"}, 1),
        ({"since": "2026-08-01T01:30:00Z"}, 1),
        ({"until": "2026-08-01T01:30:00Z"}, 2),
    ],
)
def test_findings_can_be_filtered(
    client: Client, key: Key, database: Connection[Any], query: dict[str, str], count: int
) -> None:
    """Policy, merchant, state, order and time of finding."""
    records.findings(database, 3)
    assert len(client.get("/v1/findings", query, headers=key("read")).json()["data"]) == count


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"cursor": "nonsense"}, "bad_cursor"),
        ({"cursor": "WzFd"}, "bad_cursor"),
        ({"cursor": "WyJ4IiwieSJd"}, "bad_cursor"),
        ({"limit": "0"}, "invalid"),
        ({"limit": "10000"}, "invalid"),
        ({"limit": "x"}, "invalid"),
        ({"state": "maybe"}, "invalid"),
        ({"since": "yesterday"}, "invalid"),
        ({"since": "2026-02-31T00:00:00Z"}, "invalid"),
        ({"since": "2026-08-01T00:00:00"}, "invalid"),
        ({"policy": "x" * 300}, "invalid"),
    ],
)
def test_a_wrong_argument_is_a_422_that_says_which(client: Client, key: Key, query: dict[str, str], code: str) -> None:
    """A cursor, limit, state or instant that cannot be is refused with its name."""
    body = assert_problem(client.get("/v1/findings", query, headers=key("read")), 422, code)
    assert body["errors"][0]["pointer"] in query


def test_deliveries_carry_their_last_try(client: Client, key: Key, database: Connection[Any]) -> None:
    """The list answers whether it arrived without a second question."""
    records.webhook(database, state="dead", tries=[("failed", 500), ("failed", 503)])
    found = client.get("/v1/deliveries", {"state": "dead"}, headers=key("read")).json()["data"]
    assert [(each["topic"], each["outcome"], each["status_code"]) for each in found] == [
        ("finding.found", "failed", 503)
    ]


def test_a_mended_event_can_be_redriven_once(client: Client, key: Key, database: Connection[Any]) -> None:
    """What passes now goes to the inbox; a second time is a conflict."""
    identifier = records.quarantined(database, raw(placed()))
    headers = key("admin")
    response = client.post(f"/v1/quarantine/{identifier}/redrive", headers=headers)
    assert (response.status_code, response.json()) == (200, {"accepted": 1, "stayed": []})
    assert database.execute("SELECT via, events FROM inbox").fetchall() == [("redrive", 1)]
    assert_problem(client.post(f"/v1/quarantine/{identifier}/redrive", headers=headers), 409, "settled")


def test_an_event_that_still_fails_stays(client: Client, key: Key, database: Connection[Any]) -> None:
    """The answer gives the reason of today."""
    identifier = records.quarantined(database, b"{")
    answer = client.post(f"/v1/quarantine/{identifier}/redrive", headers=key("admin")).json()
    assert answer["accepted"] == 0
    assert answer["stayed"][0]["id"] == identifier


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("events:write", 403), ("admin", 404)])
def test_redriving_needs_the_admin_scope_and_an_event(client: Client, key: Key, scope: str, status: int) -> None:
    """Scopes are checked before anything is looked up."""
    assert client.post("/v1/quarantine/987654/redrive", headers=key(scope)).status_code == status


def test_the_promises_are_reported(client: Client, key: Key, database: Connection[Any]) -> None:
    """Verdicts summed over partitions, money by currency."""
    records.tallies(database)
    records.findings(database, 2)
    found = client.get("/v1/promises", headers=key("read")).json()["data"]
    expected = {
        "promise": "olist.handover",
        "made": 16,
        "kept": 9,
        "broken": 4,
        "excused": 1,
        "pending": 2,
        "overturned": 0,
        "remedies": 2,
        "paid": {"BRL": 400},
        "charged": {"BRL": 400},
    }
    assert found == [expected]


def test_an_order_nobody_knows_has_no_explanation(client: Client, key: Key) -> None:
    """404 as a problem."""
    assert_problem(client.get("/v1/orders/nobody/explanation", headers=key("read")), 404, "not_found")


def test_health_says_alive_and_ready(client: Client) -> None:
    """Alive asks nothing; ready asks the database."""
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_without_a_database_it_is_alive_and_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restarting the process would not help, and the checks say so."""
    monkeypatch.setattr(engine, "engine_url", lambda: "postgresql://nobody@127.0.0.1:1/none")
    assert client.get("/healthz").status_code == 200
    assert_problem(client.get("/readyz"), 503, "record_unavailable")


def test_an_unknown_address_under_v1_is_a_problem(client: Client) -> None:
    """404 for programs is a problem, not a page."""
    assert_problem(client.get("/v1/nothing"), 404, "not_found")


def test_the_description_is_openapi_3_1_and_complete(client: Client) -> None:
    """Every endpoint is described, with its key and its problems."""
    described = client.get("/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) >= {
        "/v1/events",
        "/v1/orders/{order_id}/explanation",
        "/v1/accounts/{account}/standing",
        "/v1/findings",
        "/v1/deliveries",
        "/v1/quarantine",
        "/v1/quarantine/{quarantine_id}/redrive",
        "/v1/notices",
        "/v1/promises",
        "/v1/sanctions/{sanction_id}/statement",
        "/v1/appeals",
        "/v1/appeals/{appeal_id}/evidence",
        "/v1/cases/next",
        "/v1/appeal-cases/{case_id}/answer",
        "/v1/gates/{gate}/{account}",
        "/v1/sanctions",
        "/v1/decisions",
        "/v1/decisions/{decision_id}",
        "/v1/orders/{order_id}/decisions/{name}",
        "/v1/audit",
    }
    for path in described["paths"].values():
        for operation in path.values():
            assert operation["security"]
            assert {"401", "403", "422", "503"} <= set(operation["responses"])
