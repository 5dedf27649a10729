"""Merchants: one bound to an account sees its own, and of another nothing: no word in a body or header, no 403."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from psycopg import Connection

from goldline.core import apikey
from goldline.core.errors import GoldlineError
from goldline.surfaces.web.permission import BOUND, Grant, matrix
from tests.web.market import NOW

from .addresses import PARTS, calls

OWNER, OTHER = "merchant:m-17", "merchant:m-other"
ORDERS = ("running", "delivered", "late", "cancelled", "moving")
IDS = (*ORDERS, "m-17", OWNER, "demo.ship-by", "consumer-48211234")
# What would show that something of the owner's got out: asked for or not.
CANARIES = ("consumer-48211234", "c0ffee00-0000-0000-0000-000000000017", "listing_ban", "p-late", "5d0e11aa")
SANCTION = CANARIES[1]


@pytest.fixture
def sanctioned(database: Connection[Any], market: str) -> None:
    """The owner of the five orders has a sanction in force too."""
    assert market
    database.execute(
        "INSERT INTO sanction (id, account, ladder, version, rule, finding_id, nth, step, ordinal, action, starts_at)"
        " VALUES (%s, %s, 'demo.ladder', 1, 'demo.rule', '5d0e11aa-0000-0000-0000-000000000001', 1, 1, 0,"
        " 'listing_ban', %s)",
        [SANCTION, OWNER, NOW],
    )


def bound(database: Connection[Any], account: str) -> dict[str, str]:
    """The headers of a key bound to an account."""
    name = account.replace(":", "-")
    return {"Authorization": f"Bearer {apikey.create(database, name, ['read'], account)}"}


def own_calls(client: Client) -> Iterator[tuple[str, list[str]]]:
    """The path of each operation that a bound key may ask, as the description has it, and its query's fields."""
    own = {each.name for each in calls() if matrix().grant(str(each.operation), [BOUND]) is not Grant.DENIED}
    for path, operations in client.get("/v1/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if method == "get" and any(operation["operationId"].endswith(name) for name in own):
                parameters = operation.get("parameters", [])
                yield path, [each["name"] for each in parameters if each["in"] == "query"]


def tries(client: Client) -> Iterator[tuple[str, dict[str, str]]]:
    """Every operation with every id of the owner's in every place an id can be."""
    for path, fields in own_calls(client):
        for identifier in IDS:
            filled = path
            for name in ("order_id", "account"):
                filled = filled.replace(f"{{{name}}}", quote(identifier, safe=":"))
            fixed = {**PARTS, "sanction_id": SANCTION, "gate": "sales"}
            filled = re.sub(r"{(\w+)}", lambda found, fixed=fixed: fixed[found[1]], filled)
            yield filled, {}
            yield from ((filled, {name: identifier}) for name in fields if name != "limit")


@pytest.mark.usefixtures("sanctioned")
def test_of_anothers_objects_nothing_is_there(client: Client, database: Connection[Any]) -> None:
    """Every operation × every id × every field: 404, an empty list, or a fault of the field; never 403 or a word."""
    headers, asked = bound(database, OTHER), 0
    for path, query in tries(client):
        answer = client.get(path, query, headers=headers)
        asked += 1
        assert answer.status_code in (200, 404, 422), (path, query, answer.content)
        told = answer.content.decode() + str(answer.headers)
        leaked = [each for each in CANARIES if each in told and each not in (*query.values(), *path.split("/"))]
        assert leaked == [], (path, query)
        if answer.status_code == 200:
            assert answer.json()["data"] == [], (path, query)
    assert asked > 200


@pytest.mark.usefixtures("sanctioned")
def test_ones_own_statement_is_read_as_the_account(client: Client, database: Connection[Any]) -> None:
    """Not as a reviewer or an auditor, who see by what values it was judged; another's not at all."""
    path, headers = f"/v1/sanctions/{SANCTION}/statement", bound(database, OWNER)
    for reader in ("reviewer", "auditor"):
        answer = client.get(path, {"reader": reader}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert client.get(path, headers=bound(database, OTHER)).status_code == 404


@pytest.mark.usefixtures("sanctioned")
def test_anothers_is_told_from_nothing_by_nobody(client: Client, database: Connection[Any]) -> None:
    """The answer for an order of another's is that for an order nobody has placed, letter by letter."""
    headers = bound(database, OTHER)
    real = client.get("/v1/orders/late/explanation", headers=headers)
    none = client.get("/v1/orders/none/explanation", headers=headers)
    assert real.status_code == none.status_code == 404
    assert real.content == none.content.replace(b"none", b"late")
    gate = client.get(f"/v1/gates/sales/{OWNER}", headers=headers)
    assert gate.status_code == 404
    assert gate.json()["code"] == "not_found"


@pytest.mark.usefixtures("sanctioned")
def test_ones_own_is_all_there(client: Client, database: Connection[Any]) -> None:
    """The owner's key reads the same as the marketplace's key does of that merchant."""
    headers = bound(database, OWNER)
    everything = {"Authorization": f"Bearer {apikey.create(database, 'ops', ['read'])}"}
    for order in ORDERS:
        path = f"/v1/orders/{order}/explanation"
        assert client.get(path, headers=headers).json() == client.get(path, headers=everything).json()
    found = client.get("/v1/findings", headers=headers).json()["data"]
    assert found
    assert found == client.get("/v1/findings", {"merchant": "m-17"}, headers=everything).json()["data"]
    assert [each["id"] for each in client.get("/v1/sanctions", headers=headers).json()["data"]] == [SANCTION]


@pytest.mark.usefixtures("sanctioned")
def test_a_creator_with_a_merchants_id_is_not_that_merchant(client: Client, database: Connection[Any]) -> None:
    """Parties are apart, whatever their ids."""
    headers = bound(database, "creator:m-17")
    assert client.get("/v1/orders/late/explanation", headers=headers).status_code == 404
    assert client.get("/v1/findings", headers=headers).json()["data"] == []
    assert client.get("/v1/sanctions", headers=headers).json()["data"] == []


@pytest.mark.parametrize(
    ("scopes", "account", "code"),
    [(["admin"], OWNER, "bad_scope"), (["read", "events:write"], OWNER, "bad_scope"), (["read"], "m-17", "no_account"),
     (["read"], "platform:x", "no_account"), (["read"], "merchant:", "no_account")],
)  # fmt: skip
def test_a_bound_key_that_could_do_more_is_not_made(
    database: Connection[Any], scopes: list[str], account: str, code: str
) -> None:
    """Bound, it may read and nothing else; and an account is an account."""
    with pytest.raises(GoldlineError) as caught:
        apikey.create(database, "k", scopes, account)
    assert caught.value.code == code
