"""From the tables of a pack to its promises and rules: every clause read, typed and checked, every fault noted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from goldline.core.facts.merge import FactType
from goldline.core.facts.question import Question
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.money import exponent as exponent_of
from goldline.core.policy.consequence import bearers, read_consequence, sides
from goldline.core.policy.definition import NOTHING, Definitions, Use
from goldline.core.policy.diagnostic import Place, nearest
from goldline.core.policy.expression import Expression, Type, examine, macro
from goldline.core.policy.parameter import GRADES
from goldline.core.policy.promise import ACT, ROLLOUTS, Breaker, Budget, Dormant, Promise, Remedy, Side
from goldline.core.policy.table import Table
from goldline.core.policy.term import ALIAS, Term
from goldline.core.policy.verdict_sql import broken_sql

PROMISE_KEYS: Final = (
    "id", "on", "title", "about", "made_at", "due_at", "kept_at", "excused", "effective", "grace", "cap", "budget",
    "breaker", "remedy", "clause", "grade", "event", "side",
)  # fmt: skip
REQUIRED_KEYS: Final = ("id", "on", "title", "about", "made_at", "due_at", "kept_at")
RULE_KEYS: Final = (
    "id", "on", "title", "about", "at", "when", "excused", "effective", "grace", "clause", "grade", "rollout",
)  # fmt: skip
RULE_REQUIRED_KEYS: Final = ("id", "on", "title", "about", "at", "when")
REMEDY_KEYS: Final = ("pay", "as", "from", "when", "after", "share")
KINDS: Final = ("coupon", "refund", "balance")
PERIODS: Final = ("day", "week", "month", "year")
_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_ID: Final = 32
About = type[Subject] | type[Question]  # what an expression may read the facts of


@dataclass(frozen=True, slots=True)
class Setting:
    """What every clause of a pack is read with. `cap_minor` is the cap of the promises that state none."""

    pack: str
    currency: str
    zone: tzinfo
    vocabulary: Vocabulary
    definitions: Definitions = NOTHING
    cap_minor: int | None = None

    @property
    def exponent(self) -> int:
        """Decimals of the pack's currency."""
        return exponent_of(self.currency)


@dataclass(slots=True)
class Draft:
    """A promise read but for its remedies, which may name other promises. `promise` is None when it has faults."""

    table: Table
    id: str
    subject: type[Subject] | None
    promise: Promise | None
    setting: Setting


def usable_id(table: Table, key: str) -> str | None:
    """An id: lower-case words joined by hyphens."""
    value = table.text(key)
    if value is None or (_ID.fullmatch(value) and len(value) <= LONGEST_ID):
        return value
    table.report(key, f"'{value}' cannot be an id", f"use a-z, 0-9 and '-', {LONGEST_ID} characters at most")
    return None


def promises(tables: list[Table], settings: list[Setting]) -> list[Promise | None]:
    """The promises and rules of the tables, each read in its setting, in their order; None where faults were noted."""
    counts: dict[str, int] = {}
    drafts = []
    for table, setting in zip(tables, settings, strict=True):
        draft = _rule_draft(table, setting) if table.path[0] == "rule" else _draft(table, setting)
        counts[draft.id] = counts.get(draft.id, 0) + 1
        if draft.promise is not None:
            draft.promise = replace(draft.promise, version=counts[draft.id])
        drafts.append(draft)
    _check_versions(drafts)
    found = [_with_remedies(draft, _macros(drafts, draft.subject)) for draft in drafts]
    return with_occurrences(found, {})


def with_occurrences(found: list[Promise | None], known: Mapping[str, Mapping[int, int]]) -> list[Promise | None]:
    """Number the waits ('after') of every policy in order of appearance, 0 being none.

    `known` holds numbers given before, by policy and seconds: a verdict column never changes its meaning.
    """
    numbers: dict[str, dict[int, int]] = {policy: dict(waits) for policy, waits in known.items()}
    numbered: list[Promise | None] = []
    for promise in found:
        if promise is None:
            numbered.append(None)
            continue
        waits = numbers.setdefault(promise.policy, {})
        waits.setdefault(0, 0)
        for remedy in sorted(promise.remedies, key=lambda each: each.after_s):
            waits.setdefault(remedy.after_s, max(waits.values()) + 1)
        remedies = tuple(replace(each, occurrence=waits[each.after_s]) for each in promise.remedies)
        numbered.append(replace(promise, remedies=remedies))
    return numbered


def _draft(table: Table, setting: Setting) -> Draft:
    table.allow(PROMISE_KEYS, "a promise")
    complete = table.require(REQUIRED_KEYS, "the promise")
    before = len(table.document.source.diagnostics)
    own_id = usable_id(table, "id") or ""
    subject = _subject(table, setting)
    title, about = table.words("title"), table.words("about")
    start, until, by = effective(table, subject, setting)
    made, due, kept = (
        expression(table, key, FactType.INSTANT, subject, setting) for key in ("made_at", "due_at", "kept_at")
    )
    excused = expression(table, "excused", FactType.BOOLEAN, subject, setting)
    budget, breaker = _budget(table, setting), _breaker(table, setting)
    cap_minor, grace_s = table.minor("cap", setting.exponent), table.seconds("grace")
    cap_minor = _pack_cap(table, setting) if cap_minor is None else cap_minor
    clause, grade = table.text("clause"), table.choice("grade", GRADES)
    event, side = read_consequence(table, subject), table.choice("side", sides(setting.vocabulary))
    faults = len(table.document.source.diagnostics) > before or not complete
    if faults or subject is None or made is None or due is None or kept is None:
        return Draft(table, own_id, subject, None, setting)
    promise = Promise(
        policy=f"{setting.pack}.{own_id}", version=1, pack=setting.pack, subject=subject.kind, title=title, about=about,
        effective_from=start, effective_until=until, by=by, made_at=made, due_at=due, kept_at=kept, excused=excused,
        grace_s=grace_s or 0, cap_minor=cap_minor, budget=budget, breaker=breaker, remedies=(),
        currency=setting.currency, clause=clause, grade=grade, event=event, side=side,
    )  # fmt: skip
    return Draft(table, own_id, subject, promise, setting)


def _rule_draft(table: Table, setting: Setting) -> Draft:
    """A rule: judged once its time has come, and violated where its condition holds then."""
    table.allow(RULE_KEYS, "a rule")
    complete = table.require(RULE_REQUIRED_KEYS, "the rule")
    before = len(table.document.source.diagnostics)
    own_id, subject = usable_id(table, "id") or "", _subject(table, setting)
    title, about = table.words("title"), table.words("about")
    start, until, by = effective(table, subject, setting)
    at = expression(table, "at", FactType.INSTANT, subject, setting)
    when, excused = (expression(table, key, FactType.BOOLEAN, subject, setting) for key in ("when", "excused"))
    grace_s, clause, grade = table.seconds("grace"), table.text("clause"), table.choice("grade", GRADES)
    rollout = table.choice("rollout", ROLLOUTS) or ACT
    if subject is not None and subject.answerer is None:
        hint = "write the rule on a subject that names its merchant or creator"
        table.report("on", f"nobody answers for a {subject.kind}", hint)
    faults = len(table.document.source.diagnostics) > before or not complete
    if faults or subject is None or at is None or when is None:
        return Draft(table, own_id, subject, None, setting)
    rule = Promise(
        policy=f"{setting.pack}.{own_id}", version=1, pack=setting.pack, subject=subject.kind, title=title, about=about,
        effective_from=start, effective_until=until, by=by, made_at=at, due_at=at, kept_at=at, excused=excused,
        grace_s=grace_s or 0, cap_minor=None, budget=None, breaker=None, remedies=(), currency=setting.currency,
        clause=clause, grade=grade, when=when, rollout=rollout,
    )  # fmt: skip
    return Draft(table, own_id, subject, rule, setting)


def _pack_cap(table: Table, setting: Setting) -> int | None:
    """The pack's cap, but not on a promise that gives a price back: that is no compensation."""
    remedies = table.values.get("remedy", [])
    refunds = isinstance(remedies, list) and any(isinstance(r, dict) and r.get("as") == "refund" for r in remedies)
    return None if refunds else setting.cap_minor


def _subject(table: Table, setting: Setting) -> type[Subject] | None:
    kind = table.text("on")
    if kind is None:
        return None
    known = setting.vocabulary.subjects
    if kind not in known:
        table.report("on", f"unknown subject '{kind}'", nearest(kind, known) or f"subjects: {', '.join(known)}")
        return None
    return known[kind]


def expression(
    table: Table, key: str, want: Type, subject: About | None, setting: Setting,
    macros: Mapping[str, Term] | None = None,
) -> Expression | None:  # fmt: skip
    """The expression of a key, or None with its faults noted. Nothing is said while the subject is unknown."""
    text = table.text(key)
    if text is None or subject is None:
        return None
    where: Place = table.document.place((*table.path, key))
    currency = setting.currency
    return examine(
        text, types=subject.types(), want=want, currency=currency, macros=macros, where=where,
        definitions=setting.definitions,
    )  # fmt: skip


def effective(
    table: Table, subject: About | None, setting: Setting
) -> tuple[datetime | None, datetime | None, str | None]:
    """When a version begins and ends, and the instant fact that says which is in force. Faults are noted."""
    inner = table.table("effective")
    if inner is None:
        return None, None, None
    inner.allow(("from", "until", "by"), "'effective'")
    inner.require(("by",), "'effective'")
    start, until, by = inner.instant("from", setting.zone), inner.instant("until", setting.zone), inner.text("by")
    if start and until and start >= until:
        inner.report("until", "'until' is not after 'from'")
    if by is not None and subject is not None and subject.types().get(by) is not FactType.INSTANT:
        instants = [name for name, kind in subject.types().items() if kind is FactType.INSTANT]
        inner.report("by", f"'{by}' is not an instant fact of {subject.kind}", nearest(by, instants))
    return start, until, by


def _budget(table: Table, setting: Setting) -> Budget | None:
    inner = table.table("budget")
    if inner is None:
        return None
    inner.allow(("period", "limit"), "'budget'")
    inner.require(("period", "limit"), "'budget'")
    period, limit_minor = inner.choice("period", PERIODS), inner.minor("limit", setting.exponent)
    return Budget(period, limit_minor) if period and limit_minor is not None else None


def _breaker(table: Table, setting: Setting) -> Breaker | None:
    inner = table.table("breaker")
    if inner is None:
        return None
    inner.allow(("window", "limit"), "'breaker'")
    inner.require(("window", "limit"), "'breaker'")
    window_s, limit_minor = inner.seconds("window"), inner.minor("limit", setting.exponent)
    if window_s == 0:
        inner.report("window", "'window' has no length")
    return Breaker(window_s, limit_minor) if window_s and limit_minor is not None else None


def _check_versions(drafts: list[Draft]) -> None:
    grouped: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.promise is not None:
            grouped.setdefault(draft.id, []).append(draft)
    for versions in grouped.values():
        for position, draft in enumerate(versions):
            for earlier in versions[:position]:
                _check_pair(earlier, draft)


def _check_pair(earlier: Draft, later: Draft) -> None:
    one, two = earlier.promise, later.promise
    if one is None or two is None:
        return
    span = (one.effective_from, one.effective_until, one.by)
    if span == (two.effective_from, two.effective_until, two.by):
        later.table.report("id", f"the promise '{later.id}' appears twice with the same dates", _VERSIONS_HINT)
    elif one.kind != two.kind:
        later.table.report("id", f"'{later.id}' is the id of a {one.kind} already", "give it an id of its own")
    elif one.subject != two.subject:
        later.table.report("on", f"versions of '{later.id}' must be about the same subject", f"'{one.subject}' before")
    elif one.by != two.by:
        hint = f"the version before it is judged by '{one.by}'" if one.by else "give every version its dates"
        later.table.report("effective", f"versions of '{later.id}' must be judged by the same fact", hint)
    elif _overlap(one, two):
        later.table.report("effective", f"this version of '{later.id}' overlaps version {one.version}", _VERSIONS_HINT)


_VERSIONS_HINT = "end the earlier version where the later begins: effective = { until = … }"
_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def _overlap(one: Promise, two: Promise) -> bool:
    starts = [each.effective_from or _EVER[0] for each in (one, two)]
    ends = [each.effective_until or _EVER[1] for each in (one, two)]
    return starts[0] < ends[1] and starts[1] < ends[0]


def _macros(drafts: list[Draft], subject: type[Subject] | None) -> dict[str, Term]:
    """What `broken('…')` may name on this subject. A promise with faults is there too, to spare a second message."""
    here = [draft for draft in drafts if draft.subject is subject and draft.id]
    return {
        each: _macro(each, [d.promise for d in here if d.id == each and d.promise and not _waits(d.promise, d.setting)])
        for each in {d.id for d in here}
    }


def _waits(promise: Promise, setting: Setting) -> bool:
    """Whether its clocks need a parameter that has no value: then it is never made, so never broken."""
    return any(setting.definitions.unset(each.uses) for each in promise.expressions)


def _macro(own_id: str, versions: list[Promise]) -> Term:
    label = f"broken('{own_id}')"
    if not versions:
        return macro(label, frozenset(), "false", "false")
    names = {name for version in versions for name in version.names}
    return macro(label, frozenset(names), broken_sql(versions, ALIAS), broken_sql(versions, ALIAS, "duckdb"))


def _with_remedies(draft: Draft, macros: Mapping[str, Term]) -> Promise | None:
    read = [
        _remedy(table, number, draft.subject, macros, draft.setting)
        for number, table in enumerate(draft.table.tables("remedy", "promise.remedy"))
    ]
    if draft.promise is None:
        return None
    remedies = [each for each in read if each is not None]
    dormant = _dormant(draft.promise, remedies, draft.setting.definitions)
    asleep = {each.remedy for each in dormant}
    awake = tuple(each for each in remedies if each.ordinal not in asleep)
    written = [*draft.promise.expressions, *(each for remedy in remedies for each in remedy.expressions)]
    uses = frozenset[Use]().union(*(each.uses for each in written))
    return replace(draft.promise, remedies=awake, dormant=dormant, uses=uses)


def _dormant(promise: Promise, remedies: list[Remedy], definitions: Definitions) -> tuple[Dormant, ...]:
    """The promise itself or those of its remedies that name a parameter without a value."""
    parts: list[tuple[int | None, tuple[Expression, ...]]] = [(None, promise.expressions)]
    parts += [(each.ordinal, each.expressions) for each in remedies]
    found = [(at, definitions.unset(frozenset[Use]().union(*(e.uses for e in own)))) for at, own in parts]
    return tuple(Dormant(promise.policy, promise.version, at, names) for at, names in found if names)


def _remedy(
    table: Table, ordinal: int, subject: type[Subject] | None, macros: Mapping[str, Term], setting: Setting
) -> Remedy | None:
    table.allow(REMEDY_KEYS, "a remedy")
    table.require(("pay", "as", "from"), "the remedy")
    pay = expression(table, "pay", FactType.MONEY, subject, setting, macros)
    kind = table.choice("as", KINDS)
    bearer = expression(table, "from", FactType.TEXT, subject, setting, macros)
    when = expression(table, "when", FactType.BOOLEAN, subject, setting, macros)
    after_s = table.seconds("after") or 0
    known = bearers(setting.vocabulary)
    for word in _bearers(bearer):
        if word not in known:
            table.report("from", f"nobody is called '{word}'", nearest(word, known) or f"use {', '.join(known)}")
    share = _share(table, macros, known)
    if pay is None or kind is None or bearer is None:
        return None
    return Remedy(ordinal, pay, kind, bearer, when, after_s, setting.currency, share=share)


def _share(table: Table, known: Mapping[str, Term], parties: Sequence[str]) -> tuple[Side, Side] | None:
    """The two sides of a shared remedy, in the order of the parties; faults are noted."""
    inner = table.table("share")
    if inner is None:
        return None
    inner.allow(parties, "'share'")
    sides = [side for party in parties if (side := _side(inner, party, known)) is not None]
    if len(sides) != 2:
        inner.report(None, "a remedy is shared by two parties", _SHARE_HINT)
    elif sides[0].part + sides[1].part != 1:
        inner.report(None, "the parts of a shared remedy must sum to 1", _SHARE_HINT)
    else:
        return sides[0], sides[1]
    return None


_SHARE_HINT: Final = (
    'write share = { merchant = { for = "ship-by", part = 0.5 }, carrier = { for = "transit", part = 0.5 } }'
)


def _side(table: Table, party: str, known: Mapping[str, Term]) -> Side | None:
    inner = table.table(party)
    if inner is None:
        return None
    inner.allow(("for", "part"), f"the share of the {party}")
    inner.require(("for", "part"), f"the share of the {party}")
    answers_for, part = inner.text("for"), inner.portion("part")
    if answers_for is not None and answers_for not in known:
        inner.report(
            "for", f"unknown promise '{answers_for}'", nearest(answers_for, known) or "name one of this subject"
        )
    return Side(party, answers_for, part) if answers_for is not None and part is not None else None


def _bearers(bearer: Expression | None) -> Iterator[str]:
    return bearer.texts() if bearer is not None else iter(())
