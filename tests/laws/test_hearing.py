"""What is staged, merged and written is what the event types heard so far can feed; nothing else changes by it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tests.checkers.digest import lines
from tests.laws.scenario import SCENARIOS
from tests.laws.test_heirs import RULES, STORIES
from tests.laws.world import END, World, interleaved, pack_of

Databases = Callable[[], str]


def test_hearing_little_by_little_gives_what_hearing_all_gives(another_database: Databases) -> None:
    """The same stories, told an event a step, to an engine that knows no type beforehand and to one that knows all."""
    told = [*STORIES.values(), *SCENARIOS.values()]
    rounds = [[story[at](str(n)) for n, story in enumerate(told) if at < len(story)] for at in range(6)]
    found = []
    for knowing in (False, True):
        with World(another_database(), pack_of(RULES)) as world:
            if knowing:
                world.engine.hear(_decoded(world, [each for some in rounds for each in some]))
            before = world.engine.heard
            interleaved(rounds, world)
            world.step(END)
            assert (world.engine.heard == before) is knowing
            found.append(lines(world.connection))
    assert found[0] == found[1]
    assert len(found[0]) > len(told)


def test_what_nothing_feeds_is_not_carried(database_url: str) -> None:
    """Columns of the stage, of the merge and of the writing come with the event types that feed them."""
    with World(database_url, pack_of(RULES)) as world:
        placed = _decoded(world, [STORIES["a refund and a parcel"][0]("1")])
        assert world.engine.hear(placed)
        assert not world.engine.hear(placed)
        programs = {each.subject.kind: each for each in world.engine.programs(0)}
        assert "placed_at" in programs["order"].copy
        assert "cancelled_at" not in programs["order"].copy
        assert " cancelled_at = j.cancelled_at" not in programs["order"].judgement.statement
        assert "departed_at" not in programs["parcel"].copy


def _decoded(world: World, events: list[bytes]) -> list[object]:
    found: list[object] = world.engine.decoder.decode(msgspec.json.encode([msgspec.Raw(each) for each in events]))
    return found
