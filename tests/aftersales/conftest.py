"""Marketplaces by the rules of the two packs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary
from tests.laws.world import World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A marketplace by the baseline rules, where every clock has a value."""
    with World(database_url, load("baseline", vocabulary())) as found:
        yield found


@pytest.fixture
def douyin(database_url: str) -> Iterator[World]:
    """A marketplace by the rules of douyin."""
    with World(database_url, load("douyin", vocabulary())) as found:
        yield found
