"""The operator's pages in a browser: no policy violation, nothing serious for axe, alive, usable by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from .conftest import Site, listen, serious

pytestmark = [pytest.mark.browser, pytest.mark.counted]

PAGES = [
    "",
    "findings",
    "orders",
    "orders/late",
    "remedies",
    "deliveries",
    "deliveries/1",
    "quarantine",
    "quarantine/1",
    "policies",
]


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_keeps_the_policy(desk: Page, site: Site, scheme: str, language: str) -> None:
    """Axe finds nothing serious; the browser reports no violation, error or failed request."""
    desk.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    said = listen(desk)
    for path in PAGES:
        desk.goto(f"{site.address}/console/{path}?lang={language}")
        assert serious(desk) == []
    assert said == []


def test_the_overview_follows_by_itself(desk: Page, site: Site) -> None:
    """The figures are asked for again while the page is open, and the old ones are replaced."""
    said = listen(desk)
    desk.goto(f"{site.address}/console/?lang=en")
    desk.evaluate("document.querySelector('#live').dataset.was = 'here'; document.querySelector('.tiles').id = 'old'")
    with desk.expect_response("**/console/live") as answer:
        desk.locator("#old").wait_for(state="detached", timeout=10_000)
    assert answer.value.status == 200
    assert desk.locator("#live").get_attribute("data-was") == "here"
    assert desk.locator(".tile").count() == 10
    assert said == []


def test_the_console_is_usable_by_keyboard(desk: Page, site: Site) -> None:
    """The first tab skips to the content, focus is visible, a finding is opened with Enter."""
    desk.goto(f"{site.address}/console/findings?policy=demo.ship-by&lang=en")
    desk.keyboard.press("Tab")
    assert desk.evaluate("document.activeElement.className") == "skip"
    outline = desk.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    link = desk.locator("tbody a").first
    link.focus()
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/console/orders/late")


def test_a_release_is_pressed_and_told(desk: Page, site: Site) -> None:
    """The button names the amount; the page comes back and says what was done."""
    desk.goto(f"{site.address}/console/remedies?lang=en")
    desk.get_by_role("button", name="Release R$ 2.00").first.click()
    desk.get_by_role("status").get_by_text("The remedy was released and will be paid.").wait_for()


def test_lists_fit_a_phone(desk: Page, site: Site) -> None:
    """Wide tables scroll inside their frame; the page itself does not."""
    desk.set_viewport_size({"width": 390, "height": 800})
    for path in PAGES:
        desk.goto(f"{site.address}/console/{path}")
        assert desk.evaluate("document.documentElement.scrollWidth") <= 390
