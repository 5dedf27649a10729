"""The demo's rule book: it loads, and every case beside it comes true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import Connection

from goldline.core.policy.case import run_cases
from goldline.core.policy.pack import Pack, load
from goldline.market.vocabulary import vocabulary

FOLDER = Path(__file__).parents[2] / "src/goldline/market/packs/demo"


def demo_pack() -> Pack:
    """The pack as a user gets it."""
    return load(FOLDER / "policies.toml", vocabulary())


def test_every_case_comes_true(database: Connection[tuple[Any, ...]]) -> None:
    """State, amount and bearer at each boundary, from both sides."""
    results = run_cases(database, demo_pack())
    assert len(results) >= 40
    assert [result.as_text() for result in results if not result.passed] == []


def test_every_promise_has_cases_and_is_said_in_both_languages(database: Connection[tuple[Any, ...]]) -> None:
    """No promise without a kept and a broken case; titles and sentences in English and Chinese."""
    pack = demo_pack()
    states = {(result.case.policy, result.actual["state"]) for result in run_cases(database, pack)}
    for promise in pack.promises:
        assert {(promise.policy, "kept"), (promise.policy, "broken")} <= states
        assert set(promise.title) == set(promise.about) == {"en", "zh-Hans"}
