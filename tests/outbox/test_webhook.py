"""Webhooks: signed, retried on schedule, bounded, replayed by hand."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox import delivery, endpoint, exchange, message, schedule
from goldline.core.outbox.address import AddressRefused, AddressRules, Target
from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.endpoint import Endpoint
from goldline.core.outbox.message import Message
from goldline.core.outbox.provider import LedgerProvider
from goldline.core.outbox.webhook import Delivered, Failed, Sender
from tests.checkers.checker import check
from tests.doubles.sink import Sink
from tests.outbox.stock import LATER, NOW, add_remedies

Database = Connection[tuple[Any, ...]]
OPEN = AddressRules.private()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A receiver on this machine."""
    with Sink() as running:
        yield running


def add_endpoint(database: Database, sink: Sink, *topics: str) -> Endpoint:
    """An endpoint of the sink, which then knows its secret. Commits."""
    made = endpoint.create(database, sink.url, topics or ("*",), rules=OPEN, now=NOW)
    database.commit()
    sink.secret = made.secrets[0]
    return made


def say(database: Database, number: int = 1, topic: str = "finding.found", **data: Any) -> UUID:
    """Queue a message and commit; its id."""
    made = Message(0, derived_id("message", number), topic, data)
    message.queue(database, [made], NOW)
    database.commit()
    return made.id


def dispatch(url: str, now: datetime = NOW, *, timeout_s: float = 5.0) -> int:
    """Send one batch of webhooks."""
    with Dispatcher(url, {}, sender=Sender(OPEN, timeout_s=timeout_s), kinds=["webhook"]) as dispatcher:
        return dispatcher.run_once(now)


def rows(database: Database) -> list[tuple[Any, ...]]:
    """State and attempts of every row."""
    found = database.execute("SELECT state, attempts FROM outbox ORDER BY id").fetchall()
    database.commit()
    return found


def test_a_message_arrives_signed_as_a_cloudevent(database: Database, database_url: str, sink: Sink) -> None:
    """The receiver verifies it with the reference library; the id of header and event are one."""
    add_endpoint(database, sink)
    said = say(database, order="o1", title="按时发货")
    dispatch(database_url)
    (got,) = sink.received
    assert got.verified
    assert got.id == got.event["id"] == str(said)
    assert got.event["type"] == "finding.found"
    assert got.event["data"] == {"order": "o1", "title": "按时发货"}
    assert got.event["time"] == "2026-11-01T12:00:00Z"
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert rows(database) == [("done", 1)]


def test_every_try_has_the_same_id_and_the_same_bytes(database: Database, database_url: str, sink: Sink) -> None:
    """A receiver can recognise a retry: id and body are constant, the signature is of the try's own time."""
    add_endpoint(database, sink)
    say(database, order="o1")
    sink.script.extend(["500", "reset"])
    for day in range(3):
        dispatch(database_url, NOW + day * LATER)
    assert len({(each.id, each.raw) for each in sink.received}) == 1
    assert [each.verified for each in sink.received] == [True] * 3
    assert rows(database) == [("done", 3)]
    (outbox_id,) = database.execute("SELECT id FROM outbox").fetchone() or (0,)
    history = delivery.history(database, outbox_id)
    assert [(each.attempt, each.outcome, each.status_code) for each in history] == [
        (1, "failed", 500), (2, "failed", None), (3, "ok", 204)]  # fmt: skip


def test_the_schedule_is_that_of_the_standard(database: Database, database_url: str, sink: Sink) -> None:
    """Ten tries over about three days, each within a fifth of its delay; then the row is dead and stays."""
    add_endpoint(database, sink)
    say(database)
    sink.script.extend(["500"] * 99)
    now = NOW
    for delay_s in (*schedule.WEBHOOK_DELAYS_S[1:], None):
        assert dispatch(database_url, now) == 1
        (next_at,) = database.execute("SELECT next_try_at FROM outbox").fetchone() or (now,)
        database.commit()
        if delay_s is not None:
            assert delay_s <= (next_at - now).total_seconds() <= delay_s * 1.2
            assert dispatch(database_url, next_at - timedelta(milliseconds=1)) == 0
            now = next_at
    assert rows(database) == [("dead", 10)]
    assert timedelta(days=3) <= now - NOW <= timedelta(days=4)
    assert dispatch(database_url, now + 99 * LATER) == 0


@pytest.mark.parametrize("code", ["429", "503"])
@pytest.mark.parametrize(("asked", "least_s"), [("3600", 3600), ("1", 5), ("999999999", 86_400), ("soon", 5)])
def test_retry_after_is_honoured(
    database: Database, database_url: str, sink: Sink, code: str, asked: str, least_s: int
) -> None:
    """A receiver that asks for time gets it, up to a day, and never less than the schedule."""
    add_endpoint(database, sink)
    say(database)
    sink.script.append(f"{code}:{asked}")
    dispatch(database_url)
    (next_at,) = database.execute("SELECT next_try_at FROM outbox").fetchone() or (NOW,)
    assert least_s <= (next_at - NOW).total_seconds() <= least_s * 1.2


def test_retry_after_may_be_a_date(sink: Sink) -> None:
    """The date form of Retry-After is understood."""
    sent_at = datetime.now(UTC)
    sink.script.append("429:" + (sent_at + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT"))
    outcome = Sender(OPEN).deliver(sink.url, [endpoint.new_secret()], "m", b"{}", sent_at)
    assert isinstance(outcome, Failed)
    assert 3590 <= (outcome.retry_after_s or 0) <= 3600


def test_a_redirect_is_a_failure_and_is_not_followed(database: Database, database_url: str, sink: Sink) -> None:
    """A 3xx never leads anywhere."""
    add_endpoint(database, sink)
    say(database)
    with Sink() as other:
        sink.script.append(f"redirect:{other.url}")
        dispatch(database_url)
        assert other.received == []
    assert rows(database) == [("ready", 1)]


def test_gone_disables_the_endpoint(database: Database, database_url: str, sink: Sink) -> None:
    """A 410 ends it: what waits becomes dead without being sent, and new messages are not queued."""
    made = add_endpoint(database, sink)
    say(database, 1)
    sink.script.append("410")
    dispatch(database_url)
    say(database, 2)
    assert rows(database) == [("dead", 1)]
    found = endpoint.get(database, made.id)
    assert (found.disabled_at, found.disabled_why) == (NOW, "the receiver answered 410")
    endpoint.enable(database, made.id)
    say(database, 3)
    endpoint.disable(database, made.id, "by hand", NOW)
    database.commit()
    dispatch(database_url)
    assert rows(database) == [("dead", 1), ("dead", 1)]
    assert len(sink.received) == 1


@pytest.mark.parametrize("bad", ["hang", "reset"])
def test_a_silent_receiver_is_given_up_in_time(sink: Sink, bad: str) -> None:
    """The whole exchange has one deadline."""
    sink.script.append(bad)
    started = monotonic()
    outcome = Sender(OPEN, timeout_s=0.4).deliver(sink.url, [endpoint.new_secret()], "m", b"{}", datetime.now(UTC))
    assert isinstance(outcome, Failed)
    assert outcome.status_code is None
    assert monotonic() - started < 2


@pytest.mark.parametrize("bad", ["drip", "huge"])
def test_an_endless_body_takes_neither_time_nor_memory(sink: Sink, bad: str) -> None:
    """A body that drips or never ends is cut; the status was said and counts."""
    sink.script.append(bad)
    started = monotonic()
    outcome = Sender(OPEN, timeout_s=0.6).deliver(sink.url, [endpoint.new_secret()], "m", b"{}", datetime.now(UTC))
    assert outcome == Delivered(200)
    assert monotonic() - started < 2


def test_the_answer_is_cut_at_its_cap(sink: Sink) -> None:
    """At most 64 kB of an answer are kept, and it says that there was more."""
    sink.script.append("huge")
    target = Target("http", "127.0.0.1", sink.port, "/", "127.0.0.1")
    answer = exchange.exchange(target, "POST", {}, b"{}", timeout_s=5)
    assert (len(answer.body), answer.whole) == (exchange.BODY_CAP, False)


def test_a_bad_certificate_is_a_failure_before_sending(sink: Sink) -> None:
    """An https address that does not speak TLS, or shows no certificate we trust, gets nothing."""
    target = Target("https", "localhost", sink.port, "/", "127.0.0.1")
    with pytest.raises(exchange.NotSent):
        exchange.exchange(target, "POST", {}, b"{}", timeout_s=0.5)
    assert sink.received == []
    context = exchange._tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_the_guard_stands_at_every_send(database: Database, database_url: str, sink: Sink) -> None:
    """An endpoint that was allowed when it was made is refused when it is not allowed any more."""
    add_endpoint(database, sink)
    say(database)
    with Dispatcher(database_url, {}, kinds=["webhook"]) as dispatcher:
        dispatcher.run_once(NOW)
    assert sink.received == []
    assert rows(database) == [("ready", 1)]
    (detail,) = database.execute("SELECT detail FROM delivery").fetchone() or ("",)
    assert detail == "The address is refused: 127.0.0.1 is not a public IPv4 address."


def test_old_and_new_secret_both_verify_until_the_old_retires(
    database: Database, database_url: str, sink: Sink
) -> None:
    """A rotation loses no message: both secrets sign; after `retire` only the new one does."""
    made = add_endpoint(database, sink)
    rotated = endpoint.rotate(database, made.id)
    assert rotated.secrets[1:] == made.secrets
    seen = []
    for number, (secret, retired) in enumerate(
        [(made.secrets[0], False), (rotated.secrets[0], False), (made.secrets[0], True), (rotated.secrets[0], True)]
    ):
        if retired:
            endpoint.retire(database, made.id)
        sink.secret = secret
        say(database, number)
        dispatch(database_url)
        seen.append(sink.received[-1].verified)
    assert seen == [True, True, False, True]


def test_topics_choose_endpoints(database: Database, sink: Sink) -> None:
    """An endpoint gets the topics it asked for: all, one, or a family."""
    everything, one, family = (
        add_endpoint(database, sink, *topics).id for topics in (["*"], ["remedy.paid"], ["remedy.*", "finding.found"])
    )
    for number, topic in enumerate(["remedy.paid", "remedy.refused", "finding.found", "other.thing"]):
        say(database, number, topic)
        say(database, number, topic)
    found = database.execute("SELECT topic, array_agg(endpoint_id ORDER BY endpoint_id) FROM outbox GROUP BY topic")
    assert dict(found.fetchall()) == {
        "remedy.paid": [everything, one, family],
        "remedy.refused": [everything, family],
        "finding.found": [everything, family],
        "other.thing": [everything],
    }


def test_a_message_too_large_is_not_sent(database: Database, database_url: str, sink: Sink) -> None:
    """20 kB is the limit of the standard: such a row is dead at once and says why."""
    add_endpoint(database, sink)
    say(database, text="x" * 20_000)
    dispatch(database_url)
    assert rows(database) == [("dead", 1)]
    assert sink.received == []
    (detail,) = database.execute("SELECT detail FROM delivery").fetchone() or ("",)
    assert "less than 20000" in detail


def test_one_message_is_replayed_by_hand(database: Database, database_url: str, sink: Sink) -> None:
    """A replay sends the same id and body again; one that still waits or is unknown is refused with a sentence."""
    made = add_endpoint(database, sink)
    said = say(database)
    with pytest.raises(GoldlineError, match="No sent message"):
        delivery.replay(database, said, NOW)
    dispatch(database_url)
    assert delivery.replay(database, said, NOW, endpoint_id=made.id) == 1
    database.commit()
    dispatch(database_url)
    assert [each.id for each in sink.received] == [str(said)] * 2
    assert rows(database) == [("done", 1)]
    endpoint.disable(database, made.id, "by hand", NOW)
    with pytest.raises(GoldlineError, match="No sent message"):
        delivery.replay(database, said, NOW)


def test_a_range_is_replayed_by_hand(database: Database, database_url: str, sink: Sink) -> None:
    """A range is by time of the message, and may be of the undelivered only."""
    made = add_endpoint(database, sink)
    sink.script.append("410")
    for number in range(3):
        say(database, number)
    with Dispatcher(database_url, {}, sender=Sender(OPEN), kinds=["webhook"], threads=1) as dispatcher:
        dispatcher.run_once(NOW)
    endpoint.enable(database, made.id)
    states = [state for state, _ in rows(database)]
    assert states.count("dead") >= 1
    again = delivery.replay_range(database, made.id, NOW, NOW + LATER, NOW, dead_only=True)
    assert again == states.count("dead")
    database.commit()
    dispatch(database_url)
    assert [state for state, _ in rows(database)] == ["done"] * 3
    assert delivery.replay_range(database, made.id, NOW, NOW + LATER, NOW, dead_only=False) == 3
    assert delivery.replay_range(database, made.id, NOW - LATER, NOW, NOW, dead_only=False) == 0


def test_settled_remedies_are_announced(database: Database, database_url: str, sink: Sink) -> None:
    """A paid remedy queues one notice an endpoint, in the transaction that settles it."""
    add_endpoint(database, sink, "remedy.*")
    (only,) = add_remedies(database, 1)
    with Dispatcher(database_url, {"*": LedgerProvider()}, sender=Sender(OPEN)) as dispatcher:
        dispatcher.run_until_idle(NOW)
    (got,) = sink.received
    assert got.verified
    assert got.event["type"] == "remedy.paid"
    assert got.event["data"]["remedy_id"] == str(only)
    assert got.event["data"]["amount_minor"] == 250
    assert check(database).ok


def test_a_hanging_receiver_rests(database: Database, database_url: str, sink: Sink) -> None:
    """An endpoint that did not answer is passed over for a while; the others are served."""
    with Sink() as other:
        add_endpoint(database, sink)
        say(database, 1)
        sink.script.append("hang")
        sender = Sender(OPEN, timeout_s=0.3)
        with Dispatcher(database_url, {}, sender=sender, kinds=["webhook"]) as dispatcher:
            dispatcher.run_once(NOW)
            add_endpoint(database, other)
            say(database, 2)
            assert dispatcher.run_once(NOW) == 1
            assert (len(sink.received), len(other.received)) == (1, 1)
            assert dispatcher.run_once(NOW + timedelta(seconds=7)) == 2
        assert {each.id for each in other.received} < {each.id for each in sink.received}


@pytest.mark.parametrize("topic", ["", "Remedy.Paid", "remedy.", "*.paid", "remedy..paid", "x y", "rem*"])
def test_a_bad_topic_is_refused(database: Database, sink: Sink, topic: str) -> None:
    """A topic that could never match is refused when the endpoint is made."""
    with pytest.raises(GoldlineError, match="not a topic"):
        endpoint.create(database, sink.url, [topic], rules=OPEN, now=NOW)


def test_endpoints_are_listed_and_unknown_ones_named(database: Database, sink: Sink) -> None:
    """All endpoints are listed; a number that does not exist and an internal address are refused."""
    made = [add_endpoint(database, sink).id for _ in range(2)]
    assert [each.id for each in endpoint.every(database)] == made
    with pytest.raises(GoldlineError, match="no endpoint 999"):
        endpoint.rotate(database, 999)
    with pytest.raises(AddressRefused):
        endpoint.create(database, "http://169.254.169.254/", rules=AddressRules(), now=NOW)
