"""Special campaigns: what is looked for in a whole stock, from when, and until when everybody may mend it himself.

A campaign decides nothing about an account. What its sweep finds comes back as an event, and rules of the pack, with
their ladders, statements and appeals, say what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from goldline.core.facts.merge import FactType
from goldline.core.facts.subject import Subject
from goldline.core.policy.clause import Setting, expression, usable_id
from goldline.core.policy.definition import Use
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.expression import Expression, examine
from goldline.core.policy.parameter import GRADES
from goldline.core.policy.promise import LOG, Promise
from goldline.core.policy.table import Table

DAY_S: Final = 86_400
LARGEST_PART: Final = Decimal("0.5")
_REQUIRED: Final = (
    "id", "on", "title", "about", "scope", "criteria", "since", "announced_at", "check_until", "ends_at",
)  # fmt: skip
_KEYS: Final = (*_REQUIRED, "every", "later", "clause", "grade")
_LATER_KEYS: Final = ("part", "announced_at", "check_until")


@dataclass(frozen=True, slots=True)
class Later:
    """The part of the owners, drawn by their ids, that is told and swept later: until then the others' control."""

    part: Decimal
    announced_at: datetime
    check_until: datetime


@dataclass(frozen=True, slots=True)
class Campaign:
    """One version of a campaign over one kind of subject.

    In scope is whatever was there (`since`) before `ends_at` and meets `scope`; found is what of it meets `criteria` in
    a sweep after `check_until`; `outside` is the reverse of `scope`, true where that is unknown. A sweep goes over the
    stock every `every_s` until `ends_at`, and once more at the end, so what is new or changed meanwhile is seen too.
    """

    policy: str
    version: int
    pack: str
    subject: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    scope: Expression
    criteria: Expression
    since: Expression
    outside: Expression
    announced_at: datetime
    check_until: datetime
    ends_at: datetime
    every_s: int
    later: Later | None
    zone: str
    currency: str
    clause: str | None = None
    grade: str | None = None

    @property
    def kind(self) -> str:
        """'campaign'."""
        return "campaign"

    @property
    def id(self) -> str:
        """The id inside its pack. The fact `campaign` of a swept subject holds the whole name."""
        return self.policy.partition(".")[2]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its expressions, in reading order."""
        return (self.scope, self.criteria, self.since)

    @property
    def uses(self) -> frozenset[Use]:
        """The parameters and tariffs it names."""
        return frozenset[Use]().union(*(each.uses for each in self.expressions))

    def as_rule(self) -> Promise:
        """What a sweep looks at, as a rule on the subject: what is out of scope is excused. For trying it out."""
        return Promise(
            policy=self.policy, version=self.version, pack=self.pack, subject=self.subject, title=self.title,
            about=self.about, effective_from=None, effective_until=None, by=None, made_at=self.since,
            due_at=self.since, kept_at=self.since, excused=self.outside, grace_s=0, cap_minor=None, budget=None,
            breaker=None, remedies=(), currency=self.currency, when=self.criteria, rollout=LOG,
        )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """Every fact it reads, sorted."""
        return tuple(sorted(frozenset[str]().union(*(each.names for each in self.expressions))))


def read_campaign(table: Table, setting: Setting) -> Campaign | None:
    """A campaign, or None with its faults noted."""
    table.allow(_KEYS, "a campaign")
    complete = table.require(_REQUIRED, "the campaign")
    before = len(table.document.source.diagnostics)
    own_id, subject = usable_id(table, "id") or "", _subject(table, setting)
    title, about = table.words("title"), table.words("about")
    scope, criteria = (expression(table, key, FactType.BOOLEAN, subject, setting) for key in ("scope", "criteria"))
    since = expression(table, "since", FactType.INSTANT, subject, setting)
    times = [table.instant(key, setting.zone) for key in ("announced_at", "check_until", "ends_at")]
    _in_order(table, ("announced_at", "check_until", "ends_at"), times)
    every_s, later = table.seconds("every"), _later(table, times[-1], setting)
    clause, grade = table.text("clause"), table.choice("grade", GRADES)
    faults = len(table.document.source.diagnostics) > before or not complete
    announced_at, check_until, ends_at = times
    if faults or subject is None or scope is None or criteria is None or since is None:
        return None
    outside = examine(
        f"coalesce(not ({scope.text}), true)", types=subject.types(), want=FactType.BOOLEAN, currency=setting.currency,
        macros=None, where=table.document.place((*table.path, "scope")), definitions=setting.definitions,
    )  # fmt: skip
    if outside is None:
        return None
    assert announced_at is not None
    assert check_until is not None
    assert ends_at is not None, "what is required and free of faults is there"
    return Campaign(
        policy=f"{setting.pack}.{own_id}", version=1, pack=setting.pack, subject=subject.kind, title=title, about=about,
        scope=scope, criteria=criteria, since=since, outside=outside, announced_at=announced_at,
        check_until=check_until, ends_at=ends_at, every_s=every_s or DAY_S, later=later, zone=str(setting.zone),
        currency=setting.currency, clause=clause, grade=grade,
    )  # fmt: skip


def _subject(table: Table, setting: Setting) -> type[Subject] | None:
    kind = table.text("on")
    found = setting.vocabulary.subjects.get(kind or "")
    if found is not None and found.swept_as is not None:
        return found
    if kind is not None:
        known = [each.kind for each in setting.vocabulary if each.swept_as is not None]
        table.report("on", f"no campaign can be on '{kind}'", nearest(kind, known) or f"use {', '.join(known)}")
    return None


def _in_order(table: Table, keys: tuple[str, ...], times: list[datetime | None]) -> None:
    for (earlier, one), (later, other) in zip(
        zip(keys, times, strict=True), zip(keys[1:], times[1:], strict=True), strict=False
    ):
        if one is not None and other is not None and not one < other:
            table.report(later, f"'{later}' must be after '{earlier}'", "a campaign is told, then swept, then over")


def _later(table: Table, ends_at: datetime | None, setting: Setting) -> Later | None:
    inner = table.table("later")
    if inner is None:
        return None
    inner.allow(_LATER_KEYS, "'later'")
    if not inner.require(_LATER_KEYS, "'later'"):
        return None
    part, times = inner.portion("part"), [inner.instant(key, setting.zone) for key in _LATER_KEYS[1:]]
    _in_order(inner, _LATER_KEYS[1:], times)
    if part is not None and not 0 < part <= LARGEST_PART:
        inner.report("part", f"'part' is {part}", "draw at most half of the owners: part = 0.2")
        return None
    announced_at, check_until = times
    if part is None or announced_at is None or check_until is None:
        return None
    if ends_at is not None and check_until >= ends_at:
        inner.report("check_until", "the later part is never swept", "let its self-check end before the campaign does")
        return None
    return Later(part, announced_at, check_until)
