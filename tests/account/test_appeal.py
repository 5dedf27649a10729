"""An account may object: in time, once, to a person who has not decided before; and what was wrong is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from goldline.core.account import docket, review
from goldline.core.account.actor import Actor
from goldline.core.account.appeal import (
    Answer,
    Filing,
    ask_evidence,
    decide,
    escalate_overdue,
    file,
    withdraw,
)
from goldline.core.account.evidence import Upload, add
from goldline.core.account.gate import ask, find
from goldline.core.account.overturn import Ground, held_rules, overturn
from goldline.core.errors import GoldlineError
from tests.account.shop import keep_house, orders, scanned
from tests.account.test_docket import FOUND, acting, second_violation
from tests.account.tribunal import ADA, BEN, PACK, SHOP, answered, appealed, findings
from tests.laws.world import World, event, hours, pack_of

LATER = 240 + FOUND + 1


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world with the ladder's rules and terms of appeal in force."""
    with World(database_url, pack_of(PACK)) as made:
        made.connection.execute(
            "INSERT INTO endpoint (url, topics, secrets) VALUES ('https://shop.example/', '{*}', '{s}')"
        )
        made.connection.commit()
        yield made


@pytest.fixture
def bad(world: World) -> World:
    """One bad day of one shop, found and answered for."""
    world.feed(orders(0, 4, shipped=1))
    keep_house(world, hours(FOUND))
    return world


def refused(code: str, world: World) -> pytest.RaisesExc[GoldlineError]:
    """Expect a refusal with a code; what was begun is rolled back by the next statement's caller."""
    world.connection.commit()
    return pytest.raises(GoldlineError, check=lambda fault: fault.code == code)


def test_a_granted_appeal_takes_everything_back(world: World) -> None:
    """The first of two violations overturned: fee back, steps counted again, gate open, told, written down."""
    second_violation(world)
    gate = find(world.engine.ruleset.gates, "presale")
    assert ask(world.connection, gate, "merchant:m1", hours(LATER)).state == "closed"
    first, second = findings(world)
    effect = answered(world, appealed(world, second, hours(LATER)), "overturned", hours(LATER + 1))
    assert acting(world) == [("freeze_funds", 1), ("fee", 1)]
    assert ask(world.connection, gate, "merchant:m1", hours(LATER + 1)).state == "open"
    assert effect.findings == (second,)
    assert (len(effect.revoked), len(effect.imposed)) == (2, 0)
    assert dict(effect.gates) == {
        ("merchant:m1", "law.presale"): ("closed", "open"), ("merchant:m1", "law.sales"): ("limited", "open"),
    }  # fmt: skip
    assert findings(world) == [first]
    topics = {topic for (topic,) in world.rows("SELECT topic FROM outbox WHERE kind = 'webhook'")}
    assert topics >= {"appeal.filed", "appeal.decided", "finding.overturned", "sanction.revoked", "gate.changed"}
    actions = [row[0] for row in world.rows("SELECT action FROM audit ORDER BY seq")]
    assert actions == ["appeal.filed", "case.claimed", "finding.overturned", "case.settled", "appeal.decided"]


def test_the_effect_says_the_money(world: World) -> None:
    """The fee goes back to the merchant and comes from the platform, and the effect says so to the minor unit."""
    second_violation(world)
    first, _ = findings(world)
    effect = answered(world, appealed(world, first, hours(FOUND + 24)), "overturned", hours(LATER))
    # The second becomes the first, which costs the same fee: what goes back and what is taken cancel out.
    assert effect.money == {}
    assert acting(world) == [("freeze_funds", 1), ("fee", 1)]
    (second,) = findings(world)
    effect = answered(world, appealed(world, second, hours(LATER + 2)), "overturned", hours(LATER + 3))
    assert effect.money == {("merchant:m1", "CNY"): 10_000, ("platform", "CNY"): -10_000}
    assert acting(world) == []


def test_what_was_overturned_is_not_put_up_by_judging_again(bad: World) -> None:
    """Late evidence that excuses and evidence that breaks again turn the verdict, and the finding stays overturned."""
    (finding,) = findings(bad)
    answered(bad, appealed(bad, finding, hours(FOUND + 1)), "overturned", hours(FOUND + 2))
    bad.feed([event("order.exempted", hours(5), f"x{n}", order_id=f"m1-0-{n}", reason="flood") for n in range(4)])
    keep_house(bad, hours(FOUND + 3))
    bad.feed(orders(0, 20, first=10))
    keep_house(bad, hours(FOUND + 4))
    assert bad.rows("SELECT status FROM finding WHERE policy = 'law.missing'") == [("overturned",)]
    assert acting(bad) == []


def test_an_upheld_appeal_changes_nothing(bad: World) -> None:
    """The sanctions stand as they stood, and the answer says why."""
    before = acting(bad)
    (finding,) = findings(bad)
    effect = answered(bad, appealed(bad, finding, hours(FOUND + 1)), "upheld", hours(FOUND + 2))
    assert acting(bad) == before
    assert (effect.revoked, effect.imposed, effect.money) == ((), (), {})
    assert bad.rows("SELECT state, answer, decided_by FROM appeal") == [("upheld", "We looked at it.", "ada")]


def test_a_part_is_let_off_and_the_finding_counts_on(world: World) -> None:
    """The fee is waived and goes back once; the violation still counts, and a later overturning pays no second time."""
    second_violation(world)
    first, second = findings(world)
    fee = world.value("SELECT id FROM sanction WHERE action = 'fee'")
    effect = answered(world, appealed(world, first, hours(FOUND + 2)), "partly", hours(LATER), waive=(fee,))
    assert effect.money == {("merchant:m1", "CNY"): 10_000, ("platform", "CNY"): -10_000}
    assert acting(world)[2:] == [("presale_ban", 2), ("order_cap", 2)]
    ground = Ground("person:ada", "A wrong rule.", "test")
    rules = held_rules(world.connection, world.words)
    overturn(world.connection, world.words, rules, [first, second], ground, hours(LATER + 1))
    world.connection.commit()
    assert world.value("SELECT coalesce(sum(amount_minor), 0) FROM posting WHERE account = 'merchant:m1'") == 0


def test_a_late_appeal_is_refused_with_its_end(bad: World) -> None:
    """On the very second the window has closed; one second before, the appeal is taken."""
    (finding,) = findings(bad)
    end = hours(FOUND) + timedelta(days=7)
    with refused("appeal_late", bad) as caught:
        appealed(bad, finding, end)
    assert f"{end:%Y-%m-%d %H:%M:%S}" in caught.value.message
    assert appealed(bad, finding, end - timedelta(seconds=1)).evidence == ()


def test_one_appeal_is_pending_and_one_is_answered(bad: World) -> None:
    """A second appeal is refused while the first is pending, and after its answer where the terms say once."""
    (finding,) = findings(bad)
    filed = appealed(bad, finding, hours(FOUND + 1))
    with refused("appeal_pending", bad):
        appealed(bad, finding, hours(FOUND + 2))
    answered(bad, filed, "upheld", hours(FOUND + 3))
    with refused("appeal_answered", bad):
        appealed(bad, finding, hours(FOUND + 4))


def test_no_machine_decides_alone(bad: World) -> None:
    """An answer needs a person with a claim; a program's is refused whatever it holds."""
    (finding,) = findings(bad)
    filed = appealed(bad, finding, hours(FOUND + 1))
    review.add_reviewer(bad.connection, "robot")
    claim = review.take(bad.connection, "robot", hours(FOUND + 2), case_id=filed.case_id)
    assert claim is not None
    answer = Answer("overturned", "Computed.")
    with refused("needs_person", bad):
        robot = Actor("machine", "robot")
        decide(bad.connection, bad.words, filed.case_id, claim.epoch, answer, robot, hours(FOUND + 2))
    with refused("claim_lost", bad):
        decide(bad.connection, bad.words, filed.case_id, claim.epoch, answer, ADA, hours(FOUND + 2))


def test_whoever_decided_before_is_barred(database_url: str) -> None:
    """Where a decision may be appealed again, it is answered by another than the one who answered first."""
    with World(database_url, pack_of(PACK.replace("once   = true", "once   = false"))) as world:
        world.feed(orders(0, 4))
        keep_house(world, hours(FOUND))
        (finding,) = findings(world)
        answered(world, appealed(world, finding, hours(FOUND + 1)), "upheld", hours(FOUND + 2), by=ADA)
        again = appealed(world, finding, hours(FOUND + 3))
        assert review.take(world.connection, "ada", hours(FOUND + 4), case_id=again.case_id) is None
        answered(world, again, "overturned", hours(FOUND + 5), by=BEN)
        assert acting(world) == []


def test_the_answer_is_due_in_working_days(bad: World) -> None:
    """Five working days, to the end of the day in Shanghai; then the breach is marked once, raised and told."""
    (finding,) = findings(bad)
    filed = appealed(bad, finding, hours(FOUND + 1))  # Saturday, 7 March
    assert filed.answer_by.isoformat().startswith("2026-03-13T15:59:59")
    assert escalate_overdue(bad.connection, filed.answer_by) == 0
    late = filed.answer_by + timedelta(seconds=1)
    assert [escalate_overdue(bad.connection, late) for _ in range(2)] == [1, 0]
    bad.connection.commit()
    assert bad.value("SELECT level FROM review_case") == 1
    assert bad.value("SELECT count(*) FROM outbox WHERE topic = 'appeal.overdue'") == 1


def test_evidence_is_asked_for_and_wakes_the_case(bad: World) -> None:
    """The case rests while evidence is waited for; it comes, and the case waits for a reviewer again."""
    (finding,) = findings(bad)
    filed = appealed(bad, finding, hours(FOUND + 1), "disaster")
    assert filed.evidence == ("report",)
    review.add_reviewer(bad.connection, "ada")
    claim = review.take(bad.connection, "ada", hours(FOUND + 2))
    assert claim is not None
    until = hours(FOUND + 48)
    ask_evidence(bad.connection, filed.case_id, claim.epoch, "Which county?", until, ADA, hours(FOUND + 2))
    assert review.take(bad.connection, "ada", hours(FOUND + 3)) is None
    rules = bad.engine.ruleset
    upload = Upload("report", "report.txt", "text/plain", "水灾 2026-03".encode())
    add(bad.connection, rules, filed.appeal_id, "merchant:m1", upload, SHOP, hours(FOUND + 3))
    other = Upload("selfie", "a.txt", "text/plain", b"x")
    with pytest.raises(GoldlineError, match="has no evidence"):
        add(bad.connection, rules, filed.appeal_id, "merchant:m1", other, SHOP, hours(FOUND + 3))
    assert review.take(bad.connection, "ada", hours(FOUND + 4)) is not None


def test_an_appeal_is_taken_back(bad: World) -> None:
    """Withdrawn by its own account only, its case is dropped, and it may be filed again."""
    (finding,) = findings(bad)
    filed = appealed(bad, finding, hours(FOUND + 1))
    with refused("not_found", bad):
        withdraw(bad.connection, bad.words, filed.appeal_id, "merchant:m2", SHOP, hours(FOUND + 2))
    withdraw(bad.connection, bad.words, filed.appeal_id, "merchant:m1", SHOP, hours(FOUND + 2))
    bad.connection.commit()
    assert bad.rows("SELECT state FROM review_case") == [("dropped",)]
    appealed(bad, finding, hours(FOUND + 3))


def test_nobody_objects_for_another(bad: World) -> None:
    """A decision against another account is not found, and neither is one that was never taken."""
    (finding,) = findings(bad)
    filing = Filing("merchant:m2", "attack", "Not mine.", finding_id=finding)
    with refused("not_found", bad):
        file(bad.connection, bad.engine.ruleset, filing, SHOP, hours(FOUND + 1))


def test_sanctions_rest_where_the_terms_say_so(database_url: str) -> None:
    """With provisional relief the gate opens while the appeal is pending and closes again when it is withdrawn."""
    relief = PACK.replace("once   = true", 'once   = true\nprovisional = ["presale_ban"]')
    with World(database_url, pack_of(relief)) as world:
        second_violation(world)
        _, second = findings(world)
        gate = find(world.engine.ruleset.gates, "presale")
        filed = appealed(world, second, hours(LATER))
        assert ask(world.connection, gate, "merchant:m1", hours(LATER)).state == "open"
        withdraw(world.connection, world.words, filed.appeal_id, "merchant:m1", SHOP, hours(LATER + 1))
        world.connection.commit()
        assert ask(world.connection, gate, "merchant:m1", hours(LATER + 1)).state == "closed"
        assert world.rows("SELECT state FROM gate WHERE gate = 'law.presale'") == [("closed",)]


def test_what_begins_while_an_appeal_is_pending_rests_too(database_url: str) -> None:
    """The first violation falls away by evidence, the appealed one becomes the first: its new sanction rests as well.

    An action the terms do not name begins; once the appeal is taken back nothing rests any more.
    """
    relief = PACK.replace("once   = true", 'once   = true\nprovisional = ["freeze_funds"]')
    with World(database_url, pack_of(relief)) as world:
        second_violation(world)
        _, second = findings(world)
        filed = appealed(world, second, hours(LATER))
        world.feed([scanned(f"m1-0-{number}", 20) for number in range(3)])
        keep_house(world, hours(LATER + 1))
        begun = "SELECT action, suspended_by FROM sanction WHERE finding_id = %s AND revoked_at IS NULL ORDER BY action"
        assert world.rows(begun, second) == [("fee", None), ("freeze_funds", filed.appeal_id)]
        withdraw(world.connection, world.words, filed.appeal_id, "merchant:m1", SHOP, hours(LATER + 2))
        world.connection.commit()
        assert world.rows(begun, second) == [("fee", None), ("freeze_funds", None)]


def test_what_waits_for_an_account_is_not_forgotten(bad: World) -> None:
    """An account due to be worked out is worked out by whoever holds it, and none stays due for nothing."""
    (finding,) = findings(bad)
    filed = appealed(bad, finding, hours(FOUND + 1))
    docket.enqueue(bad.connection, [finding])
    answered(bad, filed, "upheld", hours(FOUND + 2))
    assert bad.value("SELECT count(*) FROM account_due") == 0
