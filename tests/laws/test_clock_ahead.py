"""A run as of a time that has not come is refused: partitions never go back, and every later promise would break."""

from __future__ import annotations

import pytest

from goldline.core import worker
from goldline.core.errors import GoldlineError
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from tests.laws.world import END, World, demo_pack, hours


def test_a_time_to_come_is_refused(database_url: str) -> None:
    """Nothing is judged by it; up to the present it is."""
    with World(database_url, demo_pack(vocabulary())) as world:
        world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(24)])
        world.connection.commit()
        for lease in world.leases:
            worker.release(world.connection, lease)
        world.connection.commit()
        with pytest.raises(GoldlineError, match="lies in the future") as refused:
            worker.run(database_url, vocabulary(), catalogue, until_idle=True, as_of=END)
        assert refused.value.code == "as_of_future"
        assert world.value("SELECT max(clock_at) FROM partition") is None
        worker.run(database_url, vocabulary(), catalogue, until_idle=True, as_of=hours(24))
        assert world.value("SELECT max(clock_at) FROM partition") == hours(24)
