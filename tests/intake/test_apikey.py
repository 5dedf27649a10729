"""API keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from psycopg import Connection

from goldline.core import apikey
from goldline.core.errors import GoldlineError


def test_a_secret_is_shown_once_and_kept_hashed(database: Connection[Any]) -> None:
    """The table holds the beginning and a hash; the whole secret is nowhere."""
    secret = apikey.create(database, "erp", ["events:write"])
    assert re.fullmatch(r"gl_live_[0-9a-f]{32}", secret)
    row = database.execute("SELECT k::text, length(secret_sha256), prefix FROM api_key k").fetchone()
    assert row is not None
    assert secret[8:] not in row[0]
    assert row[1:] == (32, secret[:12])


def test_the_right_key_is_found(database: Connection[Any]) -> None:
    """By its secret alone, among others."""
    secrets = {name: apikey.create(database, name, ["read"]) for name in ("a", "b", "c")}
    for name, secret in secrets.items():
        assert apikey.authenticate(database, secret, "read").name == name


@pytest.mark.parametrize(
    "secret", ["", "gl_live_", "gl_live_" + "0" * 32, "gl_live_" + "0" * 31 + "\n", "x" * 10_000, "§"]
)
def test_a_wrong_secret_is_refused(database: Connection[Any], secret: str) -> None:
    """Whatever it looks like, with the same words."""
    apikey.create(database, "erp", ["admin"])
    with pytest.raises(GoldlineError, match="The API key is not valid") as caught:
        apikey.authenticate(database, secret, "read")
    assert caught.value.code == "unauthorised"


@pytest.mark.parametrize(
    ("scopes", "wanted", "allowed"),
    [
        (["read"], "read", True), (["read"], "events:write", False), (["events:write"], "read", False),
        (["admin"], "events:write", True), (["read", "events:write"], "admin", False),
    ],
)  # fmt: skip
def test_scopes(database: Connection[Any], scopes: list[str], wanted: apikey.Scope, allowed: bool) -> None:
    """A key does what its scopes say, and 'admin' everything."""
    secret = apikey.create(database, "erp", scopes)
    if allowed:
        assert apikey.authenticate(database, secret, wanted).allows(wanted)
    else:
        with pytest.raises(GoldlineError, match="lacks the scope"):
            apikey.authenticate(database, secret, wanted)


def test_a_revoked_key_is_dead(database: Connection[Any]) -> None:
    """At once and for good; revoking again changes nothing, and the list still shows it."""
    secret = apikey.create(database, "erp", ["admin"])
    apikey.revoke(database, "erp")
    revoked_at = apikey.keys(database)[0].revoked_at
    apikey.revoke(database, "erp")
    assert revoked_at is not None
    assert apikey.keys(database)[0].revoked_at == revoked_at
    with pytest.raises(GoldlineError, match="not valid"):
        apikey.authenticate(database, secret, "read")


@pytest.mark.parametrize(
    ("name", "scopes", "code"),
    [("", ["read"], "bad_name"), ("a b", ["read"], "bad_name"), ("x" * 65, ["read"], "bad_name"),
     ("ok", [], "bad_scope"), ("ok", ["write"], "bad_scope"), ("taken", ["read"], "name_taken")],
)  # fmt: skip
def test_a_wrong_key_is_not_made(database: Connection[Any], name: str, scopes: list[str], code: str) -> None:
    """One sentence says why, and the transaction can go on."""
    apikey.create(database, "taken", ["read"])
    with pytest.raises(GoldlineError) as caught:
        apikey.create(database, name, scopes)
    assert caught.value.code == code
    assert [key.name for key in apikey.keys(database)] == ["taken"]


def test_revoking_an_unknown_key_is_refused(database: Connection[Any]) -> None:
    """A typing error must not look like a success."""
    with pytest.raises(GoldlineError, match="no key named 'ghost'"):
        apikey.revoke(database, "ghost")


def test_use_is_noted(database: Connection[Any]) -> None:
    """So that keys nobody uses can be found."""
    key = apikey.authenticate(database, apikey.create(database, "erp", ["read"]), "read")
    assert key.last_used_at is None
    apikey.touch(database, key)
    assert apikey.keys(database)[0].last_used_at is not None
