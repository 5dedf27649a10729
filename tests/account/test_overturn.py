"""A bad policy is taken back as a whole: rehearsed exactly, in bites that can be resumed, with nobody forgotten."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from goldline.core import audit
from goldline.core.account.actor import Actor
from goldline.core.account.docket import settle
from goldline.core.account.massoverturn import Selection, begin, find, go_on, rehearse, run
from goldline.core.database import connect
from goldline.core.errors import GoldlineError
from goldline.core.settings import Settings
from goldline.surfaces import countersign
from tests.account.shop import keep_house, orders, scanned
from tests.account.test_docket import FOUND, acting
from tests.account.tribunal import PACK, SHOP, appealed, findings
from tests.laws.world import World, hours, pack_of

ADA = Actor("person", "ada")


def standing(world: World) -> dict[str, Any]:
    """What holds at the end: sanctions that stand, gates, balances, with what makes two replays comparable."""
    return {
        "sanctions": world.rows(
            "SELECT id, account, action, nth, value, amount_minor, starts_at, ends_at, released_at FROM sanction"
            " WHERE revoked_at IS NULL ORDER BY id"
        ),
        "gates": world.rows("SELECT account, gate, state, value, until, sanctions FROM gate WHERE state <> 'open'"
                            " ORDER BY 1, 2"),
        "money": world.rows("SELECT account, sum(amount_minor) FROM posting GROUP BY 1 HAVING sum(amount_minor) <> 0"
                            " ORDER BY 1"),
    }  # fmt: skip


def many(world: World, count: int = 5) -> None:
    """Two bad days of some shops, and one good shop."""
    for day in (0, 10):
        for number in range(count):
            world.feed(orders(day, 4, merchant=f"m{number}"))
        world.feed(orders(day, 4, shipped=4, merchant="good"))
        keep_house(world, hours(24 * day + FOUND))


def test_a_rehearsal_says_exactly_what_happens(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings, sanctions, money and gates are those of the run that follows, and the rehearsal itself writes none."""
    monkeypatch.setattr("goldline.core.account.massoverturn.BITE_ACCOUNTS", 2)
    with World(database_url, pack_of(PACK)) as world:
        many(world)
        before, now = standing(world), hours(240 + FOUND + 2)
        foretold = list(rehearse(world.connection, world.words, Selection("law.missing"), now))
        world.connection.commit()
        assert standing(world) == before
        assert len(foretold) == 3, "five accounts in bites of two"
        ident = begin(world.connection, Selection("law.missing"), "The rule was wrong.", ADA, now)
        world.connection.commit()
        last = list(run(world.connection, world.words, ident, now))[-1]
        whole = foretold[0].plus(foretold[1]).plus(foretold[2])
        assert (last.findings, last.revoked, last.imposed) == (10, len(whole.revoked), len(whole.imposed))
        assert sum(amount for (account, _), amount in whole.money.items() if account != "platform") == 50_000
        assert last.moved == {"CNY": 50_000}
        assert standing(world) == {"sanctions": [], "gates": [], "money": []}
        assert {before for before, _ in whole.gates.values()} == {"closed", "limited"}
        assert world.rows("SELECT DISTINCT status FROM finding WHERE policy = 'law.missing'") == [("overturned",)]


def test_a_mass_overturning_goes_on_where_it_stopped(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after a bite, another run does the rest, once; a third does nothing."""
    monkeypatch.setattr("goldline.core.account.massoverturn.BITE_ACCOUNTS", 2)
    with World(database_url, pack_of(PACK)) as world:
        many(world)
        now = hours(240 + FOUND + 2)
        ident = begin(world.connection, Selection("law.missing"), "The rule was wrong.", ADA, now)
        world.connection.commit()
        assert next(run(world.connection, world.words, ident, now)).findings == 4
        assert list(run(world.connection, world.words, ident, now))[-1].findings == 10
        assert [each.findings for each in run(world.connection, world.words, ident, now)] == [10]
        world.connection.commit()
        assert world.value("SELECT count(*) FROM audit WHERE action = 'finding.overturned'") == 10
        assert find(world.connection, ident).done_at == now


def test_a_worker_at_the_same_accounts_changes_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While findings are taken back, others work the same accounts out again and again: the end is the same."""
    monkeypatch.setattr("goldline.core.account.massoverturn.BITE_ACCOUNTS", 1)
    with World(database_url, pack_of(PACK)) as world:
        many(world)
        now, faults, ending = hours(240 + FOUND + 2), [], threading.Event()
        ident = begin(world.connection, Selection("law.missing", until=hours(FOUND + 1)), "It was wrong.", ADA, now)
        world.connection.commit()

        again = (
            "INSERT INTO account_due (account) SELECT DISTINCT 'merchant:' || merchant_id FROM finding"
            " WHERE merchant_id IS NOT NULL ON CONFLICT DO NOTHING"
        )

        def settle_on() -> None:
            with connect(database_url) as connection:
                while not ending.is_set():
                    try:
                        connection.execute(again)
                        connection.commit()
                        settle(connection, world.words, world.engine.ruleset, now)
                    except psycopg.errors.DeadlockDetected:
                        connection.rollback()
                    except psycopg.Error as fault:
                        faults.append(fault)
                        return

        threads = [threading.Thread(target=settle_on) for _ in range(2)]
        for each in threads:
            each.start()
        done = list(run(world.connection, world.words, ident, now))[-1]
        ending.set()
        for each in threads:
            each.join(30)
        assert faults == []
        assert done.findings == 5
        assert sorted(acting(world)) == [("fee", 1)] * 5 + [("freeze_funds", 1)] * 5
        assert world.value("SELECT sum(amount_minor) FROM posting WHERE account <> 'platform'") == -50_000


def test_only_what_was_selected_falls(database_url: str) -> None:
    """By the time of finding: the first of two violations falls, the second stands and is the first now."""
    with World(database_url, pack_of(PACK)) as world:
        many(world, 1)
        now = hours(240 + FOUND + 2)
        chosen = Selection("law.missing", version=1, until=hours(FOUND + 1))
        ident = begin(world.connection, chosen, "The rule was wrong.", ADA, now)
        world.connection.commit()
        assert list(run(world.connection, world.words, ident, now))[-1].findings == 1
        assert acting(world) == [("freeze_funds", 1), ("fee", 1)]


def test_an_appeal_that_waits_is_answered_by_it(database_url: str) -> None:
    """Whoever had objected to such a finding is told that it fell, and no reviewer is asked."""
    with World(database_url, pack_of(PACK)) as world:
        world.feed(orders(0, 4))
        keep_house(world, hours(FOUND))
        appealed(world, findings(world)[0], hours(FOUND + 1))
        ident = begin(world.connection, Selection("law.missing"), "The rule was wrong.", ADA, hours(FOUND + 2))
        world.connection.commit()
        list(run(world.connection, world.words, ident, hours(FOUND + 2)))
        assert world.rows("SELECT a.state, c.state FROM appeal a JOIN review_case c ON c.subject = a.id::text") == [
            ("overturned", "dropped")]  # fmt: skip


def test_a_machine_begins_no_mass_overturning(database_url: str) -> None:
    """It needs a person, a reason, and something to take back."""
    with World(database_url, pack_of(PACK)) as world:
        many(world, 1)
        for actor, why, policy, code in (
            (SHOP, "Wrong.", "law.missing", "needs_person"), (ADA, " ", "law.missing", "invalid"),
            (ADA, "Wrong.", "law.nothing", "not_found"),
        ):  # fmt: skip
            with pytest.raises(GoldlineError, check=lambda fault, code=code: fault.code == code):
                begin(world.connection, Selection(policy), why, actor, hours(500))


def tallies(world: World) -> dict[str, int]:
    """What is counted of the rule, by verdict; none of it may be below nothing."""
    rows = world.rows("SELECT state::text, sum(subjects) FROM tally WHERE policy = 'law.missing' GROUP BY 1")
    assert all(number >= 0 for _, number in rows)
    return {state: number for state, number in rows if number}


def recounted(world: World) -> dict[str, int]:
    """The same, counted anew from the verdicts and the findings."""
    rows = world.rows(
        "SELECT CASE WHEN f.status = 'overturned' AND d.v_law__missing_0 = 'b' THEN 'o'"
        " ELSE d.v_law__missing_0::text END, count(*) FROM fact_merchant_day d LEFT JOIN finding f"
        " ON f.partition = d.partition AND f.key = d.key AND f.policy = 'law.missing'"
        " WHERE d.v_law__missing_0 IS NOT NULL GROUP BY 1"
    )
    return dict(rows)


def test_what_is_taken_back_is_not_counted_as_broken(database_url: str) -> None:
    """From the transaction that overturns it; not in a rehearsal; and evidence that comes later keeps it exact."""
    with World(database_url, pack_of(PACK)) as world:
        many(world, 2)
        now, chosen = hours(240 + FOUND + 2), Selection("law.missing", until=hours(FOUND + 1))
        before = tallies(world)
        assert before["b"] == 4
        assert before == recounted(world)
        list(rehearse(world.connection, world.words, chosen, now))
        world.connection.commit()
        assert tallies(world) == before
        ident = begin(world.connection, chosen, "The rule was wrong.", ADA, now)
        world.connection.commit()
        list(run(world.connection, world.words, ident, now))
        assert tallies(world) == {**before, "b": 2, "o": 2} == recounted(world)
        world.feed([scanned(f"m0-0-{number}", 20) for number in range(3)])
        keep_house(world, now)
        assert tallies(world) == recounted(world)
        assert (tallies(world)["o"], tallies(world)["b"]) == (1, 2)
        world.feed([scanned(f"m0-10-{number}", 260) for number in range(3)])
        keep_house(world, now)
        assert tallies(world) == recounted(world)
        assert tallies(world)["b"] == 1
        ident = begin(world.connection, Selection("law.missing"), "All of it was wrong.", ADA, now)
        world.connection.commit()
        list(run(world.connection, world.words, ident, now))
        assert tallies(world) == recounted(world)
        assert "b" not in tallies(world)


def test_a_worker_goes_on_with_what_was_begun(database_url: str) -> None:
    """A bite at a time, until all is done; after that there is nothing to do."""
    with World(database_url, pack_of(PACK)) as world:
        many(world, 1)
        now = hours(240 + FOUND + 2)
        ident = begin(world.connection, Selection("law.missing"), "The rule was wrong.", ADA, now)
        world.connection.commit()
        while go_on(world.connection, world.words, now):
            world.connection.commit()
        assert find(world.connection, ident).done_at == now
        assert "b" not in tallies(world)


OLGA, NINA = audit.Actor("operator", "olga"), audit.Actor("operator", "nina")


@pytest.mark.parametrize(("limit", "alone"), [("CNY=500.00", True), ("CNY=499.99", False)])
def test_much_money_needs_a_second_person(
    database_url: str, monkeypatch: pytest.MonkeyPatch, limit: str, alone: bool
) -> None:
    """Up to the amount one begins it alone; above it another approves exactly what was rehearsed, and it begins."""
    monkeypatch.setattr(countersign, "settings", lambda: Settings(two_persons="on", alone_limits=(limit,)))
    with World(database_url, pack_of(PACK)) as world:
        many(world)
        now, chosen = hours(240 + FOUND + 2), Selection("law.missing")
        done = countersign.overturn(world.connection, OLGA, chosen, "The rule was wrong.", now)
        world.connection.commit()
        assert (done.begun is not None, done.asked is None) == (alone, alone)
        if done.asked is None:
            return
        assert (done.asked.payload["findings"], done.asked.payload["amounts"]) == (10, ["CNY 50000"])
        assert world.rows("SELECT * FROM mass_overturn") == []
        with pytest.raises(GoldlineError) as caught, world.connection.transaction():
            countersign.approve(world.connection, OLGA, "admin", done.asked.id, now)
        assert caught.value.code == "self_approval"
        countersign.approve(world.connection, NINA, "admin", done.asked.id, now)
        world.connection.commit()
        assert world.rows("SELECT policy, actor FROM mass_overturn") == [("law.missing", "person:nina")]
        while go_on(world.connection, world.words, now):
            world.connection.commit()
        assert world.value("SELECT moved ->> 'CNY' FROM mass_overturn") == "50000"


def test_what_changed_since_it_was_asked_for_is_not_begun(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of the findings fell meanwhile: nothing is begun, and it has to be asked for again."""
    monkeypatch.setattr(countersign, "settings", lambda: Settings(two_persons="on", alone_limits=("CNY=300.00",)))
    with World(database_url, pack_of(PACK)) as world:
        many(world)
        now = hours(240 + FOUND + 2)
        asked = countersign.overturn(world.connection, OLGA, Selection("law.missing"), "Wrong.", now).asked
        assert asked is not None
        # The first findings alone move no fee: the second ones become the first.
        early = Selection("law.missing", until=hours(FOUND + 1))
        assert countersign.overturn(world.connection, OLGA, early, "Wrong.", now).begun is not None
        world.connection.commit()
        while go_on(world.connection, world.words, now):
            world.connection.commit()
        with pytest.raises(GoldlineError) as caught, world.connection.transaction():
            countersign.approve(world.connection, NINA, "admin", asked.id, now)
        assert caught.value.code == "changed"
