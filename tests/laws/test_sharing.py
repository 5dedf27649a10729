"""Shared bearing: one payout, two charges, exact to the minor unit, and each side freed by its own evidence alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from goldline.core.ledger.clearing import release_held
from goldline.core.ledger.settlement import Answer, refuse
from tests.checkers.checker import check
from tests.laws.scenario import Told, labelled, paid, placed, scan
from tests.laws.test_books import pay_all
from tests.laws.world import END, World, hours, pack_of

PACK = """
[pack]
id = "law"
currency = "CNY"
title = { en = "Law", "zh-Hans" = "法则" }

[[promise]]
id = "ship-by"
on = "order"
title = { en = "Ships", "zh-Hans" = "发货" }
about = { en = "Ships.", "zh-Hans" = "发货。" }
made_at = "paid_at"
due_at = "ship_by"
kept_at = "picked_up_at"

[[promise]]
id = "transit"
on = "order"
title = { en = "Moves", "zh-Hans" = "中转" }
about = { en = "Moves.", "zh-Hans" = "中转。" }
made_at = "departed_at"
due_at = "departed_at + interval '10 hours'"
kept_at = "arrived_at"

[[promise]]
id = "delivery"
on = "order"
title = { en = "Arrives", "zh-Hans" = "送达" }
about = { en = "Arrives.", "zh-Hans" = "送达。" }
made_at = "paid_at"
due_at = "deliver_by"
kept_at = "delivered_at"
LIMIT
[[promise.remedy]]
pay = "paid_amount * 0.01"
as = "coupon"
from = "case when broken('ship-by') then 'merchant' else 'carrier' end"
share = { merchant = { for = "ship-by", part = 0.7 }, carrier = { for = "transit", part = 0.3 } }
"""
BOTH_LATE: list[Told] = [
    placed(), paid(paid_minor=19_910), labelled(50), scan("picked_up", 60), scan("departed", 62), scan("arrived", 90),
]  # fmt: skip
CHARGES = (
    "SELECT charged_to, amount_minor - share_minor, share_to, share_minor FROM remedy WHERE policy = 'law.delivery'"
)
GIVEN = "SELECT account, sum(amount_minor)::bigint FROM posting GROUP BY 1 HAVING sum(amount_minor) <> 0 ORDER BY 1"


def world_of(url: str, limit: str = "") -> World:
    """A world of the pack above."""
    return World(url, pack_of(PACK.replace("LIMIT", limit)))


def test_each_side_bears_its_part(database_url: str) -> None:
    """Of 1.99 yuan the carrier has 30 % rounded down, the merchant the rest; the consumer has one payout."""
    with world_of(database_url) as world:
        world.feed([each("a") for each in BOTH_LATE])
        world.step(END)
        assert world.rows(CHARGES) == [("merchant:m1", 140, "carrier:k1", 59)]
        assert world.value("SELECT count(*) FROM outbox WHERE kind = 'payout'") == 1
        pay_all(world, database_url)
        assert world.rows(GIVEN) == [("carrier:k1", -59), ("consumer:c1", 199), ("merchant:m1", -140)]
        assert check(world.connection).ok


@pytest.mark.parametrize(("story", "bearer"), [
    ([placed(), paid(), scan("picked_up", 60)], "merchant:m1"),
    ([placed(), paid(), labelled(2), scan("picked_up", 40), scan("departed", 62), scan("arrived", 90)], "carrier:k1"),
    ([placed(), paid(), labelled(2), scan("picked_up", 60), scan("departed", 115)], "merchant:m1"),
])  # fmt: skip
def test_one_breach_alone_is_not_shared(database_url: str, story: list[Told], bearer: str) -> None:
    """Only one clock broke, or the other's had not run out when this one did: `from` decides, whenever it is judged."""
    with world_of(database_url) as world:
        world.feed([each("a") for each in story])
        world.step(END)
        assert world.rows(CHARGES) == [(bearer, 199, None, 0)]


EXCULPATING = {
    "merchant": (scan("picked_up", 40, "true"), ("platform", 140, "carrier:k1", 59)),
    "carrier": (scan("arrived", 70, "true"), ("merchant:m1", 140, "platform", 59)),
    "both": (scan("delivered", 100), ("platform", 140, "platform", 59)),
}


@pytest.mark.parametrize("side", EXCULPATING)
@pytest.mark.parametrize("paid_before", [False, True])
def test_one_side_is_exonerated(database_url: str, side: str, paid_before: bool) -> None:
    """Late evidence for one side moves its part to the platform and no other; the consumer keeps the whole."""
    evidence, charges = EXCULPATING[side]
    with world_of(database_url) as world:
        world.feed([each("a") for each in BOTH_LATE])
        world.step(END)
        if paid_before:
            pay_all(world, database_url)
        world.feed([evidence("a")])
        world.step(END + timedelta(days=1))
        assert world.rows(CHARGES) == [charges]
        world.step(END + timedelta(days=2))
        pay_all(world, database_url)
        assert check(world.connection).ok
        assert world.value("SELECT sum(amount_minor) FROM posting WHERE account = 'consumer:c1'") == 199


def test_a_refusal_gives_each_its_part_back(database_url: str) -> None:
    """The provider says no: both are made whole, also where one part was moved before."""
    with world_of(database_url) as world:
        world.feed([each("a") for each in BOTH_LATE])
        world.step(END)
        world.feed([EXCULPATING["carrier"][0]("a")])
        world.step(END + timedelta(days=1))
        partition, remedy = world.rows("SELECT partition, id FROM remedy WHERE policy = 'law.delivery'")[0]
        assert refuse(world.connection, [Answer(partition, remedy, "closed")], END)[0].share_minor == 59
        world.connection.commit()
        assert world.rows(GIVEN) == []
        assert check(world.connection, idle=False).ok


def test_held_it_is_charged_when_it_is_let_go(database_url: str) -> None:
    """A budget holds it; a side freed meanwhile is not charged; void and reinstated, it is what it was."""
    with world_of(database_url, 'budget = { period = "year", limit = 0 }') as world:
        world.feed([each("a") for each in BOTH_LATE])
        world.step(END)
        assert world.rows(GIVEN) == []
        world.feed([EXCULPATING["carrier"][0]("a")])
        world.step(END + timedelta(days=1))
        assert world.rows(CHARGES) == [("merchant:m1", 140, "platform", 59)]
        assert world.value("SELECT state FROM remedy WHERE policy = 'law.delivery'") == "held"
        assert world.rows(GIVEN) == []
        remedy = world.value("SELECT id FROM remedy WHERE policy = 'law.delivery'")
        assert release_held(world.connection, [remedy], "olga", END) == 1
        world.connection.commit()
        pay_all(world, database_url)
        assert world.rows(GIVEN) == [("consumer:c1", 199), ("merchant:m1", -140), ("platform", -59)]
        assert check(world.connection).ok


def test_a_void_one_comes_back_whole(database_url: str) -> None:
    """Exonerated while held it is void; reinstated it is held again, with both parties as they were."""
    with world_of(database_url, 'budget = { period = "year", limit = 0 }') as world:
        world.feed([each("a") for each in BOTH_LATE])
        world.step(END)
        world.feed([_agreed(300, 1, "later")])
        world.step(END + timedelta(days=1))
        assert world.rows(CHARGES) == [("platform", 140, "carrier:k1", 59)]
        world.feed([_agreed(50, 2, "sooner")])
        world.step(END + timedelta(days=2))
        assert world.rows(CHARGES) == [("merchant:m1", 140, "carrier:k1", 59)]


def test_a_reinstated_side_bears_its_part_again(database_url: str) -> None:
    """A deadline moved away and back: the merchant's part goes to the platform and returns, each once."""
    with world_of(database_url) as world:
        world.feed([each("a") for each in BOTH_LATE])
        world.step(END)
        for number, (ship_by, charged) in enumerate([(300, "platform"), (50, "merchant:m1"), (300, "platform")], 1):
            world.feed([_agreed(ship_by, number, f"a{number}")])
            world.step(END + timedelta(days=number))
            assert world.rows(CHARGES) == [(charged, 140, "carrier:k1", 59)]
        pay_all(world, database_url)
        assert world.rows(GIVEN) == [("carrier:k1", -59), ("consumer:c1", 199), ("platform", -140)]
        assert check(world.connection).ok


def _agreed(ship_by: float, at: float, ident: str) -> bytes:
    from tests.laws.scenario import order

    told: Any = order("ship_agreed", at, ident, ship_by=hours(ship_by))
    return bytes(told("a"))


def test_a_unit_cannot_be_halved(database_url: str) -> None:
    """Where the smaller part rounds down to nothing, the first side bears the whole."""
    with world_of(database_url) as world:
        story = [placed(), paid(paid_minor=100), *BOTH_LATE[2:]]
        world.feed([each("a") for each in story])
        world.step(END)
        assert world.rows(CHARGES) == [("merchant:m1", 1, None, 0)]
        assert check(world.connection, idle=False).ok
