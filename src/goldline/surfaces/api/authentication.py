"""Who calls the API: `Authorization: Bearer gl_live_…`, and what that key may do."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from goldline.core import apikey
from goldline.surfaces.web.engine import engine


class BearerKey(HttpBearer):
    """Requires a live key with one scope. Raises GoldlineError 'unauthorised' or 'forbidden'."""

    openapi_name = "BearerKey"

    def __init__(self, scope: apikey.Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> apikey.ApiKey:
        """The key; ninja keeps it as `request.auth`."""
        connection = engine()
        key = apikey.authenticate(connection, token, self.scope)
        apikey.touch(connection, key)
        return key


def caller(request: HttpRequest) -> apikey.ApiKey:
    """The key of an authenticated request."""
    key: apikey.ApiKey = request.auth  # type: ignore[attr-defined]
    return key
