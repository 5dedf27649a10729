"""Pages under rules about parcels: each promise says of which parcel it is, with the number masked."""

from __future__ import annotations

import pytest
from django.test import Client

from .market import open_market
from .test_hall import path_of, text_of


@pytest.fixture
def parcels(database_url: str) -> None:
    """The small market, judged by rules about parcels."""
    open_market(database_url, pack="baseline")


@pytest.mark.usefixtures("parcels")
def test_the_consumer_sees_each_parcel(client: Client) -> None:
    """Title, parcel and carrier of a promise; the parcel's whole number is nowhere on the page."""
    for language, name in (("en", "Parcel …ng · c-3"), ("zh-Hans", "包裹 …ng · c-3")):
        response = client.get(path_of("moving"), {"lang": language})
        text = text_of(response)
        assert name in text
        assert "p-moving" not in response.content.decode()
    assert "中转不停滞" in text


@pytest.mark.usefixtures("parcels")
def test_the_operator_sees_each_parcel(operator_client: Client) -> None:
    """The console's page of the order holds the parcel's promises, and its lists lead to the order."""
    text = text_of(operator_client.get("/console/orders/delivered"))
    assert "Parcel p-…ered · c-3" in text
    assert "baseline.transit" in text
    for page in ("/console/findings", "/console/remedies", "/console/orders"):
        response = operator_client.get(page)
        assert response.status_code == 200
        assert "%7C" not in response.content.decode()
