"""Windows: facts of an owner's day that sum another over the days before it, as SQL."""

from __future__ import annotations

from collections.abc import Mapping

from goldline.core.facts.merge import Window
from goldline.core.facts.subject import Aggregate


def windows(aggregate: type[Aggregate]) -> Mapping[str, Window]:
    """The windows of an aggregate, by the name of the fact that holds the sum."""
    return {name: fact.window for name, fact in aggregate.windows().items() if fact.window is not None}


def reach(aggregate: type[Aggregate]) -> int:
    """How many days a day's counts are summed in, itself included."""
    return max([1, *(window.days + window.ago for window in windows(aggregate).values())])


def within(day: str, of: str, window: Window) -> str:
    """Whether one day lies in the window of another."""
    return f"{day} BETWEEN {of} - {window.days - 1 + window.ago} AND {of} - {window.ago}"


def rolling(window: Window) -> str:
    """The sum of a window for every row of a set that holds an owner's days."""
    return (
        f"coalesce(sum({window.fact}) OVER (PARTITION BY owner ORDER BY day RANGE BETWEEN"
        f" '{window.days - 1 + window.ago} days' PRECEDING AND '{window.ago} days' PRECEDING), 0)"
    )


def summed(window: Window, row: str, of: str) -> str:
    """The sum of a window over rows of one owner, as an aggregate."""
    return f"coalesce(sum({row}.{window.fact}) FILTER (WHERE {within(f'{row}.day', of, window)}), 0)"


def edges(window: Window) -> tuple[int, int]:
    """Which days, counted back from a day, are in its window and not in that of the day before, and the reverse."""
    return window.ago, window.ago + window.days


def of_owner(whose: str, first: str, last: str) -> str:
    """The days `r` of one owner from first to last.

    As pairs, which only the way to an owner's days leads to. Of plain conditions the planner, as long as it knows
    nothing of a new table, takes the way to a day, and reads everybody's days for each row it wants.
    """
    return (
        f"r.owner = {whose}.owner AND (r.owner, r.day) >= ({whose}.owner, {first})"
        f" AND (r.owner, r.day) <= ({whose}.owner, {last})"
    )
