"""The story of one order, as pages tell it: its promises and those of its parcels and refunds, evidence and money.

It is the engine's explanation with one thing added: what a promise still running would pay if it were missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goldline.core.facts.coverage import NoticeTold
from goldline.core.judge.told import Clause, Explanation, FindingTold, PromiseTold, RemedyTold
from goldline.core.money import whole_minor
from goldline.core.policy.promise import Promise
from goldline.core.policy.published import RuleSet
from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.explanation import order_explained, rules


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a breach would pay as things stand. `amount_minor` is None while it cannot be told."""

    kind: str
    amount_minor: int | None
    currency: str
    after_s: int


@dataclass(frozen=True, slots=True)
class Part:
    """A parcel or a refund of the order: its own number, and who carries it, if known."""

    kind: str
    own_id: str
    carrier_id: str


@dataclass(frozen=True, slots=True)
class PromiseStory:
    """One promise of the order, or of a `part` of it. `told.state` is pending, kept, broken or excused."""

    told: PromiseTold
    would_pay: tuple[Prospect, ...]
    part: Part | None = None

    @property
    def finding(self) -> FindingTold | None:
        """The finding of the breach itself, standing, exonerated or overturned."""
        return next((each for each in self.told.findings if each.occurrence == 0), None)

    @property
    def found_at(self) -> datetime | None:
        """When it was found broken."""
        return self.finding.found_at if self.finding else None

    @property
    def exonerated_at(self) -> datetime | None:
        """When late evidence turned that, if it did."""
        finding = self.finding
        return finding.status_at if finding and finding.status == "exonerated" else None

    @property
    def overturned_at(self) -> datetime | None:
        """When a person took it back, if one did."""
        finding = self.finding
        return finding.status_at if finding and finding.status == "overturned" else None

    @property
    def remedies(self) -> tuple[RemedyTold, ...]:
        """What was owed for it, over all its findings."""
        return self.told.remedies

    @property
    def standing(self) -> str:
        """How it stands for the consumer: its verdict, and what became of the remedy of a broken one."""
        if self.told.state != "broken":
            return self.told.state
        states = {remedy.state for remedy in self.remedies}
        if "held" in states:
            return "held"
        if states & {"accrued", "unknown"}:
            return "owed"
        return "compensated" if "paid" in states else "broken"


@dataclass(frozen=True, slots=True)
class Story:
    """One order. `promises` are its own, then those of its parcels and refunds, which are explained in `within`."""

    order_id: str
    now: datetime
    facts: Mapping[str, Any]
    promises: tuple[PromiseStory, ...]
    within: tuple[Explanation, ...] = ()
    notices: tuple[NoticeTold, ...] = ()


def story_of(connection: Connection, order_id: str) -> Story | None:
    """The story of one order; None when no event of it was stepped yet."""
    explained = order_explained(connection, order_id)
    return _story(explained, rules(connection)) if explained else None


def _story(explained: Explanation, known: RuleSet) -> Story:
    own = [PromiseStory(told, _prospects(told, known)) for told in explained.promises]
    parts = [
        PromiseStory(told, _prospects(told, known), _part(each)) for each in explained.within for told in each.promises
    ]
    return Story(explained.key, explained.now, explained.facts, (*own, *parts), explained.within, explained.notices)


def _part(explained: Explanation) -> Part:
    carrier = str(explained.facts.get("carrier_id") or "") if explained.kind == "parcel" else ""
    return Part(explained.kind, explained.key.partition("|")[2], carrier)


def _prospects(told: PromiseTold, known: RuleSet) -> tuple[Prospect, ...]:
    promise = known.find(told.policy, told.version)
    if promise is None or told.state != "pending":
        return ()
    values = {clause.text: _value(clause) for clause in told.clauses}
    return tuple(
        Prospect(remedy.kind, _capped(values.get(remedy.pay.text), promise), remedy.currency, remedy.after_s)
        for remedy in promise.remedies
        if remedy.when is None or values.get(remedy.when.text) is not False
    )


def _value(clause: Clause) -> Any:
    """The value of a whole expression: its last node, in reading order."""
    whole = [node for node in clause.nodes if node.label == clause.text] or list(clause.nodes[-1:])
    return whole[0].value if whole else None


def _capped(amount: Any, promise: Promise) -> int | None:
    if amount is None or isinstance(amount, bool | str):
        return None
    owed = whole_minor(amount)
    return min(owed, promise.cap_minor) if promise.cap_minor is not None else owed
