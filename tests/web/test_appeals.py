"""Appeals over HTTP: from the statement of reasons through evidence and a reviewer's claim to the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from goldline.core.account import review
from tests.account.shop import keep_house, orders
from tests.account.test_docket import FOUND
from tests.account.test_evidence import png
from tests.account.tribunal import PACK, findings
from tests.laws.world import World, hours, pack_of

from .test_events_endpoint import assert_problem

Key = Callable[..., dict[str, str]]


@pytest.fixture
def bad(database_url: str) -> Iterator[World]:
    """A shop with two violations, the reviewer Ada, and the clock an hour later."""
    with World(database_url, pack_of(PACK)) as world:
        for day in (0, 10):
            world.feed(orders(day, 4))
            keep_house(world, hours(24 * day + FOUND))
        world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(240 + FOUND + 1)])
        review.add_reviewer(world.connection, "ada")
        world.connection.commit()
        yield world


def posted(client: Client, headers: dict[str, str], path: str, body: Any) -> Any:
    """A JSON request."""
    return client.post(f"/v1/{path}", body, content_type="application/json", headers=headers)


def test_an_appeal_goes_its_way(client: Client, key: Key, bad: World) -> None:
    """Stated, filed, proven, claimed, answered; the gate opens, and the merchant reads the answer."""
    read, file, judge = key("read"), key("appeals:write"), key("reviews:write")
    sanction = bad.value("SELECT id FROM sanction WHERE action = 'presale_ban'")
    stated = client.get(f"/v1/sanctions/{sanction}/statement?lang=zh-Hans", headers=read).json()
    assert {line["name"] for line in stated["lines"]} >= {"decision", "facts", "ground", "redress"}
    filing = {"account": "merchant:m1", "sanction_id": str(sanction), "reason": "disaster", "words": "A flood."}
    filed = posted(client, file, "appeals", filing)
    assert filed.status_code == 201, filed.content
    place = f"/v1/appeals/{filed.json()['appeal_id']}"
    proof = f"{place}/evidence?account=merchant:m1&kind=report&name=river.png"
    assert client.post(proof, png(), content_type="image/png", headers=file).status_code == 201
    assert_problem(client.post(proof, b"<svg/>", content_type="image/svg+xml", headers=file), 422, "evidence_refused")
    claim = posted(client, judge, "cases/next", {"reviewer": "ada"}).json()["case"]
    assert client.get(place, headers=read).json()["state"] == "claimed"
    shown = client.get(f"/v1/cases/{claim['id']}", headers=judge).json()
    (kept,) = shown["appeal"]["evidence"]
    download = client.get(f"{place}/evidence/{kept['sha256']}", headers=judge)
    assert download.content == png()
    assert download["Content-Disposition"].startswith("attachment")
    answer = {"reviewer": "ada", "epoch": claim["epoch"], "outcome": "overturned", "words": "There was a flood."}
    effect = posted(client, judge, f"appeal-cases/{claim['id']}/answer", answer).json()
    assert len(effect["revoked"]) == 2
    assert {"account": "merchant:m1", "gate": "law.presale", "before": "closed", "after": "open"} in effect["gates"]
    assert client.get("/v1/gates/presale/merchant:m1", headers=read).json()["state"] == "open"
    told = client.get(place, headers=read).json()
    assert (told["state"], told["answer"]) == ("overturned", "There was a flood.")
    made = bad.rows("SELECT actor_kind, actor, action FROM audit WHERE action LIKE 'appeal%%' ORDER BY seq")
    assert [(kind, action) for kind, _, action in made] == [("key", "appeal.filed"), ("operator", "appeal.decided")]
    assert made[1][1] == "ada"
    found = client.get("/v1/findings?state=overturned", headers=read).json()["data"]
    assert [each["status"] for each in found] == ["overturned"]


def test_what_goes_wrong_says_so(client: Client, key: Key, bad: World) -> None:
    """Twice filed, nobody's claim, no reviewer, an unknown reader, the wrong key: each has its status and code."""
    read, file, judge = key("read"), key("appeals:write"), key("reviews:write")
    finding = str(findings(bad)[1])
    filing = {"account": "merchant:m1", "finding_id": finding, "reason": "attack", "words": "They were bots."}
    assert posted(client, file, "appeals", filing).status_code == 201
    assert_problem(posted(client, file, "appeals", filing), 409, "appeal_pending")
    assert_problem(posted(client, file, "appeals", {**filing, "account": "merchant:m2"}), 404, "not_found")
    assert_problem(posted(client, file, "appeals", {**filing, "sanction_id": finding}), 422, "invalid")
    assert_problem(posted(client, file, "appeals", {**filing, "finding_id": str(findings(bad)[0])}), 409, "appeal_late")
    assert_problem(posted(client, judge, "appeals", filing), 403, "forbidden")
    case = client.get("/v1/cases", headers=judge).json()["data"][0]["id"]
    assert_problem(client.get("/v1/cases", headers=read), 403, "forbidden")
    answer = {"reviewer": "ada", "epoch": 1, "outcome": "upheld", "words": "No."}
    assert_problem(posted(client, judge, f"appeal-cases/{case}/answer", answer), 409, "claim_lost")
    answer["reviewer"] = "robot"
    assert_problem(posted(client, judge, f"appeal-cases/{case}/answer", answer), 422, "needs_person")
    sanction = bad.value("SELECT id FROM sanction WHERE action = 'fee'")
    assert_problem(client.get(f"/v1/sanctions/{sanction}/statement?reader=king", headers=read), 422, "invalid")
    assert_problem(client.get(f"/v1/sanctions/{finding}/statement", headers=read), 404, "not_found")


def test_a_reviewer_moves_a_case(client: Client, key: Key, bad: World) -> None:
    """Claimed, noted, set aside, claimed again, handed over and given back, each under the number of the claim."""
    file, judge = key("appeals:write"), key("reviews:write")
    review.add_reviewer(bad.connection, "ben")
    bad.connection.commit()
    filing = {"account": "merchant:m1", "finding_id": str(findings(bad)[1]), "reason": "attack", "words": "Bots."}
    posted(client, file, "appeals", filing)
    case = client.get("/v1/cases", headers=judge).json()["data"][0]["id"]

    def move(name: str, epoch: int = 0, **more: Any) -> Any:
        return posted(client, judge, f"cases/{case}/{name}", {"reviewer": "ada", "epoch": epoch, **more})

    epoch = move("claim").json()["claim"]["epoch"]
    assert move("note", epoch, words="I know this shop.").json()["notes"][0]["author"] == "ada"
    assert_problem(move("hold", epoch, words="lab"), 422, "invalid")
    assert move("hold", epoch, words="lab", until=hours(1_000).isoformat()).json()["held_why"] == "lab"
    assert_problem(move("claim"), 409, "claim_lost")
    bad.connection.execute("UPDATE driven_clock SET at = %s", [hours(1_001)])
    bad.connection.commit()
    epoch = move("claim").json()["claim"]["epoch"]
    assert move("hand-over", epoch, to="ben").json()["claim"]["reviewer"] == "ben"
    assert_problem(move("release", epoch), 409, "claim_lost")
    assert move("escalate", words="It waits.").json()["level"] == 1


def test_a_plan_is_begun_and_listed(client: Client, key: Key, bad: World) -> None:
    """A reviewer sets figures and a time; the account's plans are listed; a figure that is none is refused."""
    judge = key("reviews:write")
    body = {
        "account": "merchant:m1", "reviewer": "ada", "steps": [{"en": "Ship.", "zh-Hans": "发货。"}],
        "figures": ["backlog = 0"], "due_at": hours(2_000).isoformat(),
    }  # fmt: skip
    assert_problem(posted(client, judge, "rectifications", {**body, "figures": ["backlog"]}), 422, "policy_invalid")
    assert posted(client, judge, "rectifications", body).status_code == 201
    assert_problem(posted(client, judge, "rectifications", body), 409, "plan_running")
    (plan,) = client.get("/v1/rectifications/merchant:m1", headers=key("read")).json()["data"]
    assert (plan["state"], plan["figures"]) == ("running", ["backlog = 0"])
