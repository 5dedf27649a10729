"""The console's pages on duplicates: what is the same, who published it when, and the one case it has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from goldline.core.account import review
from goldline.market.likeness.caption import Caption
from goldline.market.likeness.register import CaseTerms, Register
from tests.likeness.test_register import flood

from .market import NOW


@pytest.fixture
def case(database: Connection[Any]) -> str:
    """A flood of thirty accounts with a case, and one markup-like caption posted twice."""
    odd = [Caption(f"odd{n}", "creator:<b>", NOW, "这条文案里写着<script>alert(1)</script>两次") for n in range(2)]
    with database.transaction():
        (opened,) = Register().add(database, [*flood(30), *odd], NOW, CaseTerms(50, 20, 10)).cases
    review.add_reviewer(database, "olga")
    return str(opened)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ["What is the same", "price</mark>", "30 items of 30 accounts", "Mass production", "Haste"]),
     ("zh-hans", ["相同之处", "价格</mark>", "30个账号的30条内容", "批量生产", "密集度"])],
)  # fmt: skip
def test_a_cluster_is_shown_with_what_is_the_same(
    operator_client: Client, case: str, database: Connection[Any], lang: str, words: list[str]
) -> None:
    """The skeleton with its slots, a dot an item, every factor of the score, and the way to the case."""
    listed = operator_client.get("/console/duplicates", {"lang": lang}).content.decode()
    assert "保温杯" in listed
    assert listed.count('class="skeleton"') == 2
    assert f"/console/cases/{case}" in listed
    (name,) = database.execute("SELECT subject FROM review_case").fetchone() or ("",)
    page = operator_client.get(f"/console/duplicates/{name}", {"lang": lang}).content.decode()
    assert [word for word in words if word not in page] == []
    assert page.count("<circle") == 30


def test_what_was_published_is_never_markup(operator_client: Client, case: str) -> None:
    """Words and accounts are escaped in the list and in the drawing."""
    page = operator_client.get("/console/duplicates", {"account": "creator:<b>"}).content.decode()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert page.count('class="skeleton"') == 1


def test_the_case_shows_the_cluster_even_renamed(operator_client: Client, case: str, database: Connection[Any]) -> None:
    """Its holder sees members and evidence; a cluster that grew and has another name is found by the old one."""
    (first,) = database.execute("SELECT subject FROM review_case").fetchone() or ("",)
    number = 0
    while database.execute("SELECT 1 FROM likeness_text WHERE cluster = %s", [first]).fetchone():
        more = flood(200 + number)[-1]
        with database.transaction():
            Register().add(database, [Caption(f"m{number}", "creator:x", NOW + timedelta(days=1), more.text)], NOW)
        number += 1
        assert number < 600
    for path in (f"/console/cases/{case}", f"/console/duplicates/{first}"):
        page = operator_client.get(path, {"lang": "en"}).content.decode()
        assert "保温杯" in page
        assert f"{30 + number} items of 31 accounts" in page


def test_nothing_there_is_said(operator_client: Client, onlooker_client: Client) -> None:
    """No duplicates, an account without any, an unknown cluster, and an offset that is none."""
    assert "No two items are the same" in onlooker_client.get("/console/duplicates", {"lang": "en"}).content.decode()
    page = operator_client.get("/console/duplicates", {"lang": "en", "account": "creator:9"}).content.decode()
    assert "This account shares nothing" in page
    assert operator_client.get("/console/duplicates/00000000-0000-0000-0000-000000000009").status_code == 404
    for wrong in ("-1", "x", "9" * 30):
        assert operator_client.get("/console/duplicates", {"after": wrong}).status_code == 404
