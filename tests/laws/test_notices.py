"""Notices: declared once, they hold for every order they cover, whatever came first, and leave no trace behind."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from goldline.core.facts.notice import carry, enforce, notices
from goldline.market.order import Order
from goldline.market.vocabulary import vocabulary
from tests.laws.scenario import Told, order, paid, placed, scan
from tests.laws.world import EARLY, END, World, demo_pack, event, hours

WHY = {"en": "The river has risen", "zh-Hans": "河水上涨"}


def published(ident: str = "n1", at: float = 1, **data: Any) -> bytes:
    """A notice for the region r1 and everything paid in the first two days, unless stated."""
    given = {"kind": "shift", "regions": ["r1"], "paid_from": hours(0), "paid_until": hours(48), "reason": WHY, **data}
    return event("notice.published", hours(at), f"{ident}-published", notice_id=ident, **given)


def withdrawn(ident: str = "n1", at: float = 5) -> bytes:
    """Its withdrawal at hour `at`."""
    return event("notice.withdrawn", hours(at), f"{ident}-withdrawn", notice_id=ident)


def settle(world: World, as_of: Any = EARLY) -> None:
    """Step, put notices in force and carry them, until nothing is left to do, as a worker does."""
    world.reload()
    while True:
        world.step(as_of)
        done = enforce(world.connection, world.words) + carry(world.connection, world.words, bites=64)
        world.reload()
        if not done:
            break
    world.step(as_of)


def shipping(world: World, key: str) -> tuple[Any, ...]:
    """When an order is due, why, by which notices, since when it is void, and the verdict."""
    return world.rows(
        "SELECT ship_by, ship_by_origin, notices, exempted_at, v_demo__ship_by_0::text FROM fact_order WHERE key = %s",
        key,
    )[0]


def test_it_covers_what_stands_and_what_comes(database_url: str) -> None:
    """Orders that stood, orders that come later and no others: not another region, merchant, category or time."""
    others: dict[str, list[Told]] = {
        "region": [placed(region="r2"), paid()],
        "merchant": [placed(merchant_id="m9"), paid()],
        "category": [placed(category="shoes"), paid()],
        "paid": [placed(), paid(at=49)],
        "due": [placed(), paid(ship_rule="hours:24")],
    }
    before, after = [placed(category="food"), paid()], [placed(category="food"), paid()]
    part = [placed(category="food", region="r1-part"), paid()]
    notice = published(
        ship_by=hours(96), merchants=["m1"], categories=["food"], due_from=hours(40), due_until=hours(60)
    )
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed([told(name) for name, story in others.items() for told in story])
        world.feed([told("before") for told in before])
        settle(world)
        world.feed([notice])
        settle(world)
        world.feed([told("after") for told in after] + [told("part") for told in part])
        settle(world)
        for name in ("before", "after", "part"):
            assert shipping(world, f"o{name}")[:3] == (hours(96), "notice", ["n1"])
        assert {shipping(world, f"o{name}")[2] for name in others} == {None}
        (listed,) = notices(world.connection, Order)
        assert (listed.covered, listed.carried, listed.carried_share) == (3, True, 100)


def test_the_latest_wins_and_each_is_kept(database_url: str) -> None:
    """Of several shifts the latest counts, none shortens, any void stops the clocks, and all stay on the order."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed([placed()("a"), paid()("a"), published(hours=24), published("n2", hours=72),
                    published("n3", ship_by=hours(2))])  # fmt: skip
        settle(world)
        assert shipping(world, "oa") == (hours(120.5), "notice", ["n1", "n2"], None, "p")
        world.feed([published("n4", kind="void", at=7)])
        settle(world, END)
        assert shipping(world, "oa")[2:] == (["n1", "n2", "n4"], hours(7), "e")


def test_a_withdrawal_restores_the_clocks_that_run(database_url: str) -> None:
    """A clock that still runs has its own deadline again, yet never one before the withdrawal; the decided stay."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        for name, at in (("soon", 0.5), ("later", 30.0)):
            world.feed([placed()(name), paid(at)(name)])
        world.feed([placed()("done"), paid()("done"), scan("picked_up", 55)("done")])
        world.feed([published(hours=48)])
        settle(world, hours(50))
        assert shipping(world, "odone")[4] == "k"
        world.feed([withdrawn(at=60)])
        settle(world, hours(60))
        assert shipping(world, "osoon")[:3] == (hours(60), "notice", ["n1"])
        assert shipping(world, "olater")[:3] == (hours(78), "hours:48", None)
        settle(world, END)
        assert [shipping(world, f"o{name}")[4] for name in ("soon", "later", "done")] == ["b", "b", "k"]
        due = dict(world.rows("SELECT key, due_at FROM finding WHERE policy = 'demo.ship-by' AND occurrence = 0"))
        assert due == {"osoon": hours(60), "olater": hours(78)}


def test_a_withdrawn_stop_lets_clocks_run_again(database_url: str) -> None:
    """Clocks whose deadline had passed under the notice stay stopped; the others run again."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed([placed()("a"), paid()("a"), placed()("b"), paid(40)("b"), published(kind="void"), withdrawn(at=60)])
        settle(world, END)
        assert [shipping(world, key)[4] for key in ("oa", "ob")] == ["e", "b"]


def test_what_was_found_before_is_exonerated(database_url: str) -> None:
    """A notice that comes after the breach moves the charge to the platform; the consumer keeps what was paid."""
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed([placed()("a"), paid()("a")])
        settle(world, hours(60))
        assert shipping(world, "oa")[4] == "b"
        assert world.value("SELECT count(*) FROM remedy WHERE charged_to = 'merchant:m1'") > 0
        world.feed([published(kind="void", at=61)])
        settle(world, hours(62))
        assert shipping(world, "oa")[4] == "e"
        assert world.rows("SELECT DISTINCT status FROM finding") == [("exonerated",)]
        assert world.rows("SELECT DISTINCT bearer, charged_to, state FROM remedy") == [
            ("merchant:m1", "platform", "accrued")
        ]


def test_no_clock_overtakes_a_notice(database_url: str) -> None:
    """Received before an order is judged, a notice is in force when it is, in whatever partition either lies."""
    with World(database_url, demo_pack(vocabulary(), limits=False), partitions=2) as world:
        world.feed([told(str(n)) for n in range(8) for told in (placed(), paid())])
        world.feed([published(kind="void")])
        settle(world, END)
        assert world.value("SELECT count(*) FROM finding") == 0
        assert world.rows("SELECT v_demo__ship_by_0::text, count(*) FROM fact_order GROUP BY 1") == [("e", 8)]
        assert world.value("SELECT count(*) FROM announced") == 0


def test_a_big_notice_goes_in_bites(database_url: str, monkeypatch: Any) -> None:
    """It reaches everything that stands though one transaction looks at a few; the list says how far it has come."""
    monkeypatch.setattr("goldline.core.facts.notice.BITE", 3)
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed([told(str(n)) for n in range(20) for told in (placed(), paid())])
        settle(world)
        world.feed([published(hours=5)])
        world.step(EARLY)
        assert enforce(world.connection, world.words) == 1
        assert carry(world.connection, world.words, bites=2) == 6
        (listed,) = notices(world.connection, Order)
        assert (listed.looked, listed.carried) == (6, False)
        settle(world)
        (listed,) = notices(world.connection, Order)
        assert (listed.covered, listed.carried) == (20, True)
        assert enforce(world.connection, world.words) == 0


_DECIDED = """SELECT ship_by, ship_by_origin, exempted_at, notices, v_demo__ship_by_0::text
              FROM fact_order WHERE key = %s"""


def test_what_came_first_does_not_matter(database_url: str) -> None:
    """In every order of arrival, a step after each, an order and its notices come to the same facts and findings."""
    told: list[Any] = [
        placed(), paid(), order("ship_agreed", 2, ship_by=hours(60)), published(hours=48), withdrawn(at=300),
        published("n2", ship_by=hours(100)), published("n1", at=9, hours=2, regions=["r9"]),
    ]  # fmt: skip
    seen = set()
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        for number, arrangement in enumerate(list(permutations(told))[::420]):
            for each in arrangement:
                world.feed([_renamed(each, str(number))])
                settle(world)
        settle(world, END)
        for number in range(12):
            seen.add(str(_facts(world, f"o{number}", str(number))))
        assert len(seen) == 1
        assert world.value("SELECT count(*) FROM finding WHERE status <> 'standing'") == 0
        assert world.value("SELECT count(DISTINCT ship_by) FROM fact_order") == 1
        assert world.value("SELECT min(ship_by) FROM fact_order") == hours(108)


def _renamed(told: Any, copy: str) -> bytes:
    """The event of one copy of the world: its own order, and notices for its own region."""
    if callable(told):
        return told(copy).replace(b'"r1"', f'"r1-{copy}"'.encode())
    return told.replace(b'"n1', f'"n1-{copy}'.encode()).replace(b'"n2', f'"n2-{copy}'.encode()).replace(
        b'"r1"', f'"r1-{copy}"'.encode())  # fmt: skip


def _facts(world: World, key: str, copy: str) -> list[Any]:
    rows = world.rows(_DECIDED, key)
    found = world.rows("SELECT policy, due_at, found_at, status FROM finding WHERE key = %s ORDER BY policy", key)
    return [str(rows).replace(f"-{copy}'", "'"), found]
