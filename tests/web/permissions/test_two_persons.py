"""Two people for money and rules: one asks, another approves, and then exactly that is done."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from psycopg import Connection

from goldline.core import approval, audit
from goldline.core.audit import Actor
from goldline.core.errors import GoldlineError
from goldline.core.settings import Settings
from goldline.surfaces import countersign
from goldline.surfaces.web import operator
from tests.decision.scene import BOOK
from tests.web import records
from tests.web.conftest import PASSWORD
from tests.web.market import NOW
from tests.web.test_hall import text_of

OLGA, NINA = Actor("operator", "olga"), Actor("operator", "nina")
POLICIES = Path(__file__).parents[3] / "src/goldline/market/packs/demo/policies.toml"


@pytest.fixture
def held(database: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Three remedies of 2 BRL that wait behind a tripped breaker, where two people are needed."""
    need(monkeypatch, two_persons="on")
    database.execute("INSERT INTO driven_clock (at) VALUES (%s)", [NOW])
    database.execute("INSERT INTO breaker (policy, tripped_at, why) VALUES ('olist.handover', %s, 'over')", [NOW])
    records.findings(database, 3, remedy_state="held")
    database.execute("UPDATE remedy SET why = 'breaker'")
    return [row[0] for row in database.execute("SELECT id FROM remedy ORDER BY key").fetchall()]


def need(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Settings of the test's own."""
    monkeypatch.setattr(countersign, "settings", lambda: Settings(**changes))


def signed_in(name: str, role: str) -> Client:
    """A browser of a new member."""
    operator.create_operator(name, PASSWORD, role=role)
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    assert client.login(username=name, password=PASSWORD)
    return client


def states(database: Connection[Any]) -> list[str]:
    """The states of the remedies."""
    return [row[0] for row in database.execute("SELECT state FROM remedy ORDER BY key").fetchall()]


def test_one_asks_and_another_approves(database: Connection[Any], held: list[UUID]) -> None:
    """In the console: nothing is paid until the second person says so; the trail names both."""
    olga, nina = signed_in("olga", "finance"), signed_in("nina", "finance")
    asked = olga.post(f"/console/remedies/{held[0]}/release", follow=True)
    assert "waits for a second person" in text_of(asked)
    assert states(database) == ["held"] * 3
    own = olga.get("/console/approvals").content.decode()
    assert "another has to approve" in own
    assert 'value="approve"' not in own
    refused = olga.post("/console/approvals/1/decide", {"decision": "approve", "why": "me"}, follow=True)
    assert "Nobody approves what they asked for themselves" in text_of(refused)
    assert states(database) == ["held"] * 3
    done = nina.post("/console/approvals/1/decide", {"decision": "approve", "why": "checked"}, follow=True)
    assert "approved and done" in text_of(done)
    assert states(database) == ["accrued", "held", "held"]
    trail = [(each.actor, each.action) for each in audit.records(database) if not each.action.startswith("user.")]
    assert trail == [("nina", "approval.decide"), ("nina", "remedy.release"), ("olga", "approval.request")]
    assert json.loads(audit.records(database)[1].detail)["asked_by"] == "olga"
    assert audit.verify(database).fault is None


@pytest.mark.parametrize(("role", "status"), [("author", 302), ("reviewer", 403), ("viewer", 403), ("support", 403)])
def test_who_may_not_release_may_not_approve_it(
    database: Connection[Any], held: list[UUID], role: str, status: int
) -> None:
    """An author approves policies, not money; the others nothing."""
    countersign.release_remedies(database, OLGA, held, NOW)
    answer = signed_in("rory", role).post("/console/approvals/1/decide", {"decision": "approve", "why": "x"})
    assert answer.status_code == status
    assert states(database) == ["held"] * 3


def test_the_same_person_by_another_spelling_is_the_same_person(database: Connection[Any], held: list[UUID]) -> None:
    """Case and spaces make nobody a second person, and the database holds to it too."""
    countersign.release_remedies(database, OLGA, held, NOW)
    for name in ("olga", "Olga", " OLGA "):
        with pytest.raises(GoldlineError) as caught:
            countersign.approve(database, Actor("operator", name), "admin", 1, NOW)
        assert caught.value.code == "self_approval"
    with pytest.raises(Exception, match="approval_check"):
        database.execute("UPDATE approval SET state = 'approved', decided_by = requested_by")


def test_what_nobody_decides_expires(database: Connection[Any], held: list[UUID]) -> None:
    """On the very instant; asked for again it is another request."""
    countersign.release_remedies(database, OLGA, held, NOW)
    late = NOW + approval.STANDS_FOR
    assert approval.get(database, 1, late - timedelta(seconds=1)).state == "pending"
    with pytest.raises(GoldlineError) as caught:
        countersign.approve(database, NINA, "admin", 1, late)
    assert caught.value.code == "expired"
    again = countersign.release_remedies(database, OLGA, held, late).asked
    assert again is not None
    assert again.id == 2


def test_asked_twice_is_one_request_and_done_once(database: Connection[Any], held: list[UUID]) -> None:
    """A second approval finds it settled; a refusal after it too."""
    for _ in range(2):
        countersign.release_remedies(database, OLGA, held, NOW)
    assert len(approval.approvals(database, NOW)) == 1
    countersign.approve(database, NINA, "finance", 1, NOW)
    for again in (countersign.approve, countersign.refuse):
        with pytest.raises(GoldlineError) as caught:
            again(database, NINA, "finance", 1, NOW, "x")
        assert caught.value.code == "settled"


def test_what_changed_since_is_not_done(database: Connection[Any], held: list[UUID]) -> None:
    """Neither in part nor with another amount: the approval was of what was shown. Nothing of it is kept."""
    countersign.release_remedies(database, OLGA, held, NOW)
    database.execute("UPDATE remedy SET amount_minor = 99999 WHERE id = %s", [held[0]])
    with pytest.raises(GoldlineError) as caught, database.transaction():
        countersign.approve(database, NINA, "finance", 1, NOW)
    assert caught.value.code == "changed"
    assert states(database) == ["held"] * 3
    assert approval.get(database, 1, NOW).state == "pending"


def test_a_breaker_needs_two_and_lets_go_what_was_shown(database: Connection[Any], held: list[UUID]) -> None:
    """What it holds is in the request; refused, nothing happens."""
    asked = countersign.release_breaker(database, OLGA, "olist.handover", NOW, "looked", held=True).asked
    assert asked is not None
    assert (asked.payload["amounts"], len(asked.payload["remedies"])) == (["BRL 600"], 3)
    countersign.refuse(database, NINA, "finance", asked.id, NOW, "not yet")
    assert states(database) == ["held"] * 3
    again = countersign.release_breaker(database, OLGA, "olist.handover", NOW, "looked", held=True).asked
    assert again is not None
    countersign.approve(database, NINA, "finance", again.id, NOW)
    assert states(database) == ["accrued"] * 3
    assert database.execute("SELECT tripped_at, released_by FROM breaker").fetchone() == (None, "nina")


def test_small_amounts_are_released_alone_until_they_add_up(
    database: Connection[Any], held: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """5 BRL a day alone: two of 2 BRL pass, the third asks. A currency that is not named has no such amount."""
    need(monkeypatch, two_persons="on", alone_limits=("BRL=5.00",))
    outcomes = [countersign.release_remedies(database, OLGA, [each], NOW) for each in held]
    assert [outcome.done for outcome in outcomes] == [1, 1, 0]
    assert outcomes[2].asked is not None
    assert countersign.release_remedies(database, NINA, [held[2]], NOW).done == 1
    database.execute("UPDATE remedy SET state = 'held', currency = 'USD' WHERE id = %s", [held[2]])
    assert countersign.release_remedies(database, OLGA, [held[2]], NOW + timedelta(hours=25)).asked is not None


@pytest.mark.parametrize(
    ("settings", "people", "needed"),
    [
        ({}, 3, False),
        ({"two_persons": "on"}, 0, True),
        ({"env": "production"}, 1, False),
        ({"env": "production"}, 2, True),
        ({"env": "production", "two_persons": "off"}, 2, False),
    ],
)
def test_when_two_are_needed(
    database: Connection[Any], monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], people: int, needed: bool
) -> None:
    """Not at a first start; by itself in production once two may decide; else as the setting says."""
    need(monkeypatch, **settings)
    for number in range(people):
        operator.create_operator(f"p{number}", PASSWORD, role="finance")
    operator.create_operator("onlooker", PASSWORD, role="viewer")
    assert countersign.needed(database) is needed


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        pytest.param(POLICIES.read_text(encoding="utf-8"), 'grace   = "', 'grace   = "1', id="promise"),
        pytest.param(BOOK, "limit = 2000", "limit = 9000", id="decision"),
    ],
)
def test_a_pack_is_published_as_it_was_approved(
    database: Connection[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, old: str, new: str
) -> None:
    """Files that changed between the request and the approval are not published."""
    need(monkeypatch, two_persons="on")
    file = tmp_path / "policies.toml"
    assert old in text
    file.write_text(text, encoding="utf-8")
    asked = countersign.publish(database, OLGA, tmp_path, NOW).asked
    assert asked is not None
    assert database.execute("SELECT count(*) FROM policy_version").fetchone() == (0,)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GoldlineError) as caught, database.transaction():
        countersign.approve(database, NINA, "author", asked.id, NOW)
    assert caught.value.code == "changed"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(GoldlineError) as caught:
        countersign.approve(database, NINA, "finance", asked.id, NOW)
    assert caught.value.code == "forbidden"
    countersign.approve(database, NINA, "author", asked.id, NOW)
    row = database.execute("SELECT count(*), min(published_by) FROM policy_version").fetchone()
    assert row is not None
    assert row[0] > 0
    assert row[1] == "nina"
