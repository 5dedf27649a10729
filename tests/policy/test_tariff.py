"""Tariffs and parameters: read, checked for gaps and overlaps, exact at every bound, kept with what was published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.policy.case import run_cases
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.pack import load, parse_pack
from goldline.core.policy.published import load_published, publish
from goldline.market.vocabulary import vocabulary
from tests.policy.book import pack

ROWS = """\
  { upto = "48 hours", rate = 0.01, floor = 2, cap = 50 },
  { over = "48 hours", upto = "240 hours", rate = 0.03, floor = 3, cap = 50 },
  { over = "240 hours", rate = 0.05 },
"""
BOOK = """\
[pack]
id       = "shop"
currency = "CNY"
title    = { en = "Shop", "zh-Hans" = "商城" }
cap      = "most"

[pack.parameters]
most = { type = "money", grade = "U", about = { en = "The most.", "zh-Hans" = "上限。" } }
wait = { type = "interval", grade = "U", about = { en = "The wait.", "zh-Hans" = "时限。" } }

[[tariff]]
id    = "late"
by    = "interval"
round = 0
rows  = [
ROWS]

[[promise]]
id      = "ship-by"
on      = "order"
title   = { en = "Ships", "zh-Hans" = "发货" }
about   = { en = "Ships.", "zh-Hans" = "发货。" }
clause  = "X:1"
grade   = "A2"
made_at = "paid_at"
due_at  = "ship_by"
kept_at = "picked_up_at"

[[promise.remedy]]
pay  = "tariff('late', ship_by - paid_at, paid_amount)"
as   = "coupon"
from = "'merchant'"

[[promise.remedy]]
pay  = "param('most')"
as   = "balance"
from = "'merchant'"

[[promise]]
id      = "answer"
on      = "order"
title   = { en = "Answers", "zh-Hans" = "答复" }
about   = { en = "Answers.", "zh-Hans" = "答复。" }
made_at = "refund_asked_at"
due_at  = "refund_asked_at + param('wait')"
kept_at = "refund_decided_at"
"""


def book(rows: str = ROWS) -> str:
    """The book with other rows."""
    return BOOK.replace("ROWS", rows)


def faults(rows: str, by: str = "interval") -> list[str]:
    """What is said of a tariff's rows."""
    with pytest.raises(PolicyError) as caught:
        pack(book(rows).replace('by    = "interval"', f'by    = "{by}"'))
    return [each.message for each in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("rows", "by", "message"),
    [
        ('{ upto = "2 h", rate = 0 }, { over = "3 h", rate = 0 }', "interval", "there is a gap"),
        ('{ upto = "2 h", rate = 0 }, { over = "1 h", rate = 0 }', "interval", "overlaps the one before"),
        ('{ rate = 0 }, { over = "1 h", rate = 0 }', "interval", "overlaps the one before"),
        ('{ upto = "2 h", rate = 0 }', "interval", "nothing is said over 2 h"),
        ('{ over = "2 h", rate = 0 }', "interval", "nothing is said up to 2 h"),
        ('{ upto = "2 h", rate = 0 }, { over = "2 h", upto = "1 h", rate = 0 }', "interval", "'upto' is not above"),
        ('{ upto = "soon", rate = 0 }, { rate = 0 }', "interval", "'soon' is not a length of time"),
        ("{ rate = -1 }", "interval", "'rate' must be a number of at least 0"),
        ("{ rate = 0.1, floor = 5, cap = 4 }", "interval", "'cap' is below 'floor'"),
        ("{ floor = 5 }", "interval", "the row has no 'rate'"),
        ("", "interval", "the tariff has no rows"),
        ('{ is = ["a"], rate = 0 }', "text", "the last row, and no other, is for all other words"),
        ('{ is = ["a"], rate = 0 }, { is = ["a"], rate = 0 }, { rate = 0 }', "text", "'a' is in two rows"),
        ("{ upto = 3, rate = 0 }, { rate = 0 }", "text", "'upto' does not fit a tariff by text"),
        ('{ is = ["a"], rate = 0 }', "number", "'is' does not fit a tariff by number"),
        ("{ rate = 0, rates = 1 }", "interval", "unknown key 'rates' in a row"),
    ],
)
def test_faults_of_rows(rows: str, by: str, message: str) -> None:
    """A gap, an overlap, an open end and a wrong value are named at their place."""
    assert any(message in each for each in faults(rows, by)), faults(rows, by)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tariff('lat', ship_by - paid_at, paid_amount)", "unknown tariff 'lat'"),
        ("tariff('late', paid_amount, paid_amount)", "the tariff 'late' goes by an interval"),
        ("tariff('late', ship_by - paid_at)", "tariff() takes an id, a key and a base"),
        ("tariff('late', ship_by - paid_at, ship_rule)", "tariff() takes as its base money"),
        ("param('mst')", "unknown parameter 'mst'"),
        ("param('wait')", "this must be money"),
        ("param(paid_amount)", "param() takes the name"),
    ],
)
def test_faults_of_use(text: str, message: str) -> None:
    """A name that is not there, and a type that does not fit, are refused where they stand."""
    with pytest.raises(PolicyError) as caught:
        pack(book().replace("param('most')", text))
    assert message in str(caught.value)


def test_what_needs_a_parameter_without_a_value_is_not_in_force() -> None:
    """A remedy sleeps alone; a promise whose clock needs the figure sleeps whole; nothing pretends to be official."""
    found = pack(book())
    assert [(each.policy, each.remedy, each.parameters) for each in found.dormant] == [
        ("shop.ship-by", 1, ("most",)), ("shop.answer", None, ("wait",)),
    ]  # fmt: skip
    assert [(each.id, len(each.remedies), each.cap_minor) for each in found.promises] == [("ship-by", 1, None)]
    assert [each.id for each in found.written] == ["ship-by", "answer"]
    assert (found.promises[0].clause, found.promises[0].grade) == ("X:1", "A2")


CHILD = """\
[pack]
id      = "ours"
extends = "base"
title   = { en = "Ours", "zh-Hans" = "我们" }

[pack.parameters]
most = 40
wait = "12 hours"

[[tariff]]
id   = "late"
by   = "interval"
rows = [{ rate = 0.5 }]
"""
CASES = """\
[[case]]
name   = "both remedies, held by the cap"
policy = "ship-by"
at     = 2026-08-20T00:00:00Z
facts  = { paid_at = 2026-08-01T00:00:00Z, ship_rule = "hours:48", paid_amount = 10 }
expect = { state = "broken", amount = 40 }

[[case]]
name   = "twelve hours"
policy = "answer"
at     = 2026-08-01T12:00:00Z
facts  = { refund_asked_at = 2026-08-01T00:00:00Z }
expect = { state = "broken", due_at = 2026-08-01T12:00:00Z }
"""


def family(folder: Path, child: str = CHILD) -> Path:
    """A pack beside the one it extends."""
    for name, text in (("base", book()), ("ours", child)):
        (folder / name).mkdir()
        (folder / name / "policies.toml").write_text(text, encoding="utf-8")
    (folder / "ours" / "cases.toml").write_text(CASES, encoding="utf-8")
    return folder / "ours"


def test_a_deployer_gives_the_values(tmp_path: Path, database: Connection[Any]) -> None:
    """A pack that extends another takes its promises under its own name, with its figures and tariffs."""
    found = load(family(tmp_path, CHILD.replace('"base"', '"../base"')), vocabulary())
    assert found.dormant == ()
    assert [(each.policy, each.cap_minor) for each in found.promises] == [("ours.ship-by", 4000), ("ours.answer", 4000)]
    assert [each.as_text() for each in run_cases(database, found) if not each.passed] == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("most = 40", "mst = 40", "there is no parameter 'mst' to give a value to"),
        ('wait = "12 hours"', "wait = 12", "'wait' must be a length of time"),
        ("most = 40", 'most = "much"', "'most' must be a number"),
        ('extends = "base"', 'extends = "bse"', "the pack 'bse' cannot be extended here"),
        ('extends = "base"', 'extends = "."', "the pack '.' cannot be extended here"),
    ],
)
def test_faults_of_an_extension(tmp_path: Path, old: str, new: str, message: str) -> None:
    """A value for nothing, of another type, or of a pack that is not there, is refused by name."""
    child = CHILD.replace(old, new).replace('"base"', '"../base"')
    with pytest.raises(PolicyError) as caught:
        load(family(tmp_path, child), vocabulary())
    assert any(message in each.message for each in caught.value.diagnostics), caught.value.as_text()


def test_published_figures_stay_what_they_were(tmp_path: Path, database: Connection[Any]) -> None:
    """What was published is loaded with the figures it was published with, and a changed figure is a new version."""
    own = parse_pack(book(), "shop", tmp_path / "policies.toml", vocabulary())
    now = datetime(2026, 5, 1, tzinfo=UTC)
    assert publish(database, own, vocabulary(), now) == 1
    assert load_published(database, vocabulary()).promises == own.promises
    dearer = parse_pack(book(ROWS.replace("0.05", "0.06")), "shop", tmp_path / "policies.toml", vocabulary())
    assert publish(database, dearer, vocabulary(), now) == 1
    assert publish(database, dearer, vocabulary(), now) == 0
    (standing,) = load_published(database, vocabulary()).promises
    assert standing.version == 2
    assert "0.06" in standing.remedies[0].pay.sql()


def test_a_circle_of_packs_is_refused(tmp_path: Path) -> None:
    """Packs that extend each other are no book."""
    for name, other in (("a", "../b"), ("b", "../a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policies.toml").write_text(CHILD.replace('"base"', f'"{other}"'), encoding="utf-8")
    with pytest.raises(GoldlineError, match="cannot be extended here"):
        load(tmp_path / "a", vocabulary())


@pytest.mark.parametrize("promised_s", [1, 172_800, 172_801, 864_000, 864_001])
@pytest.mark.parametrize("paid_minor", [0, 1, 4_999, 20_050, 166_650, 999_999_999])
def test_both_engines_give_the_same_amount(database: Connection[Any], promised_s: int, paid_minor: int) -> None:
    """PostgreSQL, DuckDB and a reckoning by hand agree at every bound."""
    pay = pack(book()).promises[0].remedies[0].pay
    start = datetime(2026, 8, 1, tzinfo=UTC)
    row = (
        f"(SELECT timestamptz '{start}' AS paid_at, timestamptz '{start + timedelta(seconds=promised_s)}' AS ship_by,"
        f" CAST({paid_minor} AS bigint) AS paid_amount) f"
    )
    found = database.execute(f"SELECT {pay.sql('postgres', 'f')} FROM {row}".encode()).fetchone()
    (other,) = duckdb.sql(f"SELECT {pay.sql('duckdb', 'f')} FROM {row}").fetchall()
    rate, floor, cap = _row(promised_s)
    by_hand = min(max(Decimal(paid_minor) * rate, floor * 100), cap * 100)
    whole_yuan = (by_hand / 100).quantize(Decimal(1), ROUND_HALF_UP) * 100
    assert found is not None
    assert (found[0], other[0]) == (whole_yuan, whole_yuan)


def _row(promised_s: int) -> tuple[Decimal, Decimal, Decimal]:
    if promised_s <= 172_800:
        return Decimal("0.01"), Decimal(2), Decimal(50)
    return (
        (Decimal("0.03"), Decimal(3), Decimal(50))
        if promised_s <= 864_000
        else (Decimal("0.05"), Decimal(0), Decimal("Infinity"))
    )
