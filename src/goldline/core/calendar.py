"""Working calendars: which days count, for deadlines in working days.

Deadlines themselves are resolved in the database, by `deadline(rule, start, zone)` of calendar.sql, so that every
caller gets the same instant. This module fills the calendars it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import holidays
from psycopg import Connection

from goldline.core.errors import GoldlineError

DEFAULT: Final = "default"
"""The calendar of rules that name none. Until it is loaded, Monday to Friday are its working days."""

# The `holidays` package answers nothing beyond these, and says so to nobody.
_FIRST_YEAR: Final = 1990
_LAST_YEAR: Final = 2100
_COPY: Final = "COPY goldline.calendar_day (calendar, day, working, ordinal, note) FROM STDIN"
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)


class CalendarError(GoldlineError):
    """A calendar cannot be loaded: its name, country or years are not usable."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a calendar. `note` names the holiday, or says that a weekend day is worked to make up for one."""

    day: date
    working: bool
    note: str | None

    @property
    def make_up(self) -> bool:
        """Whether it is a Saturday or Sunday worked in exchange for a day off (调休)."""
        return self.working and self.note is not None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load_calendar` wrote. `make_up` is 0 for a Chinese year whose exchanged days are not announced yet."""

    name: str
    first: date
    last: date
    working: int
    make_up: int


def load_calendar(connection: Connection[Any], name: str, country: str, years: Iterable[int]) -> Loaded:
    """Fill the calendar `name` with the public holidays of a country (ISO 3166, 'CN' or 'BR') for whole years.

    What the calendar held before is replaced, in the caller's transaction. Deadlines already resolved stay as they
    are: a promise is not moved by a later calendar. Raises CalendarError.
    """
    if _NAME.fullmatch(name) is None:
        raise CalendarError(
            f"{name[:60]!r} cannot name a calendar.",
            code="calendar_name_invalid",
            hint="Use up to 40 letters, digits, dots, dashes and underscores.",
        )
    days = list(country_days(country, years))
    connection.execute("DELETE FROM goldline.calendar_day WHERE calendar = %s", [name])
    ordinal = 0
    with connection.cursor().copy(
        "COPY goldline.calendar_day (calendar, day, working, ordinal, note) FROM STDIN"
    ) as rows:
        for each in days:
            ordinal += each.working
            rows.write_row((name, each.day, each.working, ordinal, each.note))
    return Loaded(name, days[0].day, days[-1].day, ordinal, sum(each.make_up for each in days))


def country_days(country: str, years: Iterable[int]) -> Iterator[Day]:
    """Every day of the years, first to last without a gap, by the `holidays` package.

    China's exchanged days (调休) are in the package from the yearly notices of the State Council; a year not
    announced yet has its statutory holidays only. Raises CalendarError.
    """
    wanted = sorted(set(years))
    _check_years(wanted)
    try:
        known = holidays.country_holidays(country, years=wanted, language="en_US")
    except NotImplementedError:
        raise CalendarError(
            f"No public holidays are known for {country[:40]!r}.",
            code="country_unknown",
            hint="Use the two capital letters of ISO 3166, such as CN, BR or DE.",
        ) from None
    day = date(wanted[0], 1, 1)
    while day.year <= wanted[-1]:
        yield _day(known, day)
        day += timedelta(days=1)


def _check_years(years: list[int]) -> None:
    # A gap would put wrong ordinals on both its sides.
    whole = bool(years) and years == list(range(years[0], years[-1] + 1))
    if not whole or not _FIRST_YEAR <= years[0] <= years[-1] <= _LAST_YEAR:
        raise CalendarError(
            f"A calendar is loaded for years in a row between {_FIRST_YEAR} and {_LAST_YEAR}.",
            code="years_invalid",
            hint="Name every year from the first to the last, such as 2024 to 2027.",
        )


def _day(known: holidays.HolidayBase, day: date) -> Day:
    working = known.is_working_day(day)
    note = known.get(day)
    if working:
        note = "make-up working day" if known.is_weekend(day) else None
    return Day(day, working, note)
