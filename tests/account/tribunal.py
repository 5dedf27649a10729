"""A shop that objects and the people who answer: for tests of appeals."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from goldline.core.account import review
from goldline.core.account.actor import Actor
from goldline.core.account.appeal import Answer, Filed, Filing, Outcome, decide, file
from goldline.core.account.picture import Effect
from tests.account.shop import HEAD
from tests.laws.world import World

APPEALS = """
[[appeal]]
id     = "merchants"
for    = "merchant"
title  = { en = "Merchants' appeal", "zh-Hans" = "商家申诉" }
about  = { en = "Within seven days.", "zh-Hans" = "七日内。" }
window = "7 days"
answer = "working_days:5"
once   = true

[[appeal.reason]]
id       = "disaster"
title    = { en = "Disaster", "zh-Hans" = "不可抗力" }
evidence = ["report"]

[[appeal.reason]]
id    = "attack"
title = { en = "Malicious orders", "zh-Hans" = "恶意攻击" }
"""
PACK = HEAD + APPEALS
SHOP, ADA, BEN = Actor("machine", "shop"), Actor("person", "ada"), Actor("person", "ben")


def findings(world: World, merchant: str = "m1") -> list[UUID]:
    """The violations of a merchant that stand, in order of conduct."""
    rows = world.rows("SELECT id FROM finding WHERE merchant_id = %s AND status = 'standing' AND policy = 'law.missing'"
                      " ORDER BY due_at", merchant)  # fmt: skip
    return [ident for (ident,) in rows]


def appealed(world: World, finding_id: UUID, now: datetime, reason: str = "attack") -> Filed:
    """An appeal against a finding, filed and committed."""
    filing = Filing("merchant:m1", reason, "The orders were not real.", finding_id=finding_id)
    filed = file(world.connection, world.engine.ruleset, filing, SHOP, now)
    world.connection.commit()
    return filed


def answered(
    world: World, filed: Filed, outcome: Outcome, now: datetime, by: Actor = ADA, waive: tuple[UUID, ...] = ()
) -> Effect:
    """The case claimed and answered by a person, committed."""
    review.add_reviewer(world.connection, by.name)
    claim = review.take(world.connection, by.name, now, case_id=filed.case_id)
    assert claim is not None
    answer = Answer(outcome, "We looked at it.", waive)
    effect = decide(world.connection, world.words, filed.case_id, claim.epoch, answer, by, now)
    world.connection.commit()
    return effect
