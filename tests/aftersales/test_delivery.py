"""Delivery as asked, told parcel by parcel: the choice, the hand-over, the dispute, and the outlet's points."""

from __future__ import annotations

from datetime import date, timedelta

from goldline.core.facts.daybook import merge
from goldline.market.outletday import OutletDay
from goldline.study.outlets import OutletDayReport, outlets
from tests.aftersales.tale import LATER, Tale, at, explained, facts, owed
from tests.laws.world import World


def points(world: World) -> list[tuple[str, str, int, int, int]]:
    """Outlet, day, points, unasked drops and false signatures, counted now."""
    while merge(world.connection, OutletDay, judged=False):
        pass
    return world.rows(
        "SELECT owner, day::text, points::int, unasked_drops::int, false_signatures::int FROM fact_outlet_day"
        " WHERE points > 0 ORDER BY 1, 2"
    )


def test_a_locker_instead_of_the_door(world: World) -> None:
    """Two parcels of one order, one as asked: the other's outlet pays."""
    tale = Tale()
    tale.tell("order.delivery_chosen", 1, choice="door")
    tale.delivered(parcel="x1", mode="door", outlet_id="n1")
    tale.delivered(parcel="x2", mode="locker", outlet_id="n2")
    tale.play(world)
    assert world.rows("SELECT key, bearer, amount_minor FROM remedy") == [("o1|x2", "outlet:n2", 300)]


def test_the_choice_for_one_parcel_goes_before_the_orders(world: World) -> None:
    """A locker asked for one parcel is kept by a locker, whatever the order says."""
    tale = Tale()
    tale.tell("order.delivery_chosen", 1, choice="door")
    tale.delivered(parcel="x1", mode="locker", outlet_id="n1")
    tale.tell("parcel.delivery_chosen", 3, parcel_id="x1", choice="locker")
    tale.play(world)
    assert facts(world, "parcel", "o1|x1", "choice") == ("locker",)
    states = {each.policy: each.state for each in explained(world, "parcel", "o1|x1").promises}
    assert states["baseline.as-asked"] == "kept"


def test_a_drop_nobody_proves_is_upheld_and_the_outlet_gets_a_point(douyin: World) -> None:
    """Disputed, not proved in 24 hours: a point of the outlet's day, and the money asked back is given once."""
    tale = Tale(yuan=80)
    tale.delivered(mode="locker", outlet_id="n1")
    tale.tell("parcel.delivery_disputed", 50, parcel_id="x1", kind="not_at_door")
    tale.asks(52, 80, ground="delivery", asks="refund_only")
    tale.play(douyin)
    assert owed(douyin) == {"drop-refund": 80}
    assert facts(douyin, "parcel", "o1|x1", "failures") == (["unasked_drop"],)
    assert points(douyin) == [("n1", "2026-08-23", 1, 1, 0)]


def test_proof_in_time_keeps_the_promise(douyin: World) -> None:
    """Consent proved within 24 hours: no breach, no refund, no point."""
    tale = Tale(yuan=80)
    tale.delivered(mode="locker", outlet_id="n1")
    tale.tell("parcel.delivery_disputed", 50, parcel_id="x1", kind="not_at_door")
    tale.tell("parcel.proof_given", 73, parcel_id="x1", proves="consent", form="message", reference="p/1")
    tale.asks(52, 80, ground="delivery", asks="refund_only")
    tale.play(douyin)
    assert owed(douyin) == {}
    assert points(douyin) == []


def test_points_are_counted_by_kind_and_cleared_by_an_appeal(world: World) -> None:
    """Two failures of one parcel and one of another are three points of one outlet; an appeal takes one away."""
    tale = Tale()
    tale.delivered(parcel="x1", mode="door", outlet_id="n1")
    tale.delivered(parcel="x2", mode="door", outlet_id="n1")
    for parcel, kind in (("x1", "false_signature"), ("x1", "no_visit"), ("x2", "not_received")):
        tale.tell("parcel.delivery_disputed", 50, parcel_id=parcel, kind=kind)
    tale.play(world)
    assert owed(world, "balance") == {"true-signature": 20, "true-visit": 5}
    assert points(world) == [("n1", "2026-08-23", 3, 0, 2)]
    tale.tell("parcel.failure_cleared", 300, parcel_id="x1", failure="false_signature")
    tale.play(world)
    assert points(world) == [("n1", "2026-08-23", 2, 0, 1)]
    day = date(2026, 8, 23)
    assert outlets(world.connection, since=day) == [OutletDayReport("n1", day, 2, 0, 1, 1, 0, 0, 0)]
    assert outlets(world.connection, since=day + timedelta(days=1)) == outlets(world.connection, outlet="n2") == []


def test_a_review_upholds_without_a_clock(douyin: World) -> None:
    """What a review finds is a point even where no dispute was told."""
    tale = Tale()
    tale.delivered(mode="door", outlet_id="n1")
    tale.tell("parcel.failure_upheld", 60, parcel_id="x1", failure="false_signature")
    tale.play(douyin)
    assert points(douyin) == [("n1", "2026-08-22", 1, 0, 1)]


def test_an_outlet_nobody_names_leaves_it_to_the_carrier(world: World) -> None:
    """Without an outlet the carrier pays, and no outlet is counted against."""
    tale = Tale()
    tale.delivered()
    tale.tell("parcel.delivery_disputed", 50, parcel_id="x1", kind="false_signature")
    tale.play(world, LATER)
    assert world.rows("SELECT bearer FROM remedy") == [("carrier:k1",)]
    assert points(world) == []
    assert facts(world, "parcel", "o1|x1", "failed_at") > (at(74),)
