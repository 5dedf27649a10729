"""The guarantee page on a small phone without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext

from .conftest import ORDERS, Site, listen, serious

pytestmark = [pytest.mark.browser, pytest.mark.counted]

WIDTH = 360
TARGET = 24


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_it_is_readable_without_javascript_at_360_pixels(phone: BrowserContext, site: Site, language: str) -> None:
    """Nothing runs out of the screen, the first block is on the first screen, every control is large enough."""
    page = phone.new_page()
    said = listen(page)
    for order_id in ORDERS:
        page.goto(f"{site.links[order_id]}?lang={language}")
        sizes = page.locator("body *").evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
        assert max(sizes) <= WIDTH
        headline = page.locator("h1").bounding_box()
        assert headline is not None
        assert headline["y"] + headline["height"] < 400
        for target in page.locator("a:visible, button:visible, select:visible, summary:visible").all():
            box = target.bounding_box()
            assert box is None or box["height"] >= TARGET or box["y"] < 0
    assert said == []


def test_the_rule_unfolds_without_javascript(phone: BrowserContext, site: Site) -> None:
    """'Why' is a native disclosure."""
    page = phone.new_page()
    page.goto(f"{site.links['late']}?lang=en")
    rule = page.get_by_text("clamp(paid_amount * 0.01, 2, 50)").first
    assert not rule.is_visible()
    page.locator("summary").first.click()
    assert rule.is_visible()


def test_the_zone_can_be_chosen_without_javascript(phone: BrowserContext, site: Site) -> None:
    """A form, sent by its button, changes the times."""
    page = phone.new_page()
    page.goto(f"{site.links['running']}?lang=en")
    page.select_option("select[name=zone]", "America/New_York")
    page.get_by_role("button", name="Show").click()
    assert "7 Aug 2026, 09:00" in page.locator("h1").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, site: Site, scheme: str) -> None:
    """On every state of an order, unfolded, in both languages and colour schemes, and on a link that opens nothing."""
    context = browser.new_context(viewport={"width": WIDTH, "height": 740}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    said = listen(page)
    for language, order_id in [("en", "late"), ("zh-Hans", "running"), ("en", "cancelled")]:
        page.goto(f"{site.links[order_id]}?lang={language}")
        page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
        assert serious(page) == []
    assert said == []
    page.goto(f"{site.address}/g/nothing")
    assert serious(page) == []
    context.close()
