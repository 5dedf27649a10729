"""The scene of the decision tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.decision.scene import Scene, open_scene


@pytest.fixture
def scene(database_url: str) -> Iterator[Scene]:
    """The shop, without orders yet."""
    found = open_scene(database_url)
    try:
        yield found
    finally:
        found.connection.close()
