"""Cases: a pack's own tests, judged by the engine's SQL."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.policy.case import run_cases
from goldline.core.policy.comparison import compare_cases, published_pack
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.pack import Pack, available, load
from goldline.core.policy.published import publish
from goldline.market.vocabulary import vocabulary
from tests.policy.book import BOOK, pack

Database = Connection[Any]
LATE = """
[[case]]
name   = "{name}"
policy = "ship-by"
facts  = {{ paid_at = 2026-03-01T00:00:00Z, paid_amount = 500.00, ship_stated = 2026-03-03T00:00:00Z{more} }}
at     = {at}
expect = {{ {expect} }}
"""


def late(expect: str, at: str = "2026-03-03T02:00:00Z", more: str = "", name: str = "late") -> str:
    """A case of an order that was to ship by 3 March."""
    return LATE.format(name=name, more=more, at=at, expect=expect)


def book(folder: Path, cases: str) -> Pack:
    """The book, with cases beside it."""
    (folder / "policies.toml").write_text(BOOK, encoding="utf-8")
    (folder / "cases.toml").write_text(cases, encoding="utf-8")
    return pack(folder=folder)


@pytest.mark.parametrize(
    "case",
    [
        late('state = "broken", amount = "5.00", bearer = "merchant", due_at = 2026-03-03T00:00:00Z, version = 1'),
        late('state = "pending", amount = 0', at="2026-03-03T01:59:59Z"),
        late('state = "broken", amount = 5', more=", picked_up_at = 2026-03-03T00:00:01Z"),
        late('state = "kept", amount = 0', more=", picked_up_at = 2026-03-03T00:00:00Z"),
        late('state = "excused"', more=", cancelled_at = 2026-03-02T00:00:00Z"),
        late('state = "broken", amount = 10', at="2026-03-05T02:00:00Z"),
        late('state = "pending", occurrence = 1', at="2026-03-05T01:00:00Z"),
        late('state = "broken", occurrence = 1', at="2026-03-05T02:00:00Z"),
        late('state = "none"', more=", merchant_id = 'm'").replace("paid_at = 2026-03-01T00:00:00Z, ", ""),
        late('state = "broken", version = 2, amount = 10, due_at = 2026-09-03').replace("-03-0", "-09-0"),
        late('state = "none"').replace("paid_at = 2026", "paid_at = 2025"),
        late('state = "broken", amount = 25, bearer = "carrier"',
             more=", picked_up_at = 2026-03-02, deliver_by = 2026-03-03").replace('"ship-by"', '"shop.deliver-by"'),
        late('state = "broken", bearer = "merchant"',
             more=", deliver_by = 2026-03-03").replace('"ship-by"', '"deliver-by"'),
    ],
)  # fmt: skip
def test_cases_come_true(database: Database, tmp_path: Path, case: str) -> None:
    """State, amount, bearer, deadline, version and further occurrences are judged as the engine judges them."""
    (result,) = run_cases(database, book(tmp_path, case))
    assert result.passed, result.as_text()
    assert result.as_text() == "ok    cases.toml:2: shop." + result.case.policy.partition(".")[2] + ": late"


def test_a_failure_shows_both_sides(database: Database, tmp_path: Path) -> None:
    """What was expected, what came, and the values that led to it."""
    (result,) = run_cases(database, book(tmp_path, late('state = "broken", amount = "4.00", bearer = "carrier"')))
    assert not result.passed
    lines = result.as_text().split("\n")
    assert lines[:4] == [
        "FAIL  cases.toml:2: shop.ship-by: late",
        "      state      expected broken                   actual broken",
        "    ! amount     expected 4.00                     actual 5.00",
        "    ! bearer     expected carrier                  actual merchant",
    ]
    assert "      clamp(paid_amount * 0.01, 2, 50) = 5.00 CNY" in lines


def test_faults_of_a_case_file_are_shown_together(database: Database, tmp_path: Path) -> None:
    """Unknown facts, promises, keys and wrong types, each with its place."""
    cases = (
        late('state = "broke"', more=", piad_at = 3")
        + late('state = "broken", amont = 3').replace('"ship-by"', '"shipby"')
        + late('state = "broken", amount = -1', more=", region = 3, delivered_at = 'soon', picked_up_at = 5").replace(
            "500.00", "0.001"
        )
        + "[[case]]\nname = 'x'\n"
    )
    with pytest.raises(PolicyError) as caught:
        run_cases(database, book(tmp_path, cases))
    assert [each.message for each in caught.value.diagnostics] == [
        "unknown fact 'piad_at'",
        "'state' cannot be 'broke'",
        "unknown promise 'shipby'",
        "'paid_amount' has more decimals than the currency",
        "'region' is of type text, and this value is not",
        "'delivered_at' must be a date or a time",
        "'picked_up_at' is of type instant, and this value is not",
        "'amount' is negative",
        "the case has no 'policy'",
        "the case has no 'facts'",
        "the case has no 'at'",
        "the case has no 'expect'",
    ]


def test_hundreds_of_cases_take_seconds(database: Database, tmp_path: Path) -> None:
    """Three hundred cases are one statement, and quick."""
    cases = "".join(late('state = "broken", amount = "5.00"', name=f"case {n}") for n in range(300))
    loaded = book(tmp_path, cases)
    begun = time.perf_counter()
    results = run_cases(database, loaded)
    assert [each.passed for each in results] == [True] * 300
    assert time.perf_counter() - begun < 5


def test_the_reference_page_is_true(database: Database, tmp_path: Path) -> None:
    """The pack and the case of the reference page load and pass as printed."""
    page = (Path(__file__).parents[2] / "docs/reference/policy-language.md").read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in page.split("```toml\n")[1:]]
    # The first block is a whole pack and the last its case; those between show a table each.
    policies, cases = blocks[0], blocks[-1]
    (tmp_path / "policies.toml").write_text(policies, encoding="utf-8")
    (tmp_path / "cases.toml").write_text(cases, encoding="utf-8")
    results = run_cases(database, load(tmp_path, vocabulary()))
    assert [each.as_text() for each in results] == ["ok    cases.toml:1: shop.ship-by: an hour late"]


def test_a_pack_without_cases(database: Database, tmp_path: Path) -> None:
    """No cases, no results."""
    assert run_cases(database, pack(folder=tmp_path)) == []


@pytest.mark.parametrize("name", available())
def test_packs_that_come_with_the_package(database: Database, name: str) -> None:
    """Every pack of the house loads, has cases, and passes them."""
    loaded = load(name, vocabulary())
    results = run_cases(database, loaded)
    assert [each.as_text() for each in results if not each.passed] == []
    tested = {each.case.policy for each in results}
    inherited = "extends" in loaded.path.read_text(encoding="utf-8")  # what it takes over is tried where it is written
    known = {each.policy for each in (*loaded.promises, *loaded.decisions)}
    assert tested <= known if inherited else tested == known


def test_both_sides_of_a_change(database: Database, tmp_path: Path) -> None:
    """A change that breaks a case shows what was decided before and now, and the value of every node of both."""
    before = book(tmp_path, late('state = "broken", amount = 5'))
    changed = BOOK.replace("clamp(paid_amount * 0.01, 2, 50)", "clamp(paid_amount * 0.02, 2, 50)")
    assert changed != BOOK
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "policies.toml").write_text(changed, encoding="utf-8")
    (tmp_path / "new" / "cases.toml").write_text(late('state = "broken", amount = 5'), encoding="utf-8")
    after = load(tmp_path / "new", vocabulary())
    (compared,) = compare_cases(database, after, before)
    assert (compared.changed, compared.now.passed) == (True, False)
    lines = [" ".join(line.split()) for line in compared.as_text("in force").split("\n")]
    assert lines[1] == "expected in force this pack"
    assert "! amount 5.00 5.00 10.00" in lines
    assert "state broken broken broken" in lines
    assert "- paid_amount * 0.01 = 5.00000000 CNY" in lines or any(
        line.startswith("- ") and "0.01" in line for line in lines
    )
    assert any(line.startswith("+ ") and "0.02" in line for line in lines)


def test_what_is_in_force_is_the_other_side(database: Database, tmp_path: Path) -> None:
    """A published pack is compared with itself without a change; one that was not has nothing to compare with."""
    found = book(tmp_path, late('state = "broken", amount = 5'))
    assert published_pack(database, found) is None
    publish(database, found, vocabulary(), datetime(2026, 1, 1, tzinfo=UTC))
    other = published_pack(database, found)
    assert other is not None
    (compared,) = compare_cases(database, found, other)
    assert (compared.changed, compared.now.passed) == (False, True)


def test_a_promise_the_other_has_not(database: Database, tmp_path: Path) -> None:
    """It is said so, and the case is judged all the same."""
    found = book(tmp_path, late('state = "broken", amount = 5'))
    other = replace(found, promises=tuple(each for each in found.promises if each.id != "ship-by"))
    (compared,) = compare_cases(database, found, other)
    assert (compared.changed, compared.before) == (True, None)
    assert "has no such promise" in compared.as_text("old")
