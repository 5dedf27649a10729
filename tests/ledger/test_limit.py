"""Budgets and breakers in the books: what is charged, what is given back, and a breaker that trips and is released."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.judge.notice import notify_tripped
from goldline.core.ledger import clearing, settlement
from goldline.core.ledger.accrual import Candidate, derived_id
from goldline.core.ledger.book import accrue
from goldline.core.ledger.limit import breakers, release_breaker
from goldline.core.ledger.settlement import Answer
from goldline.core.policy.published import load_published, publish
from goldline.market.vocabulary import vocabulary
from tests.outbox.stock import NOW
from tests.policy.book import edited, pack

Database = Connection[tuple[Any, ...]]
POLICY = "shop.ship-by"
LIMITS = (
    ("limit = 100000 }", "limit = 20 }"),
    ("limit = 5000 }", "limit = 8 }"),
)  # 20.00 CNY a month, 8.00 CNY an hour
UNLIMITED_HOUR = (LIMITS[0], ("limit = 5000 }", "limit = 9000 }"))
HOUR = timedelta(hours=1)


def candidates(numbers: Sequence[int], amount_minor: int = 500) -> list[Candidate]:
    """Remedies of 5.00 CNY that the tariff asks for."""
    return [
        Candidate(derived_id("finding", n), POLICY, f"o-{n}", 0, "coupon", f"consumer:c-{n}", "merchant:m-1",
                  amount_minor, "CNY", "CNY", mixed=False, cap_minor=None, judged_at=NOW, root=f"o-{n}")
        for n in numbers
    ]  # fmt: skip


def ask(database: Database, numbers: Sequence[int], *, limits: Any = LIMITS, at: Any = NOW) -> list[str]:
    """Accrue under the published book, as a step would; the policies whose breaker tripped."""
    promises = edited(*limits).split("\n[[promise]]\n")
    del promises[2]  # the book's second version, which has no limits
    publish(database, pack("\n[[promise]]\n".join(promises)), vocabulary(), NOW)
    first = next(p for p in load_published(database, vocabulary()).promises if p.policy == POLICY)
    return accrue(database, 0, candidates(numbers), {POLICY: first}, at)


def spent(database: Database) -> dict[date, int]:
    """What each period was charged."""
    return dict(database.execute("SELECT period, spent_minor FROM budget").fetchall())


def standing(database: Database) -> list[tuple[str, str, str | None]]:
    """Key, state and reason of every remedy."""
    return database.execute("SELECT key, state, why FROM remedy ORDER BY key").fetchall()  # type: ignore[return-value]


def test_a_refusal_gives_the_budget_back(database: Database) -> None:
    """What a provider refuses is no longer spent, in the period it was charged to; a second word changes nothing."""
    ask(database, [1, 2], limits=UNLIMITED_HOUR)
    assert spent(database) == {date(2026, 11, 1): 1000}
    refused = [Answer(0, candidates([1])[0].remedy_id, "closed")]
    assert len(settlement.refuse(database, refused, NOW + timedelta(days=40))) == 1
    assert settlement.refuse(database, refused, NOW) == []
    settlement.pay(database, [Answer(0, candidates([2])[0].remedy_id, "ref")], NOW)
    assert spent(database) == {date(2026, 11, 1): 500}
    assert clearing.clearing_balance(database) == {}


def test_a_refusal_gives_nothing_back_that_was_not_charged(database: Database) -> None:
    """A remedy accrued while its policy had no budget leaves a later budget as it is."""
    ask(database, [1], limits=UNLIMITED_HOUR)
    database.execute("UPDATE remedy SET budget_period = NULL")
    settlement.refuse(database, [Answer(0, candidates([1])[0].remedy_id, "closed")], NOW)
    assert spent(database) == {date(2026, 11, 1): 500}


def test_a_release_is_charged_to_the_budget_of_its_day(database: Database) -> None:
    """What was held for want of budget is charged to the period it is let go in, even past its limit."""
    ask(database, range(5), limits=UNLIMITED_HOUR)
    assert standing(database)[4] == ("o-4", "held", "budget")
    later = NOW + timedelta(days=30)
    assert clearing.release_held(database, [candidates([4])[0].remedy_id], "ana", later) == 1
    assert spent(database) == {date(2026, 11, 1): 2000, date(2026, 12, 1): 500}
    settlement.refuse(database, [Answer(0, candidates([4])[0].remedy_id, "closed")], later + HOUR)
    assert spent(database) == {date(2026, 11, 1): 2000, date(2026, 12, 1): 0}


def test_a_release_without_a_budget_charges_none(database: Database) -> None:
    """A budget that the policy has given itself since, and nobody has drawn on, is left alone."""
    ask(database, range(5), limits=UNLIMITED_HOUR)
    database.execute("DELETE FROM budget")
    assert clearing.release_held(database, [candidates([4])[0].remedy_id], "ana", NOW) == 1
    row = database.execute("SELECT budget_period FROM remedy WHERE key = 'o-4'").fetchone()
    assert (row, spent(database)) == ((None,), {})


def test_a_tripped_breaker_holds_until_it_is_released(database: Database) -> None:
    """It trips once, holds what follows in any window, and after its release lets what follows flow."""
    assert ask(database, [1, 2]) == [POLICY]
    assert ask(database, [3], at=NOW + 3 * HOUR) == []
    assert standing(database) == [("o-1", "accrued", None), ("o-2", "held", "breaker"), ("o-3", "held", "breaker")]
    (tripped,) = breakers(database)
    assert (tripped.policy, tripped.tripped_at, tripped.held) == (POLICY, NOW, 2)
    release_breaker(database, POLICY, "ana", NOW + 4 * HOUR, why="a flood that was real")
    (free,) = breakers(database)
    assert (free.tripped_at, free.why, free.window_minor) == (None, None, 0)
    assert (free.released_at, free.released_by, free.released_why) == (NOW + 4 * HOUR, "ana", "a flood that was real")
    assert ask(database, [4], at=NOW + 4 * HOUR) == []
    assert standing(database)[3] == ("o-4", "accrued", None)


def test_letting_held_remedies_go_does_not_trip_the_breaker_again(database: Database) -> None:
    """What a person lets go is charged to the budget and not counted by the breaker."""
    ask(database, [1, 2, 3])
    release_breaker(database, POLICY, "ana", NOW)
    ids = clearing.held_by_breaker(database, POLICY)
    assert clearing.release_held(database, ids, "ana", NOW) == 2
    assert clearing.held_by_breaker(database, POLICY) == []
    assert spent(database) == {date(2026, 11, 1): 1500}
    (free,) = breakers(database)
    assert (free.tripped_at, free.window_minor) == (None, 0)
    assert clearing.clearing_balance(database) == {"CNY": 1500}


@pytest.mark.parametrize(("by", "code"), [("  ", "no_name"), ("ana", "not_tripped")])
def test_only_what_has_tripped_is_released_and_by_somebody(database: Database, by: str, code: str) -> None:
    """No name, no release; a breaker that holds nothing back cannot be released."""
    ask(database, [1])
    with pytest.raises(GoldlineError) as fault:
        release_breaker(database, POLICY, by, NOW)
    assert fault.value.code == code


def test_a_trip_is_told_once(database: Database) -> None:
    """An endpoint that listens to breakers gets one message a trip, whose id is made from policy and time."""
    database.execute("INSERT INTO endpoint (url, topics, secrets) VALUES ('https://a.example/', '{breaker.*}', '{s}')")
    for at in (NOW, NOW, NOW + HOUR):
        notify_tripped(database, 1, [POLICY], at)
    rows = database.execute("SELECT key, topic, payload FROM outbox ORDER BY id").fetchall()
    assert [row[1] for row in rows] == ["breaker.tripped", "breaker.tripped"]
    assert rows[0][2] == {
        "policy": POLICY, "tripped_at": NOW.isoformat(), "why": "accruals in the window passed the limit",
    }  # fmt: skip
    ids = [f"{derived_id(POLICY, 'breaker.tripped', at.isoformat())}:1" for at in (NOW, NOW + HOUR)]
    assert [row[0] for row in rows] == ids
