"""The throttle: a burst, then one at a time; each caller apart; bounded memory. And what the guarantee page says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from goldline.surfaces.hall import view
from goldline.surfaces.hall.link import link_for
from goldline.surfaces.web.throttle import Throttle

from .test_hall import text_of


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """The page's own throttle, full before and after."""
    view.THROTTLE.forget()
    yield
    view.THROTTLE.forget()


def test_a_burst_and_then_one_at_a_time() -> None:
    """So many at once, then as time goes by; waiting is told in whole seconds and costs nothing."""
    throttle = Throttle(burst=3, per_s=0.5)
    assert [throttle.wait_s("a", 10.0) for _ in range(5)] == [0, 0, 0, 2, 2]
    assert throttle.wait_s("a", 11.0) == 1
    assert throttle.wait_s("a", 12.0) == 0
    assert throttle.wait_s("a", 12.0) == 2
    assert [throttle.wait_s("a", 1000.0) for _ in range(4)] == [0, 0, 0, 2]


def test_callers_are_counted_apart() -> None:
    """One who asks too often harms nobody else."""
    throttle = Throttle(burst=1, per_s=1.0)
    assert (throttle.wait_s("a", 0.0), throttle.wait_s("a", 0.0), throttle.wait_s("b", 0.0)) == (0, 1, 0)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """Time never empties a bucket, nor fills it twice."""
    throttle = Throttle(burst=1, per_s=1.0)
    assert (throttle.wait_s("a", 5.0), throttle.wait_s("a", 1.0)) == (0, 1)


def test_memory_is_bounded() -> None:
    """Beyond so many callers the quietest is forgotten."""
    throttle = Throttle(burst=1, per_s=0.001, callers_max=2)
    assert [throttle.wait_s(each, 0.0) for each in "abc"] == [0, 0, 0]
    assert throttle.wait_s("c", 0.0) > 0
    assert throttle.wait_s("a", 0.0) == 0


def test_a_link_opened_too_often_is_told_to_wait(market: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same link from the same place gets 429 with a time to wait; from another place it opens."""
    assert market
    monkeypatch.setattr(view, "THROTTLE", Throttle(burst=2, per_s=0.001))
    path = "/g/" + link_for("late").rpartition("/g/")[2]
    assert [client.get(path).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get(path, {"lang": "zh-Hans"})
    assert int(refused.headers["Retry-After"]) > 0
    assert "no-store" in refused.headers["Cache-Control"]
    assert "此页面打开过于频繁" in text_of(refused)
    assert client.get(path, REMOTE_ADDR="203.0.113.9").status_code == 200
