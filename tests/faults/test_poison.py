"""Poison: events that make the step fail, or that are malformed, are set aside, and everybody else is judged."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from goldline.core.inbox import Intake
from goldline.core.quarantine import redrive
from goldline.market.events import catalogue
from tests.faults.scene import Scene, wait_for
from tests.laws.world import END, T0, event, hours, pack_of

pytestmark = pytest.mark.faults

FULL = os.environ.get("GOLDLINE_FAULTS") == "full"
ORDERS = 10_000 if FULL else 1_500  # of two events each
POISON_EVERY = 500  # orders: one event in a thousand
MAGIC_MINOR = 77_700
RULES = """
[pack]
id = "law"
currency = "CNY"
title = { en = "law", "zh-Hans" = "law" }
[[promise]]
id = "ship"
on = "order"
title = { en = "ship", "zh-Hans" = "ship" }
about = { en = "ship", "zh-Hans" = "ship" }
made_at = "paid_at"
due_at = "paid_at + interval '48 hours'"
kept_at = "picked_up_at"
[[promise.remedy]]
pay = "paid_amount * 0.01"
as = "coupon"
from = "'merchant'"
"""
PACK = pack_of(RULES)
# The policy language lets no expression fail, so the fault is put where one of the engine's own would be: the database
# refuses the remedy of one amount in a thousand events, as an overlooked constraint would.
FAULT = "ALTER TABLE remedy ADD CONSTRAINT overlooked CHECK (asked_minor <> 777)"
MENDED = "ALTER TABLE remedy DROP CONSTRAINT overlooked"


def _order(number: int) -> list[bytes]:
    poisoned = number % POISON_EVERY == 7
    ident = f"o{number}"
    return [
        event("order.placed", T0, f"a{number}", order_id=ident, merchant_id="m", consumer_id="c"),
        event(
            "order.paid", T0, f"b{number}", order_id=ident, currency="CNY", paid_minor=MAGIC_MINOR if poisoned else 100
        ),
    ]


def _malformed(number: int) -> bytes:
    return event("order.paid", T0, f"x{number}", order_id=f"o{number}", currency="CNY", paid_minor=-1)


POISONED = [f"o{n}" for n in range(ORDERS) if n % POISON_EVERY == 7]
BAD = [n for n in range(ORDERS) if n % POISON_EVERY == 11]


def _feed_all(scene: Scene) -> None:
    for start in range(0, ORDERS, 250):
        events = [each for n in range(start, start + 250) for each in _order(n)]
        scene.feed(events + [_malformed(n) for n in BAD if start <= n < start + 250])
        scene.sent.extend(f"{letter}{n}" for n in range(start, start + 250) for letter in "ab")


def test_poison_in_the_inbox(scene_of: Callable[..., Scene]) -> None:
    """One event in 1,000 fails the step, one in 1,000 is malformed: all others are judged; mended, all are."""
    scene = _faulty(scene_of)
    worker = scene.worker()
    _feed_all(scene)
    wait_for(scene.folded, "the others to be judged", scene.log)
    assert scene.value('SELECT array_agg(root ORDER BY root COLLATE "C") FROM parked') == sorted(POISONED)
    assert scene.value("SELECT count(*) FROM quarantine WHERE code = 'poison' AND state = 'open'") >= len(POISONED) > 0
    assert scene.value("SELECT count(*) FROM quarantine WHERE code = 'invalid'") == len(BAD) > 0
    assert scene.value("SELECT count(*) FROM finding") == ORDERS - len(POISONED)
    assert worker.is_alive()
    _mend(scene)
    wait_for(lambda: scene.folded() and _found(scene) == ORDERS, "all to be judged", scene.log)
    worker.terminate()
    worker.join(20)
    scene.drain()
    _assert_whole(scene)


def test_poison_in_a_wake(scene_of: Callable[..., Scene]) -> None:
    """An order that fails when its deadline comes, with no event about it: the others are judged; mended, it is too."""
    scene = _faulty(scene_of)
    with scene.connect() as connection:
        connection.execute("UPDATE driven_clock SET at = %s", [hours(1)])
    worker = scene.worker()
    _feed_all(scene)
    wait_for(scene.folded, "everything to be folded", scene.log)
    assert _found(scene) == 0
    with scene.connect() as connection:
        connection.execute("UPDATE driven_clock SET at = %s", [END])
    wait_for(lambda: scene.folded() and _found(scene) == ORDERS - len(POISONED), "the others to be judged", scene.log)
    assert scene.value('SELECT array_agg(root ORDER BY root COLLATE "C") FROM parked') == sorted(POISONED)
    _mend(scene)
    wait_for(lambda: scene.folded() and _found(scene) == ORDERS, "all to be judged", scene.log)
    worker.terminate()
    worker.join(20)
    scene.drain()
    _assert_whole(scene)


def _faulty(scene_of: Callable[..., Scene]) -> Scene:
    scene = scene_of(pack=PACK)
    with scene.connect() as connection:
        connection.execute(FAULT)
    return scene


def _mend(scene: Scene) -> None:
    """Mend the fault and send back what was set aside."""
    with scene.connect() as connection:
        connection.execute(MENDED)
        again = redrive(connection, Intake(catalogue(), 2), END)
        assert again.accepted == scene.value("SELECT count(*) FROM quarantine WHERE code = 'poison'")
        assert len(again.stayed) == len(BAD)


def _found(scene: Scene) -> int:
    return int(scene.value("SELECT count(*) FROM finding"))


def _assert_whole(scene: Scene) -> None:
    report = scene.report()
    assert report.ok, str(report)
    assert scene.value("SELECT count(*) FROM remedy WHERE state = 'paid'") == ORDERS == scene.paid()
    assert scene.value("SELECT count(*) FROM fact_order WHERE v_law__ship_0 = 'b'") == ORDERS
    assert scene.value("SELECT count(*) FROM quarantine WHERE state = 'open'") == len(BAD)
    assert Path(scene.log).exists()
