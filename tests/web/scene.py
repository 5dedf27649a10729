"""A scene for the reviewers' pages: a shop with two violations that objects to the second, and who may judge it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from goldline.core.account import review
from tests.account.shop import keep_house, orders
from tests.account.tribunal import appealed, findings
from tests.laws.world import World, hours

FOUND: Final = 112  # hours: when the first bad day of the shop is found
NOW: Final[datetime] = hours(240 + FOUND)
REVIEWERS: Final = ("ada", "ben", "olga")


def object_to(world: World) -> None:
    """Set the scene and commit it; the clock stands still at `NOW`."""
    for day in (0, 10):
        world.feed(orders(day, 4))
        keep_house(world, hours(24 * day + FOUND))
    world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [NOW])
    appealed(world, findings(world)[-1], NOW, "disaster")
    for name in REVIEWERS:
        review.add_reviewer(world.connection, name)
    world.connection.commit()
