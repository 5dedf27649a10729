"""What every answer carries, whatever it is."""

from __future__ import annotations

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.test.utils import override_settings

from goldline.surfaces.web.assets import DigestStorage

ANSWERS = [
    "/g/",
    "/console/sign-in",
    "/console/",
    "/v1/openapi.json",
    "/v1/nothing",
    "/nothing",
    "/healthz",
    "/robots.txt",
]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    """Pages, problems, redirects and missing ones alike."""
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(
        policy.split("; ")
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert "Strict-Transport-Security" not in headers


def test_in_production_browsers_are_held_to_https(client: Client) -> None:
    """HSTS for a year."""
    with override_settings(GOLDLINE_PRODUCTION=True):
        assert "max-age=31536000" in client.get("/g/").headers["Strict-Transport-Security"]


def test_another_host_is_refused(client: Client) -> None:
    """A name that is not ours is answered with 400: nothing may be cached or signed for it."""
    assert client.get("/g/", headers={"Host": "evil.example"}).status_code in (400, 404)
    assert client.get("/console/", headers={"Host": "evil.example"}).status_code == 400


def test_the_root_leads_to_the_console(client: Client) -> None:
    """Whoever comes without a link is an operator."""
    assert client.get("/").headers["Location"] == "/console/"


@pytest.mark.parametrize("name", ["goldline/goldline.css", "goldline/icon.svg", "django_htmx/htmx-4.min.js"])
def test_a_static_file_is_found_and_named_by_its_content(name: str) -> None:
    """The address changes when the file does, so browsers may keep it."""
    assert finders.find(name)
    assert DigestStorage().url(name).startswith(f"/static/{name}?v=")


def test_a_page_names_nothing_of_another_host(client: Client) -> None:
    """No script, style, font or picture comes from elsewhere."""
    body = client.get("/console/sign-in").content.decode()
    assert "//" not in body.replace("http://www.w3.org/2000/svg", "")
    assert " style=" not in body
    assert "<style" not in body
