"""Deadlines resolved by the database, against an independent count and at their boundaries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core.calendar import load_calendar
from tests.calendar import oracle

ZONES = ["Asia/Shanghai", "America/Sao_Paulo", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]
RULES = st.one_of(
    st.integers(1, 8784).map("hours:{}".format),
    st.sampled_from(["same_day", "next_day", "hours:24", "hours:48"]),
    st.times().map(lambda t: f"same_day@{t:%H:%M}"),
    st.integers(0, 366).map("days:{}".format),
    st.integers(1, 366).map("working_days:{}".format),
)
Database = Connection[tuple[Any, ...]]
# One database serves all examples: they only read.
READING = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def resolve(database: Database, rule: str | None, start: datetime | None, zone: str | None) -> datetime | None:
    """What the database says."""
    row = database.execute("SELECT goldline.deadline(%s, %s, %s)", [rule, start, zone]).fetchone()
    assert row is not None
    result: datetime | None = row[0]
    return result


def problem(database: Database, rule: str | None, zone: str | None) -> str | None:
    """What the checking function says."""
    row = database.execute("SELECT goldline.deadline_problem(%s, %s)", [rule, zone]).fetchone()
    assert row is not None
    result: str | None = row[0]
    return result


def local(text: str, zone: str, fold: int = 0) -> datetime:
    """The instant of a clock reading."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def near_turns() -> st.SearchStrategy[datetime]:
    """Instants within three days of a turning of the clocks, where mistakes live."""
    turns = [
        datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia loses a day
        datetime(2018, 2, 18, 2, tzinfo=UTC),  # São Paulo: 23:00 to 24:00 happens twice
        datetime(2018, 11, 4, 3, tzinfo=UTC),  # São Paulo: midnight is skipped
        datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe, half an hour
    ]
    seconds = st.integers(-3 * 86_400, 3 * 86_400)
    return st.builds(lambda turn, s: turn + timedelta(seconds=s), st.sampled_from(turns), seconds)


INSTANTS = near_turns() | st.integers(631_152_000_000_000, 2_082_758_400_000_000).map(  # 1990 to 2036
    lambda micros: datetime.fromtimestamp(micros / 1_000_000, UTC)
)
SCRIBBLES = st.text(st.sampled_from("hours:days_wrkingmextTZ@/0123456789 \n"), max_size=24)
NO_ZONES = ["Mars/Olympus", "asia/shanghai", "", "+08:00", "EST5EDT4,M3.2.0,M11.1.0"]


@READING
@example("days:1", datetime(2011, 12, 29, 12, tzinfo=UTC), "Pacific/Apia")
@example("days:0", datetime(2018, 2, 18, 0, 30, tzinfo=UTC), "America/Sao_Paulo")
@given(rule=RULES, start=INSTANTS, zone=st.sampled_from(ZONES))
def test_agrees_with_an_independent_count(clock: Database, rule: str, start: datetime, zone: str) -> None:
    """For every rule, zone and instant, turnings of the clock included, two independent counts are equal."""
    assert resolve(clock, rule, start, zone) == oracle.deadline(rule, start, zone)


@READING
@given(
    rule=st.text(st.sampled_from("hours:days_wrkingmextTZ@/0123456789 \n"), max_size=24) | RULES,
    zone=st.sampled_from([*ZONES, "Mars/Olympus", "asia/shanghai", "", "+08:00"]),
)
def test_null_exactly_when_there_is_a_problem(clock: Database, rule: str, zone: str) -> None:
    """A deadline is null if and only if the checking function has a sentence to say why."""
    missing = resolve(clock, rule, datetime(2026, 6, 18, 4, tzinfo=UTC), zone) is None
    assert missing == (problem(clock, rule, zone) is not None)


@pytest.mark.parametrize(
    ("rule", "paid", "due"),
    [
        ("same_day", "2026-06-18T15:59:59", "2026-06-18T23:59:59"),
        ("same_day", "2026-06-18T15:59:59.999999", "2026-06-18T23:59:59"),
        ("same_day", "2026-06-18T16:00:00", "2026-06-19T23:59:59"),
        ("same_day", "2026-06-18T16:00:00.000001", "2026-06-19T23:59:59"),
        ("same_day@00:00", "2026-06-18T00:00:00", "2026-06-19T23:59:59"),
        ("same_day@12:30", "2026-06-18T12:29:59", "2026-06-18T23:59:59"),
        ("same_day@12:30", "2026-06-18T12:30:00", "2026-06-19T23:59:59"),
        ("same_day", "2026-12-31T16:00:00", "2027-01-01T23:59:59"),
        ("next_day", "2026-06-18T00:00:00", "2026-06-19T23:59:59"),
        ("next_day", "2026-06-17T23:59:59", "2026-06-18T23:59:59"),
        ("days:0", "2026-06-18T23:59:59", "2026-06-18T23:59:59"),
        ("days:3", "2028-02-27T08:00:00", "2028-03-01T23:59:59"),
        ("hours:48", "2026-06-18T16:00:00", "2026-06-20T16:00:00"),
        ("hours:120", "2026-06-18T16:00:00", "2026-06-23T16:00:00"),
        ("working_days:1", "2026-06-12T09:00:00", "2026-06-15T23:59:59"),
        ("working_days:1", "2026-06-13T09:00:00", "2026-06-15T23:59:59"),
        ("working_days:5", "2026-06-08T23:59:59", "2026-06-15T23:59:59"),
    ],
)
def test_boundaries_in_shanghai(clock: Database, rule: str, paid: str, due: str) -> None:
    """Both sides of the cut-off, of midnight, of the year and of the weekend; no calendar is loaded."""
    assert resolve(clock, rule, local(paid, "Asia/Shanghai"), None) == local(due, "Asia/Shanghai")


@pytest.mark.parametrize("zone", ZONES)
def test_cut_off_is_on_the_local_clock(clock: Database, zone: str) -> None:
    """One microsecond on either side of 16:00 there, not here."""
    cut_off = local("2026-06-18T16:00:00", zone)
    before = resolve(clock, "same_day", cut_off - timedelta(microseconds=1), zone)
    assert before == local("2026-06-18T23:59:59", zone)
    assert resolve(clock, "same_day", cut_off, zone) == local("2026-06-19T23:59:59", zone)


def test_a_skipped_day_ends_with_the_next(clock: Database) -> None:
    """Samoa had no 30 December 2011: what was due that day is due at the end of the 31st."""
    start = local("2011-12-29T10:00:00", "Pacific/Apia")
    assert resolve(clock, "next_day", start, "Pacific/Apia") == local("2011-12-31T23:59:59", "Pacific/Apia")


def test_an_end_of_day_that_happens_twice_is_the_second(clock: Database) -> None:
    """When São Paulo turned back from midnight to 23:00, the day ended an hour later."""
    start = local("2018-02-17T10:00:00", "America/Sao_Paulo")
    expected = local("2018-02-17T23:59:59", "America/Sao_Paulo", fold=1)
    assert resolve(clock, "days:0", start, "America/Sao_Paulo") == expected
    assert expected == datetime(2018, 2, 18, 2, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("rule", [None, "hours:48", "same_day", "nonsense"])
def test_null_in_null_out(clock: Database, rule: str | None) -> None:
    """Without a start there is no deadline, and without a rule there is none and no problem."""
    assert resolve(clock, rule, None, "Asia/Shanghai") is None
    assert resolve(clock, None, datetime(2026, 1, 1, tzinfo=UTC), "Asia/Shanghai") is None
    assert problem(clock, None, "Mars/Olympus") is None


@pytest.mark.parametrize(
    ("rule", "zone", "words"),
    [
        ("tomorrow", None, "'tomorrow' is not known"),
        ("hours:0", None, "is not known"),
        ("hours:8785", None, "longer than 8784 hours"),
        ("days:367", None, "longer than 366 days"),
        ("working_days:999", None, "longer than 366 days"),
        ("working_days:0", None, "is not known"),
        ("same_day@24:00", None, "is not known"),
        ("same_day\n", None, "is not known"),
        ("working_days:3/moon", None, "'moon' of the deadline rule is not loaded"),
        ("next_day", "Mars/Olympus", "'Mars/Olympus' is not known"),
    ],
)
def test_problems_are_said(clock: Database, rule: str, zone: str | None, words: str) -> None:
    """What cannot be resolved gives null and a sentence that names it."""
    assert resolve(clock, rule, datetime(2026, 1, 1, tzinfo=UTC), zone) is None
    assert words in (problem(clock, rule, zone) or "")


def test_the_marketplace_zone_stands_in(database: Database) -> None:
    """An order without a zone is judged in the marketplace's, which can be set and cannot be set wrongly."""
    start = datetime(2026, 6, 18, 12, tzinfo=UTC)
    assert resolve(database, "days:0", start, None) == local("2026-06-18T23:59:59", "Asia/Shanghai")
    database.execute("UPDATE goldline.marketplace SET zone = 'Asia/Kathmandu'")
    assert resolve(database, "days:0", start, None) == local("2026-06-18T23:59:59", "Asia/Kathmandu")
    with pytest.raises(Exception, match="time_zone"):
        database.execute("UPDATE goldline.marketplace SET zone = 'Mars/Olympus'")


def test_hours_are_inlined_and_safe_in_parallel(clock: Database) -> None:
    """The plan of a rule in hours calls no function of ours, and parallel workers may resolve every rule."""
    plan = clock.execute("EXPLAIN (VERBOSE) SELECT goldline.deadline('hours:72', now(), NULL)").fetchall()
    assert "deadline" not in str(plan).partition("Output")[2]
    unsafe = clock.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'goldline'::regnamespace AND proparallel <> 's'"
        " AND proname IN ('deadline', 'end_of_day_deadline', 'working_day_after', 'weekday_after')"
    ).fetchall()
    assert unsafe == []


def test_working_days_pass_over_spring_festival(database: Database) -> None:
    """Before Spring Festival 2026 the next working day is the make-up Saturday, and then the festival's end."""
    load_calendar(database, "default", "CN", [2026])
    friday = local("2026-02-13T10:00:00", "Asia/Shanghai")
    assert resolve(database, "working_days:1", friday, None) == local("2026-02-14T23:59:59", "Asia/Shanghai")
    assert resolve(database, "working_days:2", friday, None) == local("2026-02-24T23:59:59", "Asia/Shanghai")
    national = local("2026-09-30T10:00:00", "Asia/Shanghai")
    assert resolve(database, "working_days:1", national, None) == local("2026-10-08T23:59:59", "Asia/Shanghai")
    assert resolve(database, "working_days:3", national, None) == local("2026-10-10T23:59:59", "Asia/Shanghai")


def test_working_days_agree_with_the_count_across_calendars(database: Database) -> None:
    """Inside, at both edges and outside of a loaded calendar, for every count up to 366."""
    load_calendar(database, "china", "CN", [2025, 2026])
    rows = database.execute("SELECT day, working FROM goldline.calendar_day WHERE calendar = 'china'").fetchall()
    working: dict[date, bool] = dict(rows)  # type: ignore[arg-type]
    days = ["2023-05-01", "2024-12-20", "2024-12-31", "2025-01-25", "2026-02-14", "2026-12-30", "2027-01-02"]
    for start in (local(f"{day}T12:00:00", "Asia/Shanghai") for day in days):
        for count in (*range(1, 40), 120, 260, 366):
            rule = f"working_days:{count}/china"
            expected = oracle.deadline(rule, start, "Asia/Shanghai", working)
            assert resolve(database, rule, start, "Asia/Shanghai") == expected, (rule, start)
