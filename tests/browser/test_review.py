"""The reviewers' pages in a browser: accessible in both languages, worked by single keys, fit for a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from .conftest import Site, listen, serious

pytestmark = [pytest.mark.browser, pytest.mark.counted]


def test_a_case_is_worked_by_keys(bench: Page, court: Site) -> None:
    """N takes the next case, 2 and s choose and foretell, typing is never taken for a key; nothing serious for axe."""
    said = listen(bench)
    bench.goto(f"{court.address}/console/cases?lang=en&state=all")
    bench.keyboard.press("n")
    bench.wait_for_url("**/console/cases/*-*")
    path = bench.url
    bench.keyboard.press("2")
    bench.keyboard.press("w")
    bench.keyboard.type("news: n, q and s are letters here")
    bench.locator("h1").click()
    bench.keyboard.press("s")
    bench.locator("#foretold").wait_for()
    assert bench.locator("textarea[name=words]").input_value() == "news: n, q and s are letters here"
    for language, scheme in (("en", "light"), ("zh-Hans", "dark")):
        bench.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for page in (
            path,
            *(f"{court.address}/console/{each}" for each in ("cases", "appeals", "workload", "sanctions")),
        ):
            bench.goto(f"{page}?lang={language}&state=")
            assert serious(bench) == []
    bench.set_viewport_size({"width": 390, "height": 800})
    for page in (path, *(f"{court.address}/console/{each}" for each in ("cases?state=all", "workload", "sanctions"))):
        bench.goto(page)
        assert bench.evaluate("document.documentElement.scrollWidth") <= 390
    assert said == []


def test_keys_can_be_switched_off(bench: Page, court: Site) -> None:
    """Switched off they stay so in this browser."""
    bench.goto(f"{court.address}/console/cases?lang=en")
    bench.locator(".keys summary").click()
    bench.get_by_label("Single keys are on").uncheck()
    bench.reload()
    bench.keyboard.press("/")
    assert bench.evaluate("document.activeElement.name") != "state"
