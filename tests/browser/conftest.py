"""A browser and a served installation with a small market in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from goldline.core.database import connect
from tests.account.shop import HEAD
from tests.account.tribunal import APPEALS
from tests.laws.world import World, pack_of
from tests.web import records
from tests.web.conftest import PASSWORD
from tests.web.events import placed, raw
from tests.web.market import open_market
from tests.web.scene import object_to

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_WITHIN_S = 60
SECRET = "s" * 48
MAKE_OPERATOR = (
    "import sys; from goldline.surfaces.web import engine, operator;"
    f" engine.use(sys.argv[1]); operator.create_operator('olga', {PASSWORD!r})"
)
SERVE = "import sys; from goldline.surfaces.web import serve; serve.run(sys.argv[1], port=int(sys.argv[2]))"
LINKS = "import sys; from goldline.surfaces.hall.link import link_for; print(*map(link_for, sys.argv[1:]), sep='\\n')"
ORDERS = ("running", "delivered", "late", "cancelled", "moving")


@dataclass(frozen=True, slots=True)
class Site:
    """Where the installation is, and the links to its orders."""

    address: str
    links: dict[str, str]


@pytest.fixture(scope="session")
def site(server_url: str, template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served installation on a database of its own."""
    name = f"browser_{os.getpid()}"
    _execute(server_url, "CREATE DATABASE {} TEMPLATE {}", name, str(conninfo_to_dict(template_url)["dbname"]))
    url = _as_url(server_url, name)
    _fill(url)
    with served(url, tmp_path_factory.mktemp("home")) as site:
        yield site
    _execute(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="module")
def court(server_url: str, template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served installation with a shop that objects to a sanction, and the operator among the reviewers."""
    name = f"browser_court_{os.getpid()}"
    _execute(server_url, "CREATE DATABASE {} TEMPLATE {}", name, str(conninfo_to_dict(template_url)["dbname"]))
    url = _as_url(server_url, name)
    with World(url, pack_of(HEAD + APPEALS)) as world:
        object_to(world)
    with served(url, tmp_path_factory.mktemp("court")) as site:
        yield site
    _execute(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def served(url: str, home: Path, people: str = "") -> Iterator[Site]:
    """The installation served on a database, with one operator, and more people if a script makes them."""
    port = _free_port()
    environment = _environment(home, url, port)
    _run(environment, MAKE_OPERATOR, url)
    if people:
        _run(environment, people, url)
    links = _run(environment, LINKS, *ORDERS).split()
    process = subprocess.Popen([sys.executable, "-c", SERVE, url, str(port)], env=environment)
    try:
        _wait(port)
        yield Site(f"http://localhost:{port}", dict(zip(ORDERS, links, strict=True)))
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium; without one the test is skipped.

    One a module and not one a session: while it runs, this thread has an event loop, beside which Django refuses to
    read its database in other tests.
    """
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.skip(f"no Chromium: none of {', '.join(CHROMIUMS)} is on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone 360 pixels wide with JavaScript switched off."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    yield context
    context.close()


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Page]:
    """An operator's screen, signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield signed_in(context, site)
    context.close()


@pytest.fixture
def bench(browser: Browser, court: Site) -> Iterator[Page]:
    """The screen of an operator who is a reviewer, signed in where somebody objects."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield signed_in(context, court)
    context.close()


def signed_in(context: BrowserContext, site: Site) -> Page:
    """A page of the console, signed in by its form."""
    page = context.new_page()
    page.goto(f"{site.address}/console/sign-in")
    page.fill("#name", "olga")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/console/")
    return page


def listen(page: Page) -> list[str]:
    """Everything the browser complains about from now on: policy violations, errors, failed requests."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.on("requestfailed", lambda request: said.extend(_failed(request)))
    return said


def _failed(request: Request) -> list[str]:
    # Leaving a page ends what it was still asking for; that is no failure.
    return [] if request.failure == "net::ERR_ABORTED" else [f"{request.failure}: {request.url}"]


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical on the page."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def _fill(url: str) -> None:
    open_market(url)
    with connect(url, autocommit=True) as connection:
        records.findings(connection, 60, remedy_state="held")
        records.webhook(connection, state="dead", tries=[("failed", 500)])
        records.quarantined(connection, raw(placed("again")))


def _environment(home: Path, url: str, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOLDLINE_")}
    source = str(Path(__file__).parents[2] / "src")
    return {
        **kept,
        "PYTHONPATH": source,
        "GOLDLINE_HOME": str(home),
        "GOLDLINE_SECRET_KEY": SECRET,
        "GOLDLINE_PUBLIC_URL": f"http://localhost:{port}",
        "DATABASE_URL": url,
    }


def _run(environment: dict[str, str], code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


def _as_url(server_url: str, name: str) -> str:
    parts = conninfo_to_dict(server_url)
    return f"postgresql://{parts['user']}@/{name}?host={parts['host']}"


def _execute(server_url: str, statement: str, *names: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait(port: int) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.1)  # a process is starting; there is nothing to wait on but the clock
    pytest.fail(f"the server was not ready within {READY_WITHIN_S} s")
