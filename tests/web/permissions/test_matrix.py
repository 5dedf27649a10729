"""The reviewed matrix: every address is in it, and every cell of it is what really happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from goldline.core.errors import GoldlineError
from goldline.core.member import BOUND_ROLES, ROLES
from goldline.surfaces.web import operator
from goldline.surfaces.web.permission import BOUND, KEY_COLUMNS, Grant, matrix, parse, require
from tests.web.conftest import PASSWORD

from .addresses import Address, calls, pages

Key = Callable[..., dict[str, str]]
PAGES = [each for each in pages() if each.operation is not None]
CONSOLE = [each for each in PAGES if not each.name.startswith(("workbench:", "draft:"))]
DRAFTS = [each for each in PAGES if each.name.startswith("draft:")]
WORKBENCH = [each for each in PAGES if each.name.startswith("workbench:")]
API = calls()


def test_every_address_is_in_the_matrix() -> None:
    """An address that names no operation must be listed as public, with the reason why; and nothing more is listed."""
    of_api = {f"v1:{each.name}" for each in API}
    assert {each.name for each in pages() if each.operation is None} - of_api == set(matrix().public)
    assert all(matrix().public.values())
    assert [each.name for each in API if each.operation is None] == []


def test_every_operation_of_an_address_is_a_line() -> None:
    """And every line has a word for every column."""
    named = {str(each.operation) for each in (*PAGES, *API)}
    assert named <= set(matrix().grants)
    columns = [*ROLES, *KEY_COLUMNS.values(), BOUND]
    assert all(sorted(row) == sorted(columns) for row in matrix().grants.values())


def test_a_line_that_does_not_fit_is_refused() -> None:
    """A missing or misspelt word must not shift who may do what."""
    for words in ("yes", "yes maybe", "yes yes yes"):
        with pytest.raises(GoldlineError, match="does not fit"):
            parse({"columns": ["a", "b"], "operations": {"x.y": words}, "public": {}})


def test_nobody_bound_to_an_account_sees_everybodys() -> None:
    """For merchants, creators and bound keys a reading is of their own or of nothing, and a change is nothing."""
    of_all = {
        name
        for name, row in matrix().grants.items()
        if any(row[column] is Grant.ALLOWED for column in (*BOUND_ROLES, BOUND))
    }
    assert of_all == {"policy.read"}  # the rules themselves are everybody's


def test_no_role_may_do_everything_alone_but_admin() -> None:
    """Money and rules are apart: who writes the rules does not release the money."""
    may = matrix().grants
    assert may["policy.publish"]["finance"] is Grant.DENIED
    assert may["remedy.release"]["author"] is Grant.DENIED
    assert all(row["admin"] is not Grant.OWN for row in may.values())


@pytest.mark.parametrize("role", ROLES)
def test_every_console_operation_for_a_role(client: Client, database_url: str, role: str) -> None:
    """Denied is 403, whatever the id; allowed is anything but 403."""
    bound = f"{role}:m-1" if role in BOUND_ROLES else None
    operator.create_operator("rory", PASSWORD, role=role, account=bound)
    assert client.login(username="rory", password=PASSWORD)
    for each in CONSOLE:
        denied = matrix().grant(str(each.operation), [role]) is not Grant.ALLOWED or role in BOUND_ROLES
        status = _status(client, each)
        assert (status == 403) == denied, (each, role, status)


@pytest.mark.parametrize("scopes", [*((scope,) for scope in KEY_COLUMNS), ("events:write", "read")], ids=str)
def test_every_api_operation_for_a_key(client: Client, key: Key, scopes: tuple[str, ...]) -> None:
    """A key may what one of its scopes may; the rest is 403 with its code."""
    headers = key(*scopes)
    columns = [KEY_COLUMNS[scope] for scope in scopes]
    for each in API:
        denied = matrix().grant(str(each.operation), columns) is Grant.DENIED
        status = _status(client, each, headers)
        assert (status == 403) == denied, (each, scopes, status)
        assert status != 401


@pytest.mark.parametrize("role", ROLES)
def test_every_workbench_operation_for_a_role(client: Client, database_url: str, role: str) -> None:
    """The workbench is a merchant's: for any other role every page and change of it is 403."""
    bound = f"{role}:m-1" if role in BOUND_ROLES else None
    operator.create_operator("rory", PASSWORD, role=role, account=bound)
    assert client.login(username="rory", password=PASSWORD)
    assert WORKBENCH
    for each in WORKBENCH:
        status = _status(client, each)
        assert (status == 403) == (role != "merchant"), (each, role, status)


@pytest.mark.parametrize("role", ROLES)
def test_every_draft_operation_for_a_role(client: Client, database_url: str, role: str) -> None:
    """The draft checker is for everybody whose line says so, merchants and creators among them."""
    bound = f"{role}:m-1" if role in BOUND_ROLES else None
    operator.create_operator("rory", PASSWORD, role=role, account=bound)
    assert client.login(username="rory", password=PASSWORD)
    assert DRAFTS
    for each in DRAFTS:
        status = _status(client, each)
        assert (status == 403) == (matrix().grant(str(each.operation), [role]) is Grant.DENIED), (each, role, status)


def test_nobody_gets_nothing(client: Client, database_url: str) -> None:
    """Signed out one is sent to sign in; without a key, or with a wrong one, the API says 401."""
    for each in PAGES:
        assert _status(client, each) == 302, each
    for each in API:
        assert _status(client, each) == 401, each
        assert _status(client, each, {"Authorization": "Bearer gl_live_" + "0" * 32}) == 401, each


def test_an_account_without_a_role_may_nothing(client: Client, database_url: str) -> None:
    """A sign-in alone opens no page, not even one that is marked as staff."""
    from django.contrib.auth.models import User

    User.objects.create_superuser("ghost", password=PASSWORD)
    assert client.login(username="ghost", password=PASSWORD)
    for each in PAGES:
        assert _status(client, each) == 403, each


def test_what_the_command_line_asks_is_the_same_matrix() -> None:
    """A role that may is let through in silence; another is told which roles may."""
    require("finance", "remedy.release", "nina")
    with pytest.raises(GoldlineError, match="finance, admin") as caught:
        require("author", "remedy.release", "nina")
    assert caught.value.code == "forbidden"


def _status(client: Client, each: Address, headers: dict[str, str] | None = None) -> int:
    call = client.post if each.method == "post" else client.get
    status: int = call(each.path, headers=headers).status_code
    return status
