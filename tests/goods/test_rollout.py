"""A new rule comes into force by steps: it counts, then shows, then reports to a person, then acts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from goldline.core.account import report, review
from goldline.core.account.actor import Actor
from goldline.core.account.report import Outcome
from goldline.core.errors import GoldlineError
from goldline.core.policy.published import publish
from goldline.surfaces.cli.program import FAILED, run
from tests.account.shop import HEAD, keep_house, orders
from tests.account.test_docket import FOUND
from tests.laws.world import World, hours, pack_of

ADA = Actor("person", "ada")
NOW = hours(FOUND)


def rule_in(rollout: str) -> str:
    """The pack of a shop's ladder with its rule rolled out so far."""
    return HEAD.replace('grace  = "50 hours"', f'grace  = "50 hours"\nrollout = "{rollout}"')


def violated(world: World, day: int = 0, merchant: str = "m1") -> None:
    """A bad day, and the house kept until it is found."""
    world.feed(orders(day, 4, merchant=merchant))
    keep_house(world, hours(24 * day + FOUND))


def seen(world: World) -> tuple[Any, ...]:
    """What came of it: subjects counted as broken, findings, cases and sanctions."""
    return world.rows(
        "SELECT (SELECT sum(subjects)::integer FROM tally WHERE state = 'b'), (SELECT count(*) FROM finding),"
        " (SELECT count(*) FROM review_case), (SELECT count(*) FROM sanction WHERE revoked_at IS NULL)"
    )[0]


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [("log", (1, 0, 0, 0)), ("flag", (1, 1, 0, 0)), ("report", (1, 1, 1, 0)), ("act", (1, 1, 0, 2))],
)
def test_each_step_does_more_than_the_one_before(database_url: str, rollout: str, expected: tuple[int, ...]) -> None:
    """Counted; written down; a case opened; sanctions, messages and all. Before `act` nobody outside is told."""
    with World(database_url, pack_of(rule_in(rollout))) as world:
        world.connection.execute(
            "INSERT INTO endpoint (url, topics, secrets)"
            " VALUES ('https://shop.example/', '{finding.*,sanction.*,gate.*}', '{s}')"
        )
        world.connection.commit()
        violated(world)
        assert seen(world) == expected
        assert (world.value("SELECT count(*) FROM outbox") > 0) == (rollout == "act")


def answered(world: World, outcome: Outcome, now: datetime) -> None:
    """The one open case claimed and answered by a person."""
    review.add_reviewer(world.connection, "ada")
    claim = review.take(world.connection, "ada", now)
    assert claim is not None
    assert claim.account == "merchant:m1"
    report.decide(world.connection, world.words, claim.case_id, claim.epoch, outcome, "Looked at.", ADA, now)
    world.connection.commit()


def test_what_a_person_upholds_acts(database_url: str) -> None:
    """An upheld report counts in its ladder from then on; a machine may not uphold it, nor a person twice."""
    with World(database_url, pack_of(rule_in("report"))) as world:
        violated(world)
        answered(world, "upheld", NOW)
        assert seen(world) == (1, 1, 1, 2)
        assert world.rows("SELECT account, nth FROM sanction LIMIT 1") == [("merchant:m1", 1)]
        with pytest.raises(GoldlineError, match="person"):
            report.decide(world.connection, world.words, world.value("SELECT id FROM review_case"), 1, "upheld", "x",
                          Actor("machine", "m"), NOW)  # fmt: skip


def test_what_a_person_dismisses_is_taken_back(database_url: str) -> None:
    """A dismissed report never counts, and judging the day again does not put it up."""
    with World(database_url, pack_of(rule_in("report"))) as world:
        violated(world)
        answered(world, "dismissed", NOW)
        assert world.rows("SELECT status, rollout FROM finding") == [("overturned", "report")]
        world.feed(orders(0, 1, first=9))
        keep_house(world, hours(FOUND + 1))
        assert seen(world)[3] == 0


def test_publishing_moves_a_rule_on_without_touching_the_past(database_url: str) -> None:
    """From flag to act no verdict turns and no --rejudge is needed: what was flagged stays so, what is new acts."""
    with World(database_url, pack_of(rule_in("flag"))) as world:
        violated(world)
        assert publish(world.connection, pack_of(rule_in("act")), world.words, NOW) == 1
        world.connection.commit()
        world.reload()
        keep_house(world, hours(FOUND + 1))
        assert seen(world) == (1, 1, 0, 0)
        violated(world, day=10, merchant="m2")
        assert seen(world) == (2, 2, 0, 2)
        assert world.rows("SELECT rollout FROM finding ORDER BY found_at") == [("flag",), ("act",)]


def test_explain_says_how_far_a_rule_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`goldline policy explain` names the step of a rule that does not act yet, and a word that is none is refused."""
    book = tmp_path / "policies.toml"
    book.write_text(rule_in("report"), encoding="utf-8")
    assert run(["policy", "explain", str(book)]) == 0
    assert "rollout    report: each violation opens a case for a person" in capsys.readouterr().out
    book.write_text(rule_in("often"), encoding="utf-8")
    assert run(["policy", "check", str(book)]) == FAILED
    assert "often" in capsys.readouterr().err
