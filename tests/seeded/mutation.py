"""Twelve bugs that such an engine might have, each a patch of the sources' own names, to be taken back at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from psycopg import Connection

from goldline.core import partition, step
from goldline.core.facts import fold, stage
from goldline.core.judge import finding
from goldline.core.ledger import accrual, book, charge
from goldline.core.outbox import lane, payout
from goldline.core.outbox.provider import NotFound
from goldline.core.policy import verdict_sql

Bug = Callable[[], Any]


@contextmanager
def patched(*pairs: tuple[Any, str, Any]) -> Iterator[None]:
    """Replace names of modules for a while."""
    with ExitStack() as stack:
        for owner, name, value in pairs:
            stack.enter_context(patch.object(owner, name, value))
        yield


def send_before_commit() -> Any:
    """Payouts are sent while the mark that says so is not yet committed: a crash forgets that they were sent."""
    original = lane.claim

    def claim(connection: Connection[Any], *given: Any, **named: Any) -> Any:
        found = original(connection, *given, **named)
        # As if the transaction of the claim were still open when the process dies.
        connection.execute(
            "UPDATE outbox SET claimed_by = NULL, claimed_until = NULL, attempts = 0 WHERE state = 'ready'"
        )
        return found

    return patched((lane, "claim", claim))


def retry_blindly() -> Any:
    """What may have been paid is sent again without asking."""
    original = payout._asked_or_paid

    def paid(provider: Any, asked: Any, claim: Any, timer: Any) -> Any:
        return original(provider, asked, replace(claim, orphan=False, state="ready"), timer)

    return patched((payout, "_asked_or_paid", paid))


def retry_with_a_new_key() -> Any:
    """Each try has a key of its own, so no provider can tell that it has paid already."""
    original = payout._asked_or_paid

    def paid(provider: Any, asked: Any, claim: Any, timer: Any) -> Any:
        keyed = replace(asked, key=f"{asked.key[:-4]}{claim.attempts:04d}")
        return original(provider, keyed, claim, timer)

    return patched((payout, "_asked_or_paid", paid))


def believe_not_found() -> Any:
    """A lost look-up is taken for 'never seen'."""
    original = payout._asked_or_paid

    class Forgetful:
        def __init__(self, provider: Any) -> None:
            self.pay = provider.pay

        def lookup(self, key: str) -> NotFound:
            return NotFound()

    def paid(provider: Any, *more: Any) -> Any:
        return original(Forgetful(provider), *more)

    return patched((payout, "_asked_or_paid", paid))


def worker_clock() -> Any:
    """Deadlines are judged by the clock of the worker's host, which is wrong."""
    original = step.enter

    def enter(*given: Any) -> Any:
        return replace(original(*given), now=datetime.now(UTC) + timedelta(hours=3))

    return patched((step, "enter", enter))


def lease_without_fence() -> Any:
    """A step asks only whether the partition exists, not whether it is still its own."""
    original = step.enter

    def enter(connection: Connection[Any], lease: Any, lease_s: float) -> Any:
        row = connection.execute("SELECT epoch FROM partition WHERE id = %s", [lease.partition]).fetchone()
        assert row is not None
        return original(connection, partition.Lease(lease.partition, row[0], lease.holder), lease_s)

    return patched((step, "enter", enter))


def no_balance() -> Any:
    """An entry whose receiving line rounds up."""
    sound = "(1, %(clearing)s, r.amount_minor"
    assert sound in book._OPEN
    return patched((book, "_OPEN", book._OPEN.replace(sound, f"{sound} + 1")))


def first_takes_the_latest() -> Any:
    """In SQL, the time something first happened becomes the time it last happened."""
    original = fold.merges

    def merges(subject: Any) -> Any:
        return {name: sql.replace("least(s.", "greatest(s.") for name, sql in original(subject).items()}

    return patched((fold, "merges", merges))


def ties_by_arrival() -> Any:
    """Of two events at one time the one that came last wins."""
    counter = iter(range(2**32))

    def stamp(event: Any, time: bytes, staged: list[bytes]) -> bytes:
        return stage._stamp(16, time[4:], next(counter), 0)

    return patched((stage, "_stamp_of", stamp))


def mark_forgotten() -> Any:
    """The rows of the inbox are folded and not marked."""
    original = step._close

    def close(connection: Connection[Any], number: int, batch: Any, now: Any) -> None:
        original(connection, number, replace(batch, ids=[]), now)

    return patched((step, "_close", close))


def grace_ignored() -> Any:
    """A promise is broken at its deadline, whatever grace late news has."""
    original = verdict_sql._plus

    def plus(instant: str, seconds: int, dialect: Any) -> str:
        return instant if seconds == 90 * 60 else original(instant, seconds, dialect)

    return patched((verdict_sql, "_plus", plus))


def early_by_a_moment() -> Any:
    """A promise is found broken a microsecond too soon."""
    original = verdict_sql._plus

    def plus(instant: str, seconds: int, dialect: Any) -> str:
        due = original(instant, seconds, dialect)
        return f"({due} - interval '1 microsecond')" if seconds == 90 * 60 else due

    return patched((verdict_sql, "_plus", plus))


def cap_ignored() -> Any:
    """The tariff is paid whatever the cap."""
    return patched((accrual, "_capped", lambda candidate, charged: candidate.asked_minor))


def exoneration_takes_from_the_consumer() -> Any:
    """Late evidence takes the money back from the consumer."""
    original = charge._lines

    def lines(remedy: Any) -> Any:
        for number, account, *rest in original(remedy):
            yield number, "consumer:c1" if account == "platform" else account, *rest

    return patched((charge, "_lines", lines))


def exoneration_charges_nobody() -> Any:
    """Late evidence changes the finding and leaves the charge with the merchant."""
    return patched((step, "move_charges", lambda *given: 0))


def paid_again_when_judged_again() -> Any:
    """A finding that returns asks for its remedies again, under ids that hold the number of its return."""
    original = step.ask
    turns: list[int] = []

    def ask(connection: Any, statement: str, now: Any) -> Any:
        turns.append(1)
        asked = original(connection, statement, now)
        return [replace(each, ordinal=each.ordinal + 100 * len(turns)) for each in asked]

    def turn(connection: Any, statement: str, now: Any) -> Any:
        return [replace(each, revision=0) for each in finding.turn(connection, statement, now)]

    return patched((step, "ask", ask), (step, "turn", turn))


@contextmanager
def without_key(url: str, table: str, constraint: str) -> Iterator[None]:
    """A database whose table has lost its unique key."""
    from goldline.core.database import connect

    with connect(url) as connection:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}".encode())
    yield
