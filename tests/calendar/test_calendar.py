"""Working calendars, as loaded from the public holidays of a country."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.calendar import CalendarError, country_days, load_calendar

# From the State Council's yearly notices, typed in by hand: weekend days worked in exchange for days off.
MAKE_UP = {
    2023: ["01-28", "01-29", "04-23", "05-06", "06-25", "10-07", "10-08"],
    2024: ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    2025: ["01-26", "02-08", "04-27", "09-28", "10-11"],
}


@pytest.mark.parametrize("year", MAKE_UP)
def test_make_up_days_are_the_announced_ones(year: int) -> None:
    """Exactly the exchanged weekend days of the notices are worked, no other Saturday or Sunday."""
    worked = [f"{each.day:%m-%d}" for each in country_days("CN", [year]) if each.make_up]
    assert worked == MAKE_UP[year]


def test_days_off_have_names() -> None:
    """A holiday is not worked and says which it is; a plain weekend says nothing."""
    days = {each.day: each for each in country_days("CN", [2024])}
    assert days[date(2024, 2, 12)].working is False
    assert "Spring Festival" in (days[date(2024, 2, 12)].note or "")
    assert (days[date(2024, 3, 2)].working, days[date(2024, 3, 2)].note) == (False, None)


def test_ordinals_count_working_days(database: Connection[tuple[Any, ...]]) -> None:
    """Every day is there once, and its ordinal is the number of working days up to and including it."""
    loaded = load_calendar(database, "cn", "CN", range(2023, 2026))
    rows = database.execute(
        "SELECT ordinal, sum(working::int) OVER (ORDER BY day), day - lag(day) OVER (ORDER BY day)"
        " FROM goldline.calendar_day WHERE calendar = 'cn' ORDER BY day"
    ).fetchall()
    assert len(rows) == 365 + 366 + 365
    assert all(ordinal == counted for ordinal, counted, _ in rows)
    assert {step for *_, step in rows[1:]} == {1}
    assert (loaded.working, loaded.make_up) == (rows[-1][0], sum(map(len, MAKE_UP.values())))


def test_loading_again_replaces(database: Connection[tuple[Any, ...]]) -> None:
    """A second load of the same changes nothing; another country takes the name over whole."""
    load_calendar(database, "shop", "CN", [2024, 2025])
    first = database.execute("SELECT * FROM goldline.calendar_day ORDER BY day").fetchall()
    load_calendar(database, "shop", "CN", [2024, 2025])
    assert database.execute("SELECT * FROM goldline.calendar_day ORDER BY day").fetchall() == first
    load_calendar(database, "shop", "BR", [2026])
    row = database.execute("SELECT min(day), max(day), count(*) FROM goldline.calendar_day").fetchone()
    assert row == (date(2026, 1, 1), date(2026, 12, 31), 365)


@pytest.mark.parametrize(
    ("name", "country", "years", "code"),
    [
        ("two words", "CN", [2026], "calendar_name_invalid"),
        ("", "CN", [2026], "calendar_name_invalid"),
        ("cn", "XX", [2026], "country_unknown"),
        ("cn", "CN", [], "years_invalid"),
        ("cn", "CN", [2024, 2026], "years_invalid"),
        ("cn", "CN", [2100, 2101], "years_invalid"),
    ],
)
def test_wrong_requests_leave_the_calendar_alone(
    database: Connection[tuple[Any, ...]], name: str, country: str, years: Iterable[int], code: str
) -> None:
    """A name, country or run of years that cannot be loaded is refused before anything is written."""
    load_calendar(database, "cn", "CN", [2026])
    with pytest.raises(CalendarError) as refused:
        load_calendar(database, name, country, years)
    assert refused.value.code == code
    assert database.execute("SELECT count(*) FROM goldline.calendar_day").fetchone() == (365,)
