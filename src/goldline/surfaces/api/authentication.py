"""Who calls the API: `Authorization: Bearer gl_live_…`, and what that key may do of an operation."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from goldline.core import apikey
from goldline.core.audit import Actor
from goldline.core.errors import GoldlineError
from goldline.surfaces.web.access import Access
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.permission import BOUND, KEY_COLUMNS, Grant, matrix


class BearerKey(HttpBearer):
    """Requires a live key that may do an operation. Raises GoldlineError 'unauthorised' or 'forbidden'."""

    openapi_name = "BearerKey"

    def __init__(self, operation: str) -> None:
        super().__init__()
        if operation not in matrix().grants:
            raise KeyError(f"{operation!r} is not an operation of permissions.toml")
        self.operation = operation

    def authenticate(self, request: HttpRequest, token: str) -> apikey.ApiKey:
        """The key; ninja keeps it as `request.auth`, and what it may do is `request.access`."""
        connection = engine()
        key = apikey.identify(connection, token)
        request.access = _access(key, self.operation)  # type: ignore[attr-defined]
        apikey.touch(connection, key)
        return key


def _access(key: apikey.ApiKey, operation: str) -> Access:
    columns = (BOUND,) if key.account is not None else tuple(KEY_COLUMNS[scope] for scope in key.scopes)
    grant = matrix().grant(operation, columns)
    if grant is Grant.DENIED:
        raise GoldlineError(
            f"The API key {key.name!r} may not do {operation!r}.",
            code="forbidden",
            hint="Ask for a key whose scopes allow it.",
        )
    account = key.account if grant is Grant.OWN else None
    return Access(operation, Actor("key", key.name), "+".join(columns), account)


def caller(request: HttpRequest) -> apikey.ApiKey:
    """The key of an authenticated request."""
    key: apikey.ApiKey = request.auth  # type: ignore[attr-defined]
    return key


def access_of(request: HttpRequest) -> Access:
    """What the key of an authenticated request may do."""
    found: Access = request.access  # type: ignore[attr-defined]
    return found
