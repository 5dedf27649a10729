"""Standing: from events to a score that is kept once a day, asked by gates and worked out on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.account.gate import ask, find, follow, move
from goldline.core.account.standing import keep, latest, stand
from goldline.core.policy.ladder import Gate
from tests.account.score import score_of
from tests.account.shop import HEAD, keep_house
from tests.laws.world import World, event, hours, pack_of

PACK = HEAD + score_of()
DAY_END = 14  # hours: the midnight in Shanghai that ends the first day


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world with the score in force."""
    with World(database_url, pack_of(PACK)) as made:
        yield made


def told(name: str, kind: str, at_hour: float, **data: Any) -> bytes:
    """One event about an order."""
    return event(kind, hours(at_hour), f"{name}-{kind}-{at_hour}-{data.get('code', '')}", order_id=name, **data)


def sold(count: int, *, merchant: str = "m1", late: int = 0, first: int = 0) -> list[bytes]:
    """Orders paid at ten, picked up an hour later and delivered within eleven; the first few late for their date."""
    events = []
    for number in range(first, first + count):
        name = f"{merchant}-{number}"
        parcel = {"parcel_id": f"p{name}", "carrier_id": "k1"}
        by = hours(8 if number - first < late else 12)
        placed = {"merchant_id": merchant, "consumer_id": "c", "zone": "Asia/Shanghai", "creator_id": "k9"}
        events += [
            told(name, "order.placed", 0, **placed),
            told(name, "order.paid", 0, paid_minor=9_900, currency="CNY", ship_rule="hours:48", deliver_by=by),
            told(name, "parcel.scanned", 1, code="picked_up", **parcel),
            told(name, "parcel.scanned", 11, code="delivered", **parcel),
        ]
    return events


def kept(world: World, at_hour: float, *, again: bool = False) -> int:
    """Keep house and score."""
    keep_house(world, hours(at_hour))
    return keep(world.connection, world.words, world.engine.ruleset, hours(at_hour), again=again)


def test_what_happened_is_what_is_scored(world: World) -> None:
    """Orders, a return for quality, a review and conversations end as the facts behind the points."""
    world.feed(sold(30, late=3))
    asked = {"refund_id": "r1", "amount_minor": 100, "currency": "CNY", "ground": "quality"}
    world.feed([told("m1-0", "refund.requested", 12, **asked)])
    world.feed([told("m1-1", "refund.requested", 12, **{**asked, "refund_id": "r2", "ground": "other"}),
                told("m1-1", "refund.requested", 12.5, **{**asked, "refund_id": "r3"})])  # fmt: skip
    world.feed([told("m1-2", "order.reviewed", 12, review_id="v1", merchant_id="m1", rating=2),
                told("m1-2", "order.reviewed", 13, review_id="v1", merchant_id="m1", rating=4),
                told("m1-3", "order.reviewed", 13, review_id="v2", merchant_id="m1", rating=5)])  # fmt: skip
    assert kept(world, DAY_END) == 1
    (found,) = latest(world.connection, "merchant:m1", "law.experience")
    values = {name: each["value"] for part in found.dimensions.values() for name, each in part["indicators"].items()}
    assert values == {"quality": Decimal("0.03333333"), "rating": Decimal("4.5"), "on-time": Decimal("0.9"),
                      "pickup": Decimal(3_600)}  # fmt: skip
    assert (found.valid, found.stage, found.score) == (30, "formal", Decimal("87.25"))
    assert stand(world.connection, world.words, world.engine.ruleset, "merchant:m1", hours(DAY_END)) == [found]


def test_a_day_is_scored_once_when_it_has_ended(world: World) -> None:
    """Not before its midnight; not twice; late evidence is in the next day's score, or in a replay's."""
    world.feed(sold(30))
    assert kept(world, DAY_END - 0.01) == 0
    assert kept(world, DAY_END) == 1
    world.feed([told("m1-0", "order.reviewed", 12, review_id="v1", merchant_id="m1", rating=1)])
    assert kept(world, DAY_END + 1) == 0
    assert kept(world, DAY_END + 1, again=True) == 1
    assert kept(world, DAY_END + 1, again=True) == 0
    assert kept(world, DAY_END + 24) == 1
    days = world.rows("SELECT day::text, dimensions #>> '{product,indicators,rating,value}' FROM standing ORDER BY day")
    assert days == [("2026-03-02", "1"), ("2026-03-03", "1")]


def test_conversations_reach_the_merchants_day(world: World) -> None:
    """Turns and seconds add up, and a rating of three or less is a poor one."""
    for number, rating in enumerate((3, 4, None)):
        data = {"merchant_id": "m1", "conversation_id": f"g{number}", "turns": 2, "reply_s": 40_000, "rating": rating}
        world.feed([event("conversation.closed", hours(number), f"g{number}", **data)])
    keep_house(world, hours(DAY_END))
    counted = world.rows("SELECT conversations, turns, reply_s, conversations_rated, conversations_poor"
                         " FROM fact_merchant_day WHERE day = '2026-03-02'")  # fmt: skip
    assert counted == [(3, 6, 120_000, 2, 1)]


@pytest.mark.parametrize(("late", "state"), [(0, "open"), (30, "open")])
def test_a_gate_asks_for_standing(world: World, late: int, state: str) -> None:
    """Open to whoever meets it, with the score and its day; closed to whoever has none."""
    world.feed(sold(30, late=late))
    kept(world, DAY_END)
    gate = find(world.engine.ruleset.gates, "affiliate")
    answer = ask(world.connection, gate, "merchant:m1", hours(DAY_END))
    assert (answer.state, answer.met, str(answer.scored_on)) == (state, True, "2026-03-02")
    nobody = ask(world.connection, gate, "merchant:m2", hours(DAY_END))
    assert (nobody.state, nobody.met, nobody.score) == ("closed", False, None)


def test_a_gate_closes_below_what_it_asks(world: World) -> None:
    """Exactly what is asked passes; a little less of the score, of a dimension or of an indicator closes the gate."""
    gate = find(world.engine.ruleset.gates, "affiliate")
    world.feed(sold(30))
    kept(world, DAY_END)
    world.connection.execute(
        "UPDATE standing SET score = 70, dimensions = jsonb_set(dimensions, '{product,points}', '65')"
    )
    assert ask(world.connection, gate, "merchant:m1", hours(DAY_END)).state == "open"
    for change in ("score = 69.99", "dimensions = jsonb_set(dimensions, '{product,points}', '64.9')",
                   "dimensions = jsonb_set(dimensions, '{product,indicators,quality,value}', '0.11')"):  # fmt: skip
        with world.connection.transaction(force_rollback=True):
            world.connection.execute(f"UPDATE standing SET {change}")
            answer = ask(world.connection, gate, "merchant:m1", hours(DAY_END))
            assert (answer.state, answer.met, answer.until) == ("closed", False, None)


def test_weights_go_by_the_merchants_industry(world: World) -> None:
    """What the merchant's registration says is read beside its day."""
    world.feed(sold(30, late=30))
    for merchant, industry in (("m1", "books"),):
        world.feed([event("merchant.registered", hours(0), f"reg-{merchant}", merchant_id=merchant, name="Books",
                          industry=industry)])  # fmt: skip
    kept(world, DAY_END)
    assert world.value("SELECT dimensions #>> '{product,weight}' FROM standing") == "80"


def test_a_published_score_keeps_its_figures(world: World) -> None:
    """What is read back from the database scores as what was written."""
    (score,) = world.engine.ruleset.scores
    (written,) = pack_of(PACK).scores
    assert score == written


def pushed(world: World) -> list[tuple[Any, ...]]:
    """Every webhook about the gate that asks for standing, in order: who, from which state to which."""
    return world.rows(
        "SELECT payload ->> 'account', payload ->> 'before', payload ->> 'state' FROM outbox"
        " WHERE topic = 'gate.changed' AND payload ->> 'gate' = 'law.affiliate' ORDER BY id"
    )


def listen(world: World) -> None:
    """An endpoint that wants to know of gates."""
    world.connection.execute(
        "INSERT INTO endpoint (url, topics, secrets) VALUES ('https://x.example', '{gate.*}', '{s}')"
    )
    world.connection.commit()


def test_a_gate_that_moves_by_standing_is_told_once(world: World) -> None:
    """Opened by the first standing that meets it, closed by one that does not; a day that changes nothing is silent."""
    listen(world)
    world.feed(sold(30))
    kept(world, DAY_END)
    assert pushed(world) == [("merchant:m1", "closed", "open")]
    kept(world, DAY_END, again=True)
    kept(world, DAY_END + 24)
    assert len(pushed(world)) == 1
    asked = {"amount_minor": 100, "currency": "CNY", "ground": "quality"}
    world.feed([told(f"m1-{n}", "refund.requested", 40, refund_id=f"r{n}", **asked) for n in range(10)])
    kept(world, DAY_END + 48)
    assert pushed(world)[1:] == [("merchant:m1", "open", "closed")]
    gate = find(world.engine.ruleset.gates, "affiliate")
    assert ask(world.connection, gate, "merchant:m1", hours(DAY_END + 48)).state == "closed"
    assert world.rows("SELECT state FROM gate WHERE gate = 'law.affiliate'") == [("closed",)]


def test_who_never_met_it_is_told_nothing(world: World) -> None:
    """Closed before the first standing and after it: nothing has changed."""
    listen(world)
    asked = {"amount_minor": 100, "currency": "CNY", "ground": "quality"}
    world.feed(sold(30))
    world.feed([told(f"m1-{n}", "refund.requested", 12, refund_id=f"r{n}", **asked) for n in range(10)])
    kept(world, DAY_END)
    assert pushed(world) == []


def test_a_standing_that_is_lost_takes_its_message_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped before the commit neither is there; the next time both are, once."""
    listen(world)
    world.feed(sold(30))
    keep_house(world, hours(DAY_END))
    with monkeypatch.context() as stopping:
        stopping.setattr("goldline.core.account.gate.follow", _stop)
        with pytest.raises(RuntimeError, match="stopped"):
            keep(world.connection, world.words, world.engine.ruleset, hours(DAY_END), again=False)
    world.connection.rollback()
    assert (pushed(world), world.rows("SELECT * FROM standing")) == ([], [])
    kept(world, DAY_END)
    assert pushed(world) == [("merchant:m1", "closed", "open")]


def _stop(connection: Connection[Any], gates: Sequence[Gate], now: datetime) -> int:
    follow(connection, gates, now)
    raise RuntimeError("stopped")


def test_a_sanction_and_standing_close_one_gate_together(world: World) -> None:
    """Closed by a sanction it stays closed when standing meets it; once both let pass, it opens and is told once."""
    listen(world)
    rows = (
        "INSERT INTO sanction (id, account, ladder, version, rule, finding_id, nth, step, ordinal, action, starts_at)"
        " VALUES (gen_random_uuid(), 'merchant:m1', 'law.stock', 1, 'law.missing', gen_random_uuid(), 1, 1, 0,"
        " 'affiliate_ban', %s)"
    )
    world.connection.execute(rows, (hours(0),))
    world.feed(sold(30))
    kept(world, DAY_END)
    assert pushed(world) == []
    world.connection.execute("UPDATE sanction SET revoked_at = %s", (hours(20),))
    move(world.connection, world.engine.ruleset.gates, ["merchant:m1"], hours(20))
    move(world.connection, world.engine.ruleset.gates, ["merchant:m1"], hours(21))
    assert pushed(world) == [("merchant:m1", "closed", "open")]
