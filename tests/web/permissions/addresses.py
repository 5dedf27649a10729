"""Every address of the house: console and pages from the URL configuration, the API from its own description."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from goldline.surfaces.api.authentication import BearerKey
from goldline.surfaces.api.service import api


@dataclass(frozen=True)
class Address:
    """One address. `operation` is None where nobody is asked who they are; `method` what the API or a form uses."""

    name: str
    path: str
    method: str
    operation: str | None


# What stands in an address for a part of it: nothing of that id is there, so what is permitted answers 404 or says so.
PARTS = {
    "remedy_id": "00000000-0000-0000-0000-000000000001",
    "outbox_id": "1",
    "quarantine_id": "1",
    "approval_id": "1",
    "endpoint_id": "1",
    "decision_id": "00000000-0000-0000-0000-000000000002",
    "cluster": "00000000-0000-0000-0000-000000000006",
    "sanction_id": "00000000-0000-0000-0000-000000000003",
    "name": "instant-refund",
    "appeal_id": "00000000-0000-0000-0000-000000000004",
    "case_id": "00000000-0000-0000-0000-000000000005",
    "sha256": "0" * 64,
    "filter_id": "1",
    "move": "note",
    "finding_id": "00000000-0000-0000-0000-000000000004",
    "policy": "olist.handover",
    "order_id": "o-1",
    "gate": "sales",
    "account": "merchant:m-1",
}


def pages() -> list[Address]:
    """Every address that is not the API's."""
    return sorted(_walk(get_resolver(), "", ""), key=lambda each: each.path)


def _walk(resolver: URLResolver, prefix: str, space: str) -> Iterator[Address]:
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            inside = f"{space}{each.namespace}:" if each.namespace else space
            yield from _walk(each, route, inside)
        elif isinstance(each, URLPattern):
            yield _page(each, route, space)


def _page(pattern: URLPattern, route: str, space: str) -> Address:
    operation = getattr(pattern.callback, "operation", None)
    changes = bool(operation) and not str(operation).endswith(".read")
    return Address(f"{space}{pattern.name}", "/" + _filled(route), "post" if changes else "get", operation)


def _filled(route: str) -> str:
    parts = []
    for piece in route.split("/"):
        name = piece.strip("<>").partition(":")[2] if piece.startswith("<") else ""
        parts.append(PARTS.get(name, "x") if name else piece)
    return "/".join(parts)


def calls() -> list[Address]:
    """Every operation of the API; one without a key's check has no operation."""
    found = []
    for _, router in api._routers:
        for path, view in router.path_operations.items():
            for each in view.operations:
                name, operation = each.view_func.__name__, _asked(each.auth_callbacks)
                found += [
                    Address(name, f"/v1/{_formatted(path)}", method.lower(), operation) for method in each.methods
                ]
    return sorted(found, key=lambda each: each.path)


def _formatted(path: str) -> str:
    """The path with something in place of each '{name}' or '{<converter>:name}'."""
    return re.sub(r"{(?:\w+:)?(\w+)}", lambda found: PARTS[found[1]], path).strip("/")


def _asked(callbacks: list[Callable[..., Any]]) -> str | None:
    return next((each.operation for each in callbacks if isinstance(each, BearerKey)), None)
