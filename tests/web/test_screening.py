"""Screening over HTTP and the draft checker: evidence at its place, marked in the text, and nothing kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from goldline.market.screening.evidence import KINDS
from goldline.market.screening.lexicon import PRODUCTS, shipped
from goldline.market.screening.screen import desk
from goldline.surfaces.api import screening
from goldline.surfaces.draft import view, wording
from goldline.surfaces.draft.marking import marked
from goldline.surfaces.web import operator
from goldline.surfaces.web.throttle import Throttle
from tests.web.conftest import PASSWORD

Key = Callable[..., dict[str, str]]
TEXT = "这是最★佳面霜，<b>能治疗湿疹</b>，这是我们家最好的一款"


@pytest.fixture(autouse=True)
def rested() -> None:
    """Nobody has asked yet."""
    for each in (screening.THROTTLE, screening.BATCH_THROTTLE, view.THROTTLE):
        each.forget()


def creator(name: str = "cora") -> Client:
    """A browser of a creator."""
    operator.create_operator(name, PASSWORD, role="creator", account=f"creator:{name}")
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    assert client.login(username=name, password=PASSWORD)
    return client


def test_a_program_screens_one_text_and_many(client: Client, key: Key) -> None:
    """The same evidence either way, in the order that was sent."""
    headers = key("decide")
    one = client.post("/v1/screen", {"text": TEXT}, "application/json", headers=headers)
    assert one.status_code == 200, one.content
    first = one.json()["evidence"][0]
    assert (first["start"], first["end"], first["text"]) == (2, 5, "最★佳")
    assert one.json()["lexicon"] == shipped().version
    many = client.post(
        "/v1/screen/batch", {"texts": [{"text": "好天气"}, {"text": TEXT}]}, "application/json", headers=headers
    )
    assert [answer["evidence"] for answer in many.json()["answers"]] == [[], one.json()["evidence"]]


def test_what_cannot_be_asked_is_said(client: Client, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word nobody knows, too much at once, too often."""
    headers = key("read")
    unknown = client.post("/v1/screen", {"text": "a", "category": "sofa"}, "application/json", headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_setting")
    long = {"texts": [{"text": "好" * 99_000}] * 11}
    assert client.post("/v1/screen/batch", long, "application/json", headers=headers).status_code == 413
    monkeypatch.setattr(screening, "BATCH_THROTTLE", Throttle(burst=1, per_s=0.001))
    for _ in range(2):
        last = client.post("/v1/screen/batch", {"texts": []}, "application/json", headers=headers)
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) >= 1


def test_a_creator_sees_what_to_change(database_url: str) -> None:
    """Words marked in place, the clause, the honest wording; what was excused apart; markup is never run."""
    page = creator().post("/drafts/", {"text": TEXT, "kind": "transcript"}).content.decode()
    assert '<mark class="mark mark-serious">' in page
    for words in ("最★佳", "Advertising Law of the PRC 9(3)", "Advertising Law of the PRC 17", "let pass"):
        assert words in page
    assert "<b>能" not in page
    assert "your own goods are compared" in page


def test_the_live_part_is_the_found_part(database_url: str) -> None:
    """A live page is given what was found alone, in the reader's language; without JavaScript the whole page is."""
    client = creator()
    part = client.post("/drafts/", {"text": TEXT}, headers={"HX-Request": "true", "Accept-Language": "zh"})
    assert "<html" not in part.content.decode()
    assert "如实的说法" in part.content.decode()
    assert "Nothing to read yet" in client.get("/drafts/").content.decode()
    assert client.post("/drafts/", {"text": "好" * 20_001}).status_code == 413
    assert "Nothing in it breaks" in client.post("/drafts/", {"text": "棉质衬衫，尺码齐全"}).content.decode()


def test_the_norms_are_public_and_the_lexicon_is_the_operators(client: Client, operator_client: Client) -> None:
    """Anybody may read what may not be said; terms are browsed by category and word."""
    norms = client.get("/drafts/norms").content.decode()
    assert shipped().version in norms
    assert "国家级" in norms
    rows = operator_client.get("/console/lexicon", {"category": "finance", "word": "稳赚"}).content.decode()
    assert "finance.guaranteed" in rows
    assert "medical.treat" not in rows


def test_a_marked_text_is_the_text() -> None:
    """No character is lost or told twice, however hits lie over each other."""
    for term in shipped().terms:
        text = f"{term.example}，{term.counter}"
        assert "".join(piece.text for piece in marked(text, desk().screen().one(text).evidence)) == text


def test_everything_has_a_name_for_people() -> None:
    """Categories, kinds, goods and reasons are worded."""
    assert set(wording.KINDS) == set(KINDS)
    assert set(wording.GOODS) == set(PRODUCTS)
    assert set(shipped().categories) <= set(wording.CATEGORIES)
    reasons = {reason for term in shipped().terms for _, reason in term.exceptions}
    assert reasons <= set(wording.EXCUSES), reasons - set(wording.EXCUSES)
