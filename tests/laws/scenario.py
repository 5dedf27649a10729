"""Stories of one order, told in at most six events, with the awkward things in them; and random ones of many more."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.laws.world import event, hours, minutes

Told = Callable[[str], bytes]  # an event, for the copy of the order that is named

LATE = 24 * 20  # hours: long after every deadline


def placed(at: float = 0, ident: str = "placed", **data: Any) -> Told:
    """The order is placed at hour `at`."""
    given = {"merchant_id": "m1", "consumer_id": "c1", "region": "r1", "zone": "Asia/Shanghai", **data}
    return _order("order.placed", at, ident, **given)


def paid(at: float = 0.5, ident: str = "paid", **data: Any) -> Told:
    """The order is paid at hour `at`; hand-over within 48 hours and delivery within 120 unless stated."""
    given = {"paid_minor": 19_900, "currency": "CNY", "ship_rule": "hours:48", "deliver_by": hours(120), **data}
    return _order("order.paid", at, ident, **given)


def order(kind: str, at: float, ident: str | None = None, **data: Any) -> Told:
    """Any other event of the order itself."""
    return _order(f"order.{kind}", at, ident or kind, **data)


def labelled(at: float, ident: str = "label", parcel: str = "a", carrier: str = "k1") -> Told:
    """A waybill."""
    return lambda copy: event(
        "parcel.created", hours(at), ident, order_id=f"o{copy}", parcel_id=f"x{copy}{parcel}", carrier_id=carrier
    )


def scan(code: str, at: float, ident: str | None = None, parcel: str = "a", carrier: str = "k1") -> Told:
    """A carrier's scan."""
    named = ident or code
    ids = {"carrier_id": carrier, "code": code}
    return lambda copy: event(
        "parcel.scanned", hours(at), named, order_id=f"o{copy}", parcel_id=f"x{copy}{parcel}", **ids
    )


def refund(kind: str, at: float, ident: str | None = None, **data: Any) -> Told:
    """An event of the order's one refund."""
    return lambda copy: event(
        f"refund.{kind}", hours(at), ident or kind, order_id=f"o{copy}", refund_id=f"f{copy}", **data
    )


def _order(kind: str, at: float, ident: str, **data: Any) -> Told:
    return lambda copy: event(kind, hours(at), ident, order_id=f"o{copy}", **data)


ASKED = {"amount_minor": 5_000, "currency": "CNY"}

SCENARIOS: dict[str, list[Told]] = {
    "kept": [placed(), paid(), order("accepted", 1), labelled(2), scan("picked_up", 9), scan("delivered", 60)],
    "everything broken": [placed(), paid()],
    "two payments at one time": [placed(), paid(ident="p1"), paid(ident="p2", paid_minor=30_000, ship_rule="hours:24")],
    "one id, one time, two contents": [
        placed(), paid(), paid(paid_minor=88_800, ship_rule="hours:24"), paid(paid_minor=5, ship_rule=None),
    ],
    "one id, two times": [placed(), placed(at=3), paid(), paid(at=20, paid_minor=70_000), scan("picked_up", 60)],
    "everything twice": [placed(), placed(), paid(), paid(), scan("picked_up", 52), scan("picked_up", 52)],
    "cancelled in time, twice": [placed(), paid(), order("cancelled", 40), order("cancelled", 3, "again")],
    "cancelled too late": [placed(), paid(), order("cancelled", LATE), scan("picked_up", 300), order("accepted", 2)],
    "picked up late": [placed(), paid(), labelled(2), scan("picked_up", 60), scan("departed", 61),
                       scan("arrived", 190)],
    "picked up two days late": [placed(), paid(), order("accepted", 1), scan("picked_up", 97), scan("delivered", 200)],
    "renegotiated": [
        placed(), paid(), order("ship_agreed", 5, "a1", ship_by=hours(90)),
        order("ship_agreed", 5, "a2", ship_by=hours(70)),
        scan("picked_up", 80), scan("delivered", 110),
    ],
    "renegotiated twice": [
        placed(), paid(), order("ship_agreed", 5, ship_by=hours(90)), order("ship_agreed", 7, ship_by=hours(30)),
        scan("picked_up", 50), order("accepted", 30),
    ],
    "exempted": [placed(), paid(), order("exempted", 400, reason="flood"), scan("picked_up", 90)],
    "refund answered twice": [
        placed(), paid(), refund("requested", 200, **ASKED), refund("decided", 260, "d1", outcome="refused"),
        refund("decided", 255, "d2", outcome="approved"), refund("paid", 300, **ASKED),
    ],
    "refund at one time": [
        placed(), paid(), refund("requested", 200, **ASKED),
        refund("requested", 200, "r2", amount_minor=1, currency="USD"),
        refund("decided", 210, "d1", outcome="refused"), refund("decided", 210, "d2", outcome="approved"),
    ],
    "two currencies": [placed(), paid(), paid(ident="other", at=0.6, currency="USD"), scan("delivered", 500)],
    "never placed": [paid(), labelled(3), scan("departed", 30), scan("out_for_delivery", 160)],
    "two parcels": [
        placed(), paid(), labelled(2, "l1", "a", "k1"), labelled(2, "l2", "b", "k2"),
        scan("picked_up", 50, parcel="b", carrier="k2"), scan("delivered", 130),
    ],
    "scanned out of nowhere": [scan("arrived", 10), scan("departed", 10), scan("lost", 11), scan("delivered", 99)],
    "nothing promised": [placed(), paid(ship_rule=None, deliver_by=None), order("accepted", 30)],
    "working days": [
        placed(zone="America/Sao_Paulo"), placed(ident="q", zone="Asia/Shanghai"), paid(ship_rule="working_days:3"),
        scan("picked_up", 24 * 4),
    ],
    "two sellers claim it": [placed(), placed(ident="z", merchant_id="m2", consumer_id="c2"), paid(),
                             order("accepted", 25)],
    "shipped on the dot": [placed(), paid(), scan("picked_up", 48.5), order("accepted", 24.5), scan("delivered", 120)],
    "unavailable": [placed(), paid(), order("unavailable", 3), order("shipped", 4), order("accepted", 500)],
}  # fmt: skip


def wild(seed: int, most: int = 40) -> list[Told]:
    """Up to `most` random events of one order, ties, repeats and contradictions included."""
    draw = random.Random(seed)
    told = [placed(), paid()]
    while len(told) < most:
        told.append(draw.choice(_MAKERS)(draw, len(told)))
    return told


def _any_time(draw: random.Random) -> float:
    return draw.choice([0, 0.5, 1, 24, 24.5, 47, 48.5, 49, 72, 96.5, 120, 121, 168, 200, draw.randrange(400) / 4])


_SCANS = ("picked_up", "departed", "arrived", "out_for_delivery", "delivered", "ready_for_pickup", "lost", "in_transit")
_MAKERS: list[Callable[[random.Random, int], Told]] = [
    lambda d, n: placed(
        _any_time(d), f"e{n // 2}", merchant_id=d.choice(["m1", "m2"]), consumer_id=d.choice(["c1", "c2"])
    ),
    lambda d, n: paid(
        _any_time(d), f"e{n // 2}", paid_minor=d.randrange(900_000), ship_rule=d.choice(["hours:24", "same_day"])
    ),
    lambda d, n: paid(_any_time(d), f"e{n // 2}", ship_by=hours(_any_time(d)), deliver_by=hours(_any_time(d))),
    lambda d, n: order("accepted", _any_time(d), f"e{n}"),
    lambda d, n: order("ship_agreed", _any_time(d), f"e{n // 3}", ship_by=hours(_any_time(d))),
    lambda d, n: order("cancelled", 60 + _any_time(d), f"e{n}") if d.random() < 0.3 else order("shipped", 3, f"e{n}"),
    lambda d, n: labelled(_any_time(d), f"e{n}", d.choice("ab"), d.choice(["k1", "k2"])),
    lambda d, n: scan(d.choice(_SCANS), _any_time(d), f"e{n}", d.choice("ab"), d.choice(["k1", "k2"])),
    lambda d, n: scan(d.choice(_SCANS), _any_time(d), f"e{n}", d.choice("ab")),
    lambda d, n: refund("requested", _any_time(d), f"e{n // 2}", amount_minor=d.randrange(9_999), currency="CNY"),
    lambda d, n: refund("decided", _any_time(d), f"e{n // 2}", outcome=d.choice(["approved", "refused"])),
    lambda d, n: refund("paid", _any_time(d), f"e{n}", **ASKED),
]


def life(seed: int) -> list[tuple[datetime, Told]]:
    """The likely events of one order in time, each deadline set before it passes; most things may go wrong."""
    draw = random.Random(seed)
    pay = draw.uniform(0, 20)
    ship_h = draw.choice([24, 48, 72])
    deliver_by = hours(pay + ship_h + draw.uniform(24, 96))
    first = paid(pay, paid_minor=draw.randrange(100, 900_000), ship_rule=f"hours:{ship_h}", deliver_by=deliver_by)
    told: list[tuple[float, Told]] = [(0, placed(0)), (pay, first)]
    if draw.random() < 0.1:
        told.append((pay + 2, order("cancelled", pay + 2)))
        return [(hours(at), each) for at, each in told]
    _journey(draw, told, pay, ship_h)
    if draw.random() < 0.2:
        _refund(draw, told, pay + draw.uniform(10, 150))
    return [(hours(at), each) for at, each in told]


def _journey(draw: random.Random, told: list[tuple[float, Told]], pay: float, ship_h: int) -> None:
    def add(at: float, each: Callable[[float], Told]) -> float:
        if draw.random() < 0.93:
            told.append((at, each(at)))
        return at

    add(pay + draw.choice([1, 12, 23.9, 30]), lambda at: order("accepted", at))
    if draw.random() < 0.15:
        add(pay + 5, lambda at: order("ship_agreed", at, ship_by=hours(pay + ship_h + draw.uniform(-10, 40))))
    at = add(pay + draw.uniform(6, 30), labelled)
    for code in ("picked_up", "departed", "arrived", "out_for_delivery", "delivered"):
        at = add(at + draw.choice([3, 10, 20, 26, 80]), lambda when, code=code: scan(code, when))  # type: ignore[misc]


def _refund(draw: random.Random, told: list[tuple[float, Told]], at: float) -> None:
    told.append((at, refund("requested", at, **ASKED)))
    answer = at + draw.choice([5, 47, 50, 70])
    told.append((answer, refund("decided", answer, outcome=draw.choice(["approved", "refused"]))))
    told.append((answer + 30, refund("paid", answer + 30, **ASKED)))


LATENESS = timedelta(minutes=119)  # less than the grace of two hours

__all__ = ["LATENESS", "SCENARIOS", "Told", "life", "minutes", "wild"]
