"""Laws of ladders: what stands decides, whatever happened on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from goldline.core.account.sanction import Violation, climb, preview, sanctions
from goldline.core.ledger.accrual import derived_id
from goldline.core.policy.ladder import Ladder, Measure, Step

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = tuple(Step(nth, (Measure(0, action, 86_400, None, None, None, linked=False),))
              for nth, action in ((1, "warning"), (2, "fee"), (4, "eviction")))  # fmt: skip


def ladder(window_s: int | None = 0, spacing_s: int = 0, zone: str = "UTC") -> Ladder:
    """A ladder of three steps over one rule."""
    return Ladder(
        "law.stock", 1, "law", "merchant_day", {}, {}, ("law.missing",), window_s, zone, spacing_s, None, None, STEPS,
        "CNY",
    )  # fmt: skip


def violation(days: float, name: str = "") -> Violation:
    """A violation so many days into the year, found two days later."""
    at = JANUARY + timedelta(days=days)
    return Violation(derived_id(days, name), "merchant:m1", "law.missing", at, at + timedelta(days=2))


days = st.lists(st.integers(0, 800), max_size=12, unique=True)
windows = st.sampled_from([0, None, 14 * 86_400, 30 * 86_400])


@given(days, windows, st.sampled_from([0, 7 * 86_400]), st.randoms())
def test_order_of_arrival_does_not_matter(told: list[int], window_s: int | None, spacing_s: int, draw: object) -> None:
    """The same violations give the same sanctions, in whatever order they became known."""
    own = [violation(each) for each in told]
    shuffled = own.copy()
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (list(sanctions([ladder(window_s, spacing_s)], each)) for each in (own, shuffled))
    assert one == other
    assert len({each.id for each in one}) == len(one)


@given(days, windows, st.data())
def test_what_was_overturned_leaves_no_trace(told: list[int], window_s: int | None, data: st.DataObject) -> None:
    """Counting what stands is counting as if what fell away had never been."""
    own = [violation(each) for each in told]
    kept = [each for each in own if data.draw(st.booleans())]
    by_ladder = [reached.nth for reached in climb(ladder(window_s), kept)]
    alone = [sum(_within(window_s, other, each) for other in kept if other.at <= each.at)
             for each in sorted(kept, key=lambda each: each.at)]  # fmt: skip
    assert by_ladder == alone


def _within(window_s: int | None, earlier: Violation, later: Violation) -> bool:
    if window_s is None:
        return earlier.at.year == later.at.year
    return window_s == 0 or (later.at - earlier.at).total_seconds() < window_s


def test_the_calendar_year_is_the_packs_own() -> None:
    """New year's eve in Shanghai begins the count again, eight hours before it does in London."""
    own = [violation(364.0), violation(364 + 17 / 24)]
    assert [each.nth for each in climb(ladder(None, zone="Asia/Shanghai"), own)] == [1, 1]
    assert [each.nth for each in climb(ladder(None, zone="UTC"), own)] == [1, 2]


def test_a_window_of_thirty_days_forgets_on_the_thirtieth() -> None:
    """A violation exactly as far back as the window is long no longer counts; a second less, it does."""
    month_s = 30 * 86_400
    assert [each.nth for each in climb(ladder(month_s), [violation(0), violation(30)])] == [1, 1]
    assert [each.nth for each in climb(ladder(month_s), [violation(0), violation(30 - 1 / 86_400)])] == [1, 2]


def test_time_to_mend_belongs_to_the_violation_before() -> None:
    """Within the spacing nothing more is counted; at its end the next one is."""
    told = [violation(0), violation(6.9), violation(7), violation(13)]
    assert [each.nth for each in climb(ladder(spacing_s=7 * 86_400), told)] == [1, 2]


def test_a_step_holds_until_the_next() -> None:
    """The third violation repeats the second's step, the fifth the fourth's."""
    own = [violation(each) for each in range(5)]
    assert [each.measure.action for each in sanctions([ladder()], own)] == [
        "warning",
        "fee",
        "fee",
        "eviction",
        "eviction",
    ]


def test_the_next_step_is_told_beforehand() -> None:
    """What one more violation would bring, now."""
    own = [violation(each) for each in range(3)]
    nth, step = preview(ladder(), own, JANUARY + timedelta(days=5))
    assert (nth, step) == (4, STEPS[2])
    assert preview(ladder(30 * 86_400), own, JANUARY + timedelta(days=60)) == (1, STEPS[0])
