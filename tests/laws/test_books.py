"""The books: they balance, a second run changes nothing, late evidence moves charges, a replay decides alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.provider import LedgerProvider
from goldline.core.partition import claim
from goldline.market.vocabulary import vocabulary
from tests.checkers.checker import check
from tests.checkers.digest import digest
from tests.checkers.replay import copy_inbox, differences
from tests.laws.scenario import SCENARIOS, life, order, scan
from tests.laws.world import EARLY, END, World, demo_pack, hours

LATER = timedelta(hours=1)


def told(lives: int = 60) -> list[bytes]:
    """All stories, and some lives."""
    stories = [each(f"s{n}p0") for n, story in enumerate(SCENARIOS.values()) for each in story]
    return stories + [each(f"s{seed + 100}p0") for seed in range(lives) for _, each in life(seed)]


def pay_all(world: World, url: str) -> None:
    """Pay what is owed, out of our own books."""
    world.connection.commit()
    with Dispatcher(url, {"*": LedgerProvider()}, kinds=("payout",)) as dispatcher:
        dispatcher.run_until_idle(END + LATER)


def test_books_balance(database_url: str) -> None:
    """After stories of every kind are judged and paid: every entry balances, clearing is empty, nothing waits."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        events = told()
        world.feed(events)
        world.step(END)
        pay_all(world, database_url)
        report = check(world.connection)
        assert report.ok, str(report)
        assert world.value("SELECT count(*) FROM remedy WHERE state = 'paid'") > 100
        assert world.value("SELECT sum(amount_minor) FROM posting WHERE account = 'clearing:payout'") == 0
        assert world.value("SELECT sum(amount_minor) FROM posting WHERE account LIKE 'consumer:%%'") == world.value(
            "SELECT sum(amount_minor) FROM remedy WHERE state = 'paid'"
        )


def test_an_unbalanced_entry_is_refused(database_url: str) -> None:
    """The table itself refuses money from nowhere."""
    with World(database_url) as world:
        with pytest.raises(psycopg.errors.CheckViolation, match="do not balance"):
            world.rows(
                "INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, posted_at)"
                " VALUES (0, gen_random_uuid(), 0, 'platform', 'CNY', 1, 'fund', now()) RETURNING id"
            )
        world.connection.rollback()


def test_an_entry_is_posted_once(database_url: str) -> None:
    """The same entry written a second time is refused by its key, and the same payout queued a second time too."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed(told(5))
        world.step(END)
        again = {
            "posting": "partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at",
            "outbox": "partition, kind, key, topic, payload, created_at",
            "remedy": "partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor,"
            " amount_minor, currency, state, accrued_at",
            "finding": "partition, id, policy, version, subject, key, due_at, found_at, facts, nodes",
        }
        for table, names in again.items():
            with pytest.raises(psycopg.errors.UniqueViolation):
                world.connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}".encode())
            world.connection.rollback()


def test_a_second_run_changes_nothing(database_url: str) -> None:
    """Stepping again, and being told everything again, leaves facts, findings, remedies and money as they are."""
    with World(database_url, demo_pack(vocabulary())) as world:
        events = told()
        world.feed(events)
        world.step(END)
        before = digest(world.connection)
        taken = world.value("SELECT sum(events) FROM partition")
        assert taken == len(events)
        world.step(END)
        assert world.value("SELECT sum(events) FROM partition") == taken
        assert digest(world.connection) == before
        world.feed(events)
        world.step(END)
        assert digest(world.connection) == before
        assert world.value("SELECT count(*) FROM inbox WHERE done_at IS NULL") == 0


def test_rejudging_asks_for_nothing_again(database_url: str) -> None:
    """Publishing other rules judges every order again; what is broken still was paid for already."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed(told(20))
        world.step(END)
        money = "SELECT count(*), sum(amount_minor) FROM remedy"
        before = (world.rows(money), world.rows("SELECT count(*), max(revision) FROM finding"))
    with World(database_url, demo_pack(vocabulary())) as world:
        world.connection.execute("UPDATE partition SET leased_until = NULL")
        world.connection.execute(
            "INSERT INTO wake (partition, wake_at, subject, key, forced)"
            " SELECT partition, now() - interval '9 years', 'order', key, true FROM fact_order"
        )
        world.connection.commit()
        world.leases = claim(world.connection, "law", 86_400, 64)
        world.step(END)
        assert (world.rows(money), world.rows("SELECT count(*), max(revision) FROM finding")) == before


def test_late_evidence_charges_the_platform(database_url: str) -> None:
    """Evidence that comes after a remedy was paid: the finding falls, the consumer keeps it, the platform bears it."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed([each("s0p0") for each in SCENARIOS["everything broken"]])
        world.step(END)
        pay_all(world, database_url)
        owed = world.value("SELECT sum(amount_minor) FROM remedy WHERE policy = 'demo.ship-by'")
        kept = world.value("SELECT sum(amount_minor) FROM posting WHERE account = 'consumer:c1'")
        world.feed([scan("picked_up", 5)("s0p0")])
        world.step(END + LATER)
        assert world.rows("SELECT DISTINCT status FROM finding WHERE policy = 'demo.ship-by'") == [("exonerated",)]
        assert world.rows("SELECT DISTINCT charged_to FROM remedy WHERE policy = 'demo.ship-by'") == [("platform",)]
        assert world.value("SELECT sum(amount_minor) FROM posting WHERE account = 'consumer:c1'") == kept
        assert owed > 0
        assert (
            world.value(
                "SELECT sum(p.amount_minor) FROM posting p JOIN remedy r ON r.id = p.remedy_id"
                " WHERE r.policy = 'demo.ship-by' AND p.account = 'platform'"
            )
            == -owed
        )
        pay_all(world, database_url)
        report = check(world.connection)
        assert report.ok, str(report)


def test_a_promise_broken_again_is_charged_back(database_url: str) -> None:
    """Exonerated by an agreed deadline, then broken by another: paid once, and charged to the merchant again."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed([each("s0p0") for each in SCENARIOS["everything broken"]])
        world.step(hours(60))
        world.feed([order("ship_agreed", 1, "a1", ship_by=hours(300))("s0p0")])
        world.step(hours(70))
        assert world.rows("SELECT status FROM finding WHERE policy = 'demo.ship-by'") == [("exonerated",)]
        world.feed([order("ship_agreed", 2, "a2", ship_by=hours(50))("s0p0")])
        world.step(hours(80))
        found = world.rows("SELECT status, revision FROM finding WHERE policy = 'demo.ship-by' AND occurrence = 0")
        assert found == [("standing", 2)]
        remedies = world.rows("SELECT charged_to, count(*) FROM remedy WHERE policy = 'demo.ship-by' GROUP BY 1")
        assert remedies == [("merchant:m1", 1)]
        pay_all(world, database_url)
        report = check(world.connection)
        assert report.ok, str(report)


def test_replay_decides_alike(database_url: str, another_database: Callable[[], str]) -> None:
    """The inbox fed to a fresh database, in other batches, gives the same facts, findings, remedies and entries."""
    fresh = another_database()
    with World(database_url, demo_pack(vocabulary())) as world, World(fresh, demo_pack(vocabulary())) as replayed:
        events = told(200)
        for start in range(0, len(events), 97):
            world.feed(events[start : start + 97])
            if start % 3 == 0:
                world.step(EARLY)
        world.step(END)
        pay_all(world, database_url)
        copy_inbox(world.connection, replayed.connection)
        replayed.step(EARLY, max_events=500)
        replayed.step(END)
        pay_all(replayed, fresh)
        assert list(differences(world.connection, replayed.connection)) == []
        assert digest(world.connection) == digest(replayed.connection)
