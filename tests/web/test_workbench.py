"""The merchant's workbench: its own standing, sanctions and appeals, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from goldline.surfaces.web import operator
from tests.account.shop import HEAD, keep_house, orders
from tests.laws.world import World, hours, pack_of
from tests.web.conftest import PASSWORD

FOUND = 112  # hours: when the first bad day of the shop is found
TERMS = """
[[appeal]]
id     = "merchants"
for    = "merchant"
title  = { en = "Appeal", "zh-Hans" = "商家申诉" }
about  = { en = "Within seven days.", "zh-Hans" = "7 日内可申诉。" }
window = "7 days"
answer = "working_days:5"

[[appeal.reason]]
id       = "disaster"
title    = { en = "Disaster", "zh-Hans" = "不可抗力" }
evidence = ["report"]
"""


@pytest.fixture
def shop(database_url: str) -> Iterator[World]:
    """A shop with two violations, the second of which has closed its presale."""
    with World(database_url, pack_of(HEAD + TERMS)) as world:
        world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(240 + FOUND)])
        for day in (0, 10):
            world.feed(orders(day, 4))
            keep_house(world, hours(24 * day + FOUND))
        world.feed(orders(13, 3))
        keep_house(world, hours(240 + FOUND))
        yield world


def merchant(name: str) -> Client:
    """A browser of somebody who belongs to a merchant."""
    operator.create_operator(name, PASSWORD, role="merchant", account=f"merchant:{name}")
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    assert client.login(username=name, password=PASSWORD)
    return client


def page(client: Client, path: str) -> str:
    """A page that is there."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.content)
    return answer.content.decode()


def ban(shop: World) -> str:
    """The sanction that closes presale."""
    return str(shop.value("SELECT id FROM sanction WHERE action = 'presale_ban'"))


def test_today_shows_what_is_due_and_what_is_in_effect(shop: World) -> None:
    """Gates, sanctions with their end and condition, the next step of the ladder, the days, orders about to break."""
    told = page(merchant("m1"), "/workbench/")
    for words in ("May presell", "no presale", "backlog = 0", "One more now would be no. 3", "Orders due each day"):
        assert words in told


def test_a_statement_of_reasons_and_a_way_to_appeal(shop: World) -> None:
    """A sanction's page says why, and an appeal filed there is found under appeals, with its clock."""
    client, ident = merchant("m1"), ban(shop)
    told = page(client, f"/workbench/sanctions/{ident}")
    assert "Statement of reasons" in told
    assert "Disaster" in told
    filed = client.post(f"/workbench/sanctions/{ident}/appeal", {"reason": "disaster", "words": "There was a flood."})
    assert filed.status_code == 302, filed.content
    where = filed.headers["Location"]
    assert "There was a flood." in page(client, where)
    assert where in page(client, "/workbench/appeals")
    recorded = shop.rows("SELECT actor_kind, actor, action FROM audit WHERE action = 'appeal.filed'")
    assert recorded == [("merchant", "m1", "appeal.filed")]
    again = client.post(f"/workbench/sanctions/{ident}/appeal", {"reason": "disaster", "words": "Again."}, follow=True)
    assert "notice-error" in again.content.decode()


def test_evidence_is_checked_and_an_appeal_can_be_withdrawn(shop: World) -> None:
    """A text is taken; what pretends to be a picture is refused with a sentence; withdrawing ends it."""
    client, ident = merchant("m1"), ban(shop)
    where = client.post(
        f"/workbench/sanctions/{ident}/appeal", {"reason": "disaster", "words": "A flood."}
    ).headers["Location"]  # fmt: skip
    good = SimpleUploadedFile("report.txt", b"The river rose.", "text/plain")
    assert (
        "report.txt" in client.post(f"{where}/evidence", {"kind": "report", "file": good}, follow=True).content.decode()
    )
    bad = SimpleUploadedFile("photo.png", b"<script>", "image/png")
    assert (
        "notice-error"
        in client.post(f"{where}/evidence", {"kind": "report", "file": bad}, follow=True).content.decode()
    )
    assert "photo.png" not in page(client, where)
    withdrawn = client.post(f"{where}/withdraw", follow=True).content.decode()
    assert "Your appeal was withdrawn." in withdrawn


def test_anothers_is_not_there(shop: World) -> None:
    """Every address with every id of the other merchant is 404, and its own pages hold no word of it."""
    owner, other, ident = merchant("m1"), merchant("m2"), ban(shop)
    where = owner.post(
        f"/workbench/sanctions/{ident}/appeal", {"reason": "disaster", "words": "A flood."}
    ).headers["Location"]  # fmt: skip
    for path in (f"/workbench/sanctions/{ident}", where, "/workbench/orders/m1-0-0"):
        assert other.get(path).status_code == 404, path
        assert owner.get(path).status_code == 200, path
    words = {"reason": "disaster", "words": "Mine."}
    assert other.post(f"/workbench/sanctions/{ident}/appeal", words).status_code == 404
    file = SimpleUploadedFile("a.txt", b"a", "text/plain")
    assert other.post(f"{where}/evidence", {"kind": "report", "file": file}).status_code == 404
    assert other.post(f"{where}/withdraw").status_code == 404
    for path in ("/workbench/", "/workbench/sanctions", "/workbench/appeals"):
        assert "m1" not in page(other, path).replace('content="m1"', "")


def test_who_belongs_to_no_account_has_no_workbench(operator_client: Client, client: Client, shop: World) -> None:
    """Operators get 403, strangers are asked to sign in, and a merchant that signs in lands on the workbench."""
    assert operator_client.get("/workbench/").status_code == 403
    assert client.get("/workbench/").status_code == 302
    operator.create_operator("m7", PASSWORD, role="merchant", account="merchant:m7")
    signed = client.post("/console/sign-in", {"username": "m7", "password": PASSWORD})
    assert signed.headers["Location"] == "/workbench/"


def test_the_workbench_in_chinese(shop: World) -> None:
    """The same in simplified Chinese."""
    client = merchant("m1")
    told = client.get("/workbench/", headers={"Accept-Language": "zh-Hans"}).content.decode()
    for words in ("商家工作台", "即将违约", "关闭预售", "处置阶梯"):
        assert words in told
