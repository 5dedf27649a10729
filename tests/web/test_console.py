"""The operator's pages, empty."""

from __future__ import annotations

import pytest
from django.test import Client

PAGES = ["", "live", "findings", "orders", "remedies", "deliveries", "quarantine", "policies"]


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_when_nothing_has_happened(operator_client: Client, page: str, language: str) -> None:
    """An empty installation has pages that help, in both languages, not errors."""
    response = operator_client.get(f"/console/{page}", {"lang": language})
    assert response.status_code == 200
    assert response.headers["Content-Language"] == language
