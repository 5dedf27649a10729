"""Do the tests bite? Each seeded bug makes a law fail that the sound engine keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.checkers import checker
from tests.checkers.checker import check
from tests.faults import test_provider
from tests.laws import test_accrual, test_books, test_deadline, test_order
from tests.laws.conftest import another_database as another_database  # noqa: PLC0414 - a fixture, by its name
from tests.outbox.stock import add_remedies
from tests.seeded import mutation

CAUGHT = (AssertionError, psycopg.Error, pytest.fail.Exception)

Law = Callable[[Any], None]


def _grab(name: str) -> Law:
    """A law of the books, deadlines or order, given a database."""
    modules = (test_books, test_deadline, test_order)
    law = next(getattr(module, name) for module in modules if hasattr(module, name))

    def run(request: pytest.FixtureRequest) -> None:
        url = request.getfixturevalue("database_url")
        if name == "test_the_database_says_what_time_it_is":
            law(url, request.getfixturevalue("database"))
        else:
            law(url)

    return run


def _answer_lost(where: str, *, ignore_keys: bool = True) -> Law:
    """The law of lost answers, with a provider that pays as often as it is told to."""

    def run(request: pytest.FixtureRequest) -> None:
        values = [request.getfixturevalue(name) for name in ("database", "database_url", "tmp_path")]
        test_provider.test_answer_lost(*values, where, ignore_keys)

    return run


def _killed_dispatcher(request: pytest.FixtureRequest) -> None:
    """A dispatcher that dies between sending and recording, and the one after it, with a careless provider."""
    from goldline.core.outbox.dispatch import Dispatcher
    from goldline.core.outbox.httpprovider import HttpProvider
    from tests.doubles.provider import FakeProvider
    from tests.outbox.stock import LATER, NOW

    database, url = request.getfixturevalue("database"), request.getfixturevalue("database_url")
    log: Path = request.getfixturevalue("tmp_path") / "payouts.ndjson"
    add_remedies(database, 5)
    with FakeProvider(log, ignore_keys=True) as provider:
        first = Dispatcher(url, {"*": HttpProvider(provider.url)}, kinds=("payout",), lease_s=0.2)
        lane = first._lanes[0]
        lane.claim(NOW)
        for each in lane._pending:
            each.result()
        first.close()
        database.execute("UPDATE outbox SET claimed_until = clock_timestamp() - interval '1 second' WHERE true")
        database.commit()
        with Dispatcher(url, {"*": HttpProvider(provider.url)}, kinds=("payout",)) as second:
            second.run_once(NOW + LATER)
    report = check(database, log)
    assert report.ok, str(report)


def _stale_epoch(request: pytest.FixtureRequest) -> None:
    from tests.faults import test_zombie

    test_zombie.test_stale_epoch_is_refused(lambda: request.getfixturevalue("database_url"))


def _caps(_: pytest.FixtureRequest) -> None:
    test_accrual.test_limits_bound_what_is_owed()


BUGS: dict[str, tuple[Callable[[], Any], Law]] = {
    "send before commit": (mutation.send_before_commit, _killed_dispatcher),
    "blind retry": (mutation.retry_blindly, _answer_lost("after")),
    "retry with a new key": (mutation.retry_with_a_new_key, _answer_lost("after", ignore_keys=False)),
    "a look-up that is not asked": (mutation.believe_not_found, _answer_lost("middle")),
    "worker's clock": (mutation.worker_clock, _grab("test_the_database_says_what_time_it_is")),
    "lease without fence": (mutation.lease_without_fence, _stale_epoch),
    "no balance": (mutation.no_balance, _grab("test_books_balance")),
    "first takes the latest": (mutation.first_takes_the_latest, _grab("test_all_permutations")),
    "ties by arrival": (mutation.ties_by_arrival, _grab("test_all_permutations")),
    "inbox mark forgotten": (mutation.mark_forgotten, _grab("test_a_second_run_changes_nothing")),
    "grace ignored": (mutation.grace_ignored, _grab("test_never_early_never_late")),
    "a microsecond early": (mutation.early_by_a_moment, _grab("test_never_early_never_late")),
    "cap ignored": (mutation.cap_ignored, _caps),
    "exoneration takes from the consumer": (
        mutation.exoneration_takes_from_the_consumer,
        _grab("test_late_evidence_charges_the_platform"),
    ),
    "exoneration charges nobody": (
        mutation.exoneration_charges_nobody,
        _grab("test_late_evidence_charges_the_platform"),
    ),
    "paid again when judged again": (
        mutation.paid_again_when_judged_again,
        _grab("test_a_promise_broken_again_is_charged_back"),
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_bug_is_caught(request: pytest.FixtureRequest, name: str) -> None:
    """With the bug in place its law fails; that it holds without, the law's own test says."""
    bug, law = BUGS[name]
    with pytest.raises(CAUGHT), bug():
        law(request)


@pytest.mark.parametrize(
    ("table", "constraint"),
    [
        ("posting", "posting_pkey"),
        ("outbox", "outbox_kind_key_key"),
        ("remedy", "remedy_pkey"),
        ("finding", "finding_pkey"),
    ],
)
def test_missing_key_is_caught(database_url: str, table: str, constraint: str) -> None:
    """A table without its unique key lets a second entry in, and a law says so."""
    with mutation.without_key(database_url, table, constraint), pytest.raises(CAUGHT):
        test_books.test_an_entry_is_posted_once(database_url)


def test_sound_dispatchers_pass(request: pytest.FixtureRequest) -> None:
    """The law of killed dispatchers, which is written here, holds without a bug."""
    _killed_dispatcher(request)


def test_there_are_twelve() -> None:
    """At least twelve bugs are sown, and the checker sees them from outside the engine."""
    assert len(BUGS) >= 12
    assert checker.__doc__
