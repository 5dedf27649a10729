"""Special campaigns: what is found, who is told when, what mending in time is worth, and what a stop leaves behind."""

from __future__ import annotations

import random

import numpy as np
import pytest

from goldline.core.account.campaign import SURVEY, advance, pause, resume, standing
from goldline.core.account.overturn import Ground, held_rules, overturn
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.published import publish
from goldline.study.campaign import measured, result
from goldline.study.campaignpreview import preview
from tests.campaign.drive import BEFORE, LATER, OVER, SWEPT, TOLD, campaign_of, found, looked_at, offered, run, text
from tests.laws.world import World, hours, pack_of


def stock(world: World, merchants: int = 4, listings: int = 3) -> None:
    """Every merchant has listings; of each the first promises too much."""
    told = []
    for merchant in (f"m{number}" for number in range(merchants)):
        for number in range(listings):
            told += [offered(merchant, f"i{number}"), looked_at(merchant, f"i{number}", 4 if number == 0 else 0)]
    world.feed(told)
    world.step(hours(2))


def test_what_is_mended_in_time_is_not_found(database_url: str) -> None:
    """Told, mended within the window: nothing. Not mended: found, sanctioned, and mending later unsays nothing."""
    with World(database_url, pack_of(text())) as world:
        stock(world, merchants=3)
        world.feed([offered("m9", "toy", category="toys"), looked_at("m9", "toy", 5)])
        world.step(hours(3))
        assert run(world, BEFORE) == 0
        run(world, TOLD)
        assert found(world) == []
        assert world.value("SELECT count(*) FROM campaign_suspect") == 3
        world.feed([looked_at("m1", "i0", 0, at=24 * 6)])
        world.step(hours(24 * 6))
        run(world, SWEPT)
        assert found(world) == ["m0/i0", "m2/i0"]
        world.feed([looked_at("m0", "i0", 0, at=24 * 12)])
        run(world, hours(24 * 13))
        assert world.value("SELECT count(*) FROM finding WHERE status = 'standing'") == 2
        sanctioned = world.rows("SELECT account, action FROM sanction WHERE revoked_at IS NULL ORDER BY 1")
        assert sanctioned == [("merchant:m0", "item_removal"), ("merchant:m2", "item_removal")]
        told = result(world.connection, world.words, campaign_of(world), hours(24 * 13))
        assert (told.in_scope, told.suspected, told.mended, told.found) == (9, 3, 1, 2)
        assert (told.standing, told.sanctions, told.effect) == (2, 2, None)


def test_the_stream_is_swept_too(database_url: str) -> None:
    """What is offered or spoilt while a campaign runs is found by the next sweep; what comes after its end is not."""
    with World(database_url, pack_of(text())) as world:
        stock(world)
        run(world, TOLD)
        run(world, SWEPT)
        assert len(found(world)) == 4
        world.feed([offered("m7", "new", at=24 * 14), looked_at("m7", "new", 4, at=24 * 14 + 1)])
        world.feed([looked_at("m1", "i2", 4, at=24 * 14)])
        world.step(hours(24 * 15))
        run(world, hours(24 * 15))
        assert set(found(world)) - {f"m{n}/i0" for n in range(4)} == {"m7/new", "m1/i2"}
        world.feed([offered("m8", "late", at=24 * 31), looked_at("m8", "late", 4, at=24 * 31)])
        world.step(OVER)
        run(world, OVER)
        assert "m8/late" not in found(world)
        assert standing(world.connection, campaign_of(world), OVER).state == "ended"
        assert run(world, hours(24 * 40)) == 0


@pytest.mark.parametrize("seed", range(4))
def test_stopping_anywhere_changes_nothing(database_url: str, seed: int) -> None:
    """Bites of any size, rolled back, paused and taken up again at random: each listing is told of once."""
    draw = random.Random(seed)
    with World(database_url, pack_of(text())) as world:
        stock(world, merchants=7, listings=4)
        campaign = campaign_of(world)
        for now in (TOLD, SWEPT):
            while True:
                if draw.random() < 0.3:
                    pause(world.connection, campaign, now)
                    assert advance(world.connection, world.words, campaign, world.intake, now) is None
                    resume(world.connection, campaign)
                    world.connection.commit()
                if draw.random() < 0.3:
                    with world.connection.transaction(force_rollback=True):  # a kill: nothing of the bite is kept
                        advance(world.connection, world.words, campaign, world.intake, now, size=2)
                if advance(world.connection, world.words, campaign, world.intake, now, size=draw.randint(1, 5)) is None:
                    break
            world.step(now)
        passes = standing(world.connection, campaign, SWEPT).passes
        assert [(each.number, each.looked, each.told) for each in passes] == [(SURVEY, 28, 0), (1, 28, 7)]
        assert world.value("SELECT sum(events) FROM inbox WHERE via = 'campaign'") == 7
        assert found(world) == [f"m{n}/i0" for n in range(7)]


def test_those_called_up_later_are_found_later(database_url: str) -> None:
    """Owners drawn for later are neither told nor found before their own time, and are the measure until then."""
    with World(database_url, pack_of(text(later=True))) as world:
        stock(world, merchants=40)
        run(world, TOLD, size=50)
        later = {owner for (owner,) in world.rows("SELECT owner FROM campaign_owner WHERE later AND number = 0")}
        assert 8 < len(later) < 32
        mended = [f"m{n}" for n in range(40) if f"m{n}" not in later][:10]
        world.feed([looked_at(each, "i0", 0, at=24 * 6) for each in mended])
        world.step(hours(24 * 6))
        run(world, SWEPT, size=50)
        assert {each.split("/")[0] for each in found(world)} == {f"m{n}" for n in range(40)} - later - set(mended)
        effect = result(world.connection, world.words, campaign_of(world), SWEPT).effect
        assert effect is not None
        called = 40 - len(later)
        assert effect.before == effect.others_before == effect.others_after == pytest.approx(1 / 3)
        assert effect.change == pytest.approx(-10 / (3 * called))
        assert effect.low <= effect.change <= effect.high < 0
        run(world, hours(24 * 17), size=50)
        assert {each.split("/")[0] for each in found(world)}.isdisjoint(later)
        run(world, hours(24 * 23), size=50)
        assert {each.split("/")[0] for each in found(world)} == set(map("m{}".format, range(40))) - set(mended)


def test_whoever_is_told_late_has_as_long(database_url: str) -> None:
    """A survey that could only be made at the end of the self-check: the sweep waits until there was time to mend."""
    with World(database_url, pack_of(text())) as world:
        stock(world, merchants=3)
        run(world, SWEPT)
        assert found(world) == []
        assert standing(world.connection, campaign_of(world), SWEPT).state == "mending"
        world.connection.commit()
        run(world, hours(24 * 17))
        assert found(world) == []
        run(world, hours(24 * 18))
        assert len(found(world)) == 3


@pytest.mark.parametrize("change", ["", LATER.replace("0.5", "0.1")])
def test_nobody_is_found_before_being_told(database_url: str, change: str) -> None:
    """The later part is taken out or made smaller after the survey: who was drawn for it is told first all the same."""
    with World(database_url, pack_of(text(later=True))) as world:
        stock(world, merchants=40)
        run(world, TOLD, size=50)
        later = {owner for (owner,) in world.rows("SELECT owner FROM campaign_owner WHERE later AND number = 0")}
        publish(world.connection, pack_of(text(later=True).replace(LATER, change)), world.words, SWEPT)
        world.connection.commit()
        world.reload()
        run(world, SWEPT, size=50)
        assert {each.split("/")[0] for each in found(world)} == {f"m{n}" for n in range(40)} - later
        told_at = world.value("SELECT later_told_at FROM campaign")
        assert (told_at is not None) == (change == "")
        world.connection.commit()
        run(world, hours(24 * 17), size=50)
        assert {each.split("/")[0] for each in found(world)}.isdisjoint(later)
        run(world, hours(24 * 26), size=50)
        assert len(found(world)) == 40


def test_chance_alone_is_no_effect() -> None:
    """Where both groups mend alike the interval holds zero, though both came down from a bad spell."""
    draw = np.random.default_rng(5)
    scope = np.full(300, 20.0)
    both = np.column_stack((scope, draw.binomial(20, 0.4, 300), scope, draw.binomial(20, 0.2, 300))).astype(float)
    effect = measured(both[:200], both[200:], 1)
    assert effect.after - effect.before < -0.15
    assert effect.low < 0 < effect.high


def test_what_a_person_took_back_is_not_found_again(database_url: str) -> None:
    """An overturned finding lifts its sanction, and the next sweep, which sees the same listing, changes nothing."""
    with World(database_url, pack_of(text())) as world:
        stock(world, merchants=2)
        run(world, TOLD)
        run(world, SWEPT)
        (finding_id,) = world.rows("SELECT id FROM finding WHERE merchant_id = 'm0'")[0]
        with world.connection.transaction():
            rules = held_rules(world.connection, world.words)
            overturn(world.connection, world.words, rules, [finding_id], Ground("person:ann", "No.", "test"), SWEPT)
        run(world, hours(24 * 14))
        told = result(world.connection, world.words, campaign_of(world), hours(24 * 14))
        assert (told.found, told.standing, told.overturned, told.sanctions) == (2, 1, 1, 1)


def test_a_preview_of_one_owner_shows_no_other(database_url: str) -> None:
    """An owner sees what of its own would be found; nothing is kept by looking."""
    with World(database_url, pack_of(text())) as world:
        stock(world)
        own = preview(world.connection, world.words, campaign_of(world), TOLD, 10, owner="m1")
        assert (own.in_scope, own.met, own.owners) == (3, 1, 1)
        assert [key for key, _ in own.examples] == ["m1|i0"]
        assert own.examples[0][1]["severity"] == "4"
        assert world.value("SELECT count(*) FROM campaign_suspect") == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('on           = "listing"', 'on = "order"', "no campaign can be on 'order'"),
        ("check_until  = 2026-03-12", "check_until = 2026-03-01", "'check_until' must be after 'announced_at'"),
        ("severity >= 3", "severty >= 3", "severty"),
        ("severity >= 3", "severity", "must be true or false"),
        ("ends_at      = 2026-04-01", "", "'ends_at'"),
        ("part = 0.5", "part = 0.9", "at most half"),
        ("check_until = 2026-03-24", "check_until = 2026-05-24", "never swept"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, said: str) -> None:
    """A campaign that makes no sense is refused, with the place and what to do."""
    assert old in text(later=True)
    with pytest.raises(PolicyError) as refused:
        pack_of(text(later=True).replace(old, new, 1))
    assert said in str(refused.value)
    assert "law" in str(refused.value)
