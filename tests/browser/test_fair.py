"""Campaigns and good content in a real browser: each page in both languages, on a phone and on a desk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from psycopg.conninfo import conninfo_to_dict

from goldline.market.quality.incentive import shipped
from goldline.market.quality.share import share
from tests.browser.conftest import Site, _as_url, _execute, listen, serious, served
from tests.campaign.drive import OVER, SWEPT, TOLD, looked_at, offered, run, text
from tests.laws.world import World, hours, pack_of
from tests.quality.test_share import DAY, GOOD, PLAIN, published
from tests.web.conftest import PASSWORD

PAGES = {
    "olga": ["/console/campaigns", "/console/campaigns/law.plain-words", "/console/quality"],
    "m1": ["/workbench/"],
    "cora": ["/drafts/content", "/drafts/"],
    "": ["/drafts/quality", "/campaigns/law.plain-words"],
}
SIZES = {"phone": (360, 740), "desk": (1280, 900)}
PEOPLE = (
    "import sys; from goldline.surfaces.web import engine, operator; engine.use(sys.argv[1]);"
    f" operator.create_operator('m1', {PASSWORD!r}, role='merchant', account='merchant:m1');"
    f" operator.create_operator('cora', {PASSWORD!r}, role='creator', account='creator:cora')"
)


@pytest.fixture(scope="module")
def fair(server_url: str, template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation whose campaign is over, with a part called up later, and a day of shared traffic."""
    name = f"browser_fair_{os.getpid()}"
    _execute(server_url, "CREATE DATABASE {} TEMPLATE {}", name, str(conninfo_to_dict(template_url)["dbname"]))
    url = _as_url(server_url, name)
    with World(url, pack_of(text(later=True))) as world:
        _fill(world)
    with served(url, tmp_path_factory.mktemp("fair"), PEOPLE) as site:
        yield site
    _execute(server_url, "DROP DATABASE {} WITH (FORCE)", name)


def _fill(world: World) -> None:
    told = [
        each
        for shop in range(40)
        for number in range(3)
        for each in (offered(f"m{shop}", f"i{number}"), looked_at(f"m{shop}", f"i{number}", 4 if number == 0 else 0))
    ]
    told += [published(f"v{n}", GOOD if n % 3 else PLAIN) for n in range(30)]
    told += [published(f"own{n}", GOOD if n else PLAIN, creator="cora") for n in range(3)]
    world.feed(told)
    world.step(hours(4))
    world.feed(share(world.connection, shipped(), 10_000, DAY).events())
    run(world, TOLD, size=500)
    world.feed([looked_at(f"m{n}", "i0", 0, at=24 * 6) for n in range(12)])
    world.step(hours(24 * 6))
    for at in (SWEPT, hours(24 * 23), OVER):
        run(world, at, size=500)
    world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(100)])
    world.connection.commit()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("who", PAGES)
def test_every_page_can_be_read(browser: Browser, fair: Site, who: str, language: str, size: str) -> None:
    """Nothing serious for a screen reader, nothing wider than the screen, no complaint of the browser."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, java_script_enabled=True)
    page = context.new_page()
    if who:
        _sign_in(page, fair, who)
    said = listen(page)
    for path in PAGES[who]:
        answer = page.goto(f"{fair.address}{path}?lang={language}")
        assert answer is not None
        assert answer.status == 200, path
        assert serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if shots := os.environ.get("GOLDLINE_SHOTS"):
            page.screenshot(path=Path(shots) / f"{size}-{language}{path.replace('/', '_')}.png", full_page=True)
    assert said == []
    context.close()


def _sign_in(page: Page, fair: Site, name: str) -> None:
    page.goto(f"{fair.address}/console/sign-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_load_state()
