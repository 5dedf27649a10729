"""Every change a person or a key makes is on the record, once, by name, in the transaction that made it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from goldline.core import approval, audit, bookmark
from goldline.core.settings import Settings
from goldline.surfaces.console import receiver
from goldline.surfaces.web import operator
from tests.web import records
from tests.web.conftest import PASSWORD
from tests.web.events import placed, raw
from tests.web.market import NOW

from .addresses import calls, pages

Key = Callable[..., dict[str, str]]
# What these change is recorded under names of its own: tests/account, tests/web/test_workbench.py,
# test_review.py and test_campaigns.py.
OF_ACCOUNTS = ("appeal.file", "campaign.steer", "case.work", "plan.begin")
CHANGES = sorted(
    {str(each.operation) for each in pages() if each.method == "post" and each.name.startswith("console:")}
    - set(OF_ACCOUNTS)
)
DONE: dict[str, tuple[str, dict[str, str]]] = {
    "quarantine.redrive": ("/console/quarantine/1/redrive", {}),
    "quarantine.drop": ("/console/quarantine/1/drop", {"why": "a test"}),
    "delivery.replay": ("/console/deliveries/1/replay", {}),
    "remedy.release": ("/console/remedies/{remedy}/release", {}),
    "breaker.release": ("/console/breakers/olist.handover/release", {"why": "looked"}),
    "endpoint.create": ("/console/endpoints/new", {"url": "https://93.184.215.14/hooks", "topics": "*"}),
    "endpoint.disable": ("/console/endpoints/1/disable", {"why": "moved"}),
    "endpoint.enable": ("/console/endpoints/1/enable", {}),
    "filter.save": ("/console/filters/save", {"page": "cases", "name": "late", "query": "late=yes"}),
    "filter.delete": ("/console/filters/1/delete", {}),
    "reviewer.add": ("/console/workload/reviewers", {"name": "ada", "most": "5"}),
    "approval.decide": ("/console/approvals/1/decide", {"decision": "refuse", "why": "no"}),
}


@pytest.fixture
def remedy(database: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """A record with one of everything that can be changed; the held remedy's id."""
    monkeypatch.setattr(receiver, "settings", Settings)
    database.execute("INSERT INTO driven_clock (at) VALUES (%s)", [NOW])
    database.execute("INSERT INTO breaker (policy, tripped_at, why) VALUES ('olist.handover', %s, 'over')", [NOW])
    records.findings(database, 1, remedy_state="held")
    records.webhook(database)
    records.quarantined(database, raw(placed("o-9")))
    bookmark.keep(database, "olga", "cases", "open", "state=open", NOW)
    approval.request(database, "remedy.release", "remedy:x", {"remedies": [], "amounts": []}, "nina", NOW, "")
    row = database.execute("SELECT id FROM remedy").fetchone()
    assert row is not None
    return str(row[0])


def test_every_change_of_the_console_is_tried_here() -> None:
    """A new form without a line here fails."""
    assert sorted(DONE) == CHANGES


@pytest.mark.parametrize("operation", CHANGES)
def test_a_change_in_the_console_is_recorded_once(database: Connection[Any], remedy: str, operation: str) -> None:
    """By whom, what, of what; and a second try that changes nothing adds nothing false."""
    operator.create_operator("olga", PASSWORD)
    client = Client(SERVER_NAME="localhost")
    client.login(username="olga", password=PASSWORD)
    before = audit.verify(database).records
    path, form = DONE[operation]
    assert client.post(path.format(remedy=remedy), form).status_code in (200, 302)
    (made,) = [each for each in audit.records(database) if each.seq > before]
    assert (made.actor_kind, made.actor, made.action) == ("operator", "olga", operation)
    assert made.at == NOW
    assert audit.verify(database).fault is None


@pytest.mark.usefixtures("remedy")
def test_a_change_that_fails_leaves_no_record(database: Connection[Any]) -> None:
    """What was refused was not done."""
    operator.create_operator("olga", PASSWORD)
    client = Client(SERVER_NAME="localhost")
    client.login(username="olga", password=PASSWORD)
    before = audit.verify(database).records
    client.post("/console/quarantine/1/drop", {"why": ""})
    client.post("/console/quarantine/77/redrive")
    client.post("/console/endpoints/77/enable")
    client.post("/console/breakers/no.such/release", {"why": "x"})
    assert audit.verify(database).records == before


@pytest.mark.usefixtures("remedy")
def test_a_key_is_recorded_by_its_name(client: Client, key: Key, database: Connection[Any]) -> None:
    """The one change the API offers beside sending events and asking for decisions, which are records themselves."""
    changes = [
        each
        for each in calls()
        if each.method != "get" and each.operation not in ("event.send", "decision.ask", "draft.read", *OF_ACCOUNTS)
    ]
    assert [each.operation for each in changes] == ["quarantine.redrive"]
    assert client.post("/v1/quarantine/1/redrive", headers=key("admin")).status_code == 200
    (made,) = audit.records(database)
    assert (made.actor_kind, made.action, made.subject) == ("key", "quarantine.redrive", "quarantine:1")
    assert made.actor.startswith("key-")


@pytest.mark.usefixtures("remedy")
def test_the_trail_is_read_by_page_and_by_program(client: Client, key: Key, database: Connection[Any]) -> None:
    """Newest first, by subject, in pages; numbers that are none are 404, and what was typed is never markup."""
    for number in range(60):
        audit.record(
            database, audit.Actor("shell", "<b>mallory</b>"), "key.create", f"key:k{number}", {"why": "<i>"}, NOW
        )
    operator.create_operator("olga", PASSWORD)
    console = Client(SERVER_NAME="localhost")
    console.login(username="olga", password=PASSWORD)
    page = console.get("/console/audit").content.decode()
    assert "&lt;b&gt;mallory" in page
    assert "<b>mallory" not in page
    assert "before=" in page
    assert "key:k0<" in console.get("/console/audit", {"before": "20"}).content.decode()
    for wrong in ("x", "-1", "9" * 30):
        assert console.get("/console/audit", {"before": wrong}).status_code == 404
    headers = key("admin")
    first = client.get("/v1/audit", {"limit": 40}, headers=headers).json()
    rest = client.get("/v1/audit", {"limit": 40, "cursor": first["next_cursor"]}, headers=headers).json()
    assert [each["seq"] for each in (*first["data"], *rest["data"])] == list(range(61, 0, -1))
    one = client.get("/v1/audit", {"subject": "key:k7"}, headers=headers).json()["data"]
    assert [each["detail"] for each in one] == [{"why": "<i>"}]


def test_access_that_is_taken_away_ends_at_once(database: Connection[Any]) -> None:
    """The very next request of a session that stands: another role's permissions, or none; and back again."""
    by = audit.Actor("shell", "root")
    operator.create_operator("olga", PASSWORD)
    client = Client(SERVER_NAME="localhost")
    client.login(username="olga", password=PASSWORD)
    assert client.get("/console/audit").status_code == 200
    operator.give_role("olga", "viewer", None, by)
    assert client.get("/console/audit").status_code == 403
    assert client.get("/console/findings").status_code == 200
    operator.shut_out("olga", by)
    assert client.get("/console/findings").status_code == 302
    operator.shut_out("olga", by, disabled=False)
    client.login(username="olga", password=PASSWORD)
    operator.give_role("olga", "merchant", "merchant:m-1", by)
    assert client.get("/console/findings").status_code == 403
    assert [each.action for each in reversed(audit.records(database))] == [
        *("user.create", "user.role", "user.disable", "user.enable", "user.role"),
    ]


def test_accounts_older_than_roles_are_adopted(database: Connection[Any]) -> None:
    """Who might act is an administrator, who might look a viewer; whoever has a role keeps it."""
    from django.contrib.auth.models import Group, User

    acting = User.objects.create_user("ada", password=PASSWORD, is_staff=True)
    acting.groups.add(Group.objects.get_or_create(name=operator.ACT_GROUP)[0])
    User.objects.create_user("vera", password=PASSWORD, is_staff=True)
    User.objects.create_user("visitor", password=PASSWORD)
    operator.create_operator("finn", PASSWORD, role="finance")
    operator.prepare()
    rows = database.execute("SELECT name, role FROM member ORDER BY name").fetchall()
    assert rows == [("ada", "admin"), ("finn", "finance"), ("vera", "viewer")]
