"""Payouts: paid once whatever happens between us and the provider."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.outbox import payout
from goldline.core.outbox.claim import LOST
from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.httpprovider import HttpProvider
from goldline.core.outbox.provider import LedgerProvider, NotFound, Paid, Payout, Provider, Refused, Unknown, Unsent
from goldline.core.outbox.schedule import LOOKUP_DELAYS_S, NEVER
from tests.checkers.checker import check
from tests.doubles.provider import FakeProvider, read_log
from tests.doubles.proxy import CuttingProxy, Where
from tests.outbox.stock import LATER, NOW, ScriptedProvider, add_remedies, states

Database = Connection[tuple[Any, ...]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the provider writes down what it pays."""
    return tmp_path / "payouts.ndjson"


@pytest.fixture
def provider(log: Path) -> Iterator[FakeProvider]:
    """A provider that pays, over HTTP."""
    with FakeProvider(log) as running:
        yield running


def run(url: str, provider: Provider, *, days: int = 0) -> int:
    """Dispatch until idle, `days` later."""
    with Dispatcher(url, {"*": provider}, kinds=["payout"]) as dispatcher:
        return dispatcher.run_until_idle(NOW + days * LATER)


def row(database: Database, columns: str) -> tuple[Any, ...]:
    """The only outbox row."""
    found = database.execute(f"SELECT {columns} FROM outbox").fetchone()
    database.commit()
    assert found is not None
    return tuple(found)


def test_everything_is_paid_once(database: Database, database_url: str, provider: FakeProvider, log: Path) -> None:
    """Accrued remedies are paid, posted and cleared; a second run changes nothing."""
    add_remedies(database, 150)
    assert run(database_url, HttpProvider(provider.url)) == 150
    assert run(database_url, HttpProvider(provider.url)) == 0
    assert states(database) == {"paid": 150}
    assert len(read_log(log)) == 150
    assert check(database, log).ok


def test_refused_money_goes_back(database: Database, database_url: str, provider: FakeProvider, log: Path) -> None:
    """A refused remedy says why and charges nobody; whoever bears it at that moment gets the money back."""
    first, second = add_remedies(database, 2)
    with database.transaction():
        # The second was exonerated meanwhile: the platform bears it.
        database.execute("UPDATE remedy SET charged_to = 'platform' WHERE id = %s", [second])
        database.execute(
            "INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id,"
            " posted_at)"
            " SELECT 1, %s, line, account, 'BRL', amount, 'exonerate', %s, %s"
            " FROM (VALUES (0, 'platform', -250), (1, 'merchant:m1', 250)) AS t (line, account, amount)",
            [first, second, NOW],
        )
    provider.book.script.extend(["refuse", "refuse"])
    run(database_url, HttpProvider(provider.url))
    assert states(database) == {"refused": 2}
    assert {why for (why,) in database.execute("SELECT why FROM remedy")} == {"account closed"}
    rows = database.execute("SELECT account, sum(amount_minor) FROM posting GROUP BY account ORDER BY account")
    assert [tuple(each) for each in rows] == [("clearing:payout", 0), ("merchant:m1", 0), ("platform", 0)]
    assert check(database, log).ok


def test_store_credit_pays_in_our_own_books(database: Database, database_url: str) -> None:
    """The built-in provider needs no second system: the settlement posting is the payment."""
    add_remedies(database, 3)
    run(database_url, LedgerProvider())
    assert states(database) == {"paid": 3}
    assert check(database).ok
    assert check(database, Path("no-such-log")).ok


def test_kinds_go_to_their_own_provider(database: Database, database_url: str) -> None:
    """A provider is chosen by the kind of remedy; a kind nobody pays waits and says so."""
    add_remedies(database, 1)
    coupons, others = ScriptedProvider.of(), ScriptedProvider.of()
    with Dispatcher(database_url, {"refund": others}) as dispatcher:
        dispatcher.run_once(NOW)
    assert row(database, "state, attempts") == ("ready", 0)
    assert database.execute("SELECT detail FROM delivery").fetchone() == ("no provider pays coupon",)
    with Dispatcher(database_url, {"coupon": coupons, "*": others}) as dispatcher:
        dispatcher.run_once(NOW + LATER)
    assert (len(coupons.paid), len(others.paid)) == (1, 0)


@pytest.mark.parametrize("where", ["before", "after", "middle"])
@pytest.mark.parametrize("ignore_keys", [False, True])
def test_cut_lines_double_nothing(
    database: Database,
    database_url: str,
    log: Path,
    where: Where,
    ignore_keys: bool,
) -> None:
    """Every third line is cut; the provider is asked, and even one that ignores keys pays once."""
    add_remedies(database, 40)
    with (
        FakeProvider(log, ignore_keys=ignore_keys) as provider,
        CuttingProxy(("127.0.0.1", provider.port), every=3, where=where) as proxy,
    ):
        run(database_url, HttpProvider(proxy.url))
        assert proxy.cuts >= 13
        assert states(database)["unknown"] == proxy.cuts
        assert not check(database, log).ok
        assert check(database, log, idle=False).ok
        for day in range(1, 8):
            run(database_url, HttpProvider(proxy.url), days=day)
    assert states(database) == {"paid": 40}
    assert check(database, log).ok


def test_unknown_is_asked_and_not_sent_again(database: Database, database_url: str) -> None:
    """After an unknown outcome the provider is asked by key; what it says is taken."""
    add_remedies(database, 2)
    provider = ScriptedProvider.of([Unknown("timeout"), Unknown("timeout")], [Paid("ref-1"), Refused("closed")])
    run(database_url, provider)
    assert states(database) == {"unknown": 2}
    assert (len(provider.paid), len(provider.asked)) == (2, 0)
    run(database_url, provider, days=1)
    assert states(database) == {"paid": 1, "refused": 1}
    assert (len(provider.paid), len(provider.asked)) == (2, 2)


def test_only_not_found_is_sent_again_with_the_same_key(database: Database, database_url: str) -> None:
    """The key of a second send is that of the first, and it is sent only after 'not found'."""
    (only,) = add_remedies(database, 1)
    provider = ScriptedProvider.of([Unknown("reset")], [Unknown("timeout"), NotFound()])
    for day in range(3):
        run(database_url, provider, days=day)
    assert provider.paid == [str(only), str(only)]
    assert len(provider.asked) == 2
    assert states(database) == {"paid": 1}


def test_a_question_without_answer_waits_for_a_person(database: Database, database_url: str) -> None:
    """After the last look-up the row stays unknown and visible, and nothing is sent or asked any more."""
    (only,) = add_remedies(database, 1)
    never = [Unknown("timeout")] * 99
    provider = ScriptedProvider.of(never, never)
    for day in range(30):
        run(database_url, provider, days=day)
    assert (len(provider.paid), len(provider.asked)) == (1, len(LOOKUP_DELAYS_S))
    assert row(database, "state, next_try_at") == ("unknown", NEVER)
    assert check(database, idle=False).ok
    assert payout.ask_again(database, [only], NOW) == 1
    database.commit()
    provider.lookups = iter([Paid("found at last")])
    run(database_url, provider)
    assert states(database) == {"paid": 1}


@pytest.mark.parametrize(("outcome", "state"), [(Paid("by hand"), "paid"), (Refused("bounced"), "refused")])
def test_a_person_decides_an_unknown(
    database: Database, database_url: str, outcome: Paid | Refused, state: str
) -> None:
    """A person's word settles an unknown payout like the provider's, once, and is in the log with the name."""
    (only,) = add_remedies(database, 1)
    with pytest.raises(GoldlineError, match="not waiting for a decision"):
        payout.resolve(database, only, outcome, "ana", NOW)
    database.rollback()
    run(database_url, ScriptedProvider.of([Unknown("timeout")]))
    payout.resolve(database, only, outcome, "ana", NOW)
    database.commit()
    assert states(database) == {state: 1}
    details = [detail for (detail,) in database.execute("SELECT detail FROM delivery ORDER BY id")]
    assert details[-1].startswith("decided by ana")
    with pytest.raises(GoldlineError, match="not waiting for a decision"):
        payout.resolve(database, only, outcome, "ana", NOW)
    database.rollback()
    assert check(database).ok or state == "paid"


def test_a_provider_that_is_down_is_tried_again_for_ever(database: Database, database_url: str, log: Path) -> None:
    """A connection that was never made is not an unknown: the payout waits, uncounted, until the provider is back."""
    add_remedies(database, 3)
    for day in range(20):
        run(database_url, HttpProvider("http://127.0.0.1:1"), days=day)
    rows = database.execute("SELECT DISTINCT state, attempts FROM outbox").fetchall()
    assert rows == [("ready", 0)]
    database.commit()
    with FakeProvider(log) as provider:
        run(database_url, HttpProvider(provider.url), days=21)
        assert provider.book.lookups == 0
    assert check(database, log).ok


def test_unsent_after_unknown_stays_unknown(database: Database, database_url: str) -> None:
    """What may have been sent once is asked about for ever, though later tries could not connect."""
    add_remedies(database, 1)
    provider = ScriptedProvider.of([Unknown("reset")], [Unsent("down"), Unsent("down"), Paid("ref")])
    for day in range(4):
        run(database_url, provider, days=day)
    assert len(provider.paid) == 1
    assert states(database) == {"paid": 1}


@pytest.mark.parametrize("answer", ["500", "pay_500", "garbage", "not_found", "login", "hang", "pay_hang"])
def test_nonsense_is_unknown(
    database: Database, database_url: str, provider: FakeProvider, log: Path, answer: str
) -> None:
    """An answer that is neither a payment nor a refusal settles nothing; asking by key does."""
    add_remedies(database, 1)
    provider.book.script.append(answer)
    http = HttpProvider(provider.url, timeout_s=0.3)
    run(database_url, http)
    assert states(database) == {"unknown": 1}
    provider.released.set()
    run(database_url, http, days=1)
    assert states(database) == {"paid": 1}
    assert check(database, log).ok


class Confused:
    """A provider with a fault of its own."""

    def pay(self, _payout: object) -> Paid:
        """Raise in the middle."""
        raise RuntimeError("half done")

    def lookup(self, _key: str) -> Paid:
        """Paid after all."""
        return Paid("ref")


def test_a_fault_in_a_provider_is_unknown(database: Database, database_url: str) -> None:
    """An exception out of a provider's own code may have come after it paid: it is asked about."""
    add_remedies(database, 1)
    run(database_url, Confused())
    assert states(database) == {"unknown": 1}
    run(database_url, Confused(), days=1)
    assert states(database) == {"paid": 1}


def test_another_amount_paid_is_for_a_person(log: Path) -> None:
    """A provider that has paid another amount under our key is not believed."""
    with FakeProvider(log) as provider:
        http = HttpProvider(provider.url)
        asked = Payout("k1", "consumer:c1", 250, "BRL", "coupon")
        other = Payout("k1", "consumer:c1", 251, "BRL", "coupon")
        assert isinstance(http.pay(asked), Paid)
        assert http.pay(other) == Unknown("paid 250 instead of 251", 200)


def test_the_answer_after_the_remedy_was_closed_is_for_a_person(database: Database, database_url: str) -> None:
    """Paid by the provider although the remedy is not open: nothing is posted, the row stays for a person."""
    add_remedies(database, 1)
    database.execute("UPDATE remedy SET state = 'void'")
    database.commit()
    run(database_url, ScriptedProvider.of())
    assert row(database, "state, next_try_at") == ("unknown", NEVER)
    assert states(database) == {"void": 1}
    (detail,) = database.execute("SELECT detail FROM delivery").fetchone() or ("",)
    assert "the remedy was not open" in detail


CHILD = """
import sys
from datetime import datetime
from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.httpprovider import HttpProvider
with Dispatcher(sys.argv[1], {"*": HttpProvider(sys.argv[2])}, kinds=["payout"]) as it:
    it.run_until_idle(datetime.fromisoformat(sys.argv[3]))
"""
POINTS = ["dispatch.claimed", "dispatch.before_send", "dispatch.after_send", "dispatch.before_record",
          "dispatch.after_record"]  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("ignore_keys", [False, True])
def test_crash_at_every_point(
    database: Database,
    database_url: str,
    log: Path,
    point: str,
    ignore_keys: bool,
) -> None:
    """Killed at any named point, then started again: nothing lost, nothing doubled, keys honoured or not."""
    add_remedies(database, 12)
    with FakeProvider(log, ignore_keys=ignore_keys) as provider:
        arguments = [sys.executable, "-c", CHILD, database_url, provider.url, NOW.isoformat()]
        at = f"{point}:5" if "send" in point else point
        environment = {**os.environ, "GOLDLINE_CRASH_AT": at, "PYTHONPATH": os.pathsep.join(sys.path)}
        died = subprocess.run(arguments, env=environment, check=False)
        assert died.returncode == -signal.SIGKILL, f"{point} was never reached"
        # The dead one's leases run out.
        orphans = database.execute(
            "UPDATE outbox SET claimed_until = '-infinity' WHERE claimed_by IS NOT NULL"
        ).rowcount
        database.commit()
        assert orphans or point == "dispatch.after_record"
        run(database_url, HttpProvider(provider.url))
    assert states(database) == {"paid": 12}
    assert check(database, log).ok
    lost = database.execute("SELECT count(*) FROM delivery WHERE detail = %s", [LOST]).fetchone()
    assert lost == (orphans,)


def test_many_dispatchers_share_the_work(
    database: Database, database_url: str, provider: FakeProvider, log: Path
) -> None:
    """Several dispatchers at once pay each remedy once, without asking the provider twice."""
    add_remedies(database, 200)
    threads = [Thread(target=run, args=(database_url, HttpProvider(provider.url))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert provider.book.requests == 200
    assert check(database, log).ok


def test_a_claim_that_was_taken_over_is_not_recorded(database: Database, database_url: str) -> None:
    """A dispatcher that slept past its lease finds its claim gone and leaves the outcome to its successor."""
    add_remedies(database, 1)
    successor = ScriptedProvider.of([], [Refused("closed")])

    class Sleepy:
        """While it pays, its lease ends and another dispatcher takes the row over."""

        def pay(self, _payout: object) -> Paid:
            """Too late."""
            with Connection.connect(database_url, autocommit=True) as other:
                other.execute("UPDATE goldline.outbox SET claimed_until = '-infinity'")
            run(database_url, successor)
            return Paid("from the dead")

        def lookup(self, _key: str) -> Paid:
            """Not reached."""
            raise AssertionError

    run(database_url, Sleepy())
    assert len(successor.asked) == 1
    assert states(database) == {"refused": 1}
    assert database.execute("SELECT sum(amount_minor) FROM posting").fetchone() == (0,)


def test_nothing_is_sent_under_an_old_lease(database: Database, database_url: str) -> None:
    """With more than half of the lease gone a payout is handed back unsent, and is not counted as a try."""
    add_remedies(database, 1)
    provider = ScriptedProvider.of()
    with Dispatcher(database_url, {"*": provider}, kinds=["payout"], lease_s=-1.0) as dispatcher:
        dispatcher.run_once(NOW)
    assert provider.paid == []
    assert row(database, "state, attempts, claimed_by") == ("ready", 0, None)


def test_a_lost_connection_loses_no_result(database: Database, database_url: str) -> None:
    """When the database cuts the line after the provider has paid, the result is kept and recorded."""
    add_remedies(database, 1)

    class Cutting:
        """While it pays, every other connection to the database is cut."""

        def pay(self, _payout: object) -> Paid:
            """Cut."""
            with Connection.connect(database_url, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid()"
                )
            return Paid("ref")

        def lookup(self, _key: str) -> Paid:
            """Not reached."""
            raise AssertionError

    database.close()
    run(database_url, Cutting())
    with Connection.connect(database_url, options="-c search_path=goldline") as fresh:
        assert states(fresh) == {"paid": 1}


def test_the_next_try_is_not_before_its_time(database: Database, database_url: str) -> None:
    """An unknown payout is asked about after its delay, not before, and not all at the same moment."""
    add_remedies(database, 1)
    provider = ScriptedProvider.of([Unknown("timeout")], [Paid("ref")])
    with Dispatcher(database_url, {"*": provider}, kinds=["payout"]) as dispatcher:
        dispatcher.run_once(NOW)
        assert dispatcher.run_once(NOW + timedelta(seconds=4)) == 0
        assert dispatcher.run_once(NOW + timedelta(seconds=7)) == 1


def test_it_runs_until_it_is_stopped(database: Database, database_url: str) -> None:
    """The loop pays what comes while it runs, survives a cut connection, and ends when told."""
    stop, paid = Event(), Event()

    class Telling:
        """Tells when it was asked to pay."""

        def pay(self, payout: Payout) -> Paid:
            """Pay."""
            paid.set()
            return Paid(payout.key)

        def lookup(self, key: str) -> Paid:
            """Paid."""
            return Paid(key)

    with Dispatcher(database_url, {"*": Telling()}) as dispatcher:
        loop = Thread(target=dispatcher.run, args=(lambda: NOW, stop))
        loop.start()
        for number in range(2):
            paid.clear()
            add_remedies(database, 1, first=number)
            assert paid.wait(20)
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
            )
            database.commit()
        stop.set()
        loop.join(20)
        assert not loop.is_alive()
    database.execute("UPDATE outbox SET claimed_until = '-infinity' WHERE claimed_by IS NOT NULL")
    database.commit()
    run(database_url, Telling(), days=1)
    assert states(database) == {"paid": 2}
