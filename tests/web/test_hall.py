"""The consumer's guarantee page."""

from __future__ import annotations

import pytest
from django.test import Client

from goldline.surfaces.hall.link import link_for

from .market import open_market


@pytest.mark.parametrize("order_id", ["running", "delivered", "late", "cancelled", "moving"])
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_x(client: Client, database_url: str, order_id: str, language: str) -> None:
    """x."""
    open_market(database_url)
    path = link_for(order_id).removeprefix("http://localhost:8000")
    response = client.get(path, {"lang": language})
    assert response.status_code == 200, response.content.decode()
