"""Languages: nothing untranslated, the compiled catalogue up to date, and the negotiation of which one to speak."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from goldline.surfaces.web import translation

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def test_no_message_of_the_pages_is_untranslated() -> None:
    """Every string of templates and code has a Chinese translation that nobody marked as doubtful."""
    assert translation.untranslated() == []


def test_no_translation_is_left_over() -> None:
    """The catalogue holds the messages in use and no others."""
    used = {each.id if isinstance(each.id, str) else each.id[0] for each in translation.collected()}
    kept = {each.id if isinstance(each.id, str) else each.id[0] for each in translation.standing()}
    assert kept == used


def test_the_compiled_catalogue_is_the_written_one() -> None:
    """The .mo in the package was made from the .po beside it."""
    assert translation.MO.read_bytes() == translation.compiled()


def test_every_translation_keeps_its_placeholders() -> None:
    """A value that the English names is in the Chinese too, and no other."""
    for message in translation.standing():
        singular = message.id if isinstance(message.id, str) else message.id[0]
        text = message.string if isinstance(message.string, str) else message.string[0]
        if singular:
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(singular)), singular


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"), ("zh", "zh-Hans"), ("zh-Hans-SG", "zh-Hans"), ("en-GB", "en"), ("", "en"),
     ("fr;q=1.0, zh;q=0.5", "zh-Hans"), ("xx-nonsense;;q=9", "en"), ("pt-BR", "en")],
)  # fmt: skip
def test_the_browsers_language_is_spoken(client: Client, accepted: str, language: str) -> None:
    """The first language of Accept-Language that the pages have, else English."""
    response = client.get("/g/", headers={"Accept-Language": accepted})
    assert response.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in response.content.decode()


def test_a_chosen_language_is_remembered(client: Client) -> None:
    """`?lang=` wins and is kept in a cookie, which wins over the browser's."""
    assert (
        client.get("/g/", {"lang": "zh-Hans"}, headers={"Accept-Language": "en"}).headers["Content-Language"]
        == "zh-Hans"
    )
    assert client.get("/g/", headers={"Accept-Language": "en"}).headers["Content-Language"] == "zh-Hans"


@pytest.mark.parametrize("asked", ["klingon", "../../etc", "zh\x00", "x" * 5000])
def test_a_language_nobody_speaks_is_ignored(client: Client, asked: str) -> None:
    """A wrong `?lang=` changes nothing and sets nothing."""
    response = client.get("/g/", {"lang": asked})
    assert response.headers["Content-Language"] == "en"
    assert "lang" not in response.cookies
