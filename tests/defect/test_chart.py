"""The chart of defects: what is normal, what the season explains, when it alarms, and how it fares beside baselines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from goldline.market.defect import Charting, alarms, exposure_of, prior_of, season_of, statistics
from goldline.study.batch import NEVER, Market, Past, simulate
from goldline.study.interception import compare

CALM = Market(items=300, days=200, season=0.0, weekly=0.0, campaigns=0, defective=0.0)


def drawn_of(cases: np.ndarray, orders: np.ndarray, charting: Charting) -> np.ndarray:
    """The statistic of one category, everybody speaking on the day of delivery."""
    prior = prior_of(cases[:, :60].sum(axis=1), orders[:, :60].sum(axis=1))
    return statistics(cases, orders, season_of(cases, orders, prior, charting), prior, charting)


def even(items: int = 30, days: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Items that sell fifty a day, one in fifty complained of."""
    return np.ones((items, days)), np.full((items, days), 50.0)


def test_the_prior_is_what_the_items_were_drawn_from() -> None:
    """Mean and strength of the category come back from cases and orders alone."""
    past = simulate(replace(CALM, items=3_000, orders_a_day=20.0), 1)
    prior = prior_of(past.cases.sum(axis=1), past.delivered.sum(axis=1))
    assert prior.mean == pytest.approx(0.02, rel=0.05)
    assert prior.strength == pytest.approx(150, rel=0.15)


def test_items_that_do_not_differ_give_a_prior_that_does_not_bend() -> None:
    """Without spread beyond chance an item's few cases move nothing; without orders there is a prior too."""
    prior = prior_of(np.full(50, 20.0), np.full(50, 1_000.0))
    assert (prior.mean, prior.strength) == (0.02, 1e6)
    assert prior_of(np.zeros(3), np.zeros(3)).strength == 1.0
    assert prior_of(np.zeros(3), np.full(3, 100.0)).mean == pytest.approx(0.5 / 300)


def test_exposure_is_neither_made_nor_lost() -> None:
    """Deliveries are spread over the days on which buyers speak, and sum to what was delivered."""
    delivered = np.zeros((1, 40))
    delivered[0, 3] = 100.0
    spread = exposure_of(delivered, CALM.profile)
    assert spread.sum() == pytest.approx(100.0)
    assert not spread[0, :3].any()
    assert spread[0, 3] > spread[0, 10] > 0


def test_a_bad_lot_alarms_and_its_neighbours_do_not() -> None:
    """Four times the normal complaints pass the limit within days, and only for the item that has them."""
    cases, orders = even()
    cases[7, 100:] = 4.0
    charting = Charting()
    found = alarms(drawn_of(cases, orders, charting), cases, orders, charting)
    assert found[0].item == 7
    assert 101 <= found[0].day <= 105
    assert {each.item for each in found} == {7}
    assert found[0].cases >= 4 * (found[0].day - 99)


def test_what_befalls_the_whole_category_is_the_season() -> None:
    """A campaign that doubles everybody's complaints alarms nobody; the same for one item alone does."""
    charting = Charting()
    together, orders = even(days=170)
    together[:, 100:] = 2.0
    assert not alarms(drawn_of(together, orders, charting), together, orders, charting)
    alone, _ = even(days=170)
    alone[0, 100:] = 2.0
    assert alarms(drawn_of(alone, orders, charting), alone, orders, charting)


def test_two_voices_are_not_enough() -> None:
    """However rare complaints are, the chart waits for the third buyer."""
    cases, orders = np.zeros((40, 120)), np.full((40, 120), 5.0)
    cases[0, 100] = 2.0
    charting = Charting(run_length_days=3.0)
    assert not alarms(drawn_of(cases, orders, charting), cases, orders, charting)
    cases[0, 100] = 3.0
    assert alarms(drawn_of(cases, orders, charting), cases, orders, charting)


def test_having_always_been_bad_is_no_excuse() -> None:
    """An item at six times its category from its first day on alarms, though its own past is the same."""
    cases, orders = even()
    cases[3] = 6.0
    charting = Charting()
    assert {each.item for each in alarms(drawn_of(cases, orders, charting), cases, orders, charting)} == {3}


@pytest.mark.parametrize("run_length_days", [300.0, 3_000.0])
def test_false_alarms_are_rarer_than_the_run_length_allows(run_length_days: float) -> None:
    """In a calm category the alarms are no more than one an item in the average run length asked for."""
    charting = Charting(run_length_days=run_length_days, least_cases=1)
    past = simulate(replace(CALM, strength=1e5), 3)
    exposure = exposure_of(past.delivered, CALM.profile)
    found = alarms(drawn_of(past.cases, exposure, charting), past.cases, exposure, charting)
    assert len(found) <= past.cases.size / run_length_days


def test_a_market_is_the_same_for_the_same_seed_and_bad_lots_are_worse() -> None:
    """What is simulated can be simulated again, and shows more complaints where the lot is bad."""
    market = Market(items=100, days=250, defective=0.5)
    one, two = simulate(market, 5), simulate(market, 5)
    assert np.array_equal(one.cases, two.cases)
    assert (one.bad_from != NEVER).any()
    assert _rate(one, bad=True) > 1.7 * _rate(one, bad=False)


def _rate(past: Past, *, bad: bool) -> float:
    shown = ~past.clean if bad else past.clean
    if bad:  # only the days on which the lot was sold, and the days after until most have spoken
        days = np.arange(past.cases.shape[1])
        shown = shown & (days < past.bad_from[:, None] + past.lot_days + 5)
    return float(past.cases[shown].sum() / past.delivered[shown].sum())


def test_at_equal_false_alarms_it_is_sooner_than_the_baselines() -> None:
    """Set to the same false alarms, the chart catches more batches and sooner than three sigma or a fixed rate do."""
    found = {each.method: each for each in compare(Market(items=200), 1.0, [1, 2], [3, 4])}
    for baseline in ("sigma", "threshold", "category"):
        assert found["chart"].delay_days < found[baseline].delay_days
        assert found["chart"].caught > found[baseline].caught
