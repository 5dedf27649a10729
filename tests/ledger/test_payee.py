"""Payees who become known after their remedy was decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from goldline.core.ledger.payee import find_payees
from goldline.market.vocabulary import vocabulary
from tests.laws.world import World, demo_pack

PAID = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = PAID + timedelta(days=30)


def event(kind: str, name: str, data: str) -> bytes:
    """One CloudEvent of order o1."""
    time = PAID.isoformat().replace("+00:00", "Z")
    head = f'"specversion":"1.0","id":"{name}","source":"t","type":"{kind}","time":"{time}"'
    return f'{{{head},"data":{{"order_id":"o1",{data}}}}}'.encode()


PAYMENT = event("order.paid", "e1", '"paid_minor":12900,"currency":"CNY","ship_rule":"hours:48"')
PLACING = event("order.placed", "e2", '"merchant_id":"m1","consumer_id":"c1"')


def states(world: World) -> set[Any]:
    """State and payee of every remedy of the world."""
    rows = world.connection.execute("SELECT state, payee, bearer FROM remedy").fetchall()
    return {row for row in rows if row[0] != "void"}


def test_a_payee_known_later_is_paid_then(database_url: str) -> None:
    """A payment without its order holds the remedy; the order's arrival names payee and bearer and lets it go."""
    with World(database_url, demo_pack(vocabulary())) as world:
        world.feed([PAYMENT])
        world.step(LATER)
        assert {state for state, _, _ in states(world)} == {"held"}
        assert find_payees(world.connection, vocabulary(), LATER) == 0
        world.feed([PLACING])
        world.step(LATER)
        assert find_payees(world.connection, vocabulary(), LATER) > 0
        held = {row for row in states(world) if row[0] != "accrued"}
        assert held == set()
        assert {payee for _, payee, _ in states(world)} == {"consumer:c1"}
        assert "merchant:unknown" not in {bearer for _, _, bearer in states(world)}
        assert find_payees(world.connection, vocabulary(), LATER) == 0
