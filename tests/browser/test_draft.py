"""The draft checker in a browser: it marks as one types, keeps the policy, and is whole without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from .conftest import Site, listen, serious

pytestmark = [pytest.mark.browser, pytest.mark.counted]
TEXT = "家人们，这是全网最★佳的面霜，治疗湿疹一用见效。\n想要的加薇信，这也是我们家最好的一款。"


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_words_are_marked_while_one_types(desk: Page, site: Site, language: str) -> None:
    """No reload: the found part is put in beside the text, and nothing is serious for axe in either language."""
    said = listen(desk)
    desk.goto(f"{site.address}/drafts/?lang={language}")
    desk.evaluate("document.querySelector('#found').dataset.was = 'here'")
    desk.locator("textarea").fill(TEXT)
    desk.locator(".mark").first.wait_for(timeout=20_000)
    assert desk.locator("#found").get_attribute("data-was") == "here"
    assert "最★佳" in desk.locator(".marked").inner_text()
    assert serious(desk) == []
    desk.goto(f"{site.address}/console/lexicon?lang={language}&category=finance")
    assert serious(desk) == []
    desk.goto(f"{site.address}/drafts/norms?lang={language}")
    assert serious(desk) == []
    assert said == []


def test_the_norms_fit_a_phone_without_javascript(phone: BrowserContext, site: Site) -> None:
    """Nothing is wider than the screen."""
    page = phone.new_page()
    page.goto(f"{site.address}/drafts/norms")
    assert page.locator("h1").inner_text()
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["width"] <= 360
